package coupons

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// NewTemplate is a template as staff write it. It begins as a draft.
type NewTemplate struct {
	Staff           model.StaffID
	Name, RulesText string
	model.CouponTerms
	model.CouponConditions
	Audience model.CouponAudience // everyone when empty; only claims are bound by it
	// AudienceOf names the levels of ForTiers or the tags of ForTagged, 1 to 20: one of them is enough.
	AudienceOf            []model.PublicID `json:",omitempty"`
	ClaimFrom, ClaimUntil *time.Time       // half-open; nil is no bound
	// Either UseFrom and UseUntil (half-open) or UseDays says when its coupons are usable.
	UseFrom, UseUntil   *time.Time
	UseDays             int64
	Total               int64     // -1 without end
	PerMember           int64     // for life; 0 is no limit
	PerDay              int64     // on one business day; 0 is no limit
	BudgetFen           model.Fen // what all its coupons may take off; 0 is no bound
	Claimable, Issuable bool
	Key                 db.Key `json:"-"`
}

// CreateTemplate adds a draft. It returns fault.ErrInvalid with every faulty field.
func (s *Service) CreateTemplate(ctx context.Context, in NewTemplate) (t Template, err error) {
	if err := fault.InvalidFields(in.faults()); err != nil {
		return Template{}, err
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		t, t.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Template, error) { return s.createTemplateTx(ctx, tx, in) })
		return err
	})
	return t, err
}

func (s *Service) createTemplateTx(ctx context.Context, tx *db.Tx, in NewTemplate) (Template, error) {
	if err := s.checkAudience(ctx, tx, in.Audience, in.AudienceOf); err != nil {
		return Template{}, err
	}
	terms, err := keepConditions(tx, in.CouponConditions)
	if err != nil {
		return Template{}, fmt.Errorf("keep the conditions of a coupon template: %w", err)
	}
	row := in.row()
	row.PublicID, row.TermsID, row.State, row.CreatedBy = model.PublicID(random.ID()), terms, model.TemplateDraft, in.Staff
	row.CreatedAt, row.UpdatedAt = tx.Now, tx.Now
	if err := insertTemplate(tx, &row); err != nil {
		return Template{}, fmt.Errorf("insert a coupon template: %w", err)
	}
	v := templateView(row, ready(canonical(in.CouponConditions)))
	return v, s.trail(ctx, tx, in.Staff, "coupons.template_create", row)
}

// row is what the template says, as it is stored.
func (n NewTemplate) row() model.CouponTemplate {
	return model.CouponTemplate{
		Name: strings.TrimSpace(n.Name), RulesText: n.RulesText, CouponTerms: n.CouponTerms, Audience: cmp.Or(n.Audience, model.ForEveryone),
		AudienceOf: joined(n.AudienceOf),
		ClaimFrom:  utc(n.ClaimFrom), ClaimUntil: utc(n.ClaimUntil), UseFrom: utc(n.UseFrom), UseUntil: utc(n.UseUntil), UseDays: n.UseDays,
		Total: n.Total, PerMember: n.PerMember, PerDay: n.PerDay, BudgetFen: n.BudgetFen, Claimable: n.Claimable, Issuable: n.Issuable,
	}
}

// Activate lets a draft or paused template give coupons. One that is active already stays so. It returns
// ErrTemplateUnknown or ErrEnded.
func (s *Service) Activate(ctx context.Context, staff model.StaffID, id model.PublicID) (Template, error) {
	return s.move(ctx, staff, id, "coupons.template_activate", model.TemplateActive, model.TemplateDraft, model.TemplatePaused)
}

// Pause stops an active template from giving coupons; those already held stay usable. It returns ErrTemplateUnknown,
// ErrDraft or ErrEnded.
func (s *Service) Pause(ctx context.Context, staff model.StaffID, id model.PublicID) (Template, error) {
	return s.move(ctx, staff, id, "coupons.template_pause", model.TemplatePaused, model.TemplateActive)
}

// End stops a template for good; the coupons already held stay usable. It returns ErrTemplateUnknown.
func (s *Service) End(ctx context.Context, staff model.StaffID, id model.PublicID) (Template, error) {
	return s.move(ctx, staff, id, "coupons.template_end", model.TemplateEnded, model.TemplateDraft, model.TemplateActive, model.TemplatePaused)
}

// move changes the state of a template from one of the given ones. A template that is there already is returned unchanged.
func (s *Service) move(ctx context.Context, staff model.StaffID, id model.PublicID, action string, to model.CouponTemplateState, from ...model.CouponTemplateState) (v Template, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		t, err := templateByID(tx, id)
		if db.IsNotFound(err) {
			return ErrTemplateUnknown
		}
		if err == nil {
			t, err = lockTemplate(tx, t.ID)
		}
		if err != nil {
			return fmt.Errorf("lock template %s: %w", id, err)
		}
		if v, err = s.viewTx(tx, t); err != nil {
			return err
		}
		if t.State == to {
			return nil
		}
		if !slices.Contains(from, t.State) {
			return stateRefusal(t.State)
		}
		ok, err := moveTemplate(tx, t.ID, from, to)
		if err == nil && !ok {
			err = errMoved
		}
		if err != nil {
			return fmt.Errorf("move template %d to %s: %w", t.ID, to, err)
		}
		t.State, t.UpdatedAt = to, tx.Now
		v.State, v.Version = to, versionOf(t)
		return s.trail(ctx, tx, staff, action, t)
	})
	if err == nil {
		s.log.InfoContext(ctx, "moved a coupon template", "template", id, "state", to, "staff", staff, "claimed", v.Claimed)
	}
	return v, err
}

func (s *Service) trail(ctx context.Context, tx *db.Tx, staff model.StaffID, action string, t model.CouponTemplate) error {
	return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: action, Ref: "coupon_template:" + string(t.PublicID), Detail: trailOf(t)})
}

// trailOf is what the staff trail keeps of a template.
func trailOf(t model.CouponTemplate) map[string]any {
	return map[string]any{
		"name": t.Name, "state": t.State, "total": t.Total, "per_member": t.PerMember, "per_day": t.PerDay, "terms": t.CouponTerms,
		"conditions": t.TermsID, "audience": t.Audience, "audience_of": audienceOf(t), "budget_fen": t.BudgetFen, "claimable": t.Claimable, "issuable": t.Issuable,
		"claim_from": t.ClaimFrom, "claim_until": t.ClaimUntil, "use_from": t.UseFrom, "use_until": t.UseUntil, "use_days": t.UseDays,
	}
}

// utc cuts an instant to the microsecond that the databases keep.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
