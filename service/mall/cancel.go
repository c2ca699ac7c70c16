package mall

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/points"
)

// Cancel takes a redemption back that was not handed out yet: the points go to their own lots, slots and stock or code come
// back, and money that was paid is due to go back.
type Cancel struct {
	Staff      model.StaffID
	Redemption model.PublicID
	Note       string // why; 1 to 200 characters
	Key        db.Key `json:"-"`
}

// Cancel returns ErrRedemptionUnknown, ErrPickedUp, ErrFulfilled, ErrShipped, ErrCancelled or ErrRefunded when there is nothing to
// take back.
func (s *Service) Cancel(ctx context.Context, in Cancel) (out Redemption, err error) {
	if note := strings.TrimSpace(in.Note); note == "" || !utf8.ValidString(in.Note) || utf8.RuneCountInString(in.Note) > 200 {
		return out, fault.InvalidFields([]fault.Field{{Name: "note", Reason: "must say why, in at most 200 characters"}})
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, out.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Redemption, error) { return s.cancel(ctx, tx, in) })
		return err
	})
	return out, err
}

func (s *Service) cancel(ctx context.Context, tx *db.Tx, in Cancel) (Redemption, error) {
	r, known, err := redemptionByPublicID(tx, in.Redemption)
	if err != nil {
		return Redemption{}, fmt.Errorf("read redemption %s: %w", in.Redemption, err)
	}
	if !known {
		return Redemption{}, ErrRedemptionUnknown
	}
	switch r.State {
	case model.RedemptionAwaiting:
		err = s.giveUp(ctx, tx, r, in.Staff, in.Note)
	case model.RedemptionConfirmed:
		err = s.takeBack(ctx, tx, r, in.Staff, in.Note)
	default:
		err = stateRefusal(r)
	}
	if err != nil {
		return Redemption{}, err
	}
	err = audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "mall.cancel", Ref: source(r.PublicID),
		Detail: map[string]any{"gift": r.GiftName, "member": r.MemberID, "points": r.Points, "cash_fen": r.CashFen, "note": in.Note}})
	if err != nil {
		return Redemption{}, fmt.Errorf("record a cancellation: %w", err)
	}
	if err := s.restore(tx, r); err != nil {
		return Redemption{}, err
	}
	if r, _, err = redemptionByPublicID(tx, in.Redemption); err != nil {
		return Redemption{}, fmt.Errorf("read redemption %s: %w", in.Redemption, err)
	}
	return s.shown(tx, r)
}

// giveUp ends a redemption that waits for its payment. Should the payment arrive meanwhile, either the hold is captured already or
// the compare-and-set fails; all is rolled back then.
func (s *Service) giveUp(ctx context.Context, tx *db.Tx, r model.Redemption, staff model.StaffID, note string) error {
	_, err := s.d.Points.ReleaseTx(ctx, tx, source(r.PublicID), note)
	if errors.Is(err, points.ErrHoldClosed) {
		return ErrPaidAlready
	}
	if err != nil {
		return fmt.Errorf("release the points of redemption %d: %w", r.ID, err)
	}
	return end(tx, r, model.RedemptionCancelled, staff, note)
}

// takeBack undoes a confirmed redemption: the account first, as everywhere. Should it be handed out meanwhile, the
// compare-and-set fails and everything is rolled back.
func (s *Service) takeBack(ctx context.Context, tx *db.Tx, r model.Redemption, staff model.StaffID, note string) error {
	if err := s.returnPoints(ctx, tx, r, staff, note); err != nil {
		return err
	}
	to := model.RedemptionCancelled
	if r.CashFen > 0 {
		to = model.RedemptionRefunded
	}
	if err := end(tx, r, to, staff, note); err != nil || r.CashFen == 0 {
		return err
	}
	return s.returnMoney(ctx, tx, r, note)
}

func (s *Service) returnPoints(ctx context.Context, tx *db.Tx, r model.Redemption, staff model.StaffID, note string) error {
	_, _, err := s.d.Points.ReturnTx(ctx, tx, points.Return{Spent: source(r.PublicID), SpentReason: model.PointsForGift,
		Source: source(r.PublicID) + ":cancel", Note: note, Staff: staff})
	if err != nil {
		return fmt.Errorf("return the points of redemption %d: %w", r.ID, err)
	}
	return nil
}

func (s *Service) returnMoney(ctx context.Context, tx *db.Tx, r model.Redemption, why string) error {
	if err := s.d.Payments.RefundDueTx(ctx, tx, *r.PayOrderID, why); err != nil {
		return fmt.Errorf("return the money of redemption %d: %w", r.ID, err)
	}
	return nil
}

// end moves a redemption from the state in which it was read to one that takes it back. It returns why not, when somebody else was
// faster.
func end(tx *db.Tx, r model.Redemption, to model.RedemptionState, staff model.StaffID, note string) error {
	done, err := moveRedemption(tx, r.ID, r.State, to, map[string]any{"staff_id": staff, "closed_at": tx.Now, "note": note})
	if err != nil {
		return fmt.Errorf("move redemption %d to %s: %w", r.ID, to, err)
	}
	if done {
		return nil
	}
	now, _, err := redemptionByPublicID(tx, r.PublicID)
	if err != nil {
		return fmt.Errorf("read redemption %d: %w", r.ID, err)
	}
	return stateRefusal(now)
}

// restore gives back what a redemption took of limits, pool and stock, the hot counter last.
func (s *Service) restore(tx *db.Tx, r model.Redemption) error {
	if err := freeSlots(tx, r.PublicID); err != nil {
		return fmt.Errorf("give the slots of redemption %d back: %w", r.ID, err)
	}
	if r.Kind == model.GiftCode {
		if err := freeCode(tx, r.PublicID); err != nil {
			return fmt.Errorf("give the code of redemption %d back: %w", r.ID, err)
		}
	}
	if err := returnStock(tx, r.GiftID); err != nil {
		return fmt.Errorf("return a unit of gift %d: %w", r.GiftID, err)
	}
	return nil
}
