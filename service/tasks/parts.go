package tasks

import "huitou/service/moves"

// MergeParts says what becomes of tasks when two members turn out to be one.
func MergeParts() []moves.Part {
	return []moves.Part{moves.Rows("staff_tasks", "member_id", "待办与结果归保留的会员")}
}
