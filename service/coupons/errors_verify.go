package coupons

import "huitou/model/fault"

// Why a coupon is not taken at the counter, beside the reasons that no order may use it.
var (
	ErrAmountNeeded        = fault.New(fault.Conflict, "coupons.amount_needed", "请输入适用商品的金额", "say what the eligible goods cost")
	ErrNotAtCounter        = fault.New(fault.Conflict, "coupons.not_at_counter", "运费券不能在门店核销", "a coupon for freight is not taken at the counter")
	ErrVerificationUnknown = fault.New(fault.NotFound, "coupons.verification_unknown", "核销记录不存在", "there is no such verification")
	ErrVerificationUndone  = fault.New(fault.Conflict, "coupons.verification_undone", "该核销已撤销", "the verification has been undone")
	ErrUndoTooLate         = fault.New(fault.Conflict, "coupons.undo_too_late", "超过10分钟,不能撤销", "a verification can be undone within ten minutes")
	ErrVerifyGuessing      = fault.New(fault.TooMany, "coupons.verify_guessing", "错误券码过多,请稍后再试", "too many wrong codes, try again later")
)
