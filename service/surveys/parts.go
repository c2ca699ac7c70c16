package surveys

import "huitou/service/moves"

// MergeParts says what becomes of surveys when two members turn out to be one.
func MergeParts() []moves.Part {
	return []moves.Part{
		moves.Rows("survey_invitations", "member_id", "问卷邀请归保留的会员;一份邀请仍只答一次、只奖一次"),
		moves.Rows("survey_answers", "member_id", "问卷答案归保留的会员"),
	}
}
