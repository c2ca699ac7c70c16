package whole

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"huitou/model/db"
	"huitou/service/staff"
)

// qrFigures are those of a code, as staff see them.
type qrFigures struct {
	Scans, Scanners, Follows, Lost, Returns int64
	MiniScans                               int64 `json:"mini_scans"`
	MiniScanners                            int64 `json:"mini_scanners"`
}

type madeQRCode struct {
	ID, Scene, URL string
	Figures        qrFigures
}

// A store hangs a code up, people scan it in the official account and in the mini-program, and staff see who came by it.
func TestCodesOfAStore(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner := s.owner(t)
	made := func(kind, name, ref string) (c madeQRCode) {
		t.Helper()
		s.must(t, call{method: "POST", path: "/admin/v1/qrcodes", token: owner, key: newKey(), body: map[string]any{
			"kind": kind, "name": name, "ref": ref, "ttl_seconds": 3600}}, &c)
		return c
	}
	figures := func(c madeQRCode) qrFigures {
		t.Helper()
		s.settled(t)
		s.must(t, call{method: "GET", path: "/admin/v1/qrcodes/" + c.ID, token: owner}, &c)
		return c.Figures
	}
	door, poster := made("store", "门口", "S-001"), made("campaign", "海报", "双十一")
	mei, lin := s.shopper(t), s.shopper(t)
	scan := func(p shopper, c madeQRCode) {
		t.Helper()
		s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/scan", map[string]string{"ticket": c.URL}, nil)
	}
	scan(mei, door)   // follows
	scan(mei, poster) // follows already
	scan(lin, door)
	s.settled(t)
	s.weixinDoes(t, "POST", "/_sim/users/"+lin.user+"/unfollow", struct{}{}, nil)
	if got, want := figures(door), (qrFigures{Scans: 2, Scanners: 2, Follows: 2, Lost: 1}); got != want {
		t.Errorf("the door's figures are %+v, want %+v", got, want)
	}
	s.clock.Advance(2 * time.Second) // WeChat tells whole seconds
	scan(lin, poster)                // comes back
	if got, want := figures(poster), (qrFigures{Scans: 2, Scanners: 2, Returns: 1}); got != want {
		t.Errorf("the poster's figures are %+v, want %+v", got, want)
	}
	if got, want := figures(door), (qrFigures{Scans: 2, Scanners: 2, Follows: 2}); got != want {
		t.Errorf("the door's figures are %+v, want %+v", got, want)
	}

	// The same scene as a picture of the mini-program: the person opens it, and the mini-program tells the scene that it was given.
	before := len(s.doors(t))
	for app, kind := range map[string]string{"account": "png", "mini": "jpeg"} {
		a := s.do(t, call{method: "GET", path: "/admin/v1/qrcodes/" + door.ID + "/picture?width=300&for=" + app, token: owner})
		_, format, err := image.DecodeConfig(bytes.NewReader(a.body))
		if a.status != http.StatusOK || a.header.Get("Content-Type") != "image/"+kind || format != kind || err != nil || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("picture for %s: %d %s, %q, %v", app, a.status, a.header.Get("Content-Type"), format, err)
		}
	}
	doors := s.doors(t)
	if len(doors) != before+1 || doors[0].Scene != door.Scene {
		t.Fatalf("ways into the mini-program: %+v", doors)
	}
	var opened struct{ Scene string }
	s.weixinDoes(t, "POST", "/_sim/users/"+mei.user+"/open", map[string]string{"url": doors[0].URL}, &opened)
	for range 2 {
		var told struct {
			Kind  string
			Order *struct{ Number string }
		}
		s.must(t, call{method: "POST", path: "/api/v1/scans", token: mei.token, body: map[string]string{"scene": opened.Scene}}, &told)
		if told.Kind != "store" || told.Order != nil {
			t.Errorf("the mini-program is told %+v", told)
		}
	}
	if got, want := figures(door), (qrFigures{Scans: 2, Scanners: 2, Follows: 2, MiniScans: 1, MiniScanners: 1}); got != want {
		t.Errorf("the door's figures are %+v, want %+v", got, want)
	}
	var st struct {
		Sum  qrFigures
		Days []struct{ Scans int64 }
	}
	s.must(t, call{method: "GET", path: "/admin/v1/qrcodes/" + door.ID + "/statistics", token: owner}, &st)
	if st.Sum != figures(door) || len(st.Days) != 30 || st.Days[29].Scans != 2 {
		t.Errorf("statistics %+v", st)
	}
	table := s.do(t, call{method: "GET", path: "/admin/v1/qrcodes/" + door.ID + "/statistics.csv", token: owner})
	if lines := strings.Split(strings.TrimSpace(string(table.body)), "\r\n"); len(lines) != 32 || lines[31] != "合计,2,2,2,0,0,1,1" {
		t.Errorf("table of %d lines: %s", len(lines), table.body)
	}

	// Stopped: it gives no picture and credits no follow, but it still counts who scans it.
	s.must(t, call{method: "POST", path: "/admin/v1/qrcodes/" + door.ID + "/stop", token: owner}, nil)
	if a := s.do(t, call{method: "GET", path: "/admin/v1/qrcodes/" + door.ID + "/picture", token: owner}); a.problem.Code != "qrcodes.stopped" {
		t.Errorf("a picture of a stopped code: %d %s", a.status, a.body)
	}
	s.clock.Advance(2 * time.Second)
	scan(s.shopper(t), door)
	if got, want := figures(door), (qrFigures{Scans: 3, Scanners: 3, Follows: 2, MiniScans: 1, MiniScanners: 1}); got != want {
		t.Errorf("the door's figures are %+v, want %+v", got, want)
	}
	s.audit(t)
}

// door is a way into the mini-program that the simulated WeChat knows.
type door struct{ URL, Scene string }

func (s *shop) doors(t *testing.T) []door {
	t.Helper()
	var out struct{ Doors []door }
	s.weixinDoes(t, "GET", "/_sim/doors", nil, &out)
	return out.Doors
}

// A parcel's scene in the mini-program shows an order to its own member, and to nobody else.
func TestT9ParcelInTheMiniProgram(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner := s.owner(t)
	mei, lin := s.shopper(t), s.shopper(t)
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("MINE-1", mei.phone, 100_00)}, nil)
	var parcel struct{ Scene string }
	s.must(t, call{method: "POST", path: "/admin/v1/parcel-codes", token: owner, body: map[string]any{"source": "shop", "number": "MINE-1"}}, &parcel)
	told := func(p shopper) string {
		t.Helper()
		a := s.must(t, call{method: "POST", path: "/api/v1/scans", token: p.token, body: map[string]string{"scene": parcel.Scene}}, nil)
		return strings.TrimSpace(string(a.body))
	}
	if got := told(lin); got != `{"kind":"parcel"}` {
		t.Errorf("somebody else is told %s", got)
	}
	s.settled(t)
	st := s.watch(t)
	if n := st.count("SELECT COUNT(*) FROM visits"); n != 0 {
		t.Errorf("somebody else's scan began %d visits", n)
	}
	if got := told(mei); got != `{"kind":"parcel","order":{"source":"shop","number":"MINE-1"}}` {
		t.Errorf("the receiver is told %s", got)
	}
	told(mei)
	s.settled(t)
	if n := st.count("SELECT COUNT(*) FROM visits WHERE ordinal = 1"); n != 1 {
		t.Errorf("the receiver's scans began %d first visits", n)
	}
	for scene, code := range map[string]string{"q_00000000000000000000": "qrcodes.unknown", "p_00000000000000000000": "parcels.no_card", "x": "qrcodes.unknown"} {
		if a := s.do(t, call{method: "POST", path: "/api/v1/scans", token: lin.token, body: map[string]string{"scene": scene}}); a.problem.Code != code || a.status != http.StatusNotFound {
			t.Errorf("scene %s: %d %s", scene, a.status, a.body)
		}
	}
	s.audit(t)
}

// A clerk has temporary codes of himself, and no more.
func TestT10ClerksMakeCodesOfThemselves(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	clerk := s.staffOf(t, staff.Clerk)
	var id int64
	if id = s.watch(t).count("SELECT MAX(id) FROM staff WHERE role = 'clerk'"); id == 0 {
		t.Fatal("there is no clerk")
	}
	ask := func(kind, ref string, permanent bool) answer {
		body := map[string]any{"kind": kind, "name": "小梅", "ref": ref}
		if permanent {
			body["permanent"] = true
		} else {
			body["ttl_seconds"] = 3600
		}
		return s.do(t, call{method: "POST", path: "/admin/v1/qrcodes", token: clerk, key: newKey(), body: body})
	}
	if a := ask("staff", fmt.Sprint(id), false); a.status != http.StatusCreated {
		t.Errorf("his own: %d %s", a.status, a.body)
	}
	for name, a := range map[string]answer{
		"somebody else's": ask("staff", fmt.Sprint(id-1), false), "a store's": ask("store", "S-001", false), "a campaign's": ask("campaign", "双十一", false),
		"a permanent one": ask("staff", fmt.Sprint(id), true),
	} {
		if a.status != http.StatusForbidden || a.problem.Code != "qrcodes.not_yours" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	s.audit(t)
}

// What WeChat does wrong while codes are made: a dead token is replaced, a quota and a silence are told, and the same request goes on
// afterwards.
func TestCodesWhileWeChatIsDown(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner := s.owner(t)
	spoil := func(app, endpoint, kind string) {
		t.Helper()
		s.weixinDoes(t, "POST", "/_sim/faults", map[string]any{"kind": kind, "app": app, "endpoint": endpoint, "times": 1}, nil)
	}
	for i, tt := range []struct {
		fault, code string
	}{{"token_revoked", ""}, {"quota", "qrcodes.quota"}, {"busy", "qrcodes.picture_unavailable"}, {"reset", "qrcodes.picture_unavailable"}, {"bad_gateway", "qrcodes.picture_unavailable"}} {
		in := call{method: "POST", path: "/admin/v1/qrcodes", token: owner, key: newKey(), body: map[string]any{
			"kind": "store", "name": tt.fault, "ref": "S-001", "permanent": true}}
		spoil("oa", "/cgi-bin/qrcode/create", tt.fault)
		if a := s.do(t, in); a.problem.Code != tt.code {
			t.Errorf("%s: %d %s, want %q", tt.fault, a.status, a.body, tt.code)
		}
		var c madeQRCode
		s.must(t, in, &c)
		if c.URL == "" {
			t.Errorf("%s: no picture afterwards: %+v", tt.fault, c)
		}
		spoil("mini", "/wxa/getwxacodeunlimit", tt.fault)
		picture := call{method: "GET", path: "/admin/v1/qrcodes/" + c.ID + "/picture?for=mini", token: owner}
		if a := s.do(t, picture); a.problem.Code != tt.code {
			t.Errorf("%s: %d %.80s, want %q", tt.fault, a.status, a.body, tt.code)
		}
		if a := s.do(t, picture); a.status != http.StatusOK {
			t.Errorf("%s: %d %.80s afterwards", tt.fault, a.status, a.body)
		}
		if n := s.watch(t).count("SELECT COUNT(*) FROM qr_codes"); n != int64(i+1) {
			t.Errorf("%s: %d codes, want %d", tt.fault, n, i+1)
		}
	}
	s.audit(t)
}
