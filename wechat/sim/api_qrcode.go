package sim

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	qr "github.com/skip2/go-qrcode"
)

// qrcode is a scene QR of the official account.
type qrcode struct {
	Ticket    string    `json:"ticket"`
	URL       string    `json:"url"` // what the image encodes
	Scene     string    `json:"scene"`
	IsText    bool      `json:"is_text"` // scene_str rather than scene_id
	Permanent bool      `json:"permanent"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	Scans     int       `json:"scans"`
}

const (
	qrLongest     = 30 * 24 * 60 * 60 // seconds
	qrDefault     = 60                // seconds; older documents say 30
	qrPermanentID = 100_000           // largest id, and how many permanent ones there may be
	qrcodesKept   = 5000              // temporary ones; older are forgotten
)

// createQRCode is POST /cgi-bin/qrcode/create. Without action_info.scene the code is
// made with scene 0, as the platform does: the mistake shows when it is scanned.
func (s *Sim) createQRCode(c *call) answer {
	var in struct {
		ExpireSeconds *int64 `json:"expire_seconds"`
		ActionName    string `json:"action_name"`
		ActionInfo    struct {
			Scene *struct {
				SceneID  *int64  `json:"scene_id"`
				SceneStr *string `json:"scene_str"`
			} `json:"scene"`
		} `json:"action_info"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	q := &qrcode{Scene: "0", CreatedAt: s.now()}
	limit := int64(1<<32 - 1)
	switch in.ActionName {
	case "QR_SCENE":
	case "QR_STR_SCENE":
		q.IsText = true
	case "QR_LIMIT_SCENE":
		q.Permanent, limit = true, qrPermanentID
	case "QR_LIMIT_STR_SCENE":
		q.Permanent, q.IsText = true, true
	default:
		return s.errcode(40035, "invalid parameter: action_name")
	}
	if scene := in.ActionInfo.Scene; scene != nil {
		switch {
		case q.IsText && (scene.SceneStr == nil || *scene.SceneStr == "" || utf8.RuneCountInString(*scene.SceneStr) > 64):
			return s.errcode(40035, "invalid parameter: scene_str")
		case q.IsText:
			q.Scene = *scene.SceneStr
		case scene.SceneID == nil || *scene.SceneID < 1 || *scene.SceneID > limit:
			return s.errcode(40035, "invalid parameter: scene_id")
		default:
			q.Scene = strconv.FormatInt(*scene.SceneID, 10)
		}
	}
	expire := int64(qrDefault)
	if in.ExpireSeconds != nil {
		expire = *in.ExpireSeconds
	}
	switch {
	case q.Permanent && s.permanent >= qrPermanentID:
		return s.errcode(45009)
	case q.Permanent:
		s.permanent++
		expire = 0
	case expire < 1 || expire > qrLongest:
		return s.errcode(40035, "invalid parameter: expire_seconds")
	default:
		q.ExpiresAt = q.CreatedAt.Add(time.Duration(expire) * time.Second)
	}
	q.Ticket, q.URL = s.ids.ticket(), "http://weixin.qq.com/q/"+s.ids.word(22)
	s.keepQRCode(q)
	// No errcode and no errmsg here: clients take any errmsg for a failure.
	return ok(struct {
		Ticket        string `json:"ticket"`
		ExpireSeconds int64  `json:"expire_seconds,omitempty"`
		URL           string `json:"url"`
	}{q.Ticket, expire, q.URL})
}

func (s *Sim) keepQRCode(q *qrcode) {
	s.qrcodes = append(s.qrcodes, q)
	s.qrByKey[q.Ticket], s.qrByKey[q.URL] = q, q
	if len(s.qrcodes)-s.permanent <= qrcodesKept {
		return
	}
	for i, old := range s.qrcodes {
		if !old.Permanent {
			delete(s.qrByKey, old.Ticket)
			delete(s.qrByKey, old.URL)
			s.qrcodes = append(s.qrcodes[:i], s.qrcodes[i+1:]...)
			return
		}
	}
}

// seenQRCode finds what a person means by a QR: its ticket, the address it encodes, the
// link of its picture or its scene; of several with one scene the newest.
func (s *Sim) seenQRCode(key string) *qrcode {
	q := s.qrByKey[key]
	if u, err := url.Parse(key); q == nil && err == nil && u.Query().Has("ticket") {
		q = s.qrByKey[u.Query().Get("ticket")]
	}
	for i := len(s.qrcodes) - 1; i >= 0 && q == nil; i-- {
		if s.qrcodes[i].Scene == key {
			q = s.qrcodes[i]
		}
	}
	if q == nil {
		return nil
	}
	return s.liveQRCode(q.Ticket)
}

// liveQRCode finds an unexpired QR by ticket or by the address it encodes.
func (s *Sim) liveQRCode(key string) *qrcode {
	q := s.qrByKey[key]
	if q == nil || (!q.Permanent && !s.now().Before(q.ExpiresAt)) {
		return nil
	}
	return q
}

// showQRCode is GET mp.weixin.qq.com/cgi-bin/showqrcode?ticket=: a PNG anyone may
// fetch, 404 once the code has expired.
func (s *Sim) showQRCode(c *call) answer {
	if c.endpoint != "/cgi-bin/showqrcode" || c.r.Method != http.MethodGet {
		return answer{status: http.StatusNotFound}
	}
	s.mu.Lock()
	q := s.liveQRCode(c.query.Get("ticket"))
	s.mu.Unlock()
	if q == nil {
		return answer{status: http.StatusNotFound}
	}
	return s.withFaults(c, kindOA, func(f *Fault) answer { return answer{status: http.StatusBadGateway} }, func() answer {
		png, err := qr.Encode(q.URL, qr.Medium, 430)
		if err != nil {
			return answer{status: http.StatusInternalServerError}
		}
		return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"image/png"}}, body: png}
	})
}
