package app

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/mall"
	"huitou/service/memberships"
	"huitou/service/shipping"
	"huitou/wechat"
)

// sellers says what those who take money deliver for it, by the purpose of the payment.
func (v Services) sellers() map[string]shipping.Seller {
	return map[string]shipping.Seller{memberships.Purpose: cardParcel, mall.Purpose: v.giftParcel}
}

// cardParcel: a membership card is in the payer's hands the moment it is paid, and nothing of it is carried anywhere.
func cardParcel(_ context.Context, _ *db.Tx, o model.PayOrder) (shipping.Parcel, error) {
	return shipping.Parcel{Ready: true, Mode: wechat.ShippedVirtually, ItemDesc: o.Description}, nil
}

// giftParcel: goods travel, a gift for the counter waits there, everything else is given at once.
func (v Services) giftParcel(ctx context.Context, tx *db.Tx, o model.PayOrder) (shipping.Parcel, error) {
	g, err := v.Mall.ParcelTx(ctx, tx, o.Ref)
	if err != nil {
		return shipping.Parcel{}, err
	}
	out := shipping.Parcel{ItemDesc: fmt.Sprintf("%s(%d 积分+%s 元兑换)", g.Name, g.Points, o.AmountFen)}
	switch g.State {
	case model.RedemptionAwaiting: // the mall hears of the payment in a moment
		return out, nil
	case model.RedemptionCancelled, model.RedemptionRefunded:
		out.Off = "the redemption was given up"
		return out, nil
	}
	switch g.Kind {
	case model.GiftGoods:
		out.Mode, out.Carrier, out.Tracking, out.Contact = wechat.ShippedByExpress, g.Carrier, g.Number, g.Phone
		out.Ready = g.State == model.RedemptionShipped || g.State == model.RedemptionCompleted
	case model.GiftPickup:
		out.Mode, out.Ready = wechat.ShippedByPickup, true
	default:
		out.Mode, out.Ready = wechat.ShippedVirtually, true
	}
	return out, nil
}
