package aftersale

import (
	"strings"

	"huitou/model"
)

// sentences say why a visit was not made, in the words of staff. The outbox's words are among them.
var sentences = map[string]string{
	reasonRefunded: "订单已全额退款", reasonPartRefunded: "订单有退款", reasonUnfollowed: "会员已取消关注公众号", reasonComplaint: "有投诉或低分待处理",
	reasonBoughtAgain: "会员已再次购买", reasonPlanPaused: "回访计划已暂停", reasonPlanEnded: "回访计划已结束", reasonLate: "错过时间太久,不再打扰",
	reasonSampledOut: "未被抽中", reasonCooling: "冷却期内已因其他订单联系过", reasonSurveyClosed: "问卷已关闭", reasonGone: "订单已不存在",
	"answered": "已填问卷", "unanswered": "到期未填问卷",
	"no_template": "没有可用的消息模板或渠道", "not_following": "未关注公众号", "no_openid": "没有该渠道的身份", "no_phone": "没有手机号",
	"no_consent": "没有订阅授权", "no_window": "不在客服消息时限内", "cap_day": "已达该会员当天的消息上限", "cap_week": "已达该会员一周的消息上限",
	"cap_day_together": "已达该会员当天各类消息的总上限", "cap_week_together": "已达该会员一周各类消息的总上限", "quiet": "免打扰时段",
	"do_not_contact": "会员不再接受联系", "too_late": "已过有效时间", "policy": "内容违反平台规则", "data": "内容不符合模板要求", "not_left": "暂时发不出去",
	"no_answer": "平台没有回应,不确定是否收到,不再重发", "panicked": "发送程序出错,不确定是否收到,不再重发", "no_report": "平台已受理,没有回报是否送达", "user_block": "会员屏蔽了公众号", "report": "平台报告没有送达",
}

// Words says a reason of a visit or a message for staff; one without a sentence is shown as it is.
func Words(reason string) string {
	if text, ok := sentences[reason]; ok {
		return text
	}
	if head, _, more := strings.Cut(reason, ":"); more {
		if text, ok := sentences[head]; ok {
			return text
		}
	}
	return reason
}

// states are the states of visits in the words of staff.
var states = map[model.VisitState]string{
	model.VisitPlanned: "已计划", model.VisitDue: "已到期,等待合适时段", model.VisitSkipped: "已跳过", model.VisitSent: "已发出", model.VisitDelivered: "已送达",
	model.VisitBlocked: "被屏蔽", model.VisitFailed: "发送失败", model.VisitResponded: "已回应,待员工处理", model.VisitClosed: "已结束",
	model.VisitAssigned: "已转员工", model.VisitDone: "员工已完成",
}

// says puts a visit's state and reason into one line.
func says(v model.Visit) string {
	text := states[v.State]
	if v.Reason != "" {
		text += ":" + Words(v.Reason)
	}
	return text
}
