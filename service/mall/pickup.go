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
)

// pickUpQR is what stands before the code in the QR code of a pick-up, so that a scanner at the counter knows what it sees.
const pickUpQR = "HUITOU-PICKUP:"

// PickUp hands a gift out at the counter against its code.
type PickUp struct {
	Staff model.StaffID
	Code  string // the ten digits, or what the QR code says
	Store string `json:",omitempty"` // where; at most 40 characters, may be empty
	Key   db.Key `json:"-"`
}

// PickUp hands a gift out exactly once. It returns ErrCodeUnknown, ErrPickedUp, ErrCancelled or ErrRefunded, all but the first with
// the instant.
func (s *Service) PickUp(ctx context.Context, in PickUp) (out Redemption, err error) {
	in.Code = strings.TrimPrefix(in.Code, pickUpQR)
	if in.Store = strings.TrimSpace(in.Store); utf8.RuneCountInString(in.Store) > 40 || !utf8.ValidString(in.Store) {
		return out, fault.InvalidFields([]fault.Field{{Name: "store", Reason: "must be at most 40 characters"}})
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, out.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Redemption, error) { return s.pickUp(ctx, tx, in) })
		return err
	})
	return out, err
}

func (s *Service) pickUp(ctx context.Context, tx *db.Tx, in PickUp) (Redemption, error) {
	done, err := closeByCode(tx, in.Code, in.Store, in.Staff)
	if err != nil {
		return Redemption{}, fmt.Errorf("hand a gift out: %w", err)
	}
	r, known, err := redemptionByCode(tx, in.Code)
	switch {
	case err != nil:
		return Redemption{}, fmt.Errorf("read a redemption by its code: %w", err)
	case !known:
		return Redemption{}, ErrCodeUnknown
	case !done:
		return Redemption{}, stateRefusal(r)
	}
	err = audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "mall.pick_up", Ref: source(r.PublicID),
		Detail: map[string]any{"gift": r.GiftName, "member": r.MemberID, "store": in.Store}})
	if err != nil {
		return Redemption{}, fmt.Errorf("record a pick-up: %w", err)
	}
	return s.shown(tx, r)
}

func (s *Service) shown(tx *db.Tx, r model.Redemption) (Redemption, error) {
	g, err := giftByID(tx, r.GiftID)
	if err != nil {
		return Redemption{}, fmt.Errorf("read gift %d: %w", r.GiftID, err)
	}
	return redemptionView(r, g.PublicID), nil
}
