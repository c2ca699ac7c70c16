package coupons

import (
	"fmt"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// couponAtCounter finds a coupon by its sixteen digits, and its template.
func couponAtCounter(tx *db.Tx, code string) (c model.Coupon, t model.CouponTemplate, err error) {
	if len(code) != codeLength {
		return c, t, ErrUnknown
	}
	c, err = couponByWord(tx, code)
	switch {
	case db.IsNotFound(err):
		return c, t, ErrUnknown
	case err != nil:
		return c, t, fmt.Errorf("look a coupon up by its code: %w", err)
	}
	if t, err = templateRow(tx, c.TemplateID); err != nil {
		return c, t, fmt.Errorf("read template %d: %w", c.TemplateID, err)
	}
	return c, t, nil
}

// moveToVerified uses up a coupon that nobody holds, at the counter.
func moveToVerified(tx *db.Tx, c model.Coupon, v model.CouponVerification) (bool, error) {
	res := tx.Gorm().Model(&model.Coupon{}).Where("id = ? AND state = ? AND member_id = ?", c.ID, model.CouponIssued, c.MemberID).
		Updates(map[string]any{"state": model.CouponRedeemed, "order_ref": v.Ref, "locked_at": tx.Now, "redeemed_at": tx.Now,
			"discount_fen": v.DiscountFen, "store": v.Store})
	return res.RowsAffected == 1, res.Error
}

// moveUnverified gives back a coupon that this verification used up.
func moveUnverified(tx *db.Tx, c model.Coupon, ref string) (bool, error) {
	res := tx.Gorm().Model(&model.Coupon{}).Where("id = ? AND state = ? AND order_ref = ?", c.ID, model.CouponRedeemed, ref).
		Updates(map[string]any{"state": model.CouponIssued, "order_ref": nil, "locked_at": nil, "redeemed_at": nil, "discount_fen": 0, "store": ""})
	return res.RowsAffected == 1, res.Error
}

// moveToUndone ends a verification that counts.
func moveToUndone(tx *db.Tx, id int64, in Undo) (bool, error) {
	res := tx.Gorm().Model(&model.CouponVerification{}).Where("id = ? AND undone_at IS NULL", id).
		Updates(map[string]any{"live": nil, "undone_at": tx.Now, "undone_by": in.Staff, "undo_reason": in.Reason})
	return res.RowsAffected == 1, res.Error
}

// verificationRow returns a verification with its coupon and template, or ErrVerificationUnknown.
func verificationRow(tx *db.Tx, id model.PublicID) (v model.CouponVerification, c model.Coupon, t model.CouponTemplate, err error) {
	err = tx.Gorm().Where("public_id = ?", id).Take(&v).Error
	if db.IsNotFound(err) {
		return v, c, t, ErrVerificationUnknown
	}
	if err == nil {
		c, err = couponByID(tx, v.CouponID)
	}
	if err == nil {
		t, err = templateRow(tx, c.TemplateID)
	}
	if err != nil {
		err = fmt.Errorf("read verification %s: %w", id, err)
	}
	return v, c, t, err
}

// lockMistypes returns the row of somebody's wrong codes, locked; a new one begins without any.
func lockMistypes(tx *db.Tx, staff model.StaffID) (row model.CouponVerificationTry, err error) {
	lock := func() error {
		return tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("staff_id = ?", staff).Take(&row).Error
	}
	if err = lock(); !db.IsNotFound(err) {
		return row, err
	}
	if _, err = tx.Insert(&model.CouponVerificationTry{StaffID: staff, LastAt: tx.Now, NextAt: tx.Now}); err != nil {
		return row, err
	}
	err = lock()
	return row, err
}

func keepMistypes(tx *db.Tx, row model.CouponVerificationTry) error {
	return tx.Gorm().Model(&model.CouponVerificationTry{}).Where("staff_id = ?", row.StaffID).
		Updates(map[string]any{"failures": row.Failures, "last_at": row.LastAt, "next_at": row.NextAt}).Error
}
