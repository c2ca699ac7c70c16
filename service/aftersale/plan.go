package aftersale

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
	"huitou/service/surveys"
)

// Plan is a plan of visits with its newest terms.
type Plan struct {
	ID      model.VisitPlanID
	Name    string
	Trigger model.VisitTrigger
	State   model.VisitPlanState
	Version int64
	Terms
	CreatedAt, UpdatedAt time.Time
	Replayed             bool `json:"-"`
}

// FirstPlan is the plan that every shop begins with: one visit at the scan of a parcel. A migration made it.
const FirstPlan model.VisitPlanID = 1

// NewPlan is a plan to make.
type NewPlan struct {
	Staff   model.StaffID
	Name    string // 1 to 64 characters
	Trigger model.VisitTrigger
	Terms
	Key db.Key `json:"-"`
}

// CreatePlan adds a draft. It returns fault.ErrInvalid with every faulty field, ErrPolicy with the rule that a text breaks,
// surveys.ErrInducement, or surveys.ErrUnknown.
func (s *Service) CreatePlan(ctx context.Context, in NewPlan) (p Plan, err error) {
	var bad []fault.Field
	if !printable(in.Name, 64) {
		bad = append(bad, fault.Field{Name: "name", Reason: "1 to 64 printable characters"})
	}
	if !slices.Contains([]model.VisitTrigger{model.VisitOnPaid, model.VisitOnCompleted, model.VisitOnScan}, in.Trigger) {
		bad = append(bad, fault.Field{Name: "trigger", Reason: "paid, completed or scan"})
	}
	if err := fault.InvalidFields(bad); err != nil {
		return p, err
	}
	if err := s.fits(ctx, in.Name, in.Terms); err != nil {
		return p, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		p, p.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Plan, error) {
			p := Plan{Name: in.Name, Trigger: in.Trigger, State: model.PlanDraft, Version: 1, Terms: in.Terms, CreatedAt: tx.Now, UpdatedAt: tx.Now}
			id, err := insertPlan(tx, p, in.Staff)
			if err != nil {
				return p, fmt.Errorf("insert a visit plan: %w", err)
			}
			p.ID = id
			return p, trailPlan(ctx, tx, in.Staff, "visits.plan_create", p)
		})
		return err
	})
	return p, err
}

// fits checks terms, and that the surveys they name exist.
func (s *Service) fits(ctx context.Context, name string, t Terms) error {
	if err := t.check(); err != nil {
		return err
	}
	if err := surveys.Guard(name); err != nil {
		return err
	}
	for _, v := range t.Visits {
		if v.Survey == 0 {
			continue
		}
		if _, err := s.Surveys.Survey(ctx, v.Survey); err != nil {
			return err
		}
	}
	return nil
}

// ChangePlan is new terms for a plan.
type ChangePlan struct {
	Staff model.StaffID
	Plan  model.VisitPlanID
	Name  string
	Terms
	// Version is the newest one that the caller has seen.
	Version int64
}

// ChangePlan adds a version. Visits that are planned already keep the terms that they were planned under. It returns ErrPlanUnknown,
// ErrPlanEnded, ErrPlanChanged when somebody else added a version meanwhile, or what CreatePlan says about the terms.
func (s *Service) ChangePlan(ctx context.Context, in ChangePlan) (p Plan, err error) {
	if !printable(in.Name, 64) {
		return p, fault.InvalidFields([]fault.Field{{Name: "name", Reason: "1 to 64 printable characters"}})
	}
	if err := s.fits(ctx, in.Name, in.Terms); err != nil {
		return p, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if p, err = lockPlan(tx, in.Plan); err != nil {
			return err
		}
		switch {
		case p.State == model.PlanEnded:
			return ErrPlanEnded
		case p.Version != in.Version:
			return ErrPlanChanged
		}
		p.Name, p.Terms, p.Version, p.UpdatedAt = in.Name, in.Terms, p.Version+1, tx.Now
		if err := addVersion(tx, p, in.Staff); err != nil {
			return fmt.Errorf("add version %d of visit plan %d: %w", p.Version, p.ID, err)
		}
		if err := savePlan(tx, p); err != nil {
			return fmt.Errorf("change visit plan %d: %w", p.ID, err)
		}
		return trailPlan(ctx, tx, in.Staff, "visits.plan_change", p)
	})
	return p, err
}

// Activate lets a plan begin visits from now on. It returns ErrPlanUnknown, ErrPlanEnded, ErrPlanOverlap while another plan with
// this trigger is active, or surveys.ErrNotOpen.
func (s *Service) Activate(ctx context.Context, staff model.StaffID, id model.VisitPlanID) (Plan, error) {
	return s.movePlan(ctx, staff, id, "visits.plan_activate", model.PlanActive, model.PlanDraft, model.PlanPaused)
}

// Pause stops a plan: it begins no visits, and those that fall due meanwhile are skipped. It returns ErrPlanUnknown, ErrPlanEnded, or
// ErrPlanDraft.
func (s *Service) Pause(ctx context.Context, staff model.StaffID, id model.VisitPlanID) (Plan, error) {
	return s.movePlan(ctx, staff, id, "visits.plan_pause", model.PlanPaused, model.PlanActive)
}

// End stops a plan for good; its visits that are still to come are skipped when they fall due. It returns ErrPlanUnknown.
func (s *Service) End(ctx context.Context, staff model.StaffID, id model.VisitPlanID) (Plan, error) {
	return s.movePlan(ctx, staff, id, "visits.plan_end", model.PlanEnded, model.PlanDraft, model.PlanActive, model.PlanPaused)
}

func (s *Service) movePlan(ctx context.Context, staff model.StaffID, id model.VisitPlanID, action string, to model.VisitPlanState, from ...model.VisitPlanState) (p Plan, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if p, err = lockPlan(tx, id); err != nil || p.State == to {
			return err
		}
		if !slices.Contains(from, p.State) {
			if p.State == model.PlanDraft {
				return ErrPlanDraft
			}
			return ErrPlanEnded
		}
		if to == model.PlanActive {
			if err := s.surveysOpen(ctx, p.Terms); err != nil {
				return err
			}
		}
		p.State, p.UpdatedAt = to, tx.Now
		if err := savePlan(tx, p); err != nil {
			return err
		}
		return trailPlan(ctx, tx, staff, action, p)
	})
	return p, err
}

func (s *Service) surveysOpen(ctx context.Context, t Terms) error {
	for _, v := range t.Visits {
		if v.Survey == 0 {
			continue
		}
		asked, err := s.Surveys.Survey(ctx, v.Survey)
		if err != nil {
			return err
		}
		if asked.State != model.SurveyOpen {
			return surveys.ErrNotOpen
		}
	}
	return nil
}

// Plans returns all plans, newest first.
func (s *Service) Plans(ctx context.Context, page db.Page) (list []Plan, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		list, err = plansBefore(tx, before, page.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list the visit plans: %w", err)
	}
	if len(list) > page.Size() {
		list = list[:page.Size()]
		next = db.NextCursor(int64(list[len(list)-1].ID))
	}
	return list, next, nil
}

func trailPlan(ctx context.Context, tx *db.Tx, staff model.StaffID, action string, p Plan) error {
	return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: action, Ref: "visit_plan:" + strconv.FormatInt(int64(p.ID), 10),
		Detail: map[string]any{"name": p.Name, "state": p.State, "version": p.Version, "terms": p.Terms}})
}
