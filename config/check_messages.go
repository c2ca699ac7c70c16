package config

import "regexp"

// clockTime is a time of day, "08:00".
var clockTime = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

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
