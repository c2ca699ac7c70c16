package earning

import "huitou/model/fault"

var (
	// ErrRuleUnknown means that there is no such rule.
	ErrRuleUnknown = fault.New(fault.NotFound, "earning.rule_unknown", "积分规则不存在", "there is no such rule")
	// ErrRuleEnded means that the rule was ended for good.
	ErrRuleEnded = fault.New(fault.Conflict, "earning.rule_ended", "积分规则已结束", "the rule has ended")
	// ErrRuleDraft means that the rule has never been active.
	ErrRuleDraft = fault.New(fault.Conflict, "earning.rule_draft", "积分规则尚未启用", "the rule is a draft")
	// ErrRuleOverlap means that another active rule of the group has the same priority and could fire at the same moment; the details
	// name it.
	ErrRuleOverlap = fault.New(fault.Conflict, "earning.rule_overlap",
		"与同组同优先级的规则重叠,请调整优先级、时间或范围", "the rule overlaps another of its group with the same priority")
	// ErrTooManyRules means that no more rules may be active together.
	ErrTooManyRules = fault.New(fault.Conflict, "earning.too_many_rules", "启用的积分规则过多", "too many rules are active")
	// ErrDryRunTooLarge means that the window of a dry run holds more orders than one request looks at.
	ErrDryRunTooLarge = fault.New(fault.Invalid, "earning.dry_run_too_large",
		"所选期间订单过多,请缩短期间", "the window holds too many orders; choose a shorter one")
	// ErrActionOff means that the shop gives nothing for the action.
	ErrActionOff = fault.New(fault.Conflict, "earning.action_off", "该活动暂未开放", "the action is not rewarded now")
	// ErrActionLimit means that the member was rewarded for the action as often as one may be on a day or in a year.
	ErrActionLimit = fault.New(fault.Conflict, "earning.action_limit", "已达奖励次数上限", "the action was rewarded as often as it may be")
)
