package coupons

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// codeLength tells a code for the counter (16 digits) from a public id (24 characters).
const codeLength = 16

// Use is a coupon that an order wants to use.
type Use struct {
	Member model.MemberID
	// Coupon is its code for the counter or its public id.
	Coupon string
	// OrderRef names the order, unique for ever: "order:12".
	OrderRef string
	// Amount is what the eligible goods cost before discounts.
	Amount model.Fen
	// Room is the most that the coupon may take off: the Amount, or less when the shop has already said what it took off.
	Room model.Fen
	// At is when the order was paid or, for one that is not yet, now; expiry is judged by it.
	At time.Time
}

// Used is a coupon that an order holds or has used, and what it takes off.
type Used struct {
	Coupon   model.CouponID
	ID       model.PublicID
	Discount model.Fen
}

// RedeemForOrderTx uses a coupon up for an order: locked and redeemed in one transaction. The same order again gets the same
// answer. It returns, and then changes nothing, ErrUnknown, ErrNotYours, ErrRedeemed, ErrLocked, ErrNotYetUsable,
// ErrExpired, ErrBelowThreshold (with missing_fen) or ErrNoSaving.
func (s *Service) RedeemForOrderTx(ctx context.Context, tx *db.Tx, in Use) (Used, error) {
	c, err := s.find(tx, in)
	if err != nil {
		return Used{}, err
	}
	if c.State == model.CouponRedeemed && *c.OrderRef == in.OrderRef {
		return Used{c.ID, c.PublicID, c.DiscountFen}, nil
	}
	u, err := s.lock(tx, c, in)
	if err != nil {
		return Used{}, err
	}
	return u, s.RedeemTx(ctx, tx, u, in.OrderRef)
}

// LockTx sets a coupon aside for an order. The same order again gets the same answer. The refusals are those of RedeemForOrderTx.
func (s *Service) LockTx(_ context.Context, tx *db.Tx, in Use) (Used, error) {
	c, err := s.find(tx, in)
	if err != nil {
		return Used{}, err
	}
	return s.lock(tx, c, in)
}

// RedeemTx uses up a coupon that the order holds; otherwise it returns ErrNotLocked and changes nothing. It does not judge the
// expiry again: the coupon was good when it was locked.
func (s *Service) RedeemTx(_ context.Context, tx *db.Tx, u Used, orderRef string) error {
	ok, err := moveToRedeemed(tx, u.Coupon, orderRef, u.Discount, tx.Now)
	if err != nil {
		return fmt.Errorf("redeem coupon %d for %s: %w", u.Coupon, orderRef, err)
	}
	if !ok {
		return ErrNotLocked
	}
	return nil
}

// ReleaseTx gives a coupon back that the order holds; otherwise it returns ErrNotLocked and changes nothing.
func (s *Service) ReleaseTx(_ context.Context, tx *db.Tx, u Used, orderRef string) error {
	ok, err := moveToIssued(tx, u.Coupon, orderRef)
	if err != nil {
		return fmt.Errorf("release coupon %d of %s: %w", u.Coupon, orderRef, err)
	}
	if !ok {
		return ErrNotLocked
	}
	return nil
}

func (s *Service) find(tx *db.Tx, in Use) (model.Coupon, error) {
	c, err := couponByWord(tx, in.Coupon)
	switch {
	case db.IsNotFound(err):
		return c, ErrUnknown
	case err != nil:
		return c, fmt.Errorf("read the coupon of %s: %w", in.OrderRef, err)
	case c.MemberID != in.Member:
		return c, ErrNotYours
	}
	return c, nil
}

func (s *Service) lock(tx *db.Tx, c model.Coupon, in Use) (Used, error) {
	held := c.State == model.CouponLocked && *c.OrderRef == in.OrderRef
	if !held {
		if err := takenRefusal(c); err != nil {
			return Used{}, err
		}
	}
	off, err := judge(c, in.At, in.Amount, in.Room)
	if err != nil {
		return Used{}, err
	}
	u := Used{c.ID, c.PublicID, off}
	if held {
		return u, nil
	}
	ok, err := moveToLocked(tx, c.ID, in.OrderRef, tx.Now)
	if err != nil {
		return Used{}, fmt.Errorf("lock coupon %d for %s: %w", c.ID, in.OrderRef, err)
	}
	if ok {
		return u, nil
	}
	// Another order was quicker between our look and our move.
	if c, err = couponByID(tx, c.ID); err != nil {
		return Used{}, fmt.Errorf("read coupon %d again: %w", c.ID, err)
	}
	if err := takenRefusal(c); err != nil {
		return Used{}, err
	}
	return Used{}, ErrLocked
}

// takenRefusal says which other use stands in the way, or nil.
func takenRefusal(c model.Coupon) error {
	switch c.State {
	case model.CouponIssued:
		return nil
	case model.CouponLocked:
		return ErrLocked
	case model.CouponRedeemed:
		return ErrRedeemed
	}
	return ErrUnknown // a state of a later version
}
