package coupons

import (
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// returnsOf returns what the refund of an order did to its coupons.
func returnsOf(tx *db.Tx, ref string) ([]Returned, error) {
	var rows []struct {
		model.CouponReturn
		PublicID model.PublicID
	}
	err := tx.Gorm().Table("coupon_returns").Select("coupon_returns.*, coupons.public_id").
		Joins("JOIN coupons ON coupons.id = coupon_returns.coupon_id").
		Where("coupon_returns.order_ref = ?", ref).Order("coupon_returns.id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the returns of %s: %w", ref, err)
	}
	list := make([]Returned, len(rows))
	for i, r := range rows {
		list[i] = Returned{r.PublicID, r.Outcome, r.UsableUntil.UTC()}
	}
	return list, nil
}
