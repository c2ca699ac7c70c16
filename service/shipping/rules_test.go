package shipping

import (
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/wechat"
)

func TestCarrierID(t *testing.T) {
	list := []wechat.Carrier{{ID: "SF", Name: "顺丰速运"}, {ID: "ZTO", Name: "中通快递"}, {ID: "ZTOKY", Name: "中通快运"}, {ID: "EMS", Name: "EMS"}}
	for words, want := range map[string]string{
		"顺丰速运": "SF", " 顺丰 ": "SF", "sf": "SF", "顺丰速运有限公司": "SF", "中通快递": "ZTO", "ems": "EMS",
		"中通": "", "": "", "  ": "", "韵达": "", // two begin so, none, none, unknown
	} {
		if got, found := carrierID(list, words); found != (want != "") || found && got != want {
			t.Errorf("%q: %q %v, want %q", words, got, found, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	for in, want := range map[string]string{
		"": "商品", " \n ": "商品", "年卡\n一张": "年卡 一张", strings.Repeat("字", 120): strings.Repeat("字", 120),
		strings.Repeat("字", 121): strings.Repeat("字", 119) + "…", "\xff茶": "茶",
	} {
		if got := describe(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestPause(t *testing.T) {
	for tried, want := range map[time.Duration]time.Duration{
		0: 10 * time.Second, time.Minute: 30 * time.Second, time.Hour: 30 * time.Minute, 40 * time.Hour: 3 * time.Hour,
	} {
		if got := pause(tried); got != want {
			t.Errorf("after %s: %s, want %s", tried, got, want)
		}
	}
}

func TestVerdict(t *testing.T) {
	for s, want := range map[wechat.ShippingState]model.ShippingState{
		wechat.ShippingWaits: model.ShippingQueued, wechat.ShippingSent: model.ShippingShipped, wechat.ShippingConfirmed: model.ShippingShipped,
		wechat.ShippingDone: model.ShippingShipped, wechat.ShippingPending: model.ShippingShipped, wechat.ShippingRefunded: model.ShippingUnneeded,
		wechat.ShippingUnknown: model.ShippingQueued,
	} {
		if got := verdict(s); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}
