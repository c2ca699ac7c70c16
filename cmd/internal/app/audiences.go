package app

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// audiences says who of the members is one of an audience of coupons. Those who know stand beside and above coupons.
type audiences struct{ v *Services }

// InTx is what coupons ask at a claim.
func (a audiences) InTx(ctx context.Context, tx *db.Tx, which model.CouponAudience, of []model.PublicID, list []model.MemberID) (map[model.MemberID]bool, error) {
	switch which {
	case model.ForCardholders:
		return a.v.Memberships.HoldersTx(ctx, tx, list)
	case model.ForTiers:
		return a.v.Tiers.OnOneOfTx(ctx, tx, of, list)
	case model.ForTagged:
		return a.v.Tags.AnyTx(ctx, tx, of, list)
	case model.ForBuyers:
		return a.v.Members.BuyersTx(ctx, tx, list)
	case model.ForNewcomers:
		bought, err := a.v.Members.BuyersTx(ctx, tx, list)
		if err != nil {
			return nil, err
		}
		fresh := make(map[model.MemberID]bool, len(list))
		for _, m := range list {
			fresh[m] = !bought[m]
		}
		return fresh, nil
	}
	return nil, fmt.Errorf("app: nobody knows the audience %q", which)
}

// NamesTx names levels or tags.
func (a audiences) NamesTx(ctx context.Context, tx *db.Tx, which model.CouponAudience, of []model.PublicID) ([]string, error) {
	if which == model.ForTagged {
		return a.v.Tags.NamesTx(ctx, tx, of)
	}
	return a.v.Tiers.NamesTx(ctx, tx, of)
}
