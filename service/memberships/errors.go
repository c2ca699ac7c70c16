package memberships

import "huitou/model/fault"

// Faults of this package.
var (
	ErrPlanUnknown = fault.New(fault.NotFound, "memberships.plan_unknown", "会员卡方案不存在", "there is no such plan")
	ErrNotOnSale   = fault.New(fault.Conflict, "memberships.not_on_sale", "该会员卡方案未在售", "the plan is not on sale")
	ErrUnknown     = fault.New(fault.NotFound, "memberships.order_unknown", "会员卡订单不存在", "there is no such membership order")
	ErrLifetime    = fault.New(fault.Conflict, "memberships.lifetime", "您已是终身会员", "a lifetime membership needs no renewal")
	ErrTooFar      = fault.New(fault.Conflict, "memberships.too_far", "会员有效期已足够长,暂不能续费", "the membership already lasts ten years or more")
	ErrNotMember   = fault.New(fault.Conflict, "memberships.not_member", "当时不是会员", "the member had no card at that time")
)
