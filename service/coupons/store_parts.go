package coupons

import (
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func lockCouponsOf(tx *db.Tx, member model.MemberID) (list []model.Coupon, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("member_id = ?", member).Order("id").Find(&list).Error
	return list, err
}

func couponOf(tx *db.Tx, id model.CouponID, member model.MemberID) (c model.Coupon, ok bool, err error) {
	var list []model.Coupon
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ? AND member_id = ?", id, member).Find(&list).Error
	if err != nil || len(list) == 0 {
		return c, false, err
	}
	return list[0], true, nil
}

func countCoupons(tx *db.Tx, members []model.MemberID) (n int64, err error) {
	err = tx.Gorm().Model(&model.Coupon{}).Where("member_id IN ?", members).Count(&n).Error
	return n, err
}

func limitOf(tx *db.Tx, id model.CouponTemplateID) (n int64, err error) {
	err = tx.Gorm().Model(&model.CouponTemplate{}).Select("per_member").Where("id = ?", id).Scan(&n).Error
	return n, err
}

// readdress gives a coupon that is locked to another member.
func readdress(tx *db.Tx, id model.CouponID, from, to model.MemberID, slot *int64) error {
	res := tx.Gorm().Model(&model.Coupon{}).Where("id = ? AND member_id = ?", id, from).Updates(map[string]any{"member_id": to, "slot": slot})
	if res.Error == nil && res.RowsAffected != 1 {
		return errMoved
	}
	return res.Error
}

// giftsFollow lets what was given away of a coupon be its owner's.
func giftsFollow(tx *db.Tx, id model.CouponID, from, to model.MemberID) error {
	return tx.Gorm().Model(&model.CouponGift{}).Where("coupon_id = ? AND from_member = ?", id, from).Update("from_member", to).Error
}
