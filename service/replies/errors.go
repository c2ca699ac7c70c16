package replies

import "huitou/model/fault"

// Faults of replies.
var (
	ErrUnknown = fault.New(fault.NotFound, "replies.unknown", "没有这条回复", "there is no such reply")
	// ErrChanged means that somebody else made a version meanwhile.
	ErrChanged = fault.New(fault.Conflict, "replies.changed", "该回复刚被别人改过,请刷新后再改", "somebody else changed the reply; read it again")
	// ErrPolicy means that the words break a rule of the platform; it names the rule.
	ErrPolicy = fault.New(fault.Invalid, "replies.policy", "内容违反平台规则", "the words break a rule of the platform")
	// ErrReserved means that a keyword is a wish to be left alone, which no rule may answer.
	ErrReserved = fault.New(fault.Conflict, "replies.reserved", "退订类关键词由系统处理,不能另设回复", "this keyword is a wish to be left alone and cannot be answered by a rule")
	ErrTooMany  = fault.New(fault.Conflict, "replies.too_many", "回复数量已达上限", "there are as many replies as there may be")
	// ErrInMenu means that the menu of the settings has an entry with this key, which would have no answer.
	ErrInMenu = fault.New(fault.Conflict, "replies.in_menu", "菜单正在使用这条回复,请先修改菜单", "the menu uses this reply")
)

// Faults of the menu.
var (
	ErrNoMenu      = fault.New(fault.Conflict, "menu.none", "配置里没有菜单", "the settings have no menu")
	ErrMenuInvalid = fault.New(fault.Conflict, "menu.invalid", "菜单有误,未推送", "the menu is not valid and was not pushed")
	ErrWeChat      = fault.New(fault.Unavailable, "menu.wechat", "微信没有接受,请稍后重试", "WeChat did not take it; try again")
)
