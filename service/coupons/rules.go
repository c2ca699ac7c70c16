package coupons

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/fault"
)

// clockSkew is how far a shop's clock may be behind ours before an order seems older than the coupon it used.
const clockSkew = 5 * time.Minute

// claimRefusal says why no member can claim from a template now, or nil. Stock and limits are not its business.
func claimRefusal(t model.CouponTemplate, now time.Time) error {
	switch {
	case t.State == model.TemplateDraft:
		return ErrTemplateUnknown // shoppers must not learn of drafts
	case !t.Claimable:
		return ErrNotClaimable
	case t.State == model.TemplateEnded:
		return ErrEnded
	case t.State == model.TemplatePaused:
		return ErrPaused
	case t.ClaimFrom != nil && now.Before(*t.ClaimFrom):
		return ErrNotStarted.With("claim_from", t.ClaimFrom.UTC().Format(time.RFC3339))
	case t.ClaimUntil != nil && !now.Before(*t.ClaimUntil), outlived(t, now):
		return ErrEnded
	}
	return nil
}

// issueRefusal says why a template is not given by staff and events now, or nil. The claim window does not count.
func issueRefusal(t model.CouponTemplate, now time.Time) error {
	switch {
	case !t.Issuable:
		return ErrNotIssuable
	case t.State == model.TemplateActive && !outlived(t, now):
		return nil
	}
	return stateRefusal(t.State)
}

// stateRefusal says why a template in a state that is not active gives nothing.
func stateRefusal(state model.CouponTemplateState) error {
	switch state {
	case model.TemplateDraft:
		return ErrDraft
	case model.TemplatePaused:
		return ErrPaused
	}
	return ErrEnded
}

// outlived reports whether a coupon given now would have expired already.
func outlived(t model.CouponTemplate, now time.Time) bool {
	return t.UseUntil != nil && !now.Before(*t.UseUntil)
}

// validity returns when a coupon given now is usable, half-open.
func validity(t model.CouponTemplate, now time.Time) (from, until time.Time) {
	if t.UseFrom != nil && t.UseUntil != nil {
		return t.UseFrom.UTC(), t.UseUntil.UTC()
	}
	return now, model.DayOf(now, model.Shanghai).AddDays(int(t.UseDays) + 1).Start(model.Shanghai)
}

// saving returns what terms take off eligible goods: rounded down, never more than the goods. The threshold
// is not judged here.
func saving(t model.CouponTerms, goods model.Fen) model.Fen {
	off := t.AmountFen
	if t.Kind == model.CouponPercent {
		off = goods.PartFloor(t.PercentOffBP)
		if t.CapFen > 0 {
			off = min(off, t.CapFen)
		}
	}
	return max(0, min(off, goods))
}

// judge returns what a coupon takes off an order that was paid at an instant, or why it cannot be used. room is the most that the
// order's own figures leave for it.
func judge(c model.Coupon, at time.Time, goods, room model.Fen) (model.Fen, error) {
	from := c.UsableFrom
	if c.IssuedAt.After(from) {
		from = c.IssuedAt
	}
	switch {
	case at.Add(clockSkew).Before(from):
		return 0, ErrNotYetUsable.With("usable_from", from.UTC().Format(time.RFC3339))
	case !at.Before(c.UsableUntil):
		return 0, ErrExpired.With("usable_until", c.UsableUntil.UTC().Format(time.RFC3339))
	case goods < c.ThresholdFen:
		return 0, ErrBelowThreshold.With("missing_fen", int64(c.ThresholdFen-goods))
	}
	off := min(saving(c.CouponTerms, goods), room)
	if off <= 0 {
		return 0, ErrNoSaving
	}
	return off, nil
}

// Bounds of what a template may say.
const (
	maxName      = 40
	maxRulesText = 2000
	maxTotal     = 1_000_000_000
	maxPerMember = 1000
	maxUseDays   = 3650
)

// faults lists everything that is wrong with a new template.
func (n NewTemplate) faults() []fault.Field {
	var list []fault.Field
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	name := strings.TrimSpace(n.Name)
	bad(name == "" || utf8.RuneCountInString(name) > maxName || !printable(name), "name", "1 to %d printable characters", maxName)
	bad(utf8.RuneCountInString(n.RulesText) > maxRulesText || !utf8.ValidString(n.RulesText), "rules_text", "at most %d characters", maxRulesText)
	switch n.Kind {
	case model.CouponAmount:
		bad(n.AmountFen < 1 || n.AmountFen > model.MaxFen, "amount_fen", "1 to %d", model.MaxFen)
		bad(n.PercentOffBP != 0 || n.CapFen != 0, "percent_off_bp", "an amount coupon has no share and no cap")
	case model.CouponPercent:
		bad(n.PercentOffBP < 1 || n.PercentOffBP > model.WholeBP, "percent_off_bp", "1 to %d", model.WholeBP)
		bad(n.CapFen < 0 || n.CapFen > model.MaxFen, "cap_fen", "0 (no cap) to %d", model.MaxFen)
		bad(n.AmountFen != 0, "amount_fen", "a percent coupon has no amount")
	default:
		bad(true, "kind", "amount or percent")
	}
	bad(n.ThresholdFen < 0 || n.ThresholdFen > model.MaxFen, "threshold_fen", "0 (none) to %d", model.MaxFen)
	bad(n.ClaimFrom != nil && n.ClaimUntil != nil && !n.ClaimFrom.Before(*n.ClaimUntil), "claim_until", "later than claim_from")
	fixed := n.UseFrom != nil && n.UseUntil != nil
	switch {
	case n.UseDays == 0:
		bad(!fixed, "use_days", "either use_from and use_until, or use_days")
		bad(fixed && !n.UseFrom.Before(*n.UseUntil), "use_until", "later than use_from")
	default:
		bad(n.UseDays < 0 || n.UseDays > maxUseDays, "use_days", "1 to %d", maxUseDays)
		bad(n.UseFrom != nil || n.UseUntil != nil, "use_days", "either use_from and use_until, or use_days")
	}
	bad(n.Total != -1 && (n.Total < 1 || n.Total > maxTotal), "total", "-1 (without end) or 1 to %d", maxTotal)
	bad(n.PerMember < 0 || n.PerMember > maxPerMember, "per_member", "0 (no limit) to %d", maxPerMember)
	bad(!n.Claimable && !n.Issuable, "claimable", "at least one of claimable and issuable")
	return list
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
