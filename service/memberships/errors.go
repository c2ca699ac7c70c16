package memberships

import "huitou/model/fault"

// Faults of this package.
var (
	ErrPlanUnknown = fault.New(fault.NotFound, "memberships.plan_unknown", "会员卡方案不存在", "there is no such plan")
	ErrNotOnSale   = fault.New(fault.Conflict, "memberships.not_on_sale", "该会员卡方案未在售", "the plan is not on sale")
	ErrUnknown     = fault.New(fault.NotFound, "memberships.order_unknown", "会员卡订单不存在", "there is no such membership order")
	ErrLifetime    = fault.New(fault.Conflict, "memberships.lifetime", "您已是终身会员", "a lifetime membership needs no renewal")
	ErrTooFar      = fault.New(fault.Conflict, "memberships.too_far", "会员有效期已足够长,暂不能续费", "the membership already lasts ten years or more")
	ErrStacked     = fault.New(fault.Conflict, "memberships.stacked", "该会员卡可叠加的期数已满", "no more periods of this plan can be added")
	ErrTrialUsed   = fault.New(fault.Conflict, "memberships.trial_used", "体验卡每人限一次,您已使用过", "a person has one trial, and this one had it")
	ErrNotMember   = fault.New(fault.Conflict, "memberships.not_member", "当时不是会员", "the member had no card at that time")

	// The platform's rules about what may be paid how (wechat.md §4.9).
	ErrNeedsVirtual = fault.New(fault.Conflict, "memberships.needs_virtual",
		"仅含线上/虚拟权益的会员卡:微信规定小程序内必须使用小程序虚拟支付,不得使用 wx.requestPayment",
		"a card that gives online rights only must be sold through WeChat's virtual payment; the platform forbids wx.requestPayment for it")
	ErrNeedsJSAPI = fault.New(fault.Conflict, "memberships.needs_jsapi",
		"含实物或线下权益的会员卡应使用微信支付(JSAPI),不属于小程序虚拟支付的范围",
		"a card that gives goods or services outside of the phone is sold through WeChat Pay; virtual payment is for virtual goods only")

	ErrBatchUnknown = fault.New(fault.NotFound, "memberships.batch_unknown", "卡密批次不存在", "there is no such batch of codes")
	ErrBatchKnown   = fault.New(fault.Conflict, "memberships.batch_known", "该批次已生成,卡密只在生成时导出一次", "this batch exists; its codes were shown once and are not kept")
	ErrCodeTypo     = fault.New(fault.Invalid, "memberships.code_typo", "卡密输入有误,请核对", "the code has a typing error: its check character does not fit")
	ErrCodeUnknown  = fault.New(fault.NotFound, "memberships.code_unknown", "卡密无效", "there is no such code")
	ErrCodeUsed     = fault.New(fault.Conflict, "memberships.code_used", "卡密已被使用", "the code was used before")
	ErrCodeLapsed   = fault.New(fault.Conflict, "memberships.code_lapsed", "卡密已过期", "the code is not valid any more")
	ErrGuessing     = fault.New(fault.TooMany, "memberships.guessing", "错误次数过多,请稍后再试", "too many wrong codes; wait")

	ErrRefundUnknown = fault.New(fault.NotFound, "memberships.refund_unknown", "没有该退款", "there is no such refund")
	ErrNoRefund      = fault.New(fault.Conflict, "memberships.no_refund", "该会员卡不支持自助退款,请联系店员", "the plan has no refund for shoppers; staff may decide otherwise")
	ErrRefundLate    = fault.New(fault.Conflict, "memberships.refund_late", "已超过可退款期限", "the time for a refund is over")
	ErrNothingLeft   = fault.New(fault.Conflict, "memberships.nothing_left", "已无可退金额", "nothing is left to refund: the days are used up, or the card saved more than they are worth")
	ErrNotActive     = fault.New(fault.Conflict, "memberships.not_active", "该订单没有已开通的会员期", "the order has no period that could be refunded")
	ErrNeedsTwo      = fault.New(fault.Forbidden, "memberships.needs_two", "超出单人可决定的退款额度,请在支付退款中申请,由另一人复核", "the plan does not promise this refund, and it is more than one person may give; ask for it at payments, where a second person decides")
	ErrRefundRuns    = fault.New(fault.Conflict, "memberships.refund_runs", "该会员卡正在退款", "a refund of this card is under way")
)
