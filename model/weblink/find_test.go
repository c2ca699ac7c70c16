package weblink

import (
	"fmt"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	for text, want := range map[string]string{
		"evil.ru": "evil.ru", "evil.online/pay": "evil.online", "bit.ly/abc": "bit.ly", "1.2.3.4/pay": "1.2.3.4", "//evil.ru/x": "evil.ru", "evil.example": "evil.example",
		"支付宝.com": "支付宝.com", "支付宝.中国": "支付宝.中国", "evil.中国": "evil.中国", "россия.рф": "россия.рф", "xn--fiqs8s.xn--fiqs8s": "xn--fiqs8s.xn--fiqs8s",
		"evil。com": "evil.com", "evil｡com": "evil.com", "evil．com": "evil.com", "支付宝。com看看": "支付宝.com", "去evil.cn看看": "evil.cn", "e\u200bvil.c\u00adom": "evil.com",
		"ｅｖｉｌ．ｃｏｍ": "evil.com", "www.evil.com 领10元": "www.evil.com", "kefu@evil.org": "evil.org", "evil.co.uk.1": "evil.co.uk", "evil.com:8080/x": "evil.com:8080",
		"DR.WANG": "DR.WANG", "a.js.org": "a.js.org", "x.\u2066com": "x.com",
		"https:/evil.ru": "https:/evil.ru+", `https:\\evil.ru`: `https:\\evil.ru+`, "https:evil.ru": "https:evil.ru+", "tel:10086": "tel:10086+", "weixin://dl": "weixin://dl+",
		`https://a.cn"@evil.ru/`: `https://a.cn"@evil.ru/+`, "https://a.cn。evil.ru/": "https://a.cn。evil.ru/+", "见“https://a.cn/x”。": "https://a.cn/x+",
		"https://a.cn/x看evil.ru": "https://a.cn/x+ evil.ru",

		"3.5折": "", "v1.2": "", "No.1": "", "No.XYZQ": "", "Dr.Martens": "", "2026.11.22": "", "价格.pdf": "", "list.pdf": "", "1.2.3": "", "1.2.3.400": "", "S.H.E": "", "...": "", "好…ok": "",
		"欢迎光临。VIP专享": "", "退订请回复TD。VIP客户请联系店长": "", "已发货.请查收": "", "关注我们。世界很大": "", "Tel: 400-820-8820": "", "营业时间:10:00-22:00": "", "好的.OK": "",
		"南京路店": "", "尺码:S/M/L": "", "满300.00元减50": "",
	} {
		var got []string
		for _, a := range Find(text) {
			if a.Scheme {
				a.Text += "+"
			}
			got = append(got, a.Text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q holds %q, want %q", text, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	for _, good := range []string{"南京路店", "a b", "😀", strings.Repeat("名", 30)} {
		if !Line(good, 30) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", " ", " a", "a ", "a\nb", "a\tb", "a\u200bb", "a\u202eb", "a\u2028b", "a\u00a0b", "a\u3000b", "a\ufeff", "\xff", "a\u2066", strings.Repeat("名", 31)} {
		if Line(bad, 30) {
			t.Errorf("%q is let through", bad)
		}
	}
}

// Whatever people write can be searched, and how it is hidden does not matter.
func FuzzFind(f *testing.F) {
	for _, s := range []string{"", "evil.com", "。", "https://", "a..b", "\xff.com", "xn--.com", "支付宝.中国:99999", "tel:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if a, b := Find(s), Find(Flat(s)); fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%q holds %v, flat %v", s, a, b)
		}
	})
}
