package sim

import (
	"bytes"
	"image/jpeg"
	"image/png"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	qr "github.com/skip2/go-qrcode"
)

// door is a way into the mini-program from outside: a code on paper, a link in a text
// message.
type door struct {
	Kind      string    `json:"kind"` // wxacode, urllink or scheme
	URL       string    `json:"url"`  // what the image encodes, or the link itself
	Page      string    `json:"page"`
	Scene     string    `json:"scene,omitempty"` // of a wxacode
	Query     string    `json:"query,omitempty"` // of a link
	Env       string    `json:"env"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // of a link
	Opened    int       `json:"opened"`
}

const (
	doorsKept     = 20_000 // older ones are forgotten
	wxacodeMinute = 5000   // codes a minute
	linkLongest   = 30     // days
)

// wxacodeScene are the characters that a scene may hold; % is none of them.
var wxacodeScene = regexp.MustCompile(`^[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}$`)

var (
	envs      = []string{"", "release", "trial", "develop"}
	linkQuery = regexp.MustCompile(`^[0-9A-Za-z!#$&'()*+,/:;=?@\-._~%]*$`)
)

// badPage tells a path in a mini-program that the platform refuses. query says whether
// one may follow it.
func badPage(path string, query bool) bool {
	return strings.HasPrefix(path, "/") || len(path) > 1024 || strings.ContainsAny(path, " \n#") || !query && strings.Contains(path, "?")
}

// unlimitedCode is POST /wxa/getwxacodeunlimit. The picture is a QR code here, not a
// round one, so that any camera reads it.
func (s *Sim) unlimitedCode(c *call) answer {
	in := struct {
		Scene   string `json:"scene"`
		Page    string `json:"page"`
		Env     string `json:"env_version"`
		Width   int    `json:"width"`
		Hyaline bool   `json:"is_hyaline"`
	}{Width: 430}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	now := s.now()
	switch {
	case !wxacodeScene.MatchString(in.Scene):
		return s.errcode(40169)
	case badPage(in.Page, false):
		return s.errcode(41030)
	case !slices.Contains(envs, in.Env) || in.Width < 280 || in.Width > 1280:
		return s.errcode(40097)
	case !s.wxacodes.take(now, time.Minute, wxacodeMinute):
		return s.errcode(45009)
	}
	d := s.addDoor(&door{Kind: "wxacode", URL: "https://mp.weixin.qq.com/a/~" + s.ids.word(22), Page: in.Page, Scene: in.Scene, Env: envOf(in.Env)})
	out := answer{status: http.StatusOK, header: http.Header{"Content-Type": {"image/jpeg"}}}
	if in.Hyaline {
		out.header.Set("Content-Type", "image/png")
	}
	out.draw = func() ([]byte, error) { return picture(d.URL, in.Width, in.Hyaline) }
	return out
}

// picture draws a QR code as JPEG, or as PNG.
func picture(content string, width int, asPNG bool) ([]byte, error) {
	code, err := qr.New(content, qr.Medium)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if asPNG {
		err = png.Encode(&b, code.Image(width))
	} else {
		err = jpeg.Encode(&b, code.Image(width), &jpeg.Options{Quality: 60})
	}
	return b.Bytes(), err
}

// pace counts calls in a fixed stretch of time.
type pace struct {
	since time.Time
	n     int
}

func (p *pace) take(now time.Time, stretch time.Duration, most int) bool {
	if start := now.Truncate(stretch); !start.Equal(p.since) {
		p.since, p.n = start, 0
	}
	if p.n >= most {
		return false
	}
	p.n++
	return true
}

func envOf(env string) string {
	if env == "" {
		return "release"
	}
	return env
}

func (s *Sim) addDoor(d *door) *door {
	d.CreatedAt = s.now()
	s.doors = append(s.doors, d)
	s.doorByURL[d.URL] = d
	if extra := len(s.doors) - doorsKept; extra > 0 {
		for _, old := range s.doors[:extra] {
			delete(s.doorByURL, old.URL)
		}
		s.doors = slices.Delete(s.doors, 0, extra)
	}
	return d
}

// linkTarget is what a link opens and how long it does.
type linkTarget struct {
	Path  string `json:"path"`
	Query string `json:"query"`
	Env   string `json:"env_version"`
}

type linkLife struct {
	ExpireType     int   `json:"expire_type"` // 0: at expire_time; 1: after expire_interval days
	ExpireTime     int64 `json:"expire_time"` // unix seconds
	ExpireInterval int   `json:"expire_interval"`
}

// end is when a link stops; ok is false for one that lasts longer than allowed, or
// has ended already.
func (l linkLife) end(now time.Time) (at time.Time, ok bool) {
	latest := now.AddDate(0, 0, linkLongest)
	switch {
	case l.ExpireType == 1:
		return now.AddDate(0, 0, l.ExpireInterval), l.ExpireInterval >= 1 && l.ExpireInterval <= linkLongest
	case l.ExpireType != 0:
		return at, false
	case l.ExpireTime == 0:
		return latest, true
	}
	at = time.Unix(l.ExpireTime, 0).UTC()
	return at, at.After(now) && !at.After(latest)
}

func (s *Sim) addLink(kind, url string, to linkTarget, life linkLife) (*door, int) {
	ends, inTime := life.end(s.now())
	switch {
	case badPage(to.Path, false):
		return nil, 40165
	case len(to.Query) > 1024 || !linkQuery.MatchString(to.Query):
		return nil, 40212
	case !inTime:
		return nil, 85401
	case !slices.Contains(envs, to.Env):
		return nil, 85402
	}
	return s.addDoor(&door{Kind: kind, URL: url, Page: to.Path, Query: to.Query, Env: envOf(to.Env), ExpiresAt: ends}), 0
}

// generateURLLink is POST /wxa/generate_urllink.
func (s *Sim) generateURLLink(c *call) answer {
	var in struct {
		linkTarget
		linkLife
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	d, code := s.addLink("urllink", "https://wxaurl.cn/"+s.ids.word(11), in.linkTarget, in.linkLife)
	if code != 0 {
		return s.errcode(code)
	}
	return ok(struct {
		errcodeBody
		URLLink string `json:"url_link"`
	}{okBody, d.URL})
}

// generateScheme is POST /wxa/generatescheme.
func (s *Sim) generateScheme(c *call) answer {
	var in struct {
		JumpWxa linkTarget `json:"jump_wxa"`
		linkLife
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	d, code := s.addLink("scheme", "weixin://dl/business/?t="+s.ids.word(11), in.JumpWxa, in.linkLife)
	if code != 0 {
		return s.errcode(code)
	}
	return ok(struct {
		errcodeBody
		OpenLink string `json:"openlink"`
	}{okBody, d.URL})
}

// contentMost is the longest content that is checked, in characters; activeFor how
// recently its writer must have been in the mini-program.
const (
	contentMost = 2500
	activeFor   = 2 * time.Hour
)

// badWords decide the content check: what the platform would say of each.
var badWords = []struct {
	word    string
	suggest string // risky or review
	label   int
}{
	{"赌博", "risky", 20006}, {"博彩", "risky", 20006}, {"代开发票", "risky", 20006}, {"色情", "risky", 20002},
	{"刷单", "risky", 20008}, {"傻逼", "risky", 20003}, {"加微信", "review", 10001}, {"兼职", "review", 10001},
}

// checkContent is POST /wxa/msg_sec_check, version 2.
func (s *Sim) checkContent(c *call) answer {
	var in struct {
		Version int    `json:"version"`
		Scene   int    `json:"scene"`
		OpenID  string `json:"openid"`
		Content string `json:"content"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	u := s.byOpenID(kindMini, in.OpenID)
	switch {
	case in.Version != 2 || in.Scene < 1 || in.Scene > 4:
		return s.errcode(40097)
	case in.Content == "":
		return s.errcode(44004)
	case utf8.RuneCountInString(in.Content) > contentMost:
		return s.errcode(45002)
	case u == nil:
		return s.errcode(40003)
	case u.inApp.IsZero() || s.now().Sub(u.inApp) > activeFor:
		return s.errcode(61010)
	}
	type result struct {
		Suggest string `json:"suggest"`
		Label   int    `json:"label"`
	}
	type detail struct {
		Strategy string `json:"strategy"`
		Errcode  int    `json:"errcode"`
		result
		Keyword string `json:"keyword,omitempty"`
		Prob    int    `json:"prob,omitempty"`
	}
	verdict := result{"pass", 100}
	found := []detail{}
	for _, bad := range badWords {
		if !strings.Contains(in.Content, bad.word) {
			continue
		}
		found = append(found, detail{Strategy: "keyword", result: result{bad.suggest, bad.label}, Keyword: bad.word})
		if verdict.Suggest == "pass" || bad.suggest == "risky" && verdict.Suggest == "review" {
			verdict = result{bad.suggest, bad.label}
		}
	}
	found = append(found, detail{Strategy: "content_model", result: verdict, Prob: 90})
	return ok(struct {
		errcodeBody
		TraceID string   `json:"trace_id"`
		Result  result   `json:"result"`
		Detail  []detail `json:"detail"`
	}{okBody, s.ids.rid(s.now()), verdict, found})
}
