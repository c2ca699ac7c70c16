package coupons

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// VoidTx ends coupons whose cause was undone: the refund of the paid card that gave them. Used, expired and passed on ones stay as they are. busy
// counts those that an order or an offer to a friend holds at this moment: they may be free again, so the caller comes back. The
// stock that they took is not given back.
func (s *Service) VoidTx(_ context.Context, tx *db.Tx, ids []model.PublicID) (voided, busy int, err error) {
	rows, err := couponsByPublicIDs(tx, ids)
	if err != nil {
		return 0, 0, fmt.Errorf("read %d coupons: %w", len(ids), err)
	}
	for _, c := range rows {
		switch {
		case !tx.Now.Before(c.UsableUntil):
			continue
		case c.State == model.CouponLocked && lapsed(c, tx.Now):
			if err := s.release(tx, c); err != nil {
				return 0, 0, fmt.Errorf("end the lock of coupon %d: %w", c.ID, err)
			}
		case c.State == model.CouponInTransfer && giftLapsed(c, tx.Now):
			if err := s.lapseGiftTx(tx, &c); err != nil {
				return 0, 0, err
			}
		case c.State == model.CouponLocked, c.State == model.CouponInTransfer:
			busy++
			continue
		case c.State != model.CouponIssued:
			continue
		}
		ok, err := moveToVoid(tx, c.ID)
		if err != nil {
			return 0, 0, fmt.Errorf("void coupon %d: %w", c.ID, err)
		}
		if ok {
			voided++
		} else { // an order took it at this moment
			busy++
		}
	}
	return voided, busy, nil
}
