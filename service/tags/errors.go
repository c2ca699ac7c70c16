package tags

import "huitou/model/fault"

// The faults of tags.
var (
	ErrUnknown = fault.New(fault.NotFound, "tags.unknown", "标签不存在", "there is no such tag")

	// ErrNameTaken means that another tag in use has the name.
	ErrNameTaken = fault.New(fault.Conflict, "tags.name_taken", "已有同名标签", "another tag has that name")

	// ErrTooMany means that there are as many tags as there may be; ErrTooManyShared, that WeChat takes no more.
	ErrTooMany       = fault.New(fault.Conflict, "tags.too_many", "标签数量已达上限", "there are as many tags as there may be")
	ErrTooManyShared = fault.New(fault.Conflict, "tags.too_many_shared", "与公众号同步的标签最多100个", "at most a hundred tags are shared with the official account")

	// ErrSyncRunning means that a comparison with WeChat is on its way already.
	ErrSyncRunning = fault.New(fault.Conflict, "tags.sync_running", "标签正在同步,请稍后查看结果", "the tags are being compared already")

	// ErrNeverSynced means that no comparison was ever begun.
	ErrNeverSynced = fault.New(fault.NotFound, "tags.never_synced", "标签还未同步过", "the tags were never compared")
)
