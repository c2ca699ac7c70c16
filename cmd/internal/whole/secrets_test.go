package whole

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"huitou/model/db"
)

// secret is a marked value and where it may be.
type secret struct {
	what, value string
	stored      bool // the database holds it as it is
}

// secrets are all marked values of a shop: those it was set up with and those that it met on the way.
func (s *shop) secrets() []secret {
	a := s.sim.Accounts()
	list := []secret{
		{"the official account's AppSecret", a.OA.Secret, false},
		{"the official account's push token", a.OA.Token, false},
		{"the official account's AES key", a.OA.EncodingAESKey, false},
		{"the mini-program's AppSecret", a.Mini.Secret, false},
		{"the mini-program's push token", a.Mini.Token, false},
		{"the mini-program's AES key", a.Mini.EncodingAESKey, false},
		{"the APIv3 key", a.Merchant.APIv3Key, false},
		{"the merchant's private key", strings.Split(a.Merchant.PrivateKeyPEM, "\n")[5], false},
		{"the key of phone numbers", string(s.settings.PhoneKey), false},
		{"the key of phone numbers", hex.EncodeToString(s.settings.PhoneKey), false},
		{"the owner's password", s.logins.StaffPassword, false},
		{"the shop system's secret", s.logins.IngestSecret, false},
	}
	met := func(xs []exchange, fields map[string]string, stored bool) {
		for _, x := range xs {
			if x.status >= 400 {
				x.answer = nil // a refusal's code is none of those looked for
			}
			for _, body := range [][]byte{x.body, x.answer} {
				walk(body, func(name, value string) {
					what, marked := fields[name]
					if name == "token" && !strings.HasSuffix(x.target.Path, "/sessions") {
						return // a parcel's
					}
					if marked && len(value) >= 8 {
						list = append(list, secret{what, value, stored})
					}
				})
			}
		}
	}
	met(s.weixin.exchanges(), map[string]string{
		"session_key": "a session_key", "access_token": "an access token", "purePhoneNumber": "a phone number", "js_code": "a login code",
	}, false)
	met(s.weixin.exchanges(), map[string]string{"openid": "an openid", "unionid": "a unionid"}, true)
	for _, p := range s.taps {
		met(p.exchanges(), map[string]string{"token": "a session", "phone": "a phone number", "password": "a password"}, false)
		met(p.exchanges(), map[string]string{"code": "a code"}, true) // a coupon's or a gift's is stored
		for _, x := range p.exchanges() {
			if token, ok := strings.CutPrefix(x.header.Get("Authorization"), "Bearer "); ok && len(token) >= 8 {
				list = append(list, secret{"a session", token, false})
			}
		}
	}
	return list
}

// walk calls f with every text of a JSON body and the name of its field.
func walk(body []byte, f func(name, value string)) {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return
	}
	var each func(name string, v any)
	each = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, v := range v {
				each(name, v)
			}
		case []any:
			for _, v := range v {
				each(name, v)
			}
		case string:
			f(name, v)
		}
	}
	each("", v)
}

// checkSecrets looks for every marked value in the log, in what was answered to refused calls and, where it has no business there,
// in the database's file. It runs at the end of every test.
func (s *shop) checkSecrets(t *testing.T) {
	var refusals []byte
	for _, p := range append([]*tap{s.pushes}, s.taps...) {
		for _, x := range p.exchanges() {
			if x.status >= 400 {
				refusals = append(append(refusals, x.answer...), '\n')
			}
		}
	}
	var stored []byte
	if s.database.Driver == db.SQLite {
		for _, file := range []string{s.database.Path, s.database.Path + "-wal"} {
			text, err := os.ReadFile(file)
			if err != nil && !os.IsNotExist(err) {
				t.Error(err)
			}
			stored = append(stored, text...)
		}
	}
	log, told := s.logs.bytes(), map[string]bool{}
	for _, x := range s.secrets() {
		value := []byte(x.value)
		for where, text := range map[string][]byte{"the log": log, "a refusal": refusals, "the database": stored} {
			if x.stored && where == "the database" {
				continue
			}
			if at := bytes.Index(text, value); at >= 0 && !told[where+x.what] {
				told[where+x.what] = true
				t.Errorf("%s is in %s: %q", x.what, where, text[max(0, at-200):min(len(text), at+len(value)+60)])
			}
		}
	}
}

// T24, T34: no secret and nothing personal gets out by the log at its most talkative, nor by the body of a refusal, also when the
// database fails under every kind of request. checkSecrets is what fails.
func TestT24T34SecretsStayInside(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	seen := s.tap(t)
	s.tour(t, seen.url)
	s.settled(t)
	s.url = seen.url
	p, owner := s.shopper(t), s.owner(t)
	kinds := map[string]bool{}
	for _, x := range s.secrets() {
		kinds[x.what] = true
	}
	for _, what := range []string{"a session_key", "an access token", "a phone number", "a session", "a password", "an openid", "a code"} {
		if !kinds[what] {
			t.Errorf("the tour met no %s, so that nothing about it is proven", what)
		}
	}

	// Each kind of request, once its table is gone.
	var login struct {
		Code string `json:"js_code"`
	}
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/login", struct{}{}, &login)
	var phone struct {
		Code string `json:"code"`
	}
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/phone", struct{}{}, &phone)
	for _, tt := range []struct {
		table string
		call  call
	}{
		{"member_openids", call{method: "POST", path: "/api/v1/sessions", body: map[string]string{"code": login.Code}}},
		{"members", call{method: "POST", path: "/api/v1/me/phone", token: p.token, body: phone}},
		{"members", call{method: "GET", path: "/admin/v1/members?phone=" + p.phone, token: owner}},
		{"members", call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("BROKEN-1", p.phone, 100)}},
		{"staff", call{method: "POST", path: "/admin/v1/sessions", body: map[string]string{"name": s.logins.StaffName, "password": s.logins.StaffPassword}}},
		{"redemptions", call{method: "GET", path: "/api/v1/me/redemptions", token: p.token}},
	} {
		s.without(t, tt.table, func() {
			if a := s.do(t, tt.call); a.status < 500 || a.problem.Code == "" {
				t.Errorf("%s without %s answered %d %s, want a failure", tt.call.path, tt.table, a.status, a.body)
			}
		})
	}
	s.without(t, "callbacks", func() {
		var out struct{ Delivery delivery }
		s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/follow", struct{}{}, &out)
		if out.Delivery.last().Status != 500 {
			t.Errorf("a push without a place to keep it: %+v", out.Delivery)
		}
	})
}

// without runs f while a table is away.
func (s *shop) without(t *testing.T, table string, f func()) {
	t.Helper()
	rename := func(from, to string) {
		t.Helper()
		s.exec(t, "ALTER TABLE "+from+" RENAME TO "+to)
	}
	rename(table, table+"_away")
	defer rename(table+"_away", table)
	f()
}
