package coupons

import (
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
	ClaimFrom, ClaimUntil *time.Time // half-open; nil is no bound
	// Either UseFrom and UseUntil (half-open) or UseDays says when its coupons are usable.
	UseFrom, UseUntil   *time.Time
	UseDays             int64
	Total               int64 // -1 without end
	PerMember           int64 // for life; 0 is no limit
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
	row := model.CouponTemplate{
		PublicID: model.PublicID(random.ID()), Name: strings.TrimSpace(in.Name), RulesText: in.RulesText, CouponTerms: in.CouponTerms,
		ClaimFrom: utc(in.ClaimFrom), ClaimUntil: utc(in.ClaimUntil), UseFrom: utc(in.UseFrom), UseUntil: utc(in.UseUntil), UseDays: in.UseDays,
		Total: in.Total, PerMember: in.PerMember, Claimable: in.Claimable, Issuable: in.Issuable,
		State: model.TemplateDraft, CreatedBy: in.Staff, CreatedAt: tx.Now, UpdatedAt: tx.Now,
	}
	if err := insertTemplate(tx, &row); err != nil {
		return Template{}, fmt.Errorf("insert a coupon template: %w", err)
	}
	return templateView(row), s.trail(ctx, tx, in.Staff, "coupons.template_create", row)
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
		if t.State == to {
			v = templateView(t)
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
		t.State = to
		v = templateView(t)
		return s.trail(ctx, tx, staff, action, t)
	})
	if err == nil {
		s.log.InfoContext(ctx, "moved a coupon template", "template", id, "state", to, "staff", staff, "claimed", v.Claimed)
	}
	return v, err
}

func (s *Service) trail(ctx context.Context, tx *db.Tx, staff model.StaffID, action string, t model.CouponTemplate) error {
	return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: action, Ref: "coupon_template:" + string(t.PublicID),
		Detail: map[string]any{"name": t.Name, "state": t.State, "total": t.Total, "per_member": t.PerMember, "terms": t.CouponTerms}})
}

// utc cuts an instant to the microsecond that the databases keep.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
