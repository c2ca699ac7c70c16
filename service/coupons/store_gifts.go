package coupons

import (
	"time"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func allowGifts(tx *db.Tx, id model.CouponTemplateID, allowed bool) error {
	return tx.Gorm().Model(&model.CouponTemplate{}).Where("id = ?", id).
		Updates(map[string]any{"transferable": allowed, "updated_at": tx.Now}).Error
}

func couponWithTemplate(tx *db.Tx, id model.PublicID) (c model.Coupon, t model.CouponTemplate, err error) {
	if err = tx.Gorm().Where("public_id = ?", id).Take(&c).Error; err == nil {
		err = tx.Gorm().Where("id = ?", c.TemplateID).Take(&t).Error
	}
	return c, t, err
}

func insertGift(tx *db.Tx, g *model.CouponGift) error { return tx.Gorm().Create(g).Error }

func giftByToken(tx *db.Tx, token model.PublicID) (g model.CouponGift, c model.Coupon, t model.CouponTemplate, err error) {
	if err = tx.Gorm().Where("token = ?", token).Take(&g).Error; err == nil {
		err = ofGift(tx, g, &c, &t)
	}
	return g, c, t, err
}

// lockGift locks the gift first and then reads its coupon: every move of a gift takes the two in this order.
func lockGift(tx *db.Tx, token model.PublicID) (g model.CouponGift, c model.Coupon, t model.CouponTemplate, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("token = ?", token).Take(&g).Error
	if err == nil {
		err = ofGift(tx, g, &c, &t)
	}
	return g, c, t, err
}

func ofGift(tx *db.Tx, g model.CouponGift, c *model.Coupon, t *model.CouponTemplate) error {
	err := tx.Gorm().Where("id = ?", g.CouponID).Take(c).Error
	if err == nil {
		err = tx.Gorm().Where("id = ?", c.TemplateID).Take(t).Error
	}
	return err
}

func openGiftOf(tx *db.Tx, id model.CouponID) (g model.CouponGift, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("coupon_id = ? AND state = ?", id, model.CouponGiftOpen).Take(&g).Error
	return g, err
}

func dueGifts(tx *db.Tx, limit int) (tokens []model.PublicID, err error) {
	err = tx.Gorm().Model(&model.CouponGift{}).Where("state = ? AND expires_at <= ?", model.CouponGiftOpen, tx.Now).
		Order("expires_at").Limit(limit).Pluck("token", &tokens).Error
	return tokens, err
}

func acceptGift(tx *db.Tx, id model.CouponGiftID, friend model.MemberID, coupon model.PublicID) (bool, error) {
	res := tx.Gorm().Model(&model.CouponGift{}).Where("id = ? AND state = ? AND expires_at > ?", id, model.CouponGiftOpen, tx.Now).
		Updates(map[string]any{"state": model.CouponGiftAccepted, "ended_at": tx.Now, "to_member": friend, "new_coupon": coupon})
	return res.RowsAffected == 1, res.Error
}

func endGift(tx *db.Tx, id model.CouponGiftID, to model.CouponGiftState) (bool, error) {
	res := tx.Gorm().Model(&model.CouponGift{}).Where("id = ? AND state = ?", id, model.CouponGiftOpen).
		Updates(map[string]any{"state": to, "ended_at": tx.Now})
	return res.RowsAffected == 1, res.Error
}

// The moves of a coupon between friends, conditional as all moves are.

func moveToTransfer(tx *db.Tx, id model.CouponID, until time.Time) (bool, error) {
	res := tx.Gorm().Model(&model.Coupon{}).Where("id = ? AND state = ?", id, model.CouponIssued).
		Updates(map[string]any{"state": model.CouponInTransfer, "transfer_until": until})
	return res.RowsAffected == 1, res.Error
}

func moveFromTransfer(tx *db.Tx, id model.CouponID) (bool, error) {
	res := tx.Gorm().Model(&model.Coupon{}).Where("id = ? AND state = ?", id, model.CouponInTransfer).
		Updates(map[string]any{"state": model.CouponIssued, "transfer_until": nil})
	return res.RowsAffected == 1, res.Error
}

func moveToTransferred(tx *db.Tx, id model.CouponID) (bool, error) {
	res := tx.Gorm().Model(&model.Coupon{}).Where("id = ? AND state = ?", id, model.CouponInTransfer).
		Updates(map[string]any{"state": model.CouponTransferred, "transfer_until": nil})
	return res.RowsAffected == 1, res.Error
}
