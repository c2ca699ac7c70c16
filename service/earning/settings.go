package earning

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// Settings hold for all rules of the shop.
type Settings struct {
	// ExcludeSKUs and ExcludeCategories earn nothing.
	ExcludeSKUs, ExcludeCategories []string
	// CapOrder is the most that one order earns, CapDay the most that a member's orders of one business day earn; 0 is no cap.
	CapOrder, CapDay model.Points
}

func (s Settings) faults() []fault.Field {
	var list []fault.Field
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	bad(!words(s.ExcludeSKUs, maxSKUs), "exclude_skus", "at most %d different ones of 1 to 64 printable characters", maxSKUs)
	bad(!words(s.ExcludeCategories, maxCategories), "exclude_categories", "at most %d different ones of 1 to 64 printable characters", maxCategories)
	bad(s.CapOrder < 0 || s.CapOrder > model.MaxPoints, "cap_order", "0 to %d", model.MaxPoints)
	bad(s.CapDay < 0 || s.CapDay > model.MaxPoints, "cap_day", "0 to %d", model.MaxPoints)
	return list
}

// Settings returns what holds now.
func (s *Service) Settings(ctx context.Context) (v Settings, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		v, err = settings(tx)
		return err
	})
	return v, err
}

// SaveSettings replaces the settings, for orders that come from now on. It returns fault.ErrInvalid with every faulty field.
func (s *Service) SaveSettings(ctx context.Context, staff model.StaffID, v Settings) (Settings, error) {
	if err := fault.InvalidFields(v.faults()); err != nil {
		return Settings{}, err
	}
	return v, s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		before, err := lockSettings(tx)
		if err != nil {
			return fmt.Errorf("lock the earning settings: %w", err)
		}
		if err := saveSettings(tx, v); err != nil {
			return fmt.Errorf("save the earning settings: %w", err)
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "earning.settings", Ref: "earning_settings",
			Detail: map[string]any{"before": before, "after": v}})
	})
}

// ActionTerms are what an action is worth.
type ActionTerms struct {
	Action  model.EarningAction
	Enabled bool
	// Ladder is the points of the first day of a streak, of the second …, then from the start again; one step for all but check-ins.
	Ladder []int64
	// PerDay is how many rewards a member gets on one business day, PerYear in one calendar year (0 is no limit).
	PerDay, PerYear int64
}

// Bounds of what actions are worth.
const (
	maxLadder = 31
	maxReward = 100_000
	maxPerDay = 20
	maxPerYr  = 1000
)

func (a ActionTerms) faults() []fault.Field {
	var list []fault.Field
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	steps, perDay := 1, int64(maxPerDay)
	if a.Action == model.ActionCheckIn {
		steps, perDay = maxLadder, 1
	}
	worth := len(a.Ladder) >= 1 && len(a.Ladder) <= steps
	for _, n := range a.Ladder {
		worth = worth && n >= 0 && n <= maxReward
	}
	bad(!worth, "ladder", "1 to %d steps of 0 to %d points", steps, maxReward)
	bad(a.PerDay < 1 || a.PerDay > perDay, "per_day", "1 to %d", perDay)
	bad(a.PerYear < 0 || a.PerYear > maxPerYr, "per_year", "0 to %d", maxPerYr)
	return list
}

// Actions returns what every action is worth.
func (s *Service) Actions(ctx context.Context) (list []ActionTerms, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		list = list[:0]
		for _, a := range model.EarningActions {
			t, err := actionTerms(tx, a)
			if err != nil {
				return fmt.Errorf("read what %s is worth: %w", a, err)
			}
			list = append(list, t)
		}
		return nil
	})
	return list, err
}

// SaveAction replaces what an action is worth, from now on. It returns fault.ErrInvalid with every faulty field.
func (s *Service) SaveAction(ctx context.Context, staff model.StaffID, v ActionTerms) (ActionTerms, error) {
	if err := fault.InvalidFields(append(actionFaults(v.Action), v.faults()...)); err != nil {
		return ActionTerms{}, err
	}
	return v, s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		before, err := actionTerms(tx, v.Action)
		if err != nil {
			return fmt.Errorf("read what %s is worth: %w", v.Action, err)
		}
		if err := saveAction(tx, v); err != nil {
			return fmt.Errorf("save what %s is worth: %w", v.Action, err)
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "earning.action", Ref: "earning_action:" + string(v.Action),
			Detail: map[string]any{"before": before, "after": v}})
	})
}
