package earning

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// maxActive is how many rules may be active together: every order reads them all.
const maxActive = 100

// Rule is a rule of earning points.
type Rule struct {
	ID    model.EarningRuleID
	State model.EarningRuleState
	Terms
	CreatedAt, UpdatedAt time.Time
	// Replayed is true when this answers a repeated command.
	Replayed bool `json:"-"`
}

// NewRule is a rule to make.
type NewRule struct {
	Staff model.StaffID
	Terms
	Key db.Key `json:"-"`
}

// CreateRule adds a draft. It returns fault.ErrInvalid with every faulty field.
func (s *Service) CreateRule(ctx context.Context, in NewRule) (r Rule, err error) {
	in.Terms = in.tidy()
	if err := fault.InvalidFields(in.faults()); err != nil {
		return Rule{}, err
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		r, r.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Rule, error) {
			r := Rule{State: model.RuleDraft, Terms: in.Terms, CreatedAt: tx.Now, UpdatedAt: tx.Now}
			id, err := insertRule(tx, r, in.Staff)
			if err != nil {
				return r, fmt.Errorf("insert an earning rule: %w", err)
			}
			r.ID = id
			return r, trailRule(ctx, tx, in.Staff, "earning.rule_create", r)
		})
		return err
	})
	return r, err
}

// Activate lets a draft or paused rule fire. One that is active stays so. It returns ErrRuleUnknown, ErrRuleEnded,
// ErrRuleOverlap or ErrTooManyRules.
func (s *Service) Activate(ctx context.Context, staff model.StaffID, id model.EarningRuleID) (Rule, error) {
	return s.move(ctx, staff, id, "earning.rule_activate", model.RuleActive, model.RuleDraft, model.RulePaused)
}

// Pause stops a rule from firing for a while. It returns ErrRuleUnknown, ErrRuleDraft or ErrRuleEnded.
func (s *Service) Pause(ctx context.Context, staff model.StaffID, id model.EarningRuleID) (Rule, error) {
	return s.move(ctx, staff, id, "earning.rule_pause", model.RulePaused, model.RuleActive)
}

// End stops a rule for good. Orders that reach us later do not get it any more, even when they were paid before. It returns
// ErrRuleUnknown.
func (s *Service) End(ctx context.Context, staff model.StaffID, id model.EarningRuleID) (Rule, error) {
	return s.move(ctx, staff, id, "earning.rule_end", model.RuleEnded, model.RuleDraft, model.RuleActive, model.RulePaused)
}

// move changes the state of a rule from one of the given ones, under the lock of the settings, so that two rules are never switched
// on side by side without knowing of each other.
func (s *Service) move(ctx context.Context, staff model.StaffID, id model.EarningRuleID, action string, to model.EarningRuleState, from ...model.EarningRuleState) (r Rule, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := lockSettings(tx); err != nil {
			return fmt.Errorf("lock the earning settings: %w", err)
		}
		r, err = ruleByID(tx, id)
		if err != nil {
			return err
		}
		if r.State == to {
			return nil
		}
		if !slices.Contains(from, r.State) {
			if r.State == model.RuleDraft {
				return ErrRuleDraft
			}
			return ErrRuleEnded
		}
		if to == model.RuleActive {
			active, err := activeRules(tx)
			if err != nil {
				return fmt.Errorf("read the active rules: %w", err)
			}
			if err := joins(r.Terms, active); err != nil {
				return err
			}
		}
		if err := moveRule(tx, r.ID, r.State, to); err != nil {
			return fmt.Errorf("move rule %d to %s: %w", r.ID, to, err)
		}
		r.State, r.UpdatedAt = to, tx.Now
		return trailRule(ctx, tx, staff, action, r)
	})
	return r, err
}

// joins says why a rule cannot fire beside those that are active, or nil.
func joins(t Terms, active []Rule) error {
	if len(active) >= maxActive {
		return ErrTooManyRules.With("most", maxActive)
	}
	for _, other := range active {
		if overlap(t, other.Terms) {
			return ErrRuleOverlap.With("rule", int64(other.ID)).With("name", other.Name)
		}
	}
	return nil
}

// Rules returns all rules, newest first.
func (s *Service) Rules(ctx context.Context, page db.Page) (list []Rule, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		list, err = rulesBefore(tx, before, page.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list the earning rules: %w", err)
	}
	if len(list) > page.Size() {
		list = list[:page.Size()]
		next = db.NextCursor(int64(list[len(list)-1].ID))
	}
	return list, next, nil
}

func trailRule(ctx context.Context, tx *db.Tx, staff model.StaffID, action string, r Rule) error {
	return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: action, Ref: "earning_rule:" + strconv.FormatInt(int64(r.ID), 10),
		Detail: map[string]any{"state": r.State, "terms": r.Terms}})
}
