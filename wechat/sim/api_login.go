package sim

import (
	"encoding/base64"
	"slices"
	"time"
)

// loginsPerMinute is how often one customer's codes are exchanged in a minute.
const loginsPerMinute = 100

// code2Session is GET /sns/jscode2session.
func (s *Sim) code2Session(c *call) answer {
	a, code := s.credentials(c.query.Get("appid"), c.query.Get("secret"))
	switch {
	case code != 0:
		return s.errcode(code)
	case a.kind != kindMini:
		return s.errcode(40013)
	case c.query.Get("grant_type") != "authorization_code":
		return s.errcode(40002)
	case c.query.Get("js_code") == "":
		return s.errcode(41008)
	}
	login, code := s.redeem("login", c.query.Get("js_code"))
	if code != 0 {
		return s.errcode(code)
	}
	u, now := login.user, s.now()
	if u.risky {
		return s.errcode(40226)
	}
	u.logins = slices.DeleteFunc(u.logins, func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if len(u.logins) >= loginsPerMinute {
		return s.errcode(45011)
	}
	u.logins = append(u.logins, now)
	login.used = true
	u.sessionKey = base64.StdEncoding.EncodeToString(s.ids.bytes(16))
	u.seen(kindMini, now)
	return ok(struct {
		SessionKey string `json:"session_key"`
		OpenID     string `json:"openid"`
		UnionID    string `json:"unionid"`
	}{u.sessionKey, u.openID[kindMini], u.UnionID})
}

// redeem looks a one-time code up. The caller marks it used once it has answered
// with it. A used code of a login or a page says so (40163); a phone code does not.
func (s *Sim) redeem(purpose, value string) (*oneTimeCode, int) {
	code := s.codes[value]
	switch {
	case code == nil || code.purpose != purpose:
		return nil, 40029
	case code.used && purpose != "phone":
		return nil, 40163
	case code.used || !s.now().Before(code.expires):
		return nil, 40029
	}
	return code, 0
}

// phoneNumber is POST /wxa/business/getuserphonenumber.
func (s *Sim) phoneNumber(c *call) answer {
	var in struct {
		Code   string `json:"code"`
		OpenID string `json:"openid"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	code, fail := s.redeem("phone", in.Code)
	if fail != 0 {
		return s.errcode(fail)
	}
	if in.OpenID != "" && in.OpenID != code.user.openID[kindMini] {
		return s.errcode(40029)
	}
	code.used = true
	type watermark struct {
		Timestamp int64  `json:"timestamp"`
		AppID     string `json:"appid"`
	}
	type phoneInfo struct {
		PhoneNumber     string    `json:"phoneNumber"`
		PurePhoneNumber string    `json:"purePhoneNumber"`
		CountryCode     string    `json:"countryCode"`
		Watermark       watermark `json:"watermark"`
	}
	return ok(struct {
		errcodeBody
		PhoneInfo phoneInfo `json:"phone_info"`
	}{okBody, phoneInfo{code.number, code.number, "86", watermark{s.now().Unix(), c.app.id}}})
}
