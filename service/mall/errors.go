package mall

import "huitou/model/fault"

// Why a gift cannot be redeemed.
var (
	ErrGiftUnknown = fault.New(fault.NotFound, "mall.gift_unknown", "礼品不存在", "there is no such gift")
	ErrPaused      = fault.New(fault.Conflict, "mall.paused", "礼品暂停兑换", "the gift is paused")
	ErrNotStarted  = fault.New(fault.Conflict, "mall.not_started", "兑换还未开始", "redeeming has not started")
	ErrEnded       = fault.New(fault.Conflict, "mall.ended", "兑换已结束", "redeeming has ended")
	ErrSoldOut     = fault.New(fault.Conflict, "mall.sold_out", "礼品已兑完", "no gift is left")
	ErrLimit       = fault.New(fault.Conflict, "mall.limit_reached", "您已达到兑换上限", "the member has redeemed as many as one member may")
)

// Why a redemption cannot be handed out or cancelled.
var (
	ErrCodeUnknown       = fault.New(fault.NotFound, "mall.code_unknown", "兑换码不存在", "there is no such pick-up code")
	ErrRedemptionUnknown = fault.New(fault.NotFound, "mall.redemption_unknown", "兑换记录不存在", "there is no such redemption")
	ErrPickedUp          = fault.New(fault.Conflict, "mall.picked_up", "礼品已被领取", "the gift was picked up already")
	ErrCancelled         = fault.New(fault.Conflict, "mall.cancelled", "兑换已取消", "the redemption was cancelled")
	ErrFulfilled         = fault.New(fault.Conflict, "mall.fulfilled", "礼品已发放,不能取消", "the gift was handed out already")
)

// ErrStockTooSmall means that staff want to take more from a stock than is there, or to change one that does not count.
var ErrStockTooSmall = fault.New(fault.Conflict, "mall.stock_too_small", "库存不足,无法减少", "the stock cannot be reduced by so many")
