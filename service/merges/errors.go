package merges

import "huitou/model/fault"

// The faults of merges.
var (
	// ErrUnknown means that there is no such merge.
	ErrUnknown = fault.New(fault.NotFound, "merges.unknown", "合并记录不存在", "there is no such merge")

	// ErrRequestUnknown means that there is no such request.
	ErrRequestUnknown = fault.New(fault.NotFound, "merges.request_unknown", "合并申请不存在", "there is no such request")

	// ErrMergedAlready means that one of the two has gone into another member.
	ErrMergedAlready = fault.New(fault.Conflict, "merges.merged_already", "其中一位会员已并入他人", "one of the two has gone into another member")

	// ErrTwoShoppers means that both have been in the mini-program, so that it could not be told whose openid pays.
	ErrTwoShoppers = fault.New(fault.Conflict, "merges.two_shoppers", "两位会员都登录过小程序,不能合并", "both have been in the mini-program")

	// ErrTwoUnionIDs means that WeChat knows them as two persons.
	ErrTwoUnionIDs = fault.New(fault.Conflict, "merges.two_unionids", "两位会员的 unionid 不同", "WeChat knows them as two persons")

	// ErrWasSplit means that staff have split the two before, so that only staff can merge them.
	ErrWasSplit = fault.New(fault.Conflict, "merges.was_split", "两位会员曾被拆分,须人工处理", "staff have split the two before")

	// ErrPending means that a request about the two waits already.
	ErrPending = fault.New(fault.Conflict, "merges.pending", "这两位会员已有待审批的合并申请", "a request about the two waits already")

	// ErrSelfDecision means that who asked for the merge cannot decide on it.
	ErrSelfDecision = fault.New(fault.Forbidden, "merges.self_decision", "申请人不能审批自己的申请", "who asked cannot decide")

	// ErrDecided means that the request was decided before.
	ErrDecided = fault.New(fault.Conflict, "merges.decided", "该申请已处理", "the request was decided before")

	// ErrSplit means that the merge was split before.
	ErrSplit = fault.New(fault.Conflict, "merges.split_already", "该合并已拆分", "the merge was split before")

	// ErrSplitOrder means that the survivor has gone into another member since; that merge is split first.
	ErrSplitOrder = fault.New(fault.Conflict, "merges.split_order", "保留的会员后来又并入他人,请先拆分后一次合并", "the survivor has gone into another member since; split that first")
)
