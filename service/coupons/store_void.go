package coupons

import (
	"cmp"
	"slices"

	"huitou/model"
	"huitou/model/db"
)

// couponsByPublicIDs returns coupons in the order of their ids.
func couponsByPublicIDs(tx *db.Tx, ids []model.PublicID) (rows []model.Coupon, err error) {
	for part := range slices.Chunk(ids, 500) {
		var some []model.Coupon
		if err := tx.Gorm().Where("public_id IN ?", part).Find(&some).Error; err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	slices.SortFunc(rows, func(a, b model.Coupon) int { return cmp.Compare(a.ID, b.ID) })
	return rows, nil
}

// moveToVoid ends a coupon that nobody holds.
func moveToVoid(tx *db.Tx, id model.CouponID) (bool, error) {
	res := tx.Gorm().Model(&model.Coupon{}).Where("id = ? AND state = ?", id, model.CouponIssued).Update("state", model.CouponVoid)
	return res.RowsAffected == 1, res.Error
}
