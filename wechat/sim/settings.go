package sim

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Settings are what an operator sets on the platform's console, and the pace of
// WeChat's own work. GET and POST /_sim/settings read and change them.
type Settings struct {
	PushBase string       `json:"push_base"`
	OA       PushSettings `json:"oa"`
	Mini     PushSettings `json:"mini"`
	// NotifySerial signs pay notifications by "public_key", "certificate", or "both" in turn.
	NotifySerial string `json:"notify_serial"`
	// FinishDelayMS is how long after the answer to a template message its
	// TEMPLATESENDJOBFINISH is pushed.
	FinishDelayMS int64 `json:"finish_delay_ms"`
	// RefundDelayMS is how long a refund stays PROCESSING; -1 waits for
	// POST /_sim/refunds/{out_refund_no}/result.
	RefundDelayMS int64 `json:"refund_delay_ms"`
	// ShippingLagMS is how long after payment shipping calls answer 10060001, as the
	// real index lags by seconds. 0 by default.
	ShippingLagMS int64 `json:"shipping_lag_ms"`
	// DailyQuota is how often a day each app may call an endpoint, by path; beyond it
	// the answer is 45009. Endpoints not named have no limit.
	DailyQuota map[string]int64 `json:"daily_quota,omitempty"`
	// TradeUnmanaged is a mini-program without 发货信息管理: nothing is frozen, and uploads answer 48001.
	TradeUnmanaged bool `json:"trade_unmanaged"`
}

// What signs pay notifications.
const (
	notifyByPublicKey   = "public_key"
	notifyByCertificate = "certificate"
	notifyByBoth        = "both"
)

// PushSettings are one account's 消息推送 settings.
type PushSettings struct {
	Path   string `json:"path"`
	Mode   string `json:"mode"`   // plain, compatible or safe
	Format string `json:"format"` // xml or json
}

func defaultSettings(cfg Config) Settings {
	pathOr := func(path, fallback string) string {
		if path == "" {
			return fallback
		}
		return path
	}
	return Settings{
		PushBase:      cfg.PushBase,
		OA:            PushSettings{Path: pathOr(cfg.OAPushPath, "/wechat/oa"), Mode: "safe", Format: "xml"},
		Mini:          PushSettings{Path: pathOr(cfg.MiniPushPath, "/wechat/mini"), Mode: "safe", Format: "json"},
		NotifySerial:  notifyByPublicKey,
		FinishDelayMS: 500,
		RefundDelayMS: 2000,
	}
}

func (v *Settings) validate() error {
	v.PushBase = strings.TrimSuffix(v.PushBase, "/")
	if v.PushBase != "" {
		u, err := url.Parse(v.PushBase)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" {
			return fmt.Errorf("push_base %q is not an http(s) address", v.PushBase)
		}
	}
	for name, p := range map[string]PushSettings{"oa": v.OA, "mini": v.Mini} {
		switch {
		case !strings.HasPrefix(p.Path, "/") || strings.ContainsAny(p.Path, "?#"):
			return fmt.Errorf("%s.path %q is not a path", name, p.Path)
		case p.Mode != "plain" && p.Mode != "compatible" && p.Mode != "safe":
			return fmt.Errorf("%s.mode %q is not plain, compatible or safe", name, p.Mode)
		case p.Format != "xml" && p.Format != "json":
			return fmt.Errorf("%s.format %q is not xml or json", name, p.Format)
		}
	}
	switch {
	case v.NotifySerial != notifyByPublicKey && v.NotifySerial != notifyByCertificate && v.NotifySerial != notifyByBoth:
		return fmt.Errorf("notify_serial %q is not public_key, certificate or both", v.NotifySerial)
	case v.FinishDelayMS < 0 || v.ShippingLagMS < 0 || v.RefundDelayMS < -1:
		return fmt.Errorf("a delay is negative")
	}
	return nil
}

func (v Settings) push(kind appKind) PushSettings {
	if kind == kindMini {
		return v.Mini
	}
	return v.OA
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
