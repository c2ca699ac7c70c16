package memberships

import "huitou/model"

// The platform judges a card by what it really gives (wechat.md §4.9): rights to goods and to services outside of the phone are paid through
// WeChat Pay, rights that exist online only must be sold through WeChat's virtual payment, on every kind of phone. A member price, coupons
// for goods, free freight and a service in the shop are of the first kind; more points, early access and online services by themselves are of the second.

// needed returns the channel through which the benefits of a plan have to be paid.
func needed(percentOff model.BasisPoints, coupons int, e Extras) model.PlanChannel {
	if percentOff > 0 || coupons > 0 || e.FreeFreight > 0 || e.BirthdayTemplate != "" {
		return model.ChannelJSAPI
	}
	for _, s := range e.Services {
		if !s.Online {
			return model.ChannelJSAPI
		}
	}
	return model.ChannelVirtual
}

// channelFault says which rule of the platform a channel would break, or returns nil.
func channelFault(asked, allowed model.PlanChannel) error {
	switch {
	case asked == allowed:
		return nil
	case allowed == model.ChannelVirtual:
		return ErrNeedsVirtual
	}
	return ErrNeedsJSAPI
}

// warnings are what staff should know before they sell a plan.
func warnings(p model.MembershipPlan) []string {
	list := []string{}
	warn := func(when bool, text string) {
		if when {
			list = append(list, text)
		}
	}
	virtual := p.Channel == model.ChannelVirtual
	warn(virtual, "本方案仅含线上/虚拟权益:微信要求全终端使用小程序虚拟支付,违规可致支付能力受限直至封禁")
	warn(virtual, "iOS 端由 App Store 收款(微信 8.0.68 及以上、iOS 15 及以上),平台抽成 12%,退款只能由用户向 App Store 申请;未开通虚拟支付时 iOS 上不得展示购买按钮")
	warn(virtual && p.PriceFen < 100, "iOS 端虚拟支付单笔不低于 1 元,低于 1 元的方案在 iOS 上无法购买")
	warn(!virtual, "含实物或线下权益,使用微信支付:卡面须写明实物/线下权益;支付后须上传发货信息,否则货款会被冻结")
	online := false
	for _, s := range extrasOf(p.PlanExtras).Services {
		online = online || s.Online
	}
	warn(!virtual && online, "同时含线上权益:平台按实际权益判定,请勿把线上权益作为主要卖点,否则须改用虚拟支付")
	warn(p.RefundPolicy == model.NoRefund, "不支持自助退款:须在购买页显著告知;消费者依法享有的退款权利不受影响,可由店员退款")
	warn(p.Unit == model.PlanLifetime, "终身卡的权益没有期限:请确认成本,停业或改版时需妥善处理")
	warn(p.Trial, "体验卡到期不会自动续费;微信委托代扣须另行申请,未开通前不得承诺自动续费")
	warn(p.PercentOffBP == 0 && !virtual, "没有会员价,购买页无法计算回本金额")
	return list
}
