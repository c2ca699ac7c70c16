package sim

import (
	"slices"
	"time"
)

// tokenLife is how long an access token lives; tokenOverlap how long the one before
// stays valid after /cgi-bin/token made a new one, and how early stable_token renews.
const (
	tokenLife    = 7200 * time.Second
	tokenOverlap = 300 * time.Second
)

type accessToken struct {
	app     *app
	expires time.Time
	revoked bool // answered 40001 rather than 42001
}

// tokenSlot is the current token of one kind. Plain and stable tokens of an app do
// not disturb each other.
type tokenSlot struct {
	value   string
	expires time.Time
}

func (s *Sim) mint(a *app, slot *tokenSlot) {
	now := s.now()
	for value, t := range s.tokens {
		if now.Sub(t.expires) > 24*time.Hour {
			delete(s.tokens, value)
		}
	}
	slot.value, slot.expires = "SIM_"+s.ids.word(132), now.Add(tokenLife)
	s.tokens[slot.value] = &accessToken{app: a, expires: slot.expires}
}

// tokenOwner returns whose token it is, or 42001 for an expired and 40001 for an
// unknown or replaced one.
func (s *Sim) tokenOwner(value string) (*app, int) {
	t := s.tokens[value]
	switch {
	case t == nil || t.revoked:
		return nil, 40001
	case !s.now().Before(t.expires):
		return nil, 42001
	}
	return t.app, 0
}

// revoke kills a token as the platform sometimes does, without a word. When stuck,
// stable_token in normal mode goes on handing it out.
func (s *Sim) revoke(value string, stuck bool) {
	t := s.tokens[value]
	if t == nil {
		return
	}
	t.revoked = true
	for _, slot := range []*tokenSlot{&t.app.plain, &t.app.stable} {
		if slot.value == value && !stuck {
			*slot = tokenSlot{}
		}
	}
}

func (s *Sim) credentials(appID, secret string) (*app, int) {
	switch {
	case appID == "":
		return nil, 41002
	case secret == "":
		return nil, 41004
	}
	a := s.appByID(appID)
	switch {
	case a == nil:
		return nil, 40013
	case a.secret != secret:
		return nil, 40125
	}
	return a, 0
}

type tokenBody struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
}

// plainToken is GET /cgi-bin/token: always a new token; the one before lives on for
// five minutes at most.
func (s *Sim) plainToken(c *call) answer {
	if c.query.Get("grant_type") != "client_credential" {
		return s.errcode(40002)
	}
	a, code := s.credentials(c.query.Get("appid"), c.query.Get("secret"))
	if code != 0 {
		return s.errcode(code)
	}
	if old := s.tokens[a.plain.value]; old != nil {
		if soon := s.now().Add(tokenOverlap); soon.Before(old.expires) {
			old.expires = soon
		}
	}
	s.mint(a, &a.plain)
	return ok(tokenBody{a.plain.value, int64(tokenLife / time.Second)})
}

// stableToken is POST /cgi-bin/stable_token. Normal mode hands out the same token
// until five minutes before its end. force_refresh kills it and makes another, at
// most 20 times a day and 30 s apart; beyond that it behaves as normal mode.
func (s *Sim) stableToken(c *call) answer {
	var in struct {
		GrantType    string `json:"grant_type"`
		AppID        string `json:"appid"`
		Secret       string `json:"secret"`
		ForceRefresh bool   `json:"force_refresh"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	if in.GrantType != "client_credential" {
		return s.errcode(40002)
	}
	a, code := s.credentials(in.AppID, in.Secret)
	if code != 0 {
		return s.errcode(code)
	}
	now := s.now()
	left := a.stable.expires.Sub(now)
	switch {
	case a.stable.value == "" || left < tokenOverlap:
		s.mint(a, &a.stable)
	case in.ForceRefresh && a.mayForce(now):
		a.forced = append(a.forced, now)
		if old := s.tokens[a.stable.value]; old != nil {
			old.revoked = true
		}
		s.mint(a, &a.stable)
	}
	return ok(tokenBody{a.stable.value, int64(a.stable.expires.Sub(now) / time.Second)})
}

func (a *app) mayForce(now time.Time) bool {
	a.forced = slices.DeleteFunc(a.forced, func(t time.Time) bool { return now.Sub(t) >= 24*time.Hour })
	if len(a.forced) >= 20 {
		return false
	}
	return len(a.forced) == 0 || now.Sub(a.forced[len(a.forced)-1]) >= 30*time.Second
}
