package aftersale

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/members"
	"huitou/service/messages"
)

// maxWhy bounds what one answer lists of each kind.
const maxWhy = 200

// WhyQuery asks why a member did or did not get a message: about one order, one plan, or a time.
type WhyQuery struct {
	Member   model.MemberID
	Order    model.OrderID     // 0: all
	Plan     model.VisitPlanID // 0: all
	From, To time.Time         // [From, To); zero is the last 90 days, and now
}

// Why is the answer.
type Why struct {
	From, To  time.Time
	Following bool // the official account, now
	Visits    []WhyVisit
	// Messages are those of the visits and all others of the time.
	Messages []WhyMessage
	messages.Contact
	// Notes say what the lists cannot: that an order has no visits, and why.
	Notes []string
}

// WhyVisit is one visit and what became of it.
type WhyVisit struct {
	model.Visit
	Plan    string // its name
	Trigger model.VisitTrigger
	Version int64
	Says    string // state and reason in words
	Number  string // of the order
}

// WhyMessage is one message and what became of it.
type WhyMessage struct {
	messages.Trace
	Says string // reason in words
}

// Why gathers everything that decided what a member was sent. It returns fault.ErrInvalid for a time of more than 400 days, or
// members.ErrUnknown.
func (s *Service) Why(ctx context.Context, in WhyQuery) (w Why, err error) {
	err = s.DB.Snapshot(ctx, func(ctx context.Context, tx *db.Tx) error {
		w = Why{From: in.From.UTC(), To: in.To.UTC()}
		if in.To.IsZero() {
			w.To = tx.Now.Add(time.Microsecond)
		}
		if in.From.IsZero() {
			w.From = w.To.AddDate(0, 0, -90)
		}
		if !w.From.Before(w.To) || w.To.Sub(w.From) > 400*24*time.Hour {
			return fault.InvalidFields([]fault.Field{{Name: "from", Reason: "before to, and at most 400 days"}})
		}
		if _, err := s.Members.FindTx(ctx, tx, members.Ref{Member: in.Member}); err != nil {
			return err
		}
		return s.gather(ctx, tx, in, &w)
	})
	return w, err
}

func (s *Service) gather(ctx context.Context, tx *db.Tx, in WhyQuery, w *Why) error {
	rows, err := visitsToExplain(tx, in, w.From, w.To, maxWhy)
	if err != nil {
		return fmt.Errorf("read the visits of member %d: %w", in.Member, err)
	}
	keys := make([]string, 0, len(rows))
	for _, r := range rows {
		r.Says = says(r.Visit)
		w.Visits = append(w.Visits, r)
		if r.MessageKey != "" {
			keys = append(keys, r.MessageKey)
		}
	}
	from, to := w.From, w.To
	if in.Order != 0 || in.Plan != 0 {
		to = from // only what belongs to the visits
	}
	traces, err := s.Messages.TracesTx(ctx, tx, in.Member, keys, from, to, maxWhy)
	if err != nil {
		return err
	}
	for _, t := range traces {
		w.Messages = append(w.Messages, WhyMessage{t, Words(t.Reason)})
	}
	if w.Contact, err = s.Messages.ContactTx(ctx, tx, in.Member, w.From, w.To); err != nil {
		return err
	}
	if _, w.Following, err = s.Members.FollowerTx(ctx, tx, in.Member); err != nil {
		return err
	}
	w.Notes, err = notes(tx, in, w.Visits)
	return err
}

// notes explain an order that has no visits.
func notes(tx *db.Tx, in WhyQuery, visits []WhyVisit) (list []string, err error) {
	if in.Order == 0 || len(visits) > 0 {
		return nil, nil
	}
	o, found, err := orderOf(tx, in.Order, in.Member)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read order %d: %w", in.Order, err)
	case !found:
		return []string{"该会员没有这个订单"}, nil
	case o.Kind != model.OrderGoods:
		return []string{"这不是商品订单,不做售后回访"}, nil
	case o.Origin == model.OriginImport:
		list = append(list, "订单来自历史导入,付款时没有触发回访")
	}
	for _, t := range []struct {
		on   model.VisitTrigger
		text string
	}{{model.VisitOnPaid, "付款"}, {model.VisitOnCompleted, "确认收货"}, {model.VisitOnScan, "本人扫包裹码"}} {
		_, _, active, err := activePlan(tx, t.on)
		if err != nil {
			return nil, err
		}
		if active {
			list = append(list, "「"+t.text+"」触发的计划已启用,但这个订单还没有触发,或触发时计划尚未启用")
		} else {
			list = append(list, "没有启用的「"+t.text+"」触发的计划")
		}
	}
	return list, nil
}
