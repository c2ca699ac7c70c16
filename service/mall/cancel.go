package mall

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/points"
)

// Cancel takes a redemption back that was not handed out yet: the points go to their own lots, the slot and the unit of
// stock come back.
type Cancel struct {
	Staff      model.StaffID
	Redemption model.PublicID
	Note       string // why; 1 to 200 characters
	Key        db.Key `json:"-"`
}

// Cancel returns ErrRedemptionUnknown, ErrPickedUp, ErrFulfilled or ErrCancelled when there is nothing to take back.
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
	if r.State != model.RedemptionConfirmed {
		return Redemption{}, stateRefusal(r)
	}
	// The account first, as everywhere. Should the redemption be handed out meanwhile, the compare-and-set below fails
	// and everything is rolled back.
	_, _, err = s.d.Points.ReturnTx(ctx, tx, points.Return{Spent: source(r.PublicID), SpentReason: model.PointsForGift,
		Source: source(r.PublicID) + ":cancel", Note: in.Note, Staff: in.Staff})
	if err != nil {
		return Redemption{}, fmt.Errorf("return the points of redemption %s: %w", in.Redemption, err)
	}
	done, err := closeRedemption(tx, r.ID, model.RedemptionCancelled, in.Staff, in.Note)
	if err != nil {
		return Redemption{}, fmt.Errorf("cancel redemption %s: %w", in.Redemption, err)
	}
	if r, _, err = redemptionByPublicID(tx, in.Redemption); err != nil {
		return Redemption{}, fmt.Errorf("read redemption %s: %w", in.Redemption, err)
	}
	if !done {
		return Redemption{}, stateRefusal(r)
	}
	if err := freeSlot(tx, r.PublicID); err != nil {
		return Redemption{}, fmt.Errorf("give the slot of redemption %s back: %w", in.Redemption, err)
	}
	err = audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "mall.cancel", Ref: source(r.PublicID),
		Detail: map[string]any{"gift": r.GiftName, "member": r.MemberID, "points": r.Points, "note": in.Note}})
	if err != nil {
		return Redemption{}, fmt.Errorf("record a cancellation: %w", err)
	}
	if err := returnStock(tx, r.GiftID); err != nil {
		return Redemption{}, fmt.Errorf("return a unit of gift %d: %w", r.GiftID, err)
	}
	return s.shown(tx, r)
}
