package points

import "huitou/model/fault"

// The faults of the ledger. All of them leave everything as it was.
var (
	// ErrInsufficient means that the member has fewer spendable points than asked for; the details say how many.
	ErrInsufficient = fault.New(fault.Conflict, "points.insufficient", "积分不足", "there are not enough points")
	// ErrSourceReused means that a Source came again with another amount or for another member.
	ErrSourceReused = fault.New(fault.Mismatch, "points.source_reused",
		"该业务单据已记过不同的积分", "the source has moved another number of points, or another member's")
	// ErrBalanceLimit means that a balance would grow beyond MaxBalance.
	ErrBalanceLimit = fault.New(fault.Conflict, "points.balance_limit", "积分余额已达上限", "the balance would be too large")
	// ErrHoldUnknown means that nothing was held under the source.
	ErrHoldUnknown = fault.New(fault.NotFound, "points.hold_unknown", "没有对应的冻结积分", "no points were held for this source")
	// ErrHoldClosed means that a hold was released before it was to be captured, or captured before it was to be released.
	ErrHoldClosed = fault.New(fault.Conflict, "points.hold_closed", "冻结的积分已处理", "the hold has already ended the other way")
	// ErrNothingSpent means that there is no spending to give back.
	ErrNothingSpent = fault.New(fault.NotFound, "points.nothing_spent", "没有可退回的积分", "no points were spent for this source")
	// ErrReturnTooLarge means that more would be given back than was spent.
	ErrReturnTooLarge = fault.New(fault.Conflict, "points.return_too_large",
		"退回的积分超过已使用的积分", "more points would come back than were spent")
	// ErrNothingEarned means that the member was given no points for the order that is returned.
	ErrNothingEarned = fault.New(fault.NotFound, "points.nothing_earned", "没有该订单的积分记录", "no points were earned with this source")
	// ErrHoldsOpen means that an account cannot be merged while points of it are set aside.
	ErrHoldsOpen = fault.New(fault.Conflict, "points.holds_open", "有未完成的兑换,暂不能合并", "points of this account are still held")
	// ErrMerged means that an account went into another one before.
	ErrMerged = fault.New(fault.Conflict, "points.merged", "积分账户已合并", "the points account was merged into another one")

	// ErrNotMerged means that the account did not go into the other one, or came out again.
	ErrNotMerged = fault.New(fault.Conflict, "points.not_merged", "积分账户未合并", "the points account is not merged into that one")
	// ErrAdjustLimit means that one staff adjustment moves more than staff may.
	ErrAdjustLimit = fault.New(fault.Forbidden, "points.adjust_limit", "超出单次可调整的积分数", "one adjustment may not move so many points")
	// ErrAdjustDaily means that a member of staff has adjusted as many points today as one may.
	ErrAdjustDaily = fault.New(fault.Forbidden, "points.adjust_daily", "超出当日可调整的积分数", "no more points may be adjusted today")
	// ErrAdjustmentUnknown means that there is no such adjustment.
	ErrAdjustmentUnknown = fault.New(fault.NotFound, "points.adjustment_unknown", "没有该积分调整", "there is no such adjustment")
	// ErrSelfApproval means that somebody would decide on an adjustment of their own.
	ErrSelfApproval = fault.New(fault.Forbidden, "points.self_approval", "不能审批自己提交的调整", "nobody decides on an adjustment of their own")
	// ErrAdjustmentDecided means that an adjustment was approved or refused before.
	ErrAdjustmentDecided = fault.New(fault.Conflict, "points.adjustment_decided", "该积分调整已处理", "the adjustment was decided before")
)
