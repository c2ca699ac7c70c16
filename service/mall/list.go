package mall

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/points"
)

// maxOffers is how many gifts the mall shows.
const maxOffers = 200

// Offer is a gift as one member sees it.
type Offer struct {
	Gift
	// Mine is how many the member has redeemed, cancelled ones apart.
	Mine int64
	// WhyNot says why the member cannot redeem it now; nil when nothing stands against it.
	WhyNot *fault.Fault
}

// Gifts returns the gifts of the mall that have not ended, in the order in which staff want them.
func (s *Service) Gifts(ctx context.Context, member model.MemberID) (offers []Offer, err error) {
	err = s.d.DB.Snapshot(ctx, func(ctx context.Context, tx *db.Tx) error {
		gifts, err := shownGifts(tx, tx.Now, maxOffers)
		if err != nil {
			return fmt.Errorf("read gifts: %w", err)
		}
		mine, err := redeemedBy(tx, member)
		if err != nil {
			return fmt.Errorf("count redemptions of member %d: %w", member, err)
		}
		have, err := s.d.Points.BalanceTx(ctx, tx, member)
		if err != nil {
			return err
		}
		offers = make([]Offer, len(gifts))
		for i, g := range gifts {
			offers[i] = Offer{Gift: giftView(g), Mine: mine[g.ID]}
			why := refusal(g, tx.Now)
			switch {
			case why != nil:
			case g.PerMember > 0 && mine[g.ID] >= g.PerMember:
				why = ErrLimit.With("limit", g.PerMember)
			case have.Active < g.Price:
				why = points.ErrInsufficient.With("active", have.Active).With("missing", g.Price-have.Active)
			}
			errors.As(why, &offers[i].WhyNot)
		}
		return nil
	})
	return offers, err
}

// Redemptions returns a page of a member's redemptions, newest first, and the cursor of the next page.
func (s *Service) Redemptions(ctx context.Context, member model.MemberID, page db.Page) (list []Redemption, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.d.DB.Snapshot(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := redemptionsOf(tx, member, before, page.Size()+1)
		if err != nil {
			return fmt.Errorf("read redemptions of member %d: %w", member, err)
		}
		next = ""
		if len(rows) > page.Size() {
			rows = rows[:page.Size()]
			next = db.NextCursor(int64(rows[len(rows)-1].ID))
		}
		names, err := publicIDs(tx, rows)
		if err != nil {
			return fmt.Errorf("read gifts: %w", err)
		}
		list = make([]Redemption, len(rows))
		for i, r := range rows {
			list[i] = redemptionView(r, names[r.GiftID])
		}
		return nil
	})
	return list, next, err
}

// Redemption returns one redemption of a member; another member's is ErrRedemptionUnknown.
func (s *Service) Redemption(ctx context.Context, member model.MemberID, id model.PublicID) (out Redemption, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		r, known, err := redemptionByPublicID(tx, id)
		if err != nil {
			return fmt.Errorf("read redemption %s: %w", id, err)
		}
		if !known || r.MemberID != member {
			return ErrRedemptionUnknown
		}
		out, err = s.shown(tx, r)
		return err
	})
	return out, err
}
