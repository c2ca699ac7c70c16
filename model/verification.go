package model

import "time"

// CouponVerification is the row of a coupon that staff took at the counter. Rows stay when they are undone.
type CouponVerification struct {
	ID       int64
	PublicID PublicID
	CouponID CouponID
	// Live is CouponID while the verification counts and nil once it is undone: unique, so that one coupon is taken once.
	Live *CouponID
	// Ref is the reference that the coupon keeps as its order.
	Ref         string
	Store       string
	StaffID     StaffID
	AmountFen   Fen // what the eligible goods cost, as staff typed it; 0 when nobody said
	DiscountFen Fen // what the coupon took off
	OrderNumber string
	At          time.Time
	UndoneAt    *time.Time
	UndoneBy    StaffID // 0 while it counts
	UndoReason  string
}

// TableName names the table.
func (CouponVerification) TableName() string { return "coupon_verifications" }

// CouponVerificationTry is the row that slows a member of staff down who guesses codes of coupons.
type CouponVerificationTry struct {
	StaffID  StaffID `gorm:"primaryKey;autoIncrement:false"`
	Failures int64
	LastAt   time.Time
	NextAt   time.Time // nothing is looked up before
}

// TableName names the table.
func (CouponVerificationTry) TableName() string { return "coupon_verification_tries" }
