package demoshop

import "huitou/model"

// good is a Good with what makes people pick it.
type good struct {
	Good
	liking float64 // weight among all goods; the few best sellers make most of the sales
}

var goods = []good{
	{Good{"TEA-LJ-50", "明前西湖龙井 50g", "绿茶", 12800}, 10},
	{Good{"TEA-LJ-200", "雨前龙井 200g 罐装", "绿茶", 23800}, 4},
	{Good{"TEA-BLC-100", "洞庭碧螺春 100g", "绿茶", 13800}, 6},
	{Good{"TEA-MF-100", "黄山毛峰 100g", "绿茶", 8800}, 5},
	{Good{"TEA-AJ-100", "安吉白茶 100g", "绿茶", 15800}, 5},
	{Good{"TEA-JJM-100", "金骏眉 100g", "红茶", 16800}, 6},
	{Good{"TEA-DH-250", "凤庆滇红 250g", "红茶", 6900}, 9},
	{Good{"TEA-QM-100", "祁门红茶 100g", "红茶", 7800}, 5},
	{Good{"TEA-TGY-250", "清香铁观音 250g", "乌龙茶", 9900}, 8},
	{Good{"TEA-DHP-125", "武夷大红袍 125g", "乌龙茶", 11800}, 7},
	{Good{"TEA-FHDC-100", "凤凰单丛鸭屎香 100g", "乌龙茶", 10800}, 9},
	{Good{"TEA-PE-357", "勐海熟普饼 357g", "普洱茶", 13900}, 5},
	{Good{"TEA-PES-200", "古树生普饼 200g", "普洱茶", 19800}, 3},
	{Good{"TEA-XQG-500", "小青柑 500g", "普洱茶", 8900}, 7},
	{Good{"TEA-BMD-50", "白牡丹 50g", "白茶", 7600}, 5},
	{Good{"TEA-SM-350", "福鼎寿眉饼 350g", "白茶", 12600}, 4},
	{Good{"TEA-MLH-100", "茉莉花茶 100g", "花茶", 4900}, 12},
	{Good{"TEA-JH-50", "杭白菊 50g", "花茶", 2900}, 10},
	{Good{"TEA-GH-80", "桂花乌龙 80g", "花茶", 4500}, 8},
	{Good{"BAG-MIX-30", "冷泡茶包 30包混合装", "茶包", 5900}, 12},
	{Good{"BAG-HM-20", "红豆薏米茶 20包", "茶包", 3900}, 10},
	{Good{"BAG-CP-15", "陈皮普洱袋泡 15包", "茶包", 4200}, 7},
	{Good{"SNK-GHG-200", "桂花糕 200g", "茶点", 2600}, 11},
	{Good{"SNK-LDG-250", "绿豆糕 250g", "茶点", 2900}, 11},
	{Good{"SNK-HT-300", "手剥核桃 300g", "茶点", 4600}, 8},
	{Good{"SNK-NPT-200", "南瓜子 200g", "茶点", 1900}, 9},
	{Good{"SNK-DHS-6", "蛋黄酥 6枚", "茶点", 3800}, 9},
	{Good{"SNK-FLS-8", "凤梨酥 8枚", "茶点", 4200}, 8},
	{Good{"SNK-NYT-250", "牛轧糖 250g", "茶点", 3500}, 6},
	{Good{"WAR-GW-1", "青瓷盖碗", "茶具", 8800}, 4},
	{Good{"WAR-PB-1", "玻璃公道杯", "茶具", 3900}, 4},
	{Good{"WAR-ZSH-1", "宜兴紫砂壶 180ml", "茶具", 39800}, 1},
	{Good{"WAR-PBEI-2", "品茗杯 2只", "茶具", 2800}, 5},
	{Good{"WAR-LXB-1", "便携旅行茶具", "茶具", 12900}, 3},
	{Good{"GFT-ZQ-1", "中秋茶礼盒", "礼盒", 19800}, 2},
	{Good{"GFT-NH-1", "新春年货礼盒", "礼盒", 25800}, 2},
	{Good{"GFT-SY-1", "山野四季茶礼盒", "礼盒", 16800}, 3},
}

var coupons = []CouponTemplate{
	{Name: "新客立减10元", Rules: "满59元可用,领取后30天内有效,每人限领1张", Kind: Amount, AmountFen: 1000, ThresholdFen: 5900,
		Total: -1, PerMember: 1, ClaimDays: 365, UseDays: 30, Claimable: true, Issuable: true},
	{Name: "满128减20", Rules: "全场通用,满128元可用,领取后14天内有效", Kind: Amount, AmountFen: 2000, ThresholdFen: 12800,
		Total: 2000, PerMember: 2, ClaimDays: 90, UseDays: 14, Claimable: true, Issuable: true},
	{Name: "老客回头9折券", Rules: "全场9折,最多优惠30元,领取后21天内有效", Kind: Percent, PercentOffBP: 1000, CapFen: 3000,
		Total: 1000, PerMember: 1, ClaimDays: 90, UseDays: 21, Claimable: true, Issuable: true},
	{Name: "无门槛5元券", Rules: "积分兑换或门店补偿发放,30天内有效", Kind: Amount, AmountFen: 500,
		Total: -1, PerMember: 12, ClaimDays: 365, UseDays: 30, Issuable: true},
	{Name: "限量50元茶礼券", Rules: "满199元可用,限量200张,先到先得", Kind: Amount, AmountFen: 5000, ThresholdFen: 19900,
		Total: 200, PerMember: 1, ClaimDays: 30, UseDays: 7, Claimable: true, Issuable: true},
	{Name: "会员卡专享5元券", Rules: "会员卡每月发放,无门槛,30天内有效", Kind: Amount, AmountFen: 500,
		Total: -1, ClaimDays: 365, UseDays: 30, Issuable: true},
}

var gifts = []Gift{
	{Name: "无门槛5元券", Kind: GiftCoupon, Coupon: 3, Points: 50, Stock: 5000, PerMember: 12},
	{Name: "茉莉花茶体验装 10g", Kind: GiftPickup, Points: 80, Stock: 300, PerMember: 3},
	{Name: "品茗杯 1只", Kind: GiftPickup, Points: 280, Stock: 120, PerMember: 2},
	{Name: "桂花糕 200g", Kind: GiftPickup, Points: 260, Stock: 150, PerMember: 2},
	{Name: "青瓷盖碗", Kind: GiftPickup, Points: 880, Stock: 30, PerMember: 1},
}

var plans = []Plan{
	{Name: "山野月卡", PriceFen: 990, ListFen: 1500, Months: 1, PointsMultiplier: 15_000, PercentOffBP: 200, Coupon: 5, Coupons: 1, FreeFreight: 1,
		GraceDays: 3, WholeWithin: 7},
	{Name: "山野季卡", PriceFen: 2590, ListFen: 3900, Months: 3, PointsMultiplier: 15_000, PercentOffBP: 300, Coupon: 5, Coupons: 1, FreeFreight: 2,
		WelcomePoints: 30, CheckIn: 20_000, GraceDays: 3},
	{Name: "山野年卡", PriceFen: 8800, ListFen: 12800, Months: 12, PointsMultiplier: 20_000, PercentOffBP: 500, Coupon: 5, Coupons: 2, FreeFreight: 3,
		WelcomePoints: 100, BirthdayPoints: 200, CheckIn: 20_000, EarlyHours: 24, GraceDays: 7, Services: []string{"门店新茶品鉴专座"}},
}

// Freight as the shop charges it: free from 68 yuan.
const (
	freight     model.Fen = 800
	freightFree model.Fen = 6800
)
