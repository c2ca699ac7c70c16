package payments

import "huitou/model/fault"

// Faults of the reconciliation.
var (
	ErrBillEarly        = fault.New(fault.Conflict, "payments.bill_early", "账单在次日 10 点后才能核对", "a day's bill is there after 10:00 of the next day")
	ErrBillOld          = fault.New(fault.Conflict, "payments.bill_old", "只能核对近三个月的账单", "WeChat keeps bills for three months")
	ErrBillMissing      = fault.New(fault.Unavailable, "payments.bill_missing", "微信支付尚未出账,稍后会自动重试", "WeChat Pay has no bill of that day yet; it will be asked again")
	ErrBillUnfit        = fault.New(fault.Unavailable, "payments.bill_unfit", "账单下载或校验失败,稍后会自动重试", "the bill could not be fetched or does not hold; it will be fetched again")
	ErrBillBreakUnknown = fault.New(fault.NotFound, "payments.bill_break_unknown", "对账差异不存在", "there is no such break")
	ErrBillBreakEnded   = fault.New(fault.Conflict, "payments.bill_break_ended", "该差异已处理", "the break has ended already")
)
