package coupons

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
)

const (
	jobRun = "coupons.run"
	// runBatch is how many coupons one transaction of a run gives: enough that the commit costs little, few enough that nobody who
	// claims the same coupon waits long.
	runBatch = 1000
	// runTurn is how long one job works on a run before it gives other jobs their turn; well below jobs.Lease.
	runTurn = 30 * time.Second
	// runStalled is how long a run's checkpoint stands still before another worker looks after it, so that a killed process costs
	// seconds and not a lease.
	runStalled = 10 * time.Second
	// runWaits is how often a run looks whether its paused template gives again.
	runWaits = time.Minute
)

type runArgs struct {
	Run model.CouponRunID `json:"run"`
}

// carryOn works on a run until it is done or the turn is over.
func (s *Service) carryOn(ctx context.Context, in runArgs) error {
	for end := s.db.Now().Add(runTurn); s.db.Now().Before(end); {
		more, err := s.runBatch(ctx, in.Run)
		if err != nil || !more {
			return err
		}
	}
	return jobs.Snooze(0)
}

// errPausedRun ends the turn of a run whose template is paused.
var errPausedRun = errors.New("coupons: the template is paused")

// runBatch gives the next members their outcome, in one transaction with the checkpoint: a process that is killed leaves a
// batch either whole or not begun. The run's row is locked first, so that of two workers one waits and then goes on from
// the new checkpoint.
func (s *Service) runBatch(ctx context.Context, id model.CouponRunID) (more bool, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		more = false
		r, err := lockRun(tx, id)
		if err != nil {
			return fmt.Errorf("lock bulk issue %d: %w", id, err)
		}
		if r.State != model.CouponRunning {
			return nil
		}
		templates, err := templatesByID(tx, []model.CouponTemplateID{r.TemplateID})
		if err != nil {
			return fmt.Errorf("read the template of bulk issue %d: %w", id, err)
		}
		t := templates[r.TemplateID]
		if t.State == model.TemplatePaused {
			return errPausedRun
		}
		next, err := s.nextOf(ctx, tx, r)
		if err != nil {
			return err
		}
		if len(next) < runBatch {
			r.State, r.FinishedAt = model.CouponRunDone, &tx.Now
		}
		if len(next) > 0 {
			if err := s.giveBatch(ctx, tx, &r, t, next); err != nil {
				return err
			}
			r.Cursor = next[len(next)-1].MemberID
		}
		r.UpdatedAt = tx.Now
		more = r.State == model.CouponRunning
		if err := keepRun(tx, r); err != nil {
			return fmt.Errorf("keep the checkpoint of bulk issue %d: %w", id, err)
		}
		if !more {
			tx.OnCommit(func() {
				s.log.InfoContext(ctx, "bulk issue done", "run", r.PublicID, "issued", r.Issued, "limit", r.LimitReached,
					"out_of_stock", r.OutOfStock, "blocked", r.Blocked, "unknown", r.Unknown)
			})
		}
		return nil
	})
	switch {
	case errors.Is(err, errPausedRun):
		return false, jobs.Snooze(runWaits)
	case errors.Is(err, ErrChanged): // staff edited the template at that moment
		return true, nil
	}
	return more, err
}

// nextOf returns the members after the checkpoint.
func (s *Service) nextOf(ctx context.Context, tx *db.Tx, r model.CouponRun) ([]model.CouponRunTarget, error) {
	if r.Kind == model.CouponRunList {
		list, err := targetsAfter(tx, r, runBatch)
		if err != nil {
			return nil, fmt.Errorf("read the list of bulk issue %d: %w", r.ID, err)
		}
		return list, nil
	}
	ids, err := s.people.SelectTx(ctx, tx, filterOf(r), r.Cursor, runBatch)
	if err != nil {
		return nil, err
	}
	list := make([]model.CouponRunTarget, len(ids))
	for i, id := range ids {
		list[i] = model.CouponRunTarget{RunID: r.ID, MemberID: id}
	}
	return list, nil
}

// giveBatch gives the members their coupons, counts the outcomes and keeps the refusals. The coupons themselves are the
// record of those who got one.
func (s *Service) giveBatch(ctx context.Context, tx *db.Tx, r *model.CouponRun, t model.CouponTemplate, next []model.CouponRunTarget) error {
	gs := make([]grant, len(next))
	for i, m := range next {
		gs[i] = grant{member: m.MemberID, source: runSource(r.ID, m.MemberID), channel: model.ChannelBulk, staff: r.CreatedBy, reused: ErrSourceReused}
	}
	outs, err := s.grantTx(ctx, tx, t, issueRefusal(t, tx.Now), gs)
	if err != nil {
		return err
	}
	var refused []model.CouponRunRefusal
	for i, out := range outs {
		o := outcomeOf(out.Err)
		tally(r, o)
		if o != model.OutcomeIssued {
			refused = append(refused, model.CouponRunRefusal{RunID: r.ID, MemberID: next[i].MemberID, Line: next[i].Line, Outcome: o})
		}
	}
	if err := insertRefusals(tx, refused); err != nil {
		return fmt.Errorf("keep %d refusals of bulk issue %d: %w", len(refused), r.ID, err)
	}
	return nil
}

// runSource makes one run give one coupon to one member, whatever happens to its worker.
func runSource(run model.CouponRunID, m model.MemberID) string {
	return fmt.Sprintf("run:%d:%d", run, m)
}

// outcomeOf puts the end of a command into a run's words.
func outcomeOf(err error) model.CouponRunOutcome {
	switch {
	case err == nil:
		return model.OutcomeIssued
	case errors.Is(err, ErrSoldOut):
		return model.OutcomeOutOfStock
	case errors.Is(err, ErrLimitReached), errors.Is(err, ErrDayLimit):
		return model.OutcomeLimit
	}
	return model.OutcomeBlocked
}

// reviveRuns gives every run whose checkpoint stands still a new worker: the one before was killed.
func (s *Service) reviveRuns(ctx context.Context) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		rows, err := stalledRuns(tx, tx.Now.Add(-runStalled), 100)
		if err != nil {
			return fmt.Errorf("look for bulk issues that stand still: %w", err)
		}
		for _, r := range rows {
			if err := s.workOn(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func tally(r *model.CouponRun, o model.CouponRunOutcome) {
	switch o {
	case model.OutcomeIssued:
		r.Issued++
	case model.OutcomeLimit:
		r.LimitReached++
	case model.OutcomeOutOfStock:
		r.OutOfStock++
	default:
		r.Blocked++
	}
}
