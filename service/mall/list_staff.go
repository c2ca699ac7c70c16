package mall

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// GiftFilter says which gifts staff want to see; what is empty does not filter.
type GiftFilter struct {
	State model.GiftState
	Kind  model.GiftKind
	// Low wants those only whose stock has fallen to their mark.
	Low bool
}

// AllGifts returns a page of all gifts, also of those that ended, newest first, and the cursor of the next page.
func (s *Service) AllGifts(ctx context.Context, f GiftFilter, page db.Page) (list []Gift, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := filteredGifts(tx, f, before, page.Size()+1)
		if err != nil {
			return fmt.Errorf("read gifts: %w", err)
		}
		next = ""
		if len(rows) > page.Size() {
			rows = rows[:page.Size()]
			next = db.NextCursor(int64(rows[len(rows)-1].ID))
		}
		list = make([]Gift, len(rows))
		for i, g := range rows {
			list[i] = giftView(g)
		}
		return nil
	})
	return list, next, err
}

// RedemptionFilter says which redemptions staff want to see; what is empty does not filter.
type RedemptionFilter struct {
	State  model.RedemptionState
	Kind   model.GiftKind
	Gift   model.PublicID // ErrGiftUnknown when there is none
	Member model.MemberID
}

// AllRedemptions returns a page of redemptions without addresses, newest first, and the cursor of the next page.
func (s *Service) AllRedemptions(ctx context.Context, f RedemptionFilter, page db.Page) (list []Redemption, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.d.DB.Snapshot(ctx, func(_ context.Context, tx *db.Tx) error {
		var gift model.GiftID
		if f.Gift != "" {
			g, known, err := giftByPublicID(tx, f.Gift)
			if err != nil {
				return fmt.Errorf("read gift %s: %w", f.Gift, err)
			}
			if !known {
				return ErrGiftUnknown
			}
			gift = g.ID
		}
		rows, err := filteredRedemptions(tx, f, gift, before, page.Size()+1)
		if err != nil {
			return fmt.Errorf("read redemptions: %w", err)
		}
		next = ""
		if len(rows) > page.Size() {
			rows = rows[:page.Size()]
			next = db.NextCursor(int64(rows[len(rows)-1].ID))
		}
		list, err = shownAll(tx, rows)
		return err
	})
	return list, next, err
}

// AnyRedemption returns one redemption for staff, with its address for those who send goods.
func (s *Service) AnyRedemption(ctx context.Context, id model.PublicID, withAddress bool) (out Redemption, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		r, known, err := redemptionByPublicID(tx, id)
		if err != nil {
			return fmt.Errorf("read redemption %s: %w", id, err)
		}
		if !known {
			return ErrRedemptionUnknown
		}
		if withAddress {
			out, err = s.whole(tx, r)
		} else {
			out, err = s.shown(tx, r)
		}
		return err
	})
	return out, err
}

// shownAll shows redemptions without their addresses.
func shownAll(tx *db.Tx, rows []model.Redemption) ([]Redemption, error) {
	names, err := publicIDs(tx, rows)
	if err != nil {
		return nil, fmt.Errorf("read gifts: %w", err)
	}
	list := make([]Redemption, len(rows))
	for i, r := range rows {
		list[i] = redemptionView(r, names[r.GiftID])
	}
	return list, nil
}
