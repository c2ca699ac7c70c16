package coupons

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// Edit changes a template; what is nil stays. Before its first coupon everything may change. From then on only what gives more may: a
// larger stock, budget or limit, a longer claim window, a later end for the coupons still to come, one more channel,
// and words. Coupons already given keep the terms that they were given with.
type Edit struct {
	Staff           model.StaffID
	ID              model.PublicID
	Name, RulesText *string
	Terms           *model.CouponTerms
	Conditions      *model.CouponConditions
	Audience        *model.CouponAudience
	AudienceOf      *[]model.PublicID
	// An instant that is the zero time takes the bound away.
	ClaimFrom, ClaimUntil, UseFrom, UseUntil *time.Time
	UseDays, Total, PerMember, PerDay        *int64
	BudgetFen                                *model.Fen
	Claimable, Issuable                      *bool
	// Version, when not empty, is the Template.Version that the edit was made on. Edits of different fields do not harm each other, as what
	// is nil stays; of two edits of one field the version keeps the second from wiping the first out unseen.
	Version string
}

// EditTemplate changes a template. It returns ErrTemplateUnknown, ErrEnded, ErrEdited, fault.ErrInvalid, ErrBelowClaimed, or ErrNotWidening with
// the fields that would take something away.
func (s *Service) EditTemplate(ctx context.Context, in Edit) (v Template, err error) {
	if in == (Edit{Staff: in.Staff, ID: in.ID, Version: in.Version}) {
		return Template{}, fault.InvalidFields([]fault.Field{{Name: "body", Reason: "at least one field"}})
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		v, err = s.editTx(ctx, tx, in)
		return err
	})
	return v, err
}

func (s *Service) editTx(ctx context.Context, tx *db.Tx, in Edit) (Template, error) {
	t, err := templateByID(tx, in.ID)
	if db.IsNotFound(err) {
		return Template{}, ErrTemplateUnknown
	}
	if err == nil {
		t, err = lockTemplate(tx, t.ID) // no coupon is given while we decide
	}
	if err != nil {
		return Template{}, fmt.Errorf("lock template %s: %w", in.ID, err)
	}
	if t.State == model.TemplateEnded {
		return Template{}, ErrEnded
	}
	if in.Version != "" && in.Version != versionOf(t) {
		return Template{}, ErrEdited
	}
	conditions, err := s.conditions(tx, t.TermsID)
	if err != nil {
		return Template{}, err
	}
	was := written(t, conditions[t.TermsID])
	now := in.apply(was)
	if err := fault.InvalidFields(now.faults()); err != nil {
		return Template{}, err
	}
	if in.Audience != nil || in.AudienceOf != nil {
		if err := s.checkAudience(ctx, tx, now.Audience, now.AudienceOf); err != nil {
			return Template{}, err
		}
	}
	row := now.row()
	if row.TermsID, err = keepConditions(tx, now.CouponConditions); err != nil {
		return Template{}, fmt.Errorf("keep the conditions of template %d: %w", t.ID, err)
	}
	if err := narrowing(t, row); err != nil {
		return Template{}, err
	}
	row.ID, row.PublicID, row.State, row.Claimed, row.SpentFen = t.ID, t.PublicID, t.State, t.Claimed, t.SpentFen
	row.CreatedBy, row.CreatedAt, row.UpdatedAt, row.Revision = t.CreatedBy, t.CreatedAt, tx.Now, t.Revision
	if t.Claimed == 0 {
		row.Revision++ // a first coupon that is being given on what the template said before is refused; see takeStock
	}
	ok, err := saveTemplate(tx, row, t.Revision)
	if err == nil && !ok {
		err = errMoved
	}
	if err != nil {
		return Template{}, fmt.Errorf("save template %d: %w", t.ID, err)
	}
	err = audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "coupons.template_edit", Ref: "coupon_template:" + string(t.PublicID),
		Detail: map[string]any{"before": trailOf(t), "after": trailOf(row)}})
	return templateView(row, ready(canonical(now.CouponConditions))), err
}

// written is a template as staff would write it today.
func written(t model.CouponTemplate, c *Conditions) NewTemplate {
	return NewTemplate{
		Name: t.Name, RulesText: t.RulesText, CouponTerms: t.CouponTerms, CouponConditions: c.CouponConditions, Audience: t.Audience,
		AudienceOf: audienceOf(t),
		ClaimFrom:  t.ClaimFrom, ClaimUntil: t.ClaimUntil, UseFrom: t.UseFrom, UseUntil: t.UseUntil, UseDays: t.UseDays, Total: t.Total,
		PerMember: t.PerMember, PerDay: t.PerDay, BudgetFen: t.BudgetFen, Claimable: t.Claimable, Issuable: t.Issuable,
	}
}

func (in Edit) apply(n NewTemplate) NewTemplate {
	set(&n.Name, in.Name)
	set(&n.RulesText, in.RulesText)
	set(&n.CouponTerms, in.Terms)
	set(&n.CouponConditions, in.Conditions)
	if in.Audience != nil && *in.Audience != n.Audience {
		n.Audience, n.AudienceOf = *in.Audience, nil // the levels or tags of another one mean nothing to it
	}
	set(&n.AudienceOf, in.AudienceOf)
	set(&n.UseDays, in.UseDays)
	set(&n.Total, in.Total)
	set(&n.PerMember, in.PerMember)
	set(&n.PerDay, in.PerDay)
	set(&n.BudgetFen, in.BudgetFen)
	set(&n.Claimable, in.Claimable)
	set(&n.Issuable, in.Issuable)
	for _, t := range []struct{ to, from **time.Time }{{&n.ClaimFrom, &in.ClaimFrom}, {&n.ClaimUntil, &in.ClaimUntil}, {&n.UseFrom, &in.UseFrom}, {&n.UseUntil, &in.UseUntil}} {
		switch from := *t.from; {
		case from == nil:
		case from.IsZero():
			*t.to = nil
		default:
			*t.to = from
		}
	}
	return n
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// narrowing refuses an edit that takes something away from a template that has given coupons. Its parts that stand for "without
// bound" are told apart: a stock of -1, a limit of 0, no instant.
func narrowing(was, now model.CouponTemplate) error {
	if was.Claimed == 0 {
		return nil
	}
	if now.Total >= 0 && now.Total < was.Claimed {
		return ErrBelowClaimed.With("claimed", was.Claimed)
	}
	var fields []string
	less := func(wrong bool, field string) {
		if wrong {
			fields = append(fields, field)
		}
	}
	lower := func(was, now, none int64) bool { return now != none && (was == none || now < was) }
	less(now.CouponTerms != was.CouponTerms, "terms")
	less(now.TermsID != was.TermsID, "conditions")
	less(narrower(was, now), "audience")
	less(lower(was.Total, now.Total, -1), "total")
	less(lower(was.PerMember, now.PerMember, 0), "per_member")
	less(lower(was.PerDay, now.PerDay, 0), "per_day")
	less(lower(int64(was.BudgetFen), int64(now.BudgetFen), 0), "budget_fen")
	less(now.ClaimFrom != nil && (was.ClaimFrom == nil || now.ClaimFrom.After(*was.ClaimFrom)), "claim_from")
	less(now.ClaimUntil != nil && (was.ClaimUntil == nil || now.ClaimUntil.Before(*was.ClaimUntil)), "claim_until")
	fixed := was.UseUntil != nil
	less(fixed != (now.UseUntil != nil), "use_until")
	less(fixed && now.UseUntil != nil && (now.UseUntil.Before(*was.UseUntil) || now.UseFrom.After(*was.UseFrom)), "use_until")
	less(!fixed && now.UseDays < was.UseDays, "use_days")
	less(was.Claimable && !now.Claimable, "claimable")
	less(was.Issuable && !now.Issuable, "issuable")
	if len(fields) > 0 {
		return ErrNotWidening.With("fields", strings.Join(fields, ","))
	}
	return nil
}
