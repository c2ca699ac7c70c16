package analytics

import "huitou/model/fault"

var (
	// ErrDay means that a window's end is not a day between 1970 and 9999.
	ErrDay = fault.New(fault.Invalid, "analytics.day", "日期格式应为 2026-03-01,且在1970年至9999年之间",
		"a day looks like 2026-03-01 and lies between 1970 and 9999")
	// ErrRangeEmpty means that a window ends before or when it begins.
	ErrRangeEmpty = fault.New(fault.Invalid, "analytics.range_empty", "结束日期必须晚于开始日期(不含结束当天)",
		"the window must end after it begins; its last day is not included")
	// ErrRangeTooLong means that a window is longer than ten years.
	ErrRangeTooLong = fault.New(fault.Invalid, "analytics.range_too_long", "统计区间不能超过10年", "a window may not be longer than ten years")
)
