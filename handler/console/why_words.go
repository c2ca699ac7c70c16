package console

import (
	"huitou/model"
	"huitou/service/aftersale"
)

var channelNames = map[model.MessageChannel]string{
	model.ChannelOATemplate: "公众号模板消息", model.ChannelOASubscribe: "公众号订阅通知", model.ChannelMiniSubscribe: "小程序订阅消息",
	model.ChannelCustomerService: "客服消息", model.ChannelSMS: "短信", aftersale.ByStaff: "员工",
}

func channelWord(c model.MessageChannel) string { return known(channelNames, c) }

var messageStates = map[model.MessageState]string{
	model.MessageQueued: "排队中", model.MessageSuppressed: "没有发出", model.MessageSending: "发送中", model.MessageAccepted: "平台已接收,等待送达报告",
	model.MessageDelivered: "已送达", model.MessageBlocked: "被屏蔽", model.MessageFailed: "发送失败", model.MessageDead: "多次尝试后放弃", model.MessageUnknown: "不确定是否收到",
}

func messageWord(s model.MessageState) string { return known(messageStates, s) }

var outcomes = map[model.AttemptOutcome]string{
	model.AttemptOpen: "没有应答", model.AttemptAccepted: "平台已接收", model.AttemptRefused: "平台拒绝", model.AttemptUnsure: "不确定", model.AttemptRepeated: "重复,平台已合并",
	model.AttemptSkipped: "跳过",
}

// attemptWord says what became of one attempt.
func attemptWord(a model.MessageAttempt) string {
	text := known(outcomes, a.Outcome)
	if a.Error != "" {
		text += ":" + aftersale.Words(a.Error)
	}
	if a.Report != "" {
		text += ",报告" + messageWord(a.Report)
	}
	return text
}

var triggers = map[model.VisitTrigger]string{model.VisitOnPaid: "付款", model.VisitOnCompleted: "确认收货", model.VisitOnScan: "本人扫包裹码"}

func triggerWord(t model.VisitTrigger) string { return known(triggers, t) }

var purposes = map[model.MessagePurpose]string{model.PurposeService: "服务通知", model.PurposeCare: "关怀", model.PurposeMarketing: "营销"}

func purposeWord(p model.MessagePurpose) string { return known(purposes, p) }

var taskResults = map[model.TaskResult]string{
	model.ResultReached: "已联系上", model.ResultSolved: "已解决", model.ResultNoAnswer: "无人接听", model.ResultRefused: "不愿被联系",
	model.ResultWrong: "号码或人不对", model.ResultNotDone: "无需处理",
}

func resultWord(r string) string { return known(taskResults, model.TaskResult(r)) }

// stopWord says what a member does not want.
func stopWord(d model.DoNotContact) string {
	text := map[model.ContactScope]string{model.StopAll: "一切联系", model.StopCare: "关怀和营销", model.StopMarketing: "营销"}[d.Scope]
	if d.Channel != "" {
		text += "(" + channelWord(d.Channel) + ")"
	}
	return text + "," + known(stopReasons, d.Reason)
}

var stopReasons = map[string]string{"unsubscribed": "本人退订", "complaint": "投诉", "staff": "员工登记", "bounced": "无法送达"}

// known is the word for a code; a code without one is shown as it is.
func known[K ~string](words map[K]string, code K) string {
	if w, ok := words[code]; ok {
		return w
	}
	return string(code)
}
