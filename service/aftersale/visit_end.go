package aftersale

import (
	"context"
	"fmt"
	"strings"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/messages"
	"huitou/service/orders"
	"huitou/service/surveys"
	"huitou/service/tasks"
)

// OnRefunded stops at once what a refund stops; other conditions are looked at when a visit's time comes.
func (s *Service) OnRefunded(ctx context.Context, f orders.Refunded) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		order, err := s.Orders.OrderTx(ctx, tx, f.Order)
		if err != nil {
			return fmt.Errorf("look up order %d: %w", f.Order, err)
		}
		if err := s.Members.LockTx(ctx, tx, order.Member); err != nil {
			return fmt.Errorf("lock member %d: %w", order.Member, err)
		}
		list, err := lockVisitsToCome(tx, f.Order)
		if err != nil {
			return fmt.Errorf("lock the visits of order %d: %w", f.Order, err)
		}
		for i := range list {
			plan, err := planOfVersion(tx, list[i].PlanVersionID)
			if err != nil {
				return fmt.Errorf("read the plan of visit %d: %w", list[i].ID, err)
			}
			if reason := plan.stopped(moment{order: order}); reason != "" {
				if err := s.end(tx, &list[i], model.VisitSkipped, reason); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// OnMessageEnded notes what became of a visit's message. One that nobody can have seen goes to staff when the plan says so, unless the
// member does not want to be contacted.
func (s *Service) OnMessageEnded(ctx context.Context, f messages.Ended) error {
	return s.onVisit(ctx, f.Key, func(ctx context.Context, tx *db.Tx, v *model.Visit) error {
		state, reason := outcome(f)
		if v.State == model.VisitFailed && state == model.VisitDelivered && v.MessageKey != "" {
			return s.end(tx, v, state, "") // a report that came after all
		}
		if v.State != model.VisitSent || f.State == model.MessageUnknown && f.Reason == messages.ReasonNoReport {
			return nil // of a message that WeChat took and does not report, no more is known than that it was sent
		}
		if unseen := state == model.VisitSkipped || state == model.VisitBlocked || state == model.VisitFailed && f.State != model.MessageUnknown; unseen {
			byStaff, err := s.toStaff(ctx, tx, v, reason)
			if err != nil || byStaff {
				return err
			}
		}
		if state == model.VisitSkipped {
			v.SentAt = nil // nobody was contacted
		}
		return s.end(tx, v, state, reason)
	})
}

// toStaff gives a visit whose message was not seen to staff, when its plan says so.
func (s *Service) toStaff(ctx context.Context, tx *db.Tx, v *model.Visit, reason string) (bool, error) {
	plan, err := planOfVersion(tx, v.PlanVersionID)
	if err != nil {
		return false, fmt.Errorf("read the plan of visit %d: %w", v.ID, err)
	}
	terms := plan.Visits[v.Ordinal-1]
	if !terms.byStaff() || strings.HasPrefix(reason, reasonDoNotContact) {
		return false, nil
	}
	// He may have asked for it since the message left.
	if why, err := s.Messages.UnwantedTx(ctx, tx, v.MemberID, terms.Purpose); err != nil || why != "" {
		return false, err
	}
	order, err := s.Orders.OrderTx(ctx, tx, v.OrderID)
	if err != nil {
		return false, fmt.Errorf("look up order %d: %w", v.OrderID, err)
	}
	return true, s.assign(ctx, tx, order, v, reason)
}

// outcome is what the end of a message means for its visit.
func outcome(f messages.Ended) (model.VisitState, string) {
	reason := f.Reason
	if reason == "" && f.State != model.MessageDelivered {
		reason = string(f.State)
	}
	switch f.State {
	case model.MessageDelivered:
		return model.VisitDelivered, ""
	case model.MessageSuppressed:
		return model.VisitSkipped, reason
	case model.MessageBlocked:
		return model.VisitBlocked, reason
	}
	return model.VisitFailed, reason
}

// OnAnswered notes that a visit's survey was answered. It closes the visit, unless staff have something to do about it.
func (s *Service) OnAnswered(ctx context.Context, f surveys.Answered) error {
	return s.onVisit(ctx, f.Source, func(_ context.Context, tx *db.Tx, v *model.Visit) error {
		switch v.State {
		case model.VisitClosed, model.VisitResponded, model.VisitDone, model.VisitAssigned:
			return nil
		}
		if v.SentAt == nil { // its message never left; he answered in the mini-program
			v.SentAt = &f.At
		}
		if f.Task {
			return s.end(tx, v, model.VisitResponded, "")
		}
		return s.end(tx, v, model.VisitClosed, "answered")
	})
}

// OnTaskClosed ends what staff were asked for: a visit by hand, or the trouble that an answer told of.
func (s *Service) OnTaskClosed(ctx context.Context, f tasks.Closed) error {
	if f.Kind == model.TaskVisit {
		return s.onVisit(ctx, f.Source, func(_ context.Context, tx *db.Tx, v *model.Visit) error {
			if v.State != model.VisitAssigned {
				return nil
			}
			v.Result = string(f.Result)
			return s.end(tx, v, model.VisitDone, v.Reason)
		})
	}
	source, err := s.Surveys.SourceOfTask(ctx, f.Source)
	if err != nil || source == "" {
		return err
	}
	return s.onVisit(ctx, source, func(ctx context.Context, tx *db.Tx, v *model.Visit) error {
		waits, err := s.Surveys.TroubledTx(ctx, tx, source)
		if err != nil || waits || v.State != model.VisitResponded {
			return err
		}
		v.Result = string(f.Result)
		return s.end(tx, v, model.VisitClosed, "answered")
	})
}

// close is the worker of a visit whose survey's time is over.
func (s *Service) close(ctx context.Context, in visitArgs) error {
	return s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		v, err := lockVisit(tx, in.ID)
		if err != nil {
			return fmt.Errorf("lock visit %d: %w", in.ID, err)
		}
		if v.State != model.VisitSent && v.State != model.VisitDelivered {
			return nil
		}
		return s.end(tx, &v, model.VisitClosed, "unanswered")
	})
}

// onVisit runs change on the visit of a key, under its lock. Keys of anything else are passed over.
func (s *Service) onVisit(ctx context.Context, key string, change func(context.Context, *db.Tx, *model.Visit) error) error {
	order, ordinal, ok := visitOf(key)
	if !ok {
		return nil
	}
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		v, found, err := visitOfOrder(tx, order, ordinal)
		if err != nil {
			return fmt.Errorf("read visit %s: %w", key, err)
		}
		if !found {
			return nil
		}
		if err := s.Members.LockTx(ctx, tx, v.MemberID); err != nil {
			return fmt.Errorf("lock member %d: %w", v.MemberID, err)
		}
		if v, err = lockVisit(tx, v.ID); err != nil {
			return fmt.Errorf("lock visit %s: %w", key, err)
		}
		return change(ctx, tx, &v)
	})
}
