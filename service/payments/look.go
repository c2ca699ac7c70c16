package payments

import (
	"context"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// Search narrows a list of orders; empty fields do not.
type Search struct {
	Member model.MemberID
	// Number is ours or WeChat's, of the order, or ours of one of its refunds.
	Number string
	State  model.PayState
	// Purpose and Ref say what was paid for.
	Purpose, Ref string
}

// Orders lists orders, newest first. next is the cursor of the following page, empty at the end.
func (s *Service) Orders(ctx context.Context, in Search, page db.Page) (list []model.PayOrder, next string, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		list, next, err = searchOrders(tx, in, page)
		return err
	})
	return list, next, err
}

// Sheet is everything that is known about an order.
type Sheet struct {
	Order         model.PayOrder
	Attempts      []model.PayAttempt
	Notices       []model.PayNotice
	Refunds       []RefundSheet
	RefundNotices []model.PayRefundNotice
	Asks          []model.PayRefundAsk
	Breaks        []model.PayBreak
}

// RefundSheet is a refund with the numbers under which it was given to WeChat.
type RefundSheet struct {
	model.PayRefund
	Numbers []model.PayRefundNumber
}

// Sheet returns everything about an order, or ErrUnknown.
func (s *Service) Sheet(ctx context.Context, id model.PayOrderID) (out Sheet, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		out, err = sheetOf(tx, id)
		return err
	})
	return out, err
}

// RefundList lists refunds in a state, newest first; an empty state means all.
func (s *Service) RefundList(ctx context.Context, state model.PayRefundState, page db.Page) (list []model.PayRefund, next string, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		list, next, err = listRefunds(tx, state, 0, page)
		return err
	})
	return list, next, err
}

// MemberRefund is a refund as its payer sees it.
type MemberRefund struct {
	model.PayRefund
	Purpose, Ref string // what had been paid for
	Description  string
}

// MemberRefunds lists the refunds of a member, newest first.
func (s *Service) MemberRefunds(ctx context.Context, m model.MemberID, page db.Page) (list []MemberRefund, next string, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, more, err := listRefunds(tx, "", m, page)
		if err != nil {
			return err
		}
		list, next = make([]MemberRefund, 0, len(rows)), more
		orders, err := ordersOf(tx, rows)
		if err != nil {
			return err
		}
		for _, r := range rows {
			o := orders[r.PayOrderID]
			list = append(list, MemberRefund{r, o.Purpose, o.Ref, o.Description})
		}
		return nil
	})
	return list, next, err
}

// SettleBreak is staff saying that a break is dealt with.
type SettleBreak struct {
	Staff model.StaffID
	Break int64
	Note  string // required
}

// SettleBreak closes a break. It returns ErrBreakUnknown, and ErrBreakSettled when somebody else was faster.
func (s *Service) SettleBreak(ctx context.Context, in SettleBreak) (b model.PayBreak, err error) {
	if err := checkNote(in.Note, true); err != nil {
		return b, err
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, err := closeBreak(tx, in.Break, in.Staff, in.Note)
		if err != nil {
			return err
		}
		if b, err = breakByID(tx, in.Break); err != nil {
			return err
		}
		if !done && (b.SettledBy != in.Staff || b.Note != in.Note) {
			return ErrBreakSettled
		}
		if !done {
			return nil // a second tap
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "payments.settle_break", Ref: breakKey(b.ID),
			Detail: map[string]any{"kind": b.Kind, "out_trade_no": b.OutTradeNo, "note": in.Note}})
	})
	return b, err
}
