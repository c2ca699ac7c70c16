package surveys

import "huitou/model/fault"

// Faults of surveys.
var (
	ErrUnknown    = fault.New(fault.NotFound, "surveys.unknown", "没有这份问卷", "there is no such survey")
	ErrNotDraft   = fault.New(fault.Conflict, "surveys.not_draft", "问卷已启用,题目不能再改;请另建一份", "the survey is in use; its questions cannot change")
	ErrNotOpen    = fault.New(fault.Conflict, "surveys.not_open", "问卷未启用", "the survey is not open")
	ErrAnswered   = fault.New(fault.Conflict, "surveys.answered", "您已经填过这份问卷,谢谢", "this survey has been answered")
	ErrExpired    = fault.New(fault.Conflict, "surveys.expired", "这份问卷已经截止", "the time to answer is over")
	ErrInducement = fault.New(fault.Invalid, "surveys.inducement", "不能用奖励换关注、分享或好评", "a reward must not depend on following, sharing or praise")
)
