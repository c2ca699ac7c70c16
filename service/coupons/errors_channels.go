package coupons

import "huitou/model/fault"

// Why a channel gives no coupon.
var (
	ErrRunUnknown   = fault.New(fault.NotFound, "coupons.run_unknown", "发放任务不存在", "there is no such bulk issue")
	ErrBatchUnknown = fault.New(fault.NotFound, "coupons.batch_unknown", "兑换码批次不存在", "there is no such batch of codes")
	ErrExported     = fault.New(fault.Conflict, "coupons.codes_exported", "该批兑换码已导出,不能再次下载", "the codes of this batch were handed out already; they are not kept")
	ErrCodeUnknown  = fault.New(fault.NotFound, "coupons.code_unknown", "兑换码无效", "the code gives nothing")
	ErrCodeUsed     = fault.New(fault.Conflict, "coupons.code_used", "兑换码已被使用", "the code has been used")
	ErrCodeLapsed   = fault.New(fault.Conflict, "coupons.code_lapsed", "兑换码已过期", "the code was not used in time")
	ErrGuessing     = fault.New(fault.TooMany, "coupons.guessing", "尝试次数过多,请稍后再试", "too many wrong codes, try again later")
	ErrLinkUnknown  = fault.New(fault.NotFound, "coupons.link_unknown", "领券链接无效", "the link leads to no coupon")
	ErrRuleUnknown  = fault.New(fault.NotFound, "coupons.rule_unknown", "发放规则不存在", "there is no such rule")
	// ErrFollowReward: WeChat forbids a reward for following an account, sharing and the like (its rules of 2014-12 and
	// 2019-10-28), and bans accounts that give one. A coupon may greet a purchase or a joining, never the following itself.
	ErrFollowReward = fault.New(fault.Invalid, "coupons.follow_reward", "微信平台规则禁止以关注公众号换取奖励", "the platform forbids a reward for following the account")
)

// Why a pack or a gift does not change hands.
var (
	ErrPackUnknown     = fault.New(fault.NotFound, "coupons.pack_unknown", "券包不存在", "there is no such pack")
	ErrPackOwn         = fault.New(fault.Forbidden, "coupons.pack_own", "自己分享的券包不能自己领取", "a pack is for friends, not for the one who shares it")
	ErrPackLapsed      = fault.New(fault.Conflict, "coupons.pack_lapsed", "券包已过期", "the pack was not taken in time")
	ErrPackEmpty       = fault.New(fault.Conflict, "coupons.pack_empty", "券包已被领完", "friends have taken all of the pack")
	ErrNotTransferable = fault.New(fault.Forbidden, "coupons.not_transferable", "该优惠券不能转赠", "this coupon cannot be passed on")
	ErrTransferFixed   = fault.New(fault.Conflict, "coupons.transfer_fixed", "已有人领取,不能取消转赠", "coupons were given already, so passing them on cannot be forbidden any more")
	ErrInTransfer      = fault.New(fault.Conflict, "coupons.in_transfer", "优惠券正在转赠中", "the coupon is offered to a friend")
	ErrVoid            = fault.New(fault.Conflict, "coupons.void", "优惠券已收回", "the coupon was taken back, because what it came with was refunded")
	ErrTransferred     = fault.New(fault.Conflict, "coupons.transferred", "优惠券已转赠", "the coupon was passed on to a friend")
	ErrGiftUnknown     = fault.New(fault.NotFound, "coupons.gift_unknown", "赠送不存在", "there is no such gift")
	ErrGiftOwn         = fault.New(fault.Forbidden, "coupons.gift_own", "不能领取自己赠送的优惠券", "a gift is for a friend, not for the giver")
	ErrGiftEnded       = fault.New(fault.Conflict, "coupons.gift_ended", "赠送已结束", "the gift was taken, taken back or not taken in time")
)
