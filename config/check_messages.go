package config

import (
	"regexp"
	"unicode/utf8"
)

// clockTime is a time of day, "08:00".
var clockTime = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

// hostName is a host as it stands in an address: small letters, perhaps a port.
var hostName = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]{1,5})?$`)

func (c Config) checkReplies(k *checker) {
	if utf8.RuneCountInString(c.Shop.Name) > 64 {
		k.fault("shop.name", "has more than 64 characters")
	}
	for _, h := range c.Replies.LinkHosts {
		if !hostName.MatchString(h) {
			k.fault("replies.link_hosts", "holds %q, want a host like m.shop.example.com", h)
		}
	}
}

func (c Config) checkMessages(k *checker) {
	for field, text := range map[string]string{"messages.quiet_from": c.Messages.QuietFrom, "messages.quiet_to": c.Messages.QuietTo} {
		if !clockTime.MatchString(text) {
			k.fault(field, "is %q, want a time like 22:00", text)
		}
	}
	m := c.Messages
	for field, n := range map[string]int64{
		"care_day": m.CareDay, "care_week": m.CareWeek, "marketing_day": m.MarketingDay, "marketing_week": m.MarketingWeek,
		"together_day": m.TogetherDay, "together_week": m.TogetherWeek,
	} {
		if n < 0 || n > 1000 {
			k.fault("messages."+field, "is %d, want 0 to 1000", n)
		}
	}
	switch c.SMS.Provider {
	case "":
	case "tencent":
		k.need("sms.secret_id", c.SMS.SecretID)
		k.secret("sms.secret_key", c.SMS.SecretKey, 16)
		k.need("sms.app_id", c.SMS.AppID)
		k.need("sms.sign", c.SMS.Sign)
		k.need("sms.region", c.SMS.Region)
	case "file":
		k.need("sms.file", c.SMS.File)
		if c.production() {
			k.fault("sms.provider", "is file, which sends nothing and writes phone numbers in the clear; development only")
		}
	default:
		k.oneOf("sms.provider", c.SMS.Provider, "tencent", "file", "")
	}
}
