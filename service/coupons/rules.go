package coupons

import (
	"errors"
	"fmt"
	"slices"
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

// spanRefusal says whether an instant is outside of a half-open span.
func spanRefusal(from, until, at time.Time) error {
	switch {
	case at.Before(from):
		return ErrNotYetUsable.With("usable_from", from.UTC().Format(time.RFC3339))
	case !at.Before(until):
		return ErrExpired.With("usable_until", until.UTC().Format(time.RFC3339))
	}
	return nil
}

// judge returns what a coupon takes off an order, or why it cannot be used. Unlike a cart, an order is a fact that the shop tells
// afterwards: its clock may be a little behind ours, and it may not tell what was bought.
func judge(c model.Coupon, cond *Conditions, in Use) (model.Fen, error) {
	from := c.UsableFrom
	if c.IssuedAt.After(from) {
		from = c.IssuedAt
	}
	if err := spanRefusal(from.Add(-clockSkew), c.UsableUntil, in.At); err != nil {
		if errors.Is(err, ErrNotYetUsable) {
			err = ErrNotYetUsable.With("usable_from", from.UTC().Format(time.RFC3339))
		}
		return 0, err
	}
	if !cond.at(in.Store) {
		return 0, ErrWrongStore
	}
	base, piece, some := in.eligible(cond)
	switch {
	case !some, c.Kind == model.CouponExchange && len(in.Lines) == 0:
		return 0, ErrWrongScope
	case base < c.ThresholdFen:
		return 0, ErrBelowThreshold.With("missing_fen", int64(c.ThresholdFen-base))
	}
	if c.Kind == model.CouponFreight {
		base = in.Freight
	}
	off := min(worth(c.CouponTerms, base, piece), in.Room)
	if off <= 0 {
		return 0, ErrNoSaving
	}
	return off, nil
}

// eligible returns what the goods in the scope cost together and the dearest piece of them; some is false when there are none. Where
// the shop does not tell the lines, a coupon for all goods takes the whole amount, and one for some goods finds none.
func (in Use) eligible(cond *Conditions) (base, piece model.Fen, some bool) {
	if len(in.Lines) == 0 {
		return in.Amount, 0, cond.everything()
	}
	for _, l := range in.Lines {
		if cond.eligible(l) {
			some = true
			base += l.PriceFen * model.Fen(l.Quantity)
			piece = max(piece, l.PriceFen)
		}
	}
	return base, piece, some
}

// Bounds of what a template may say.
const (
	maxName      = 40
	maxRulesText = 2000
	maxTotal     = 1_000_000_000
	maxPerMember = 1000
	maxUseDays   = 3650
	maxScope     = 1000 // entries of one list
	maxGrace     = 365
	maxPriority  = 1000
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
	terms := n.CouponTerms
	bad(terms.CapFen < 0 || terms.CapFen > model.MaxFen, "cap_fen", "0 (no cap) to %d", model.MaxFen)
	known := slices.Contains(kinds, n.Kind)
	bad(known && terms.AmountFen != 0 && n.Kind != model.CouponAmount, "amount_fen", "only an amount coupon has one")
	bad(known && terms.PercentOffBP != 0 && n.Kind != model.CouponPercent, "percent_off_bp", "only a percent coupon has one")
	switch n.Kind {
	case model.CouponAmount:
		bad(n.AmountFen < 1 || n.AmountFen > model.MaxFen, "amount_fen", "1 to %d", model.MaxFen)
		bad(n.CapFen != 0, "cap_fen", "an amount coupon has no cap")
	case model.CouponPercent:
		bad(n.PercentOffBP < 1 || n.PercentOffBP > model.WholeBP, "percent_off_bp", "1 to %d", model.WholeBP)
	case model.CouponExchange:
		bad(len(n.Scope.SKUs) == 0 && len(n.Scope.Categories) == 0, "scope", "an exchange coupon names the goods that it gives")
	}
	bad(!known, "kind", "amount, percent, exchange or freight")
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
	bad(n.PerDay < 0 || n.PerDay > maxPerMember, "per_day", "0 (no limit) to %d", maxPerMember)
	bad(n.PerMember > 0 && n.PerDay > n.PerMember, "per_day", "at most per_member")
	bad(n.BudgetFen < 0 || n.BudgetFen > maxBudget, "budget_fen", "0 (none) to %d", int64(maxBudget))
	list = append(list, audienceFaults(n.Audience, n.AudienceOf)...)
	for _, l := range []struct {
		field string
		list  []string
		path  bool
	}{
		{"scope.skus", n.Scope.SKUs, false}, {"scope.categories", n.Scope.Categories, true},
		{"scope.except_skus", n.Scope.ExceptSKUs, false}, {"scope.except_categories", n.Scope.ExceptCategories, true},
	} {
		bad(len(l.list) > maxScope, l.field, "at most %d", maxScope)
		for _, s := range l.list[:min(len(l.list), maxScope)] {
			if s == "" || utf8.RuneCountInString(s) > 64 || !printable(s) || l.path && badPath(s) {
				bad(true, l.field, "each 1 to 64 printable characters; categories are paths like 服装/童装")
				break
			}
		}
	}
	bad(len(n.Stores) > maxScope, "stores", "at most %d", maxScope)
	bad(slices.ContainsFunc(n.Stores[:min(len(n.Stores), maxScope)], func(s string) bool { return !code(s, 64) }), "stores", "each 1 to 64 printable ASCII characters")
	bad(n.Group != "" && !code(n.Group, 32), "group", "at most 32 printable ASCII characters")
	bad(n.Priority < 0 || n.Priority > maxPriority, "priority", "0 to %d", maxPriority)
	bad(!slices.Contains([]model.CouponRefund{"", model.RefundReturn, model.RefundKeep, model.RefundGrace}, n.Refund), "refund", "return, keep or grace")
	bad(n.Refund == model.RefundGrace && (n.GraceDays < 1 || n.GraceDays > maxGrace), "grace_days", "1 to %d", maxGrace)
	bad(n.Refund != model.RefundGrace && n.GraceDays != 0, "grace_days", "only with refund grace")
	bad(!n.Claimable && !n.Issuable, "claimable", "at least one of claimable and issuable")
	return list
}

// maxBudget is a hundred times the largest amount: a thousand million yuan.
const maxBudget = 100 * model.MaxFen

var kinds = []model.CouponKind{model.CouponAmount, model.CouponPercent, model.CouponExchange, model.CouponFreight}

// code reports whether s is a word that other systems made: printable ASCII without spaces.
func code(s string, limit int) bool {
	return s != "" && len(s) <= limit && strings.IndexFunc(s, func(r rune) bool { return r < '!' || r > '~' }) < 0
}

// badPath reports whether a category path has an empty part.
func badPath(s string) bool { return slices.Contains(strings.Split(s, "/"), "") }

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
