package coupons

import (
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func insertRule(tx *db.Tx, row *model.CouponRule) error { return tx.Gorm().Create(row).Error }

func rules(tx *db.Tx, limit int) (rows []model.CouponRule, err error) {
	err = tx.Gorm().Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

func openRules(tx *db.Tx, event model.CouponEvent) (rows []model.CouponRule, err error) {
	err = tx.Gorm().Where("event = ? AND ended_at IS NULL", event).Order("id").Find(&rows).Error
	return rows, err
}

func ruleByPublicID(tx *db.Tx, id model.PublicID) (r model.CouponRule, err error) {
	err = tx.Gorm().Where("public_id = ?", id).Take(&r).Error
	return r, err
}

func endRule(tx *db.Tx, id model.CouponRuleID) (bool, error) {
	res := tx.Gorm().Model(&model.CouponRule{}).Where("id = ? AND ended_at IS NULL", id).Update("ended_at", tx.Now)
	return res.RowsAffected == 1, res.Error
}

func packsOf(tx *db.Tx, m model.MemberID, limit int) (rows []model.CouponPack, err error) {
	err = tx.Gorm().Where("member_id = ?", m).Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

func packByToken(tx *db.Tx, token model.PublicID) (p model.CouponPack, t model.CouponTemplate, err error) {
	if err = tx.Gorm().Where("token = ?", token).Take(&p).Error; err == nil {
		err = tx.Gorm().Where("id = ?", p.TemplateID).Take(&t).Error
	}
	return p, t, err
}

func lockPack(tx *db.Tx, id model.CouponPackID) (p model.CouponPack, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&p).Error
	return p, err
}

func hasTaken(tx *db.Tx, id model.CouponPackID, m model.MemberID) (bool, error) {
	var n int64
	err := tx.Gorm().Model(&model.CouponPackClaim{}).Where("pack_id = ? AND member_id = ?", id, m).Count(&n).Error
	return n > 0, err
}

// takeFromPack counts one coupon of a locked pack as taken.
func takeFromPack(tx *db.Tx, id model.CouponPackID, m model.MemberID, coupon model.PublicID) error {
	claim := model.CouponPackClaim{PackID: id, MemberID: m, Coupon: coupon, TakenAt: tx.Now}
	if err := tx.Gorm().Create(&claim).Error; err != nil {
		return err
	}
	res := tx.Gorm().Exec(`UPDATE coupon_packs SET taken = taken + 1 WHERE id = ? AND taken < size`, int64(id))
	if res.Error == nil && res.RowsAffected != 1 {
		return errMoved
	}
	return res.Error
}
