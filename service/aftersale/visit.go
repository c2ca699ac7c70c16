package aftersale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/jobs"
	"huitou/service/messages"
	"huitou/service/orders"
	"huitou/service/surveys"
	"huitou/service/tasks"
)

// OnPaid begins the visits of an order that was paid.
func (s *Service) OnPaid(ctx context.Context, f orders.Paid) error {
	if f.Kind != model.OrderGoods {
		return nil
	}
	return s.begin(ctx, model.VisitOnPaid, f.Order, f.PaidAt)
}

// OnFinished begins the visits of an order whose goods have arrived.
func (s *Service) OnFinished(ctx context.Context, f orders.Finished) error {
	if f.Kind != model.OrderGoods {
		return nil
	}
	return s.begin(ctx, model.VisitOnCompleted, f.Order, f.At)
}

func (s *Service) begin(ctx context.Context, trigger model.VisitTrigger, order model.OrderID, at time.Time) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return s.planTx(ctx, tx, trigger, order, at) })
}

// planTx plans the visits of an order by the plan that is active for the trigger. An order has one plan, that of its first trigger: when it
// has visits already, nothing happens. A visit that is due at once is made in this transaction.
func (s *Service) planTx(ctx context.Context, tx *db.Tx, trigger model.VisitTrigger, id model.OrderID, at time.Time) error {
	plan, version, found, err := activePlan(tx, trigger)
	if err != nil || !found {
		return err
	}
	order, err := s.Orders.OrderTx(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("look up order %d: %w", id, err)
	}
	if err := s.Members.LockTx(ctx, tx, order.Member); err != nil {
		return fmt.Errorf("lock member %d: %w", order.Member, err)
	}
	if at.After(tx.Now) {
		at = tx.Now // a clock elsewhere is ahead
	}
	at = at.UTC().Truncate(time.Microsecond)
	planned := make([]model.Visit, len(plan.Visits))
	for i, terms := range plan.Visits {
		planned[i] = model.Visit{
			OrderID: id, MemberID: order.Member, Ordinal: int64(i + 1), PlanVersionID: version, State: model.VisitPlanned,
			TriggerAt: &at, DueAt: terms.dueAt(at), CreatedAt: tx.Now,
		}
		fresh, err := tx.Insert(&planned[i])
		if err != nil {
			return fmt.Errorf("plan visit %d of order %d: %w", i+1, id, err)
		}
		if !fresh {
			return nil // an order has one plan
		}
	}
	for i := range planned {
		if err := s.start(ctx, tx, plan, order, &planned[i]); err != nil {
			return err
		}
	}
	return nil
}

// start makes a visit that is due, and leaves the others to a job.
func (s *Service) start(ctx context.Context, tx *db.Tx, plan Plan, order orders.View, v *model.Visit) error {
	again := v.DueAt
	if !again.After(tx.Now) {
		until, err := s.decide(ctx, tx, plan, order, v)
		if err != nil || until.IsZero() {
			return err
		}
		again = until
	}
	_, err := s.Queue.Insert(ctx, tx, jobs.Job{Kind: visitJob, Args: visitArgs{v.ID}, Key: fmt.Sprintf("visit:%d", v.ID), RunAt: again})
	return err
}

// Kinds of jobs.
const (
	visitJob = "aftersale.visit" // make a visit
	closeJob = "aftersale.close" // its survey's time is over
)

type visitArgs struct {
	ID model.VisitID `json:"id"`
}

// make is the worker of one visit whose time has come.
func (s *Service) make(ctx context.Context, in visitArgs) error {
	var wait time.Duration
	err := s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		wait = 0
		until, err := s.makeTx(ctx, tx, in.ID)
		if !until.IsZero() {
			wait = until.Sub(tx.Now)
		}
		return err
	})
	if err == nil && wait > 0 {
		return jobs.Snooze(wait)
	}
	return err
}

// makeTx looks at a visit for the last time and makes it; until is when to look again.
func (s *Service) makeTx(ctx context.Context, tx *db.Tx, id model.VisitID) (until time.Time, err error) {
	v, err := visitByID(tx, id)
	if err != nil {
		return until, fmt.Errorf("read visit %d: %w", id, err)
	}
	if err := s.Members.LockTx(ctx, tx, v.MemberID); err != nil {
		return until, fmt.Errorf("lock member %d: %w", v.MemberID, err)
	}
	if v, err = lockVisit(tx, id); err != nil {
		return until, fmt.Errorf("lock visit %d: %w", id, err)
	}
	if v.State != model.VisitPlanned && v.State != model.VisitDue {
		return until, nil // stopped meanwhile, or made by the run before
	}
	plan, err := planOfVersion(tx, v.PlanVersionID)
	if err != nil {
		return until, fmt.Errorf("read the plan of visit %d: %w", id, err)
	}
	order, err := s.Orders.OrderTx(ctx, tx, v.OrderID)
	if errors.Is(err, orders.ErrUnknown) {
		return until, s.end(tx, &v, model.VisitSkipped, reasonGone)
	}
	if err != nil {
		return until, fmt.Errorf("look up order %d: %w", v.OrderID, err)
	}
	return s.decide(ctx, tx, plan, order, &v)
}

// decide skips a visit, puts it off or makes it, under its member's lock, which keeps the cooling period between two of his orders.
func (s *Service) decide(ctx context.Context, tx *db.Tx, plan Plan, order orders.View, v *model.Visit) (until time.Time, err error) {
	m, err := s.look(ctx, tx, plan, order, v)
	if err != nil {
		return until, err
	}
	switch verdict := plan.judge(*v, m); {
	case verdict.skip != "":
		return until, s.end(tx, v, model.VisitSkipped, verdict.skip)
	case !verdict.until.IsZero():
		v.State, v.WaitUntil = model.VisitDue, &verdict.until
		return verdict.until, saveVisit(tx, *v)
	}
	return until, s.send(ctx, tx, plan.Visits[v.Ordinal-1], order, v, plan.lastCall(*v))
}

// look gathers what the last look before a visit depends on.
func (s *Service) look(ctx context.Context, tx *db.Tx, plan Plan, order orders.View, v *model.Visit) (m moment, err error) {
	m = moment{now: tx.Now, plan: plan.State, order: order}
	openID, following, err := s.Members.FollowerTx(ctx, tx, v.MemberID)
	if err != nil {
		return m, fmt.Errorf("look up whether member %d follows: %w", v.MemberID, err)
	}
	m.left = openID != "" && !following
	if m.complaint, err = s.Tasks.WaitsTx(ctx, tx, v.MemberID, model.TaskLowScore, model.TaskParcel); err != nil {
		return m, fmt.Errorf("look up the tasks about member %d: %w", v.MemberID, err)
	}
	if m.boughtAgain, err = s.Orders.BoughtSinceTx(ctx, tx, v.MemberID, v.OrderID, order.PaidAt); err != nil {
		return m, err
	}
	if m.other, err = visitedAbout(tx, v.MemberID, v.OrderID); err != nil {
		return m, fmt.Errorf("look up the last visit to member %d: %w", v.MemberID, err)
	}
	return m, nil
}

// send puts a visit's message into the outbox, with its survey, or gives the visit to staff.
// lastCall is when a message that still waits is of no use any more.
func (s *Service) send(ctx context.Context, tx *db.Tx, terms VisitTerms, order orders.View, v *model.Visit, lastCall time.Time) error {
	if len(terms.messageChannels()) == 0 { // the outbox, which knows who wants no contact, never sees it
		switch why, err := s.Messages.UnwantedTx(ctx, tx, v.MemberID, terms.Purpose); {
		case err != nil:
			return err
		case why != "":
			return s.end(tx, v, model.VisitSkipped, why)
		}
		return s.assign(ctx, tx, order, v, "")
	}
	m := s.message(terms, order, *v)
	m.NotAfter = lastCall
	if terms.Survey != 0 {
		until := tx.Now.Add(time.Duration(terms.AnswerDays) * 24 * time.Hour)
		token, err := s.Surveys.InviteTx(ctx, tx, surveys.Invite{Survey: terms.Survey, Member: v.MemberID, Order: v.OrderID, Source: m.Key,
			Until: until, Reward: terms.Reward})
		if errors.Is(err, surveys.ErrNotOpen) || errors.Is(err, surveys.ErrUnknown) {
			return s.end(tx, v, model.VisitSkipped, reasonSurveyClosed)
		}
		if err != nil {
			return fmt.Errorf("put the survey of visit %d: %w", v.ID, err)
		}
		m.URL = s.SurveyURL + token
		job := jobs.Job{Kind: closeJob, Args: visitArgs{v.ID}, Key: fmt.Sprintf("visit:%d:close", v.ID), RunAt: until}
		if _, err := s.Queue.Insert(ctx, tx, job); err != nil {
			return err
		}
	}
	now := tx.Now
	v.State, v.MessageKey, v.SentAt, v.WaitUntil = model.VisitSent, m.Key, &now, nil
	if err := saveVisit(tx, *v); err != nil {
		return fmt.Errorf("mark visit %d as sent: %w", v.ID, err)
	}
	_, err := s.Messages.EnqueueTx(ctx, tx, m)
	if f := fault.Of(err); errors.Is(err, messages.ErrInvalid) {
		// The words are what the plan says, and trying again would not mend them.
		s.Log.ErrorContext(ctx, "visit cannot be worded", "visit", v.ID, "err", err)
		v.MessageKey, v.SentAt = "", nil
		return s.end(tx, v, model.VisitFailed, f.Code)
	}
	return err
}

// assign gives a visit to staff; why is what became of its message.
func (s *Service) assign(ctx context.Context, tx *db.Tx, order orders.View, v *model.Visit, why string) error {
	now := tx.Now
	v.State, v.Reason, v.WaitUntil, v.SentAt = model.VisitAssigned, why, nil, &now
	if err := saveVisit(tx, *v); err != nil {
		return fmt.Errorf("assign visit %d: %w", v.ID, err)
	}
	_, err := s.Tasks.OpenTx(ctx, tx, tasks.Open{
		Kind: model.TaskVisit, Source: visitKey(v.OrderID, v.Ordinal), Member: v.MemberID, Order: v.OrderID,
		Title:  fmt.Sprintf("第 %d 次回访:订单 %s", v.Ordinal, order.Number),
		Detail: fmt.Sprintf("商品:%s,实付 %s 元。%s", goods(order.Lines), order.PaidFen, Words(why)),
	})
	return err
}

// end stores the end of a visit.
func (s *Service) end(tx *db.Tx, v *model.Visit, state model.VisitState, reason string) error {
	now := tx.Now
	v.State, v.Reason, v.EndedAt, v.WaitUntil = state, reason, &now, nil
	if err := saveVisit(tx, *v); err != nil {
		return fmt.Errorf("end visit %d: %w", v.ID, err)
	}
	return nil
}

// message is a visit's message without its survey.
func (s *Service) message(terms VisitTerms, order orders.View, v model.Visit) messages.Message {
	return messages.Message{
		Key: visitKey(v.OrderID, v.Ordinal), Member: v.MemberID, Template: terms.Template,
		Data: visitTexts(order, s.Texts.Advice, terms.Texts), URL: terms.URL,
		Purpose: terms.Purpose, Channels: terms.messageChannels(),
	}
}
