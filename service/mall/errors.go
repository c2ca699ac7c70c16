package mall

import "huitou/model/fault"

// Why a gift cannot be redeemed.
var (
	ErrGiftUnknown = fault.New(fault.NotFound, "mall.gift_unknown", "礼品不存在", "there is no such gift")
	ErrPaused      = fault.New(fault.Conflict, "mall.paused", "礼品暂停兑换", "the gift is paused")
	ErrNotStarted  = fault.New(fault.Conflict, "mall.not_started", "兑换还未开始", "redeeming has not started")
	ErrEnded       = fault.New(fault.Conflict, "mall.ended", "兑换已结束", "redeeming has ended")
	ErrSoldOut     = fault.New(fault.Conflict, "mall.sold_out", "礼品已兑完", "no gift is left")
	ErrPoolDry     = fault.New(fault.Conflict, "mall.pool_dry", "兑换码已发完,请等待补充", "the pool has no code left")
	ErrLimit       = fault.New(fault.Conflict, "mall.limit_reached", "您已达到兑换上限", "the member has redeemed as many as one member may")
	ErrTier        = fault.New(fault.Forbidden, "mall.tier_too_low", "您的会员等级还不能兑换该礼品", "the gift is for higher tiers")
	// ErrAddressMissing means that goods were redeemed without saying where to send them.
	ErrAddressMissing = fault.New(fault.Invalid, "mall.address_missing", "请填写收货地址", "the gift is sent and needs an address")
)

// Why something cannot be done with a redemption.
var (
	ErrCodeUnknown       = fault.New(fault.NotFound, "mall.code_unknown", "兑换码不存在", "there is no such pick-up code")
	ErrRedemptionUnknown = fault.New(fault.NotFound, "mall.redemption_unknown", "兑换记录不存在", "there is no such redemption")
	ErrUnpaid            = fault.New(fault.Conflict, "mall.unpaid", "兑换尚未支付", "the cash part was not paid yet")
	ErrPickedUp          = fault.New(fault.Conflict, "mall.picked_up", "礼品已被领取", "the gift was picked up already")
	ErrCancelled         = fault.New(fault.Conflict, "mall.cancelled", "兑换已取消", "the redemption was cancelled")
	ErrRefunded          = fault.New(fault.Conflict, "mall.refunded", "兑换已退款", "the redemption was refunded")
	ErrFulfilled         = fault.New(fault.Conflict, "mall.fulfilled", "礼品已发放,不能取消", "the gift was handed out already")
	ErrShipped           = fault.New(fault.Conflict, "mall.shipped", "礼品已发货", "the gift was shipped already")
	ErrNotShipped        = fault.New(fault.Conflict, "mall.not_shipped", "礼品尚未发货", "the gift was not shipped yet")
	ErrNotGoods          = fault.New(fault.Conflict, "mall.not_goods", "该礼品无需发货", "the gift is not one that is sent")
	ErrNotACode          = fault.New(fault.Conflict, "mall.not_a_code", "该礼品不是兑换码", "the gift is not a code")
	// ErrRevealed means that another request has seen the code before; the details say when.
	ErrRevealed = fault.New(fault.Conflict, "mall.revealed", "兑换码已查看过", "the code was revealed already")
	// ErrPaidAlready means that a shopper wants to give up what is paid; only staff can take that back.
	ErrPaidAlready = fault.New(fault.Conflict, "mall.paid", "该兑换已支付,请联系商家取消", "the redemption is paid, staff must take it back")
)

// What staff cannot do with a gift.
var (
	// ErrStockTooSmall means that staff want to take more from a stock than is there, or to change one that does not count.
	ErrStockTooSmall = fault.New(fault.Conflict, "mall.stock_too_small", "库存不足,无法减少", "the stock cannot be reduced by so many")
	// ErrStockIsPool means that the stock of a gift of codes changes by uploading codes only.
	ErrStockIsPool = fault.New(fault.Conflict, "mall.stock_is_pool", "该礼品的库存即码池,请上传兑换码", "the stock of this gift is its pool of codes")
	// ErrNoPool means that codes were uploaded for a gift that gives none.
	ErrNoPool = fault.New(fault.Conflict, "mall.no_pool", "该礼品没有码池", "the gift has no pool of codes")
)
