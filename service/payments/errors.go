package payments

import (
	"errors"

	"huitou/model/fault"
)

// Faults of this package.
var (
	ErrUnknown = fault.New(fault.NotFound, "payments.unknown", "支付单不存在", "there is no such payment")
	ErrAmount  = fault.New(fault.Invalid, "payments.amount", "支付金额超出允许范围", "the amount is outside of what may be paid at once")
	ErrReused  = fault.New(fault.Conflict, "payments.ref_reused", "该业务单已有另一笔支付", "the purpose has a payment of another amount or member")
	ErrPaid    = fault.New(fault.Conflict, "payments.paid", "该订单已支付", "the order is paid already")
	ErrClosed  = fault.New(fault.Conflict, "payments.closed", "订单已关闭,请重新下单", "the order is closed, make a new one")
	ErrNoPayer = fault.New(fault.Conflict, "payments.no_payer", "请先在小程序登录后再支付", "the member has no identity in the app that pays")
	ErrGateway = fault.New(fault.Unavailable, "payments.gateway", "微信支付繁忙,请稍后重试", "WeChat Pay does not answer, try again")
	ErrRefused = fault.New(fault.Unavailable, "payments.refused", "暂时无法支付,请联系商家", "WeChat Pay refused the order; the merchant must look into it")
)

// Faults about channels.
var (
	ErrChannelOff = fault.New(fault.Conflict, "payments.channel_off", "本店尚未开通该支付方式,暂时无法购买", "this way of paying is not offered here")
	ErrLoginCode  = fault.New(fault.Conflict, "payments.login_code", "请重新进入小程序后再支付", "virtual payment wants a fresh code of wx.login of the payer")
)

// ErrCannotClose is what a channel returns that cannot end an order at WeChat.
var ErrCannotClose = errors.New("payments: the channel cannot close orders")

// Faults about refunds.
var (
	ErrNotPaid       = fault.New(fault.Conflict, "payments.not_paid", "该订单未支付,不能退款", "the order is not paid, nothing can go back")
	ErrRefundUnknown = fault.New(fault.NotFound, "payments.refund_unknown", "退款单不存在", "there is no such refund")
	ErrRefundTooMuch = fault.New(fault.Conflict, "payments.refund_too_much", "退款金额超过可退余额", "refunds may not exceed what was paid")
	ErrRefundTooMany = fault.New(fault.Conflict, "payments.refund_too_many", "该订单的退款次数已用完", "an order can be refunded in at most 50 parts")
	ErrRefundTooLate = fault.New(fault.Conflict, "payments.refund_too_late", "支付已超过一年,无法原路退款", "WeChat Pay gives money back within a year only")
	ErrRefundReused  = fault.New(fault.Conflict, "payments.refund_reused", "该业务已有另一笔退款", "the source has a refund of another order or amount")
	ErrRefundMoves   = fault.New(fault.Conflict, "payments.refund_moves", "该退款不处于异常状态,无需人工处理", "the refund goes on by itself, or has ended")
	ErrRefundEnded   = fault.New(fault.Conflict, "payments.refund_ended", "该退款号在微信侧已结束,请换号重试", "WeChat has ended this number, try again with a new one")
	ErrRefundHeld    = fault.New(fault.Conflict, "payments.refund_held", "微信侧仍持有该笔退款,请在商户平台处理,不能换号或放弃", "WeChat still holds the money of this refund; a new number would pay twice")

	ErrAskUnknown = fault.New(fault.NotFound, "payments.request_unknown", "退款申请不存在", "there is no such request for a refund")
	ErrAskOwn     = fault.New(fault.Forbidden, "payments.request_own", "不能审批自己的退款申请", "a second person must decide")
	ErrAskDecided = fault.New(fault.Conflict, "payments.request_decided", "该退款申请已处理", "the request was decided already")

	ErrBreakUnknown = fault.New(fault.NotFound, "payments.break_unknown", "差异单不存在", "there is no such break")
	ErrBreakSettled = fault.New(fault.Conflict, "payments.break_settled", "该差异已由他人处理", "somebody else has settled it")
)
