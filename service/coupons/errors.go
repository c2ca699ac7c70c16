package coupons

import "huitou/model/fault"

// Why a template gives no coupon.
var (
	ErrTemplateUnknown = fault.New(fault.NotFound, "coupons.template_unknown", "优惠券不存在", "there is no such coupon template")
	ErrDraft           = fault.New(fault.Conflict, "coupons.draft", "优惠券还未启用", "the template is still a draft")
	ErrPaused          = fault.New(fault.Conflict, "coupons.paused", "优惠券暂停发放", "the template is paused")
	ErrEnded           = fault.New(fault.Conflict, "coupons.ended", "领取已结束", "the template has ended")
	ErrNotStarted      = fault.New(fault.Conflict, "coupons.not_started", "领取还未开始", "claiming has not started")
	ErrSoldOut         = fault.New(fault.Conflict, "coupons.sold_out", "优惠券已领完", "no coupon is left")
	ErrLimitReached    = fault.New(fault.Conflict, "coupons.limit_reached", "您已达到领取上限", "the member has as many as one member gets")
	ErrDayLimit        = fault.New(fault.Conflict, "coupons.day_limit", "您今天已达到领取上限", "the member has as many as one member gets on one day")
	ErrEdited          = fault.New(fault.Conflict, "coupons.edited", "优惠券已被他人修改,请刷新后再试", "the template was changed since it was read; read it again")
	ErrNotForYou       = fault.New(fault.Forbidden, "coupons.not_for_you", "您不在该优惠券的领取范围内", "the coupon is for other members")
	ErrChanged         = fault.New(fault.Unavailable, "coupons.template_changed", "优惠券刚刚被修改,请重试", "the template has just been edited, try again")
	ErrNotClaimable    = fault.New(fault.Forbidden, "coupons.not_claimable", "该优惠券不能自行领取", "members cannot claim this coupon themselves")
	ErrNotIssuable     = fault.New(fault.Forbidden, "coupons.not_issuable", "该优惠券不能发放", "this coupon is not given by staff or events")
	ErrSourceReused    = fault.New(fault.Conflict, "coupons.source_reused", "该来源已发放过另一张优惠券", "the cause has already given another coupon")
)

// Why a template cannot be edited.
var (
	ErrNotWidening  = fault.New(fault.Conflict, "coupons.not_widening", "已有人领取,只能放宽,不能收紧", "coupons were given out; the edit would take something away")
	ErrBelowClaimed = fault.New(fault.Conflict, "coupons.below_claimed", "库存不能少于已发数量", "the stock would be less than what was given out")
)

// Why a coupon cannot be used.
var (
	ErrUnknown        = fault.New(fault.NotFound, "coupons.unknown", "券码不存在", "there is no such coupon")
	ErrNotYours       = fault.New(fault.Forbidden, "coupons.not_yours", "优惠券不属于该会员", "the coupon belongs to another member")
	ErrNotYetUsable   = fault.New(fault.Conflict, "coupons.not_yet_usable", "优惠券还未到使用时间", "the coupon is not usable yet")
	ErrExpired        = fault.New(fault.Conflict, "coupons.expired", "优惠券已过期", "the coupon has expired")
	ErrBelowThreshold = fault.New(fault.Conflict, "coupons.below_threshold", "未达到使用门槛", "the goods are worth less than the threshold")
	ErrWrongScope     = fault.New(fault.Conflict, "coupons.wrong_scope", "订单中没有适用的商品", "none of the goods is one that the coupon is good for")
	ErrWrongStore     = fault.New(fault.Conflict, "coupons.wrong_store", "该门店不能使用此优惠券", "the coupon is not good in this store")
	ErrNotCombinable  = fault.New(fault.Conflict, "coupons.not_combinable", "不能与其他优惠券同时使用", "the coupon cannot be used together with the others")
	ErrBudgetSpent    = fault.New(fault.Conflict, "coupons.budget_spent", "该优惠活动的预算已用完", "what all coupons of the template may take off has been used up")
	ErrNoSaving       = fault.New(fault.Conflict, "coupons.no_saving", "优惠券对该订单没有优惠", "the coupon takes nothing off this order")
	ErrLocked         = fault.New(fault.Conflict, "coupons.locked", "优惠券正在被另一订单使用", "another order holds the coupon")
	ErrRedeemed       = fault.New(fault.Conflict, "coupons.redeemed", "优惠券已使用", "the coupon has been used")
	ErrNotLocked      = fault.New(fault.Conflict, "coupons.not_locked", "优惠券未被该订单占用", "this order does not hold the coupon")
)
