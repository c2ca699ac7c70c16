package payments

import (
	"context"
	"fmt"
	"strings"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// defaultAlone is how much one person may give back in a day without a second one, unless Deps says otherwise: 500 yuan.
const defaultAlone model.Fen = 50_000

// AskRefund is staff asking for money of an order to go back. What one person has asked for alone on a business day is added up, and
// beyond Deps.RefundAlone it waits for Approve by somebody else (threat T11).
type AskRefund struct {
	Staff    model.StaffID
	PayOrder model.PayOrderID
	Amount   model.Fen
	Reason   string // what the payer reads, 1 .. 80 characters
	Key      db.Key `json:"-"`
}

// Ask is a refund that staff asked for, with what became of it.
type Ask struct {
	model.PayRefundAsk
	Refund   *model.PayRefund
	Replayed bool `json:"-"`
}

// AskRefund reserves the refund, or keeps it for a second person. Its faults are those of RefundTx.
func (s *Service) AskRefund(ctx context.Context, in AskRefund) (out Ask, err error) {
	if err := checkRefund(Refund{PayOrder: in.PayOrder, Amount: in.Amount, Reason: in.Reason, Source: "ask"}); err != nil {
		return out, err
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		id, replayed, err := db.Once(ctx, tx, in.Key, in, func() (model.PayRefundAskID, error) { return s.ask(ctx, tx, in) })
		if err != nil {
			return err
		}
		out, err = shownAsk(tx, id)
		out.Replayed = replayed
		return err
	})
	return out, err
}

func (s *Service) ask(ctx context.Context, tx *db.Tx, in AskRefund) (model.PayRefundAskID, error) {
	o, err := orderByID(tx, in.PayOrder)
	if err != nil {
		return 0, err
	}
	if err := refundRefusal(o, in.Amount, tx.Now); err != nil {
		return 0, err
	}
	row := model.PayRefundAsk{PayOrderID: in.PayOrder, AmountFen: in.Amount, Reason: in.Reason, StaffID: in.Staff,
		Day: model.DayOf(tx.Now, model.Shanghai), State: model.AskWaiting, CreatedAt: tx.Now}
	alone, err := countAlone(tx, row.StaffID, row.Day, row.AmountFen, s.refundAlone)
	if err != nil {
		return 0, err
	}
	row.NeedsSecond = !alone
	if err := insertAsk(tx, &row); err != nil {
		return 0, err
	}
	if alone {
		return row.ID, s.applyAsk(ctx, tx, row, in.Staff)
	}
	return row.ID, audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "payments.refund_request", Ref: askKey(row.ID),
		Detail: map[string]any{"pay_order": in.PayOrder, "amount_fen": in.Amount, "reason": in.Reason}})
}

// CountAloneTx adds what one of the staff is about to give back, 1 fen or more, to what he gave back alone on this business day; whoever
// sells something calls it for refunds that nobody else looks at. alone is false, and nothing is counted, when that would exceed limit, which
// is Deps.RefundAlone: then a second person must decide.
func (s *Service) CountAloneTx(_ context.Context, tx *db.Tx, staff model.StaffID, amount model.Fen) (alone bool, limit model.Fen, err error) {
	alone, err = countAlone(tx, staff, model.DayOf(tx.Now, model.Shanghai), amount, s.refundAlone)
	return alone, s.refundAlone, err
}

// applyAsk makes the refund of an ask, in the name of whoever lets it happen.
func (s *Service) applyAsk(ctx context.Context, tx *db.Tx, row model.PayRefundAsk, by model.StaffID) error {
	r, _, err := s.RefundTx(ctx, tx, Refund{PayOrder: row.PayOrderID, Amount: row.AmountFen, Reason: row.Reason, Source: askKey(row.ID), Staff: by})
	if err != nil {
		return err
	}
	return noteAsk(tx, row.ID, r.ID)
}

// DecideRefund is the answer of the second person.
type DecideRefund struct {
	Staff model.StaffID // not who asked
	Ask   model.PayRefundAskID
	Note  string // required to refuse
}

// ApproveRefund makes a refund that waits. It returns ErrAskUnknown, ErrAskOwn, ErrAskDecided, and what RefundTx returns, upon which it
// waits on.
func (s *Service) ApproveRefund(ctx context.Context, in DecideRefund) (Ask, error) {
	return s.decideAsk(ctx, in, model.AskApplied)
}

// RefuseRefund ends a refund that waits; its faults are those of ApproveRefund.
func (s *Service) RefuseRefund(ctx context.Context, in DecideRefund) (Ask, error) {
	if strings.TrimSpace(in.Note) == "" {
		return Ask{}, fault.InvalidFields([]fault.Field{{Name: "note", Reason: "must say why"}})
	}
	return s.decideAsk(ctx, in, model.AskRefused)
}

func (s *Service) decideAsk(ctx context.Context, in DecideRefund, to model.PayRefundAskState) (out Ask, err error) {
	if err := checkNote(in.Note, false); err != nil {
		return out, err
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := askByID(tx, in.Ask)
		if err != nil {
			return err
		}
		switch {
		case in.Staff <= 0 || in.Staff == row.StaffID:
			return ErrAskOwn
		case row.State == to && row.DecidedBy == in.Staff:
			out, err = shownAsk(tx, row.ID) // a second tap
			out.Replayed = true
			return err
		case row.State != model.AskWaiting:
			return ErrAskDecided
		}
		first, err := decideRow(tx, row.ID, to, in.Staff, in.Note)
		if err != nil {
			return err
		}
		if !first {
			return ErrAskDecided // by somebody else, just now
		}
		action := "payments.refund_refuse"
		if to == model.AskApplied {
			action = "payments.refund_approve"
			if err := s.applyAsk(ctx, tx, row, in.Staff); err != nil {
				return err
			}
		}
		err = audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: action, Ref: askKey(row.ID),
			Detail: map[string]any{"pay_order": row.PayOrderID, "amount_fen": row.AmountFen, "asked_by": row.StaffID, "note": in.Note}})
		if err != nil {
			return err
		}
		out, err = shownAsk(tx, row.ID)
		return err
	})
	return out, err
}

// RefundAsks lists what staff asked for in a state, newest first; an empty state means all.
func (s *Service) RefundAsks(ctx context.Context, state model.PayRefundAskState, page db.Page) (list []Ask, next string, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, more, err := listAsks(tx, state, page)
		if err != nil {
			return err
		}
		list, next = make([]Ask, 0, len(rows)), more
		for _, row := range rows {
			a, err := shownAsk(tx, row.ID)
			if err != nil {
				return err
			}
			list = append(list, a)
		}
		return nil
	})
	return list, next, err
}

func askKey(id model.PayRefundAskID) string { return fmt.Sprintf("ask:%d", id) }
