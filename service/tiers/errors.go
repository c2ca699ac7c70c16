package tiers

import "huitou/model/fault"

var (
	// ErrLevelUnknown means that there is no such level.
	ErrLevelUnknown = fault.New(fault.NotFound, "tiers.level_unknown", "等级不存在", "there is no such level")
	// ErrThresholdTaken means that another level has this threshold.
	ErrThresholdTaken = fault.New(fault.Conflict, "tiers.threshold_taken", "已有等级使用该门槛", "another level has this threshold")
	// ErrNoBase means that the first level of a ladder does not begin at 0.
	ErrNoBase = fault.New(fault.Conflict, "tiers.no_base", "首个等级的门槛必须为 0", "the first level must have the threshold 0")
	// ErrTooManyLevels means that the ladder is full.
	ErrTooManyLevels = fault.New(fault.Conflict, "tiers.too_many_levels", "等级数量已达上限", "there may be 20 levels at most")
	// ErrNarrowing means that a change would take something from members who have the level, or are on their way.
	ErrNarrowing = fault.New(fault.Conflict, "tiers.narrowing", "只能降低门槛、提高倍率,且不得越过相邻等级",
		"a threshold may only fall and stay above the level below, a multiplier may only rise")
	// ErrNoLadder means that there are no levels or no scheme yet.
	ErrNoLadder = fault.New(fault.Conflict, "tiers.no_ladder", "尚未设置等级或规则", "there are no levels or no scheme yet")
	// ErrNotLocked means that staff have not fixed the member's level.
	ErrNotLocked = fault.New(fault.Conflict, "tiers.not_locked", "该会员的等级未被锁定", "the member's level is not locked")
	// ErrShares means that shares do not describe a ladder.
	ErrShares = fault.New(fault.Invalid, "tiers.shares", "各等级占比须为正数且合计恰为 100%,至多 20 级、4 位小数",
		"shares must be positive, with at most 4 decimals, at most 20 of them, and add up to 100 exactly")
)
