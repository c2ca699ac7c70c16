package mall

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// arrivesWithin is after what time shipped goods count as arrived although nobody has said so.
const arrivesWithin = 15 * 24 * time.Hour

// Ship says that staff have sent goods.
type Ship struct {
	Staff      model.StaffID
	Redemption model.PublicID
	Carrier    string // 1 to 40 characters
	Number     string // the carrier's, 4 to 40 letters, digits and dashes
	Key        db.Key `json:"-"`
}

var trackingForm = regexp.MustCompile(`^[0-9A-Za-z-]{4,40}$`)

func (in Ship) faults() (bad []fault.Field) {
	if n := utf8.RuneCountInString(in.Carrier); n < 1 || n > 40 || !utf8.ValidString(in.Carrier) || strings.ContainsFunc(in.Carrier, unicode.IsControl) {
		bad = append(bad, fault.Field{Name: "carrier", Reason: "must be 1 to 40 characters"})
	}
	if !trackingForm.MatchString(in.Number) {
		bad = append(bad, fault.Field{Name: "number", Reason: "must be 4 to 40 letters, digits and dashes"})
	}
	return bad
}

// Ship marks goods as sent exactly once. It returns ErrRedemptionUnknown, ErrNotGoods, ErrUnpaid, ErrShipped, ErrCancelled or
// ErrRefunded.
func (s *Service) Ship(ctx context.Context, in Ship) (out Redemption, err error) {
	in.Carrier, in.Number = strings.TrimSpace(in.Carrier), strings.TrimSpace(in.Number)
	if err := fault.InvalidFields(in.faults()); err != nil {
		return out, err
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, out.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Redemption, error) { return s.ship(ctx, tx, in) })
		return err
	})
	return out, err
}

func (s *Service) ship(ctx context.Context, tx *db.Tx, in Ship) (Redemption, error) {
	r, known, err := redemptionByPublicID(tx, in.Redemption)
	switch {
	case err != nil:
		return Redemption{}, fmt.Errorf("read redemption %s: %w", in.Redemption, err)
	case !known:
		return Redemption{}, ErrRedemptionUnknown
	case r.Kind != model.GiftGoods:
		return Redemption{}, ErrNotGoods
	}
	done, err := moveRedemption(tx, r.ID, model.RedemptionConfirmed, model.RedemptionShipped,
		map[string]any{"carrier": in.Carrier, "tracking": in.Number, "staff_id": in.Staff, "closed_at": tx.Now})
	if err != nil {
		return Redemption{}, fmt.Errorf("ship redemption %s: %w", in.Redemption, err)
	}
	if r, _, err = redemptionByPublicID(tx, in.Redemption); err != nil {
		return Redemption{}, fmt.Errorf("read redemption %s: %w", in.Redemption, err)
	}
	if !done {
		return Redemption{}, stateRefusal(r)
	}
	err = audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "mall.ship", Ref: source(r.PublicID),
		Detail: map[string]any{"gift": r.GiftName, "member": r.MemberID, "carrier": in.Carrier, "number": in.Number}})
	if err != nil {
		return Redemption{}, fmt.Errorf("record a shipment: %w", err)
	}
	return s.shown(tx, r)
}

// Arrived lets a member say that his goods have arrived. Doing so again has the same answer. It returns ErrRedemptionUnknown,
// ErrNotGoods, ErrNotShipped, ErrCancelled or ErrRefunded.
func (s *Service) Arrived(ctx context.Context, member model.MemberID, id model.PublicID) (out Redemption, err error) {
	err = s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		r, err := own(tx, member, id)
		if err != nil {
			return err
		}
		if r.Kind != model.GiftGoods {
			return ErrNotGoods
		}
		if _, err := moveRedemption(tx, r.ID, model.RedemptionShipped, model.RedemptionCompleted, map[string]any{"completed_at": tx.Now}); err != nil {
			return fmt.Errorf("complete redemption %s: %w", id, err)
		}
		if r, err = own(tx, member, id); err != nil {
			return err
		}
		switch r.State {
		case model.RedemptionCompleted:
			out, err = s.shown(tx, r)
			return err
		case model.RedemptionAwaiting, model.RedemptionConfirmed:
			return ErrNotShipped
		}
		return stateRefusal(r)
	})
	return out, err
}

// CompleteArrived completes what was shipped long ago. It works in small transactions and can stop between any two.
func (s *Service) CompleteArrived(ctx context.Context) error {
	const many = 500
	for {
		n := 0
		err := s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
			ids, err := arrivedSince(tx, tx.Now.Add(-arrivesWithin), many)
			if n = len(ids); err != nil || n == 0 {
				return err
			}
			return completeMany(tx, ids)
		})
		if err != nil {
			return fmt.Errorf("complete what has arrived: %w", err)
		}
		if n < many {
			return nil
		}
	}
}

// own reads a redemption of a member; another member's does not exist for him.
func own(tx *db.Tx, member model.MemberID, id model.PublicID) (model.Redemption, error) {
	r, known, err := redemptionByPublicID(tx, id)
	if err != nil {
		return r, fmt.Errorf("read redemption %s: %w", id, err)
	}
	if !known || r.MemberID != member {
		return r, ErrRedemptionUnknown
	}
	return r, nil
}
