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
		high, err := s.levels(ctx, tx, member, gifts)
		if err != nil {
			return err
		}
		offers = make([]Offer, len(gifts))
		for i, g := range gifts {
			offers[i] = Offer{Gift: giftView(g), Mine: mine[g.ID]}
			why, err := whyNot(tx, g, member, mine[g.ID], have.Active, g.MinTier == "" || high[g.MinTier])
			if errors.Is(why, ErrNotStarted) {
				var in map[model.MemberID]bool
				if in, err = s.letIn(ctx, tx, g, why, []model.MemberID{member}); err == nil && in[member] {
					g.StartsAt = nil
					why, err = whyNot(tx, g, member, mine[g.ID], have.Active, g.MinTier == "" || high[g.MinTier])
				}
			}
			if err != nil {
				return fmt.Errorf("read slots of gift %d: %w", g.ID, err)
			}
			errors.As(why, &offers[i].WhyNot)
		}
		return nil
	})
	return offers, err
}

// levels tells which of the levels that gifts ask for a member has reached.
func (s *Service) levels(ctx context.Context, tx *db.Tx, member model.MemberID, gifts []model.Gift) (map[model.PublicID]bool, error) {
	reached := map[model.PublicID]bool{}
	for _, g := range gifts {
		if _, known := reached[g.MinTier]; known || g.MinTier == "" {
			continue
		}
		high, err := s.d.AtLeast(ctx, tx, g.MinTier, []model.MemberID{member})
		if err != nil {
			return nil, fmt.Errorf("read the tier of member %d: %w", member, err)
		}
		reached[g.MinTier] = high[member]
	}
	return reached, nil
}

// whyNot says what keeps a member from redeeming a gift. Limits for a day or a week are looked up only where a gift has some.
func whyNot(tx *db.Tx, g model.Gift, member model.MemberID, mine int64, active model.Points, high bool) (why, err error) {
	if why := refusal(g, tx.Now); why != nil {
		return why, nil
	}
	if !high {
		return ErrTier, nil
	}
	if g.PerMember > 0 && mine >= g.PerMember {
		return ErrLimit.With("limit", g.PerMember).With("per", "life"), nil
	}
	if g.PerDay > 0 || g.PerWeek > 0 {
		list := limits(g, tx.Now)
		taken, err := takenSlots(tx, g.ID, list, []model.MemberID{member})
		if err != nil {
			return nil, err
		}
		if _, reached := taken.free(member, list); reached != nil {
			return ErrLimit.With("limit", reached.most).With("per", reached.per), nil
		}
	}
	if active < g.Price {
		return points.ErrInsufficient.With("active", active).With("missing", g.Price-active), nil
	}
	return nil, nil
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
		list, err = shownAll(tx, rows)
		return err
	})
	return list, next, err
}

// whole shows a redemption with its address.
func (s *Service) whole(tx *db.Tx, r model.Redemption) (out Redemption, err error) {
	if out, err = s.shown(tx, r); err != nil {
		return out, err
	}
	out.Address, err = s.address(r)
	return out, err
}

// Redemption returns one redemption of a member; another member's is ErrRedemptionUnknown.
func (s *Service) Redemption(ctx context.Context, member model.MemberID, id model.PublicID) (out Redemption, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		r, err := own(tx, member, id)
		if err != nil {
			return err
		}
		out, err = s.whole(tx, r)
		return err
	})
	return out, err
}
