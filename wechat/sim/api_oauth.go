package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// The scopes of 网页授权. The base scope tells the openid and nothing else.
const (
	scopeBase     = "snsapi_base"
	scopeUserInfo = "snsapi_userinfo"
)

// How long the tokens of a web page live.
const (
	webTokenLife   = 2 * time.Hour
	webRefreshLife = 30 * 24 * time.Hour
)

// webToken is a token of 网页授权: of one customer, not of the account.
type webToken struct {
	user    *customer
	scope   string
	refresh bool
	expires time.Time
}

// authorizeAddress is where a page sends the customer.
const authorizeAddress = "/connect/oauth2/authorize"

// ctlAuthorize is the customer who opens a page's authorize address and agrees. WeChat sends him back with a code, to the host that the
// account has set up only: here that of push_base.
func (s *Sim) ctlAuthorize(r *http.Request) (any, error) {
	var in struct {
		URL string `json:"url"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.named(r)
	if err != nil {
		return nil, err
	}
	back, scope, err := s.askedToAuthorize(in.URL)
	if err != nil {
		return nil, err
	}
	code := s.issueCode("web "+scope, u, "")
	q := back.Query()
	q.Set("code", code)
	back.RawQuery = q.Encode()
	return map[string]any{"code": code, "location": back.String(), "scope": scope}, nil
}

// askedToAuthorize reads an authorize address; the answer is where to go back, with the page's state.
func (s *Sim) askedToAuthorize(address string) (back *url.URL, scope string, err error) {
	at, err := url.Parse(address)
	if err != nil || at.Path != authorizeAddress {
		return nil, "", &refusal{http.StatusBadRequest, "oauth_url", "url 不是 https://open.weixin.qq.com" + authorizeAddress + "?…"}
	}
	q := at.Query()
	scope = q.Get("scope")
	home, err1 := url.Parse(s.settings.PushBase)
	back, err2 := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("appid") != s.acc.OA.AppID:
		return nil, "", &refusal{http.StatusBadRequest, "oauth_appid", "appid 不是公众号的"}
	case q.Get("response_type") != "code":
		return nil, "", &refusal{http.StatusBadRequest, "oauth_response_type", "response_type 须为 code"}
	case scope != scopeBase && scope != scopeUserInfo:
		return nil, "", &refusal{http.StatusBadRequest, "10005", "scope 须为 snsapi_base 或 snsapi_userinfo"}
	case errors.Join(err1, err2) != nil || back.Host == "" || back.Host != home.Host:
		return nil, "", &refusal{http.StatusBadRequest, "10003", "redirect_uri 域名与后台配置不一致，错误码:10003"}
	}
	values := back.Query()
	values.Set("state", q.Get("state"))
	back.RawQuery = values.Encode()
	return back, scope, nil
}

// webAccess is GET /sns/oauth2/access_token: the code of a page for its tokens.
func (s *Sim) webAccess(c *call) answer {
	a, fail := s.credentials(c.query.Get("appid"), c.query.Get("secret"))
	switch {
	case fail != 0:
		return s.errcode(fail)
	case a.kind != kindOA:
		return s.errcode(40013)
	case c.query.Get("grant_type") != "authorization_code":
		return s.errcode(40002)
	case c.query.Get("code") == "":
		return s.errcode(41008)
	}
	for _, scope := range []string{scopeBase, scopeUserInfo} {
		code, fail := s.redeem("web "+scope, c.query.Get("code"))
		if fail == 40029 {
			continue // perhaps one of the other scope
		}
		if fail != 0 {
			return s.errcode(fail)
		}
		code.used = true
		return s.webTokens(code.user, scope, "")
	}
	return s.errcode(40029)
}

// webRefresh is GET /sns/oauth2/refresh_token.
func (s *Sim) webRefresh(c *call) answer {
	a, t := s.appByID(c.query.Get("appid")), s.web[c.query.Get("refresh_token")]
	switch {
	case a == nil || a.kind != kindOA:
		return s.errcode(40013)
	case c.query.Get("grant_type") != "refresh_token":
		return s.errcode(40002)
	case t == nil || !t.refresh:
		return s.errcode(40030)
	case !s.now().Before(t.expires):
		return s.errcode(42002)
	}
	return s.webTokens(t.user, t.scope, c.query.Get("refresh_token"))
}

// webTokens answers a fresh access token; without a refresh token a new one too. The unionid comes with the wider scope only.
func (s *Sim) webTokens(u *customer, scope, refresh string) answer {
	now := s.now()
	if len(s.web) > pruneAbove {
		maps.DeleteFunc(s.web, func(_ string, t *webToken) bool { return now.Sub(t.expires) > time.Hour })
	}
	issue := func(life time.Duration, refresh bool) string {
		token := s.ids.word(107)
		s.web[token] = &webToken{u, scope, refresh, now.Add(life)}
		return token
	}
	if refresh == "" {
		refresh = issue(webRefreshLife, true)
	}
	out := struct {
		AccessToken  string `json:"access_token"`
		ExpiresIn    int64  `json:"expires_in"`
		RefreshToken string `json:"refresh_token"`
		OpenID       string `json:"openid"`
		Scope        string `json:"scope"`
		UnionID      string `json:"unionid,omitempty"`
	}{issue(webTokenLife, false), int64(webTokenLife / time.Second), refresh, u.openID[kindOA], scope, ""}
	if scope == scopeUserInfo {
		out.UnionID = u.UnionID
	}
	return ok(out)
}

// webCaller is whose page calls, by its token and openid.
func (s *Sim) webCaller(c *call) (*webToken, int) {
	t := s.web[c.query.Get("access_token")]
	switch {
	case c.query.Get("access_token") == "":
		return nil, 41001
	case t == nil || t.refresh:
		return nil, 40001
	case !s.now().Before(t.expires):
		return nil, 42001
	case c.query.Get("openid") != t.user.openID[kindOA]:
		return nil, 40003
	}
	return t, 0
}

// webAuth is GET /sns/auth: whether a page's token is still good.
func (s *Sim) webAuth(c *call) answer {
	if _, fail := s.webCaller(c); fail != 0 {
		return s.errcode(fail)
	}
	return ok(okBody)
}

// webUserInfo is GET /sns/userinfo.
func (s *Sim) webUserInfo(c *call) answer {
	t, fail := s.webCaller(c)
	if fail == 0 && t.scope != scopeUserInfo {
		fail = 48001
	}
	if fail != 0 {
		return s.errcode(fail)
	}
	return ok(map[string]any{
		"openid": t.user.openID[kindOA], "nickname": t.user.Nickname, "sex": 0, "province": "", "city": "", "country": "", "headimgurl": "",
		"privilege": []string{}, "unionid": t.user.UnionID,
	})
}

// checkSession is GET /wxa/checksession: the signature proves that the caller knows the customer's newest session key.
func (s *Sim) checkSession(c *call) answer {
	u := s.people[c.query.Get("openid")]
	switch {
	case u == nil || u.openID[kindMini] != c.query.Get("openid"):
		return s.errcode(40003)
	case c.query.Get("sig_method") != "hmac_sha256":
		return s.errcode(40097)
	}
	mac := hmac.New(sha256.New, []byte(u.sessionKey))
	if u.sessionKey == "" || !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(c.query.Get("signature"))) {
		return s.errcode(87009)
	}
	return ok(okBody)
}
