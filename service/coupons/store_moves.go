package coupons

import (
	"time"

	"huitou/model"
	"huitou/model/db"
)

// The moves of a coupon. Each is one conditional UPDATE on all that it was decided on: the state that it leaves, the order that
// holds the coupon, and what is held; the affected rows decide (macrozheng/mall#1003).

func moveToLocked(tx *db.Tx, c model.Coupon, l hold) (bool, error) {
	res := tx.Gorm().Model(&model.Coupon{}).Where("id = ? AND state = ?", c.ID, model.CouponIssued).
		Updates(map[string]any{"state": model.CouponLocked, "order_ref": l.ref, "locked_at": tx.Now, "locked_until": l.until,
			"held_fen": l.off, "store": l.store})
	return res.RowsAffected == 1, res.Error
}

// moveToRedeemed uses a coupon up that an order holds, under the reference by which it is kept for ever.
func moveToRedeemed(tx *db.Tx, c model.Coupon, ref string, off model.Fen, store string) (bool, error) {
	res := tx.Gorm().Model(&model.Coupon{}).
		Where("id = ? AND state = ? AND order_ref = ? AND held_fen = ?", c.ID, model.CouponLocked, *c.OrderRef, c.HeldFen).
		Updates(map[string]any{"state": model.CouponRedeemed, "order_ref": ref, "discount_fen": off, "redeemed_at": tx.Now,
			"locked_until": nil, "held_fen": 0, "store": store})
	return res.RowsAffected == 1, res.Error
}

// moveToIssued ends a lock.
func moveToIssued(tx *db.Tx, c model.Coupon) (bool, error) {
	res := tx.Gorm().Model(&model.Coupon{}).
		Where("id = ? AND state = ? AND order_ref = ? AND locked_until = ? AND held_fen = ?", c.ID, model.CouponLocked, *c.OrderRef, *c.LockedUntil, c.HeldFen).
		Updates(map[string]any{"state": model.CouponIssued, "order_ref": nil, "locked_at": nil, "locked_until": nil, "held_fen": 0, "store": ""})
	return res.RowsAffected == 1, res.Error
}

// moveBack undoes a redemption.
func moveBack(tx *db.Tx, c model.Coupon, until time.Time) (bool, error) {
	res := tx.Gorm().Model(&model.Coupon{}).
		Where("id = ? AND state = ? AND order_ref = ? AND returns = ?", c.ID, model.CouponRedeemed, *c.OrderRef, c.Returns).
		Updates(map[string]any{"state": model.CouponIssued, "order_ref": nil, "locked_at": nil, "redeemed_at": nil, "discount_fen": 0,
			"store": "", "returns": c.Returns + 1, "usable_until": until})
	return res.RowsAffected == 1, res.Error
}

// moveBudget adds to what the coupons of a template take off; false means that its budget does not allow it. Only a template
// with a budget counts.
func moveBudget(tx *db.Tx, id model.CouponTemplateID, delta model.Fen) (bool, error) {
	res := tx.Gorm().Exec(`UPDATE coupon_templates SET spent_fen = spent_fen + ?
		WHERE id = ? AND budget_fen > 0 AND spent_fen + ? >= 0 AND (? <= 0 OR spent_fen + ? <= budget_fen)`,
		int64(delta), int64(id), int64(delta), int64(delta), int64(delta))
	return res.RowsAffected == 1, res.Error
}

func templateRow(tx *db.Tx, id model.CouponTemplateID) (t model.CouponTemplate, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&t).Error
	return t, err
}

// couponsByRef returns the coupons that an order holds or has used, in the order of their ids, in which they are locked.
func couponsByRef(tx *db.Tx, ref string) (rows []model.Coupon, err error) {
	err = tx.Gorm().Where("order_ref = ?", ref).Order("id").Find(&rows).Error
	return rows, err
}

// liveCoupons returns what a member may use now or later, the sooner ending first.
func liveCoupons(tx *db.Tx, m model.MemberID, limit int) (rows []model.Coupon, err error) {
	err = tx.Gorm().Where("member_id = ? AND state IN ? AND usable_until > ?", m, []model.CouponState{model.CouponIssued, model.CouponLocked, model.CouponInTransfer}, tx.Now).
		Order("usable_until, id").Limit(limit).Find(&rows).Error
	return rows, err
}

// endedCoupons returns unused coupons that ended after an instant, the latest first.
func endedCoupons(tx *db.Tx, m model.MemberID, after time.Time, limit int) (rows []model.Coupon, err error) {
	err = tx.Gorm().Where("member_id = ? AND state = ? AND usable_until > ? AND usable_until <= ?", m, model.CouponIssued, after, tx.Now).
		Order("usable_until DESC, id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}
