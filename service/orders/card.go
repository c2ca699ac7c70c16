package orders

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/earning"
)

// Card is told what the paid cards of buyers saved them; memberships keeps it. Orders belong to the same level, so cmd joins the two.
type Card interface {
	// UsedTx counts what a card saved in an order. The order is a fact: what cannot be counted is not, and the outcome says why.
	UsedTx(ctx context.Context, tx *db.Tx, in CardUse) (CardOutcome, error)
	// GaveBackTx takes back what the refund of an order undid.
	GaveBackTx(ctx context.Context, tx *db.Tx, in CardReturn) error
}

// CardUse is what an order tells of its buyer's card.
type CardUse struct {
	Member model.MemberID
	Ref    string // of the order
	Order  model.Order
	// Coupons are those that the order used, of the card or not.
	Coupons []CardCoupon
	// ExtraPoints are what the card's multiplier added to what the order earned.
	ExtraPoints model.Points
}

// CardCoupon is a coupon that an order used.
type CardCoupon struct {
	Coupon   model.PublicID
	Discount model.Fen
}

// CardOutcome is what was counted as saved. Reason is the code of why not all was; empty otherwise.
type CardOutcome struct {
	SavedFen model.Fen
	Reason   string
}

// CardReturn is money of an order that went back.
type CardReturn struct {
	Ref, Source string // of the order and of the refund
	// Goods is the goods' money that is back by now, of Of that was paid for goods.
	Goods, Of model.Fen
	Whole     bool
}

// useCard counts what the buyer's card saved in a new order.
func (s *Service) useCard(ctx context.Context, tx *db.Tx, row *model.Order, used []CardCoupon, award earning.Award) error {
	if s.Card == nil || row.Kind != model.OrderGoods {
		return nil
	}
	use := CardUse{Member: row.MemberID, Ref: ref(row.ID), Order: *row, Coupons: used}
	for _, p := range award.Parts {
		if p.Kind == model.PartCard {
			use.ExtraPoints += p.Points
		}
	}
	if row.MemberSavingFen == 0 && row.FreeFreightFen == 0 && len(used) == 0 && use.ExtraPoints == 0 {
		return nil
	}
	out, err := s.Card.UsedTx(ctx, tx, use)
	if err != nil {
		return fmt.Errorf("count what the card saved in order %d: %w", row.ID, err)
	}
	row.CardSavedFen, row.CardReason = out.SavedFen, out.Reason
	if out == (CardOutcome{}) {
		return nil
	}
	if err := keepCard(tx, *row); err != nil {
		return fmt.Errorf("keep what the card saved in order %d: %w", row.ID, err)
	}
	return nil
}

// returnCard tells of the refund of an order in which a card saved something.
func (s *Service) returnCard(ctx context.Context, tx *db.Tx, o model.Order, refund string) error {
	if s.Card == nil || o.CardSavedFen == 0 {
		return nil
	}
	back, err := refundsOf(tx, o.ID)
	if err != nil {
		return fmt.Errorf("read the refunds of order %d: %w", o.ID, err)
	}
	err = s.Card.GaveBackTx(ctx, tx, CardReturn{Ref: ref(o.ID), Source: refund, Goods: back.Goods, Of: goodsPaid(o), Whole: o.State == model.OrderRefunded})
	if err != nil {
		return fmt.Errorf("take back what the card saved in order %d: %w", o.ID, err)
	}
	return nil
}
