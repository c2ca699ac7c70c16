package messages

import "huitou/service/moves"

// MergeParts says what becomes of messages when two members turn out to be one.
func MergeParts() []moves.Part {
	return []moves.Part{
		moves.Rows("messages", "member_id", "消息记录归保留的会员;排队中的发给保留的会员"),
		moves.Rows("message_consents", "member_id", "一次性订阅授权随其微信身份转移"),
		moves.Rows("do_not_contacts", "member_id", "谢绝联系的登记一并转移:任一方谢绝,合并后即谢绝"),
		moves.Stays("当日发送次数只在当日有效,各算各的", "message_days.member_id"),
	}
}
