package replies

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/fault"
	"huitou/wechat"
)

// noon is in Shanghai.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, model.Shanghai)

// made numbers rules in the order given.
func made(list ...rule) *book {
	for i := range list {
		list[i].ID = model.ReplyRuleID(i + 1)
	}
	return newBook(list)
}

func words(m model.ReplyMatch, priority int64, keywords ...string) rule {
	return rule{model.ReplyRule{Occasion: model.ReplyToKeyword}, Terms{Match: m, Priority: priority, Keywords: keywords, Answer: Answer{Kind: AnswerText, Text: "x"}}}
}

func on(o model.ReplyOccasion, t Terms) rule { return rule{model.ReplyRule{Occasion: o}, t} }

func TestWrites(t *testing.T) {
	orders := words(model.MatchContains, 0, "查订单")
	orders.terms.Answer = Answer{Kind: AnswerOrders}
	night := words(model.MatchExact, 9, "客服")
	night.terms.FromMinute, night.terms.ToMinute = 22*60, 8*60
	b := made(
		words(model.MatchExact, 0, "发货", "CD"),          // 1
		words(model.MatchContains, 5, "发货"),             // 2
		words(model.MatchContains, 0, "什么时候发货"),         // 3: longer
		words(model.MatchContains, 7, "退款"),             // 4
		words(model.MatchContains, 8, "退款"),             // 5: higher
		words(model.MatchContains, 8, "退款", "ＡＢＣ", "ß"), // 6: younger
		orders,                           // 7
		night,                            // 8
		words(model.MatchExact, 0, "客服"), // 9
		on(model.ReplyToAnything, Terms{FromMinute: 8 * 60, ToMinute: 22 * 60, Answer: Answer{Kind: AnswerTransfer}}), // 10
		words(model.MatchExact, 0, "1234567"), // 11
		words(model.MatchContains, 1000, "订"), // 12: short, so it comes late
	)
	midnight := noon.Add(12 * time.Hour)
	tests := []struct {
		text    string
		at      time.Time
		rule    model.ReplyRuleID
		why     Why
		keyword string
	}{
		{"发货", noon, 1, WhyExact, "发货"},
		{" 发货\n", noon, 1, WhyExact, "发货"},
		{"发货\u200b", noon, 1, WhyExact, "发货"},
		{"ｃｄ", noon, 1, WhyExact, "CD"},
		{"发货?", noon, 2, WhyContains, "发货"},
		{"我的什么时候发货呀", noon, 3, WhyContains, "什么时候发货"},
		{"要退款", noon, 5, WhyContains, "退款"},
		{"xabcx", noon, 6, WhyContains, "ＡＢＣ"},
		{"STRASSE", noon, 6, WhyContains, "ß"}, // case folding, not lower case
		{"退订", noon, 0, WhyStop, ""},
		{" 【TD】", noon, 0, WhyStop, ""},
		{"恢复订阅", noon, 0, WhyStart, ""},
		{"退订单", noon, 12, WhyContains, "订"},
		{"查订单T20261121", noon, 7, WhyContains, "查订单"},
		{"T20261121001", noon, 7, WhyNumber, ""},
		{"Ｔ２０２６１１２１００１", noon, 7, WhyNumber, ""},
		{"1234567", noon, 11, WhyExact, "1234567"},
		{"abc-xyz", noon, 6, WhyContains, "ＡＢＣ"}, // too few digits for a number
		{"T12", noon, 10, WhyAnything, ""},
		{"客服", noon, 9, WhyExact, "客服"},
		{"客服", midnight, 8, WhyExact, "客服"},
		{"客服", noon.Add(-4 * time.Hour), 9, WhyExact, "客服"},   // 08:00, the first minute outside
		{"客服", noon.Add(-4*time.Hour - 1), 8, WhyExact, "客服"}, // the last instant inside
		{"客服", noon.Add(10 * time.Hour), 8, WhyExact, "客服"},   // 22:00, the first inside
		{"你好", midnight, 0, WhyNothing, ""},
		{"", noon, 10, WhyAnything, ""},
		{"\xff\xfe", noon, 10, WhyAnything, ""},
	}
	for _, tt := range tests {
		got := b.writes(tt.text, tt.at)
		if got.rule.ID != tt.rule || got.why != tt.why || got.keyword != tt.keyword {
			t.Errorf("writes(%q at %s) = rule %d %s %q, want %d %s %q", tt.text, tt.at.Format("15:04"), got.rule.ID, got.why, got.keyword, tt.rule, tt.why, tt.keyword)
		}
	}
}

func TestComesAndTaps(t *testing.T) {
	text := Answer{Kind: AnswerText, Text: "x"}
	b := made(
		on(model.ReplyToFollow, Terms{Source: model.ReplyFromPlain, Answer: text}),                                          // 1
		on(model.ReplyToFollow, Terms{Source: model.ReplyFromStore, Answer: text}),                                          // 2
		on(model.ReplyToFollow, Terms{Code: "c12", Answer: text}),                                                           // 3
		on(model.ReplyToScan, Terms{Source: model.ReplyFromParcel, Answer: text}),                                           // 4
		on(model.ReplyToFollow, Terms{Source: model.ReplyFromStaff, FromMinute: 1, ToMinute: 2, Answer: text}),              // 5: not now
		on(model.ReplyToClick, Terms{Key: "a", Answer: text}),                                                               // 6
		on(model.ReplyToClick, Terms{Key: "a", Priority: 1, Answer: text}),                                                  // 7
		on(model.ReplyToFollow, Terms{Source: model.ReplyFromStore, Priority: 3, FromMinute: 5, ToMinute: 6, Answer: text}), // 8: not now
	)
	for _, tt := range []struct {
		o    model.ReplyOccasion
		c    came
		rule model.ReplyRuleID
		why  Why
	}{
		{model.ReplyToFollow, came{source: model.ReplyFromPlain}, 1, WhyPlain},
		{model.ReplyToFollow, came{source: model.ReplyFromParcel}, 1, WhyPlain},
		{model.ReplyToFollow, came{source: model.ReplyFromStore, code: "c11"}, 2, WhySource},
		{model.ReplyToFollow, came{source: model.ReplyFromStore, code: "c12"}, 3, WhyCode},
		{model.ReplyToFollow, came{source: model.ReplyFromStaff, code: "c13"}, 1, WhyPlain},
		{model.ReplyToScan, came{source: model.ReplyFromParcel}, 4, WhySource},
		{model.ReplyToScan, came{source: model.ReplyFromStore, code: "c12"}, 0, WhyNothing},
		{model.ReplyToScan, came{source: model.ReplyFromPlain}, 0, WhyNothing},
	} {
		if got := b.comes(tt.o, tt.c, noon); got.rule.ID != tt.rule || got.why != tt.why {
			t.Errorf("%s by %+v = rule %d %s, want %d %s", tt.o, tt.c, got.rule.ID, got.why, tt.rule, tt.why)
		}
	}
	if got := b.taps("a", noon); got.rule.ID != 7 || b.taps("b", noon).why != WhyNothing {
		t.Errorf("taps = %+v", got)
	}
}

func TestNumbersIn(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "订单": nil, "查订单 T20261121001": {"T20261121001"}, "订单Ａ１２３４５，和 b-2345_6": {"A12345", "b-2345_6"}, "12345": nil, "abcdefg": nil,
		"1111111 2222222 3333333 4444444 1111111": {"1111111", "2222222", "3333333"}, strings.Repeat("1", 65): {strings.Repeat("1", 64)},
	} {
		if got := numbersIn(text); !reflect.DeepEqual(got, want) {
			t.Errorf("numbersIn(%q) = %q, want %q", text, got, want)
		}
	}
}

// BenchmarkWrites chooses among as many keywords as there may be, for the longest text that people can write, which holds none of them.
func BenchmarkWrites(b *testing.B) {
	list := make([]rule, maxRules)
	for i := range list {
		var keywords []string
		for j := range maxKeywords {
			keywords = append(keywords, fmt.Sprintf("关键词%d号第%d", i, j))
		}
		list[i] = words(model.MatchContains, int64(i), keywords...)
	}
	rules, text := made(list...), strings.Repeat("关键词号第", 136)
	for b.Loop() {
		if rules.writes(text, noon).why != WhyNothing {
			b.Fatal("something stands in the text")
		}
	}
}

// Whatever people write is answered without a panic, in the same way each time, by a rule that is open and whose keyword is really there.
func FuzzMatch(f *testing.F) {
	for _, s := range []string{"", "发货", "ＣＤ", "退订", "T20261121001", "\xff\xfe", "İ", "ﬃ", "a\u0300", "🧧👨‍👩‍👧", strings.Repeat("长", 3000), "ſ", "\u202e订单", "K"} {
		f.Add(s, "发", int64(0))
		f.Add(s, s, int64(100))
	}
	f.Fuzz(func(t *testing.T, text, keyword string, minute int64) {
		r := words(model.MatchContains, 1, keyword)
		r.terms.ToMinute = 720
		exact := words(model.MatchExact, 0, keyword)
		exact.terms.Answer.Kind = AnswerOrders
		list := []rule{r, exact, on(model.ReplyToAnything, Terms{Answer: Answer{Kind: AnswerTransfer}})}
		at := noon.Add(time.Duration(minute%100_000) * time.Minute)
		b := made(list...)
		got := b.writes(text, at)
		if again := made(list[2], list[0], list[1]); again.writes(text, at).why != got.why {
			t.Errorf("another order of the rules: %s, not %s", again.writes(text, at).why, got.why)
		}
		if same := b.writes(text, at); !reflect.DeepEqual(same, got) {
			t.Errorf("writes(%q) = %+v, then %+v", text, got, same)
		}
		switch got.why {
		case WhyContains:
			if !strings.Contains(fold(text), fold(keyword)) || !got.rule.open(at) {
				t.Errorf("%q does not stand in %q, or the rule is closed", keyword, text)
			}
		case WhyExact:
			if fold(text[:min(len(text), maxText)]) != fold(keyword) {
				t.Errorf("%q is not %q", text, keyword)
			}
		}
		if f := fold(text); fold(f) != f {
			t.Errorf("folding %q twice makes %q of %q", text, fold(f), f)
		}
		numbersIn(text)
		for _, most := range []int{0, 5, 100} {
			if c := cut(strings.ToValidUTF8(text, ""), most); len(c) > most || strings.ToValidUTF8(c, "") != c {
				t.Errorf("cut(%q, %d) = %q", text, most, c)
			}
		}
	})
}

func checker() *Service {
	return New(Deps{MiniAppID: "wxmini", PublicURL: "https://Shop.example.com", LinkHosts: []string{"m.shop.example"}, Shop: "茶铺"})
}

func TestTerms(t *testing.T) {
	text := func(s string) Answer { return Answer{Kind: AnswerText, Text: s} }
	keyword := func(a Answer) Terms { return Terms{Keywords: []string{"发货"}, Match: model.MatchExact, Answer: a} }
	follow := func(s model.ReplySource, said string) Terms { return Terms{Source: s, Answer: text(said)} }
	tests := []struct {
		name  string
		o     model.ReplyOccasion
		terms Terms
		want  error // nil: allowed
		field string
	}{
		{"keyword", model.ReplyToKeyword, keyword(text("当天发货 <3\n谢谢👨‍👩‍👧")), nil, ""},
		{"transfer", model.ReplyToAnything, Terms{Answer: Answer{Kind: AnswerTransfer}}, nil, ""},
		{"picture", model.ReplyToClick, Terms{Key: "a", Answer: Answer{Kind: AnswerImage, MediaID: "m-1"}}, nil, ""},
		{"article", model.ReplyToKeyword, keyword(Answer{Kind: AnswerNews, Title: "上新", URL: "https://mp.weixin.qq.com/s/x", PicURL: "https://mmbiz.qpic.cn/x"}), nil, ""},
		{"store's name", model.ReplyToFollow, follow(model.ReplyFromStore, "欢迎来到{store}"), nil, ""},
		{"one code", model.ReplyToScan, Terms{Code: "c3", Answer: text("{staff}为您服务")}, nil, ""},
		{"own link", model.ReplyToKeyword, keyword(text(`<a href="https://shop.example.com/x">看看</a> https://m.shop.example/y`)), nil, ""},
		{"own mini-program", model.ReplyToKeyword, keyword(text(`<a href="https://shop.example.com" data-miniprogram-appid="wxmini" data-miniprogram-path="pages/i">进</a>`)), nil, ""},
		{"over midnight", model.ReplyToAnything, Terms{FromMinute: 1320, ToMinute: 480, Answer: text("明早回复您")}, nil, ""},

		{"no such occasion", "push", Terms{Answer: text("x")}, fault.ErrInvalid, "occasion"},
		{"follow by nothing", model.ReplyToFollow, Terms{Answer: text("x")}, fault.ErrInvalid, "source"},
		{"follow by two", model.ReplyToFollow, Terms{Source: model.ReplyFromStore, Code: "c1", Answer: text("x")}, fault.ErrInvalid, "source"},
		{"source of a keyword", model.ReplyToKeyword, Terms{Source: model.ReplyFromStore, Keywords: []string{"a"}, Match: model.MatchExact, Answer: text("x")}, fault.ErrInvalid, "source"},
		{"no keyword", model.ReplyToKeyword, Terms{Match: model.MatchExact, Answer: text("x")}, fault.ErrInvalid, "keywords"},
		{"keyword of nothing", model.ReplyToKeyword, Terms{Keywords: []string{" "}, Match: model.MatchExact, Answer: text("x")}, fault.ErrInvalid, "keywords[0]"},
		{"one keyword twice", model.ReplyToKeyword, Terms{Keywords: []string{"CD", "ｃｄ"}, Match: model.MatchExact, Answer: text("x")}, fault.ErrInvalid, "keywords[1]"},
		{"no match", model.ReplyToKeyword, Terms{Keywords: []string{"a"}, Answer: text("x")}, fault.ErrInvalid, "match"},
		{"reserved", model.ReplyToKeyword, Terms{Keywords: []string{"发货", " TD "}, Match: model.MatchContains, Answer: text("x")}, ErrReserved, ""},
		{"no key", model.ReplyToClick, Terms{Answer: text("x")}, fault.ErrInvalid, "key"},
		{"key with a space", model.ReplyToClick, Terms{Key: "a b", Answer: text("x")}, fault.ErrInvalid, "key"},
		{"key too long", model.ReplyToClick, Terms{Key: strings.Repeat("k", 129), Answer: text("x")}, fault.ErrInvalid, "key"},
		{"hours of nothing", model.ReplyToAnything, Terms{FromMinute: 60, ToMinute: 60, Answer: text("x")}, fault.ErrInvalid, "from_minute"},
		{"hours beyond the day", model.ReplyToAnything, Terms{FromMinute: 60, ToMinute: 1441, Answer: text("x")}, fault.ErrInvalid, "from_minute"},
		{"priority", model.ReplyToAnything, Terms{Priority: 1001, Answer: text("x")}, fault.ErrInvalid, "priority"},
		{"no answer", model.ReplyToAnything, Terms{}, fault.ErrInvalid, "answer.kind"},
		{"text and picture", model.ReplyToAnything, Terms{Answer: Answer{Kind: AnswerText, Text: "x", MediaID: "m"}}, fault.ErrInvalid, "answer.media_id"},
		{"address of a name", model.ReplyToFollow, follow(model.ReplyFromStaff, "{staff}.com"), fault.ErrInvalid, "answer.text"},
		{"article with a blank title", model.ReplyToKeyword, keyword(Answer{Kind: AnswerNews, Title: " ", URL: "https://mp.weixin.qq.com/s/x"}), fault.ErrInvalid, "answer.title"},
		{"only spaces", model.ReplyToAnything, Terms{Answer: text(" \n")}, fault.ErrInvalid, "answer.text"},
		{"control characters", model.ReplyToAnything, Terms{Answer: text("a\x00b")}, fault.ErrInvalid, "answer.text"},
		{"too long", model.ReplyToAnything, Terms{Answer: text(strings.Repeat("长", 683))}, fault.ErrInvalid, "answer.text"},
		{"too long with a name", model.ReplyToFollow, follow(model.ReplyFromStore, strings.Repeat("长", 660)+"{store}"), fault.ErrInvalid, "answer.text"},
		{"store's name without a store", model.ReplyToFollow, follow(model.ReplyFromPlain, "欢迎来到{store}"), fault.ErrInvalid, "answer.text"},
		{"a name that is none", model.ReplyToFollow, follow(model.ReplyFromPlain, "欢迎来到{shop}!{nosuch}"), fault.ErrInvalid, "answer.text"},
		{"orders at a follow", model.ReplyToFollow, Terms{Source: model.ReplyFromPlain, Answer: Answer{Kind: AnswerOrders}}, fault.ErrInvalid, "answer.kind"},
		{"article without title", model.ReplyToKeyword, keyword(Answer{Kind: AnswerNews, URL: "https://mp.weixin.qq.com/s/x"}), fault.ErrInvalid, "answer.title"},
		{"article elsewhere", model.ReplyToKeyword, keyword(Answer{Kind: AnswerNews, Title: "x", URL: "https://evil.example/s"}), fault.ErrInvalid, "answer.url"},
		{"reward for sharing", model.ReplyToKeyword, keyword(text("转发到朋友圈,领取优惠券")), ErrPolicy, ""},
		{"reward for following, full width", model.ReplyToFollow, follow(model.ReplyFromPlain, "关注即送红包"), ErrPolicy, ""},
		{"reward for praise in a title", model.ReplyToKeyword, keyword(Answer{Kind: AnswerNews, Title: "晒单返现金", URL: "https://mp.weixin.qq.com/s/x"}), ErrPolicy, ""},
	}
	s := checker()
	for _, tt := range tests {
		err := s.check("名字", tt.o, tt.terms)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if tt.field != "" && !strings.Contains(fmt.Sprintf("%+v", detailOf(err)), tt.field) {
			t.Errorf("%s: %v, want the field %s", tt.name, detailOf(err), tt.field)
		}
		if tt.want == ErrPolicy && !strings.Contains(fmt.Sprint(detailOf(err)), "规定") {
			t.Errorf("%s: %v names no rule", tt.name, detailOf(err))
		}
	}
	if err := s.check("关注送积分", model.ReplyToKeyword, keyword(text("x"))); !errors.Is(err, ErrPolicy) {
		t.Errorf("a name that promises something: %v", err)
	}
}

func detailOf(err error) any {
	if f := fault.Of(err); f != nil {
		return f.Detail
	}
	return nil
}

// Links lead to the shop's own places only, however they are written.
func TestLinks(t *testing.T) {
	s := checker()
	for _, text := range []string{
		"没有链接", "满<100减10", "https://shop.example.com/a?b=1,谢谢", "见 https://mp.weixin.qq.com/s/abc。", `<a href='https://m.shop.example/'>x</a>`,
		`<A HREF=https://shop.example.com>x</A>`, "3.5折 v1.2", "shop.example.com",
		"欢迎光临。VIP专享3.5折,No.1之选,见菜单.pdf", "请访问shop.example.com下单", "(https://shop.example.com)", "见“https://shop.example.com/a”。", "价格<A款", "a<b",
		`<a href="https://shop.example.com/a">https://shop.example.com</a>和<a href='https://m.shop.example'>二</a>`, "电话 400-820-8820", "已发货.请查收",
		`<a data-miniprogram-appid="wxmini" data-miniprogram-path="pages/index">x</a>`,
	} {
		if list := s.linkFaults(text); len(list) > 0 {
			t.Errorf("%q: %v", text, list)
		}
	}
	for _, text := range []string{
		"http://shop.example.com", "https://evil.example", "https://shop.example.com.evil.example/", "https://shop.example.com@evil.example/", "HTTPS://EVIL.EXAMPLE",
		"ｈｔｔｐｓ：／／evil.example", "weixin://dl/business", "javascript://x", "www.evil.example", "evil.com", "去evil.cn看看", `<a href="https://evil.example">x</a>`,
		`<a href="javascript:alert(1)">x</a>`, `<a>x</a>`, `<a href="https://shop.example.com" href="https://evil.example">x</a>`,
		`<a data-miniprogram-appid="wxother" data-miniprogram-path="p" href="https://shop.example.com">x</a>`, `<a data-miniprogram-appid="" href="https://shop.example.com">x</a>`,
		`<a data-miniprogram-appid="wxmini">x</a>`, `<a data-miniprogram-appid="wxmini" data-miniprogram-path="p" href="https://evil.example">x</a>`,
		`< a href="https://evil.example">x</a>`, "https://shop.example.com:8443/x",
		"evil.ru", "evil.online/pay", "bit.ly/abc", "1.2.3.4/pay", "//evil.ru/x", "支付宝.com", "支付宝.中国", "evil。com", "evil｡com", "ev\u200dil.com", "https:/evil.ru",
		`https:\\evil.ru`, `https:\\\\evil.ru`, "tel:10086", "TEL:10086", "https://mp.weixin.qq.com。evil.ru/", `https://mp.weixin.qq.com"@evil.ru/`,
		"https://mp.weixin.qq.com'.evil.ru/", `https://mp.weixin.qq.com\@evil.ru/`, "https://mp.weixin.qq.com/s看evil.ru", "https://mp.weixin.qq.com/s'evil.ru",
		`<a title=">" href="https://evil.ru">x</a>`, `<a href="https://shop.example.com/a>b">x</a>`, `<a href="https://shop.example.com/">x`, `<a href="https://evil.ru`,
		`<a href="https://shop.example.com/"<a href="https://shop.example.com/">x</a>`, `<a/href="https://shop.example.com/">x</a>`, `</a>`, `<a href="//evil.ru/x">x</a>`,
		`<a href="https://shop.example.com/"><a href="https://shop.example.com/">x</a></a>`, `<a href=https://shop.example.com/'x>x</a>`,
		`<a href="tel:10086">x</a>`, `<a href="https:/evil.ru">x</a>`, `<a href="https:\\evil.ru">x</a>`, `<a href="https://shop.example.com&#46;evil.ru">x</a>`,
		`<a href="https://mp.weixin.qq.com。evil.ru/">x</a>`, `<a x="y"href="https://shop.example.com">x</a>`,
	} {
		if list := s.linkFaults(text); len(list) == 0 {
			t.Errorf("%q was let through", text)
		}
	}
}

func TestSay(t *testing.T) {
	s := checker()
	store := came{source: model.ReplyFromStore, code: "c1", name: "南京路店"}
	for _, tt := range []struct {
		text string
		from came
		want string
	}{
		{"{shop}{store}{staff}", store, "茶铺南京路店茶铺"},
		{"{store}的{staff}", came{source: model.ReplyFromStaff, name: "小王"}, "茶铺的小王"},
		{"{store}", came{source: model.ReplyFromCampaign, name: "双十一"}, "茶铺"},
		{"{store}{store}", came{source: model.ReplyFromStore, name: "{shop}"}, "{shop}{shop}"},
		{"{store}", came{source: model.ReplyFromStore, name: `<a href="https://evil.example">x</a>`}, "茶铺"},
		{"我是{staff}", came{source: model.ReplyFromStaff, name: "www.evil.com 领10元"}, "我是茶铺"},
		{"我是{staff}", came{source: model.ReplyFromStaff, name: "领10元"}, "我是茶铺"},
		{"我是{staff}", came{source: model.ReplyFromStaff, name: "小\u202e王"}, "我是茶铺"},
		{"我是{staff}", came{source: model.ReplyFromStaff, name: "小\u2028王"}, "我是茶铺"},
		{"evil.{staff}", came{source: model.ReplyFromStaff, name: "ru"}, "evil.茶铺"},
		{"{staff}.com", came{source: model.ReplyFromStaff, name: "evil"}, "茶铺.com"},
		{`<a href="https://shop.example.com/{staff}">x</a>`, came{source: model.ReplyFromStaff, name: `"x`}, `<a href="https://shop.example.com/茶铺">x</a>`},
		{"{staff}", came{source: model.ReplyFromStaff, name: "<小王>"}, "‹小王›"},
	} {
		if got := s.say(Answer{Kind: AnswerText, Text: tt.text}, tt.from); got != wechat.Text(tt.want) {
			t.Errorf("%q says %q, want %q", tt.text, got.Content, tt.want)
		}
	}
	long := came{source: model.ReplyFromStore, name: strings.Repeat("长", 1000)}
	if got := s.say(Answer{Kind: AnswerText, Text: strings.Repeat("{store}", 100)}, long); len(got.Content) > wechat.MaxReplyText {
		t.Errorf("a text of %d bytes", len(got.Content))
	}
}

func TestDifferences(t *testing.T) {
	click := func(name, key string) wechat.MenuButton {
		return wechat.MenuButton{Type: wechat.MenuClick, Name: name, Key: key}
	}
	group := wechat.MenuButton{Name: "我的", Buttons: []wechat.MenuButton{click("积分", "points"), click("订单", "orders")}}
	smaller := wechat.MenuButton{Name: "我的", Buttons: []wechat.MenuButton{click("积分", "score")}}
	for _, tt := range []struct {
		wanted, has []wechat.MenuButton
		want        string
	}{
		{nil, nil, "[]"},
		{[]wechat.MenuButton{group}, []wechat.MenuButton{group}, "[]"},
		{[]wechat.MenuButton{group}, nil, "[1+]"},
		{nil, []wechat.MenuButton{group}, "[1-]"},
		{[]wechat.MenuButton{group}, []wechat.MenuButton{smaller}, "[1.1± 1.2+]"},
		{[]wechat.MenuButton{group}, []wechat.MenuButton{click("我的", "me")}, "[1±]"},
		{[]wechat.MenuButton{click("a", "a"), group}, []wechat.MenuButton{group}, "[1± 2+]"},
	} {
		var got []string
		for _, d := range differences("", tt.wanted, tt.has) {
			sign := "±"
			switch {
			case d.Has == nil:
				sign = "+"
			case d.Wanted == nil:
				sign = "-"
			}
			got = append(got, d.At+sign)
		}
		if fmt.Sprint(got) != tt.want {
			t.Errorf("from %+v to %+v: %v, want %s", tt.has, tt.wanted, got, tt.want)
		}
	}
}
