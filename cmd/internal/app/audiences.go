package app

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// audience says who of the members is one of an audience of coupons. Those who know stand beside and above coupons.
func (v *Services) audience(ctx context.Context, tx *db.Tx, a model.CouponAudience, list []model.MemberID) (map[model.MemberID]bool, error) {
	switch a {
	case model.ForCardholders:
		return v.Memberships.HoldersTx(ctx, tx, list)
	case model.ForBuyers:
		return v.Members.BuyersTx(ctx, tx, list)
	case model.ForNewcomers:
		bought, err := v.Members.BuyersTx(ctx, tx, list)
		if err != nil {
			return nil, err
		}
		fresh := make(map[model.MemberID]bool, len(list))
		for _, m := range list {
			fresh[m] = !bought[m]
		}
		return fresh, nil
	}
	return nil, fmt.Errorf("app: nobody knows the audience %q", a)
}
