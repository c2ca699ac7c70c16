package messages

import (
	"testing"
	"time"

	"huitou/model"
	"huitou/wechat"
)

func TestQuietUntil(t *testing.T) {
	overnight, midday, none := DefaultRules, Rules{QuietFrom: 12 * time.Hour, QuietTo: 14 * time.Hour}, Rules{}
	tests := []struct {
		rules Rules
		now   string
		want  string // empty: not quiet
	}{
		{overnight, "2026-11-21T21:59:59+08:00", ""},
		{overnight, "2026-11-21T22:00:00+08:00", "2026-11-22T08:00:00+08:00"},
		{overnight, "2026-11-21T23:59:59+08:00", "2026-11-22T08:00:00+08:00"},
		{overnight, "2026-11-22T00:00:00+08:00", "2026-11-22T08:00:00+08:00"},
		{overnight, "2026-11-22T07:59:59+08:00", "2026-11-22T08:00:00+08:00"},
		{overnight, "2026-11-22T08:00:00+08:00", ""},
		{overnight, "2026-12-31T22:00:00+08:00", "2027-01-01T08:00:00+08:00"},
		{overnight, "2026-11-21T14:30:00Z", "2026-11-22T08:00:00+08:00"},
		{midday, "2026-11-21T11:59:59+08:00", ""},
		{midday, "2026-11-21T12:00:00+08:00", "2026-11-21T14:00:00+08:00"},
		{midday, "2026-11-21T14:00:00+08:00", ""},
		{none, "2026-11-21T03:00:00+08:00", ""},
	}
	for _, tt := range tests {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		until, quiet := tt.rules.quietUntil(now)
		got := ""
		if quiet {
			got = until.In(model.Shanghai).Format(time.RFC3339)
		}
		if got != tt.want {
			t.Errorf("quietUntil(%s) = %q, want %q", tt.now, got, tt.want)
		}
	}
}

func TestFull(t *testing.T) {
	const care, promo = model.PurposeCare, model.PurposeMarketing
	of := func(care, promo int64) map[model.MessagePurpose]int64 {
		return map[model.MessagePurpose]int64{model.PurposeCare: care, model.PurposeMarketing: promo, model.PurposeService: 99}
	}
	rules := Rules{Care: Cap{Day: 2, Week: 6}, Marketing: Cap{Day: 1, Week: 3}, Together: Cap{Day: 3, Week: 8}}
	tests := []struct {
		rules     Rules
		purpose   model.MessagePurpose
		day, week map[model.MessagePurpose]int64
		want      string
	}{
		{rules, care, of(1, 0), of(1, 0), ""},
		{rules, care, of(2, 0), of(2, 0), "cap_day"},
		{rules, promo, of(0, 0), of(5, 2), ""},
		{rules, promo, of(0, 1), of(0, 1), "cap_day"},
		{rules, promo, of(0, 0), of(0, 3), "cap_week"},
		{rules, care, of(0, 0), of(6, 0), "cap_week"},
		{rules, care, of(1, 2), of(1, 2), "cap_day_together"},
		{rules, promo, of(3, 0), of(3, 0), "cap_day_together"},
		{rules, care, of(0, 0), of(5, 3), "cap_week_together"},
		{rules, promo, of(0, 0), of(6, 2), "cap_week_together"},
		{Rules{}, care, of(1000, 1000), of(1000, 1000), ""}, // 0 is no limit
		{Rules{Together: Cap{Week: 1}}, care, of(0, 0), of(0, 1), "cap_week_together"},
	}
	for _, tt := range tests {
		if got := tt.rules.full(tt.purpose, got{tt.day, tt.week}); got != tt.want {
			t.Errorf("%s after %v today and %v this week: %q, want %q", tt.purpose, tt.day, tt.week, got, tt.want)
		}
	}
}

func TestBreaches(t *testing.T) {
	notice, text := []model.MessageChannel{model.ChannelOATemplate}, []model.MessageChannel{model.ChannelCustomerService}
	tests := []struct {
		text     string
		channels []model.MessageChannel
		want     PolicyRule
	}{
		{"您的订单已签收", notice, ""},
		{"您有一张优惠券即将到期", notice, ""},
		{"感谢关注,您的会员卡已开通", notice, ""},
		{"请在7天内确认收货,有问题请联系客服", notice, ""},
		{"积分到账:购物获得积分128", notice, ""},
		{"限时秒杀", notice, PolicyServiceOnly},
		{"限 时 秒 杀", notice, PolicyServiceOnly},
		{"全场5折起", notice, PolicyServiceOnly},
		{"双11大促", notice, PolicyServiceOnly},
		{"立即抢购", notice, PolicyServiceOnly},
		{"限时秒杀", text, ""},
		{"关注公众号即送10元红包", notice, PolicyNoRewardForShare},
		{"分享给好友各得50积分", text, PolicyNoRewardForShare},
		{"转*发*朋友圈领优惠券", text, PolicyNoRewardForShare},
		{"领取奖励需先关注", text, PolicyNoRewardForShare},
		{"集赞38个免单", text, PolicyNoRewardForShare},
		{"关注有礼", text, PolicyNoRewardForShare},
		{"关\u2060注\u00a0有礼", text, PolicyNoRewardForShare},
		{"添加微信领券", text, PolicyNoRewardForShare},
		{"加客服微信,立减5元", text, PolicyNoRewardForShare},
		{"有问题请添加客服微信", text, ""},
		{"关注\n礼品已发出", text, ""},
		{"五星好评返现5元", text, PolicyNoRewardForPraise},
		{"晒图评价送积分", text, PolicyNoRewardForPraise},
		{"欢迎如实评价", text, ""},
	}
	for _, tt := range tests {
		got := Breaches(model.PurposeService, tt.channels, map[string]string{"text": tt.text}, nil)
		switch {
		case tt.want == "" && len(got) > 0:
			t.Errorf("%q breaks %v, want nothing", tt.text, got)
		case tt.want != "" && (len(got) == 0 || got[0].Rule != tt.want):
			t.Errorf("%q breaks %v, want %s", tt.text, got, tt.want)
		}
	}
	if got := Breaches(model.PurposeMarketing, notice, nil, nil); len(got) != 1 || got[0].Rule != PolicyServiceOnly || got[0].Rule.Says() == "" {
		t.Errorf("marketing by a template breaks %v", got)
	}
	if got := Breaches(model.PurposeService, notice, map[string]string{"goods": "限时秒杀套餐"}, quotedByDefault); len(got) != 0 {
		t.Errorf("a quoted name breaks %v", got)
	}
}

func TestNameBreaches(t *testing.T) {
	for _, good := range []string{"南京路店", "小王", "得力文具店", "领秀城店", "奖牌陈列室", "王返", "赠礼轩茶铺", "店员3号", "前台", "加盟店"} {
		if got := NameBreaches(good); len(got) > 0 {
			t.Errorf("%q breaks %v", good, got)
		}
	}
	for _, bad := range []string{"领10元", "领\u200b１０元", "关注有礼", "小王送红包", "免费茶", "送五十元", "好评返现", "加微信小王", "扫我得积分"} {
		if got := NameBreaches(bad); len(got) == 0 || got[0].Rule.Says() == "" {
			t.Errorf("%q was let through", bad)
		}
	}
}

func TestCheckTemplates(t *testing.T) {
	good := func() Template {
		return Template{Forms: map[model.MessageChannel]Form{
			model.ChannelOATemplate: {ID: "T", Fields: map[string]string{"thing1": "goods", "time2": "at"}, Cut: []string{"thing1"}},
		}}
	}
	form := func(change func(*Form)) Template {
		t := good()
		f := t.Forms[model.ChannelOATemplate]
		change(&f)
		t.Forms[model.ChannelOATemplate] = f
		return t
	}
	bad := map[string]Template{
		"no channel":         {},
		"unknown purpose":    {Purpose: "spam", Forms: good().Forms},
		"channel not set up": {Channels: []model.MessageChannel{model.ChannelSMS}, Forms: good().Forms},
		"channel twice":      {Channels: []model.MessageChannel{model.ChannelOATemplate, model.ChannelOATemplate}, Forms: good().Forms},
		"marketing":          {Purpose: model.PurposeMarketing, Forms: good().Forms},
		"no id":              form(func(f *Form) { f.ID = "" }),
		"no fields":          form(func(f *Form) { f.Fields, f.Cut = nil, nil }),
		"no kind":            form(func(f *Form) { f.Fields = map[string]string{"keyword1": "goods"}; f.Cut = nil }),
		"no number":          form(func(f *Form) { f.Fields = map[string]string{"thing": "goods"}; f.Cut = nil }),
		"bad name":           form(func(f *Form) { f.Fields["thing1"] = "商品" }),
		"cut of a time":      form(func(f *Form) { f.Cut = []string{"time2"} }),
		"cut of nothing":     form(func(f *Form) { f.Cut = []string{"thing9"} }),
		"reward for sharing": {Forms: map[model.MessageChannel]Form{model.ChannelCustomerService: {Text: "分享到朋友圈送20积分"}}},
		"empty text":         {Forms: map[model.MessageChannel]Form{model.ChannelCustomerService: {Text: " "}}},
		"sms without id":     {Forms: map[model.MessageChannel]Form{model.ChannelSMS: {Fields: map[string]string{"1": "goods"}}}},
		"unknown channel":    {Forms: map[model.MessageChannel]Form{"pigeon": {ID: "T"}}},
	}
	for name, template := range bad {
		if got := Check(map[string]Template{"x": template}); len(got) == 0 {
			t.Errorf("%s: no problem seen", name)
		}
	}
	if got := Check(map[string]Template{"x": good()}); len(got) != 0 {
		t.Errorf("problems %v, want none", got)
	}
}

func TestOpeningOf(t *testing.T) {
	for _, tt := range []struct {
		push wechat.Push
		want string
	}{
		{wechat.Push{Kind: wechat.KindText}, "text"},
		{wechat.Push{Kind: wechat.KindImage}, "text"},
		{wechat.Push{Kind: wechat.KindEvent, Event: wechat.EventClick}, "click"},
		{wechat.Push{Kind: wechat.KindEvent, Event: wechat.EventScan}, "scan"},
		{wechat.Push{Kind: wechat.KindEvent, Event: wechat.EventSubscribe}, "follow"},
		{wechat.Push{Kind: wechat.KindEvent, Event: wechat.EventView}, ""},
		{wechat.Push{Kind: wechat.KindEvent, Event: wechat.EventUnsubscribe}, ""},
		{wechat.Push{}, ""},
	} {
		if got, _ := openingOf(tt.push); got.kind != tt.want {
			t.Errorf("openingOf(%+v) = %q, want %q", tt.push, got.kind, tt.want)
		}
	}
}

// Any text that people or programs hand in may be looked at.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{"", "退订", "关注送红包", "{a}{b", "}{", "\xff\xfe", "一二三四五六七八九十", "𝟙²③", "a\u200bb", "{{{{}}}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		WishOf(s)
		Breaches(model.PurposeService, []model.MessageChannel{model.ChannelOATemplate}, map[string]string{"x": s}, nil)
		fill(s, map[string]string{"a": s})
		ended(s)
		cutText(s, 10)
	})
}
