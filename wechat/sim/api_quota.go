package sim

import (
	"slices"
	"time"
)

// clearsAMonth is how often an account's own quotas may be set back.
const clearsAMonth = 10

// quotaKey is one account's calls of one endpoint.
type quotaKey struct {
	kind     appKind
	endpoint string
}

// spend counts a call against the day's quota of Settings.DailyQuota; false means
// 45009. A day begins at midnight in China.
func (s *Sim) spend(kind appKind, endpoint string) bool {
	s.newDay()
	key := quotaKey{kind, endpoint}
	if most := s.settings.DailyQuota[endpoint]; most > 0 && s.used[key] >= most {
		return false
	}
	s.used[key]++
	return true
}

func (s *Sim) newDay() {
	if day := s.now().In(china).Format(time.DateOnly); day != s.usedOn {
		s.usedOn = day
		clear(s.used)
	}
}

// clearQuota is POST /cgi-bin/clear_quota.
func (s *Sim) clearQuota(c *call) answer {
	var in struct {
		AppID string `json:"appid"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	if in.AppID != c.app.id {
		return s.errcode(40013)
	}
	month := s.now().In(china).Format("2006-01")
	c.app.cleared = slices.DeleteFunc(c.app.cleared, func(at time.Time) bool { return at.In(china).Format("2006-01") != month })
	if len(c.app.cleared) >= clearsAMonth {
		return s.errcode(48006)
	}
	c.app.cleared = append(c.app.cleared, s.now())
	for key := range s.used {
		if key.kind == c.app.kind {
			delete(s.used, key)
		}
	}
	return ok(okBody)
}

// quota is POST /cgi-bin/openapi/quota/get. Without a limit set the day's is said to
// be a million.
func (s *Sim) quota(c *call) answer {
	var in struct {
		Path string `json:"cgi_path"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	if route, known := s.routes[in.Path]; !known || !slices.Contains(route.kinds, c.app.kind) {
		return s.errcode(76021)
	}
	s.newDay()
	limit, used := s.settings.DailyQuota[in.Path], s.used[quotaKey{c.app.kind, in.Path}]
	if limit == 0 {
		limit = 1_000_000
	}
	type figures struct {
		DailyLimit int64 `json:"daily_limit"`
		Used       int64 `json:"used"`
		Remain     int64 `json:"remain"`
	}
	return ok(struct {
		errcodeBody
		Quota figures `json:"quota"`
	}{okBody, figures{limit, used, max(limit-used, 0)}})
}

// jsTicketLife is how long a jsapi_ticket lives.
const jsTicketLife = 7200 * time.Second

// jsTicket is GET /cgi-bin/ticket/getticket: the same ticket until it ends.
func (s *Sim) jsTicket(c *call) answer {
	if kind := c.query.Get("type"); kind != "jsapi" && kind != "wx_card" {
		return s.errcode(40097)
	}
	now, slot := s.now(), &c.app.ticket
	if !now.Before(slot.expires) {
		slot.value, slot.expires = "sM4AOVdWfPE4DxkXGEs8V"+s.ids.word(64), now.Add(jsTicketLife)
	}
	return ok(struct {
		errcodeBody
		Ticket    string `json:"ticket"`
		ExpiresIn int64  `json:"expires_in"`
	}{okBody, slot.value, int64(slot.expires.Sub(now) / time.Second)})
}
