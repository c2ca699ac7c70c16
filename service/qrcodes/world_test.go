package qrcodes_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/callbacks"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/merges"
	"huitou/service/qrcodes"
	"huitou/service/staff"
	"huitou/wechat"
)

const (
	oaApp   = "wxsim-oa-1"
	miniApp = "wxsim-mini-1"
	day     = 24 * time.Hour
)

// weChat makes pictures, or refuses to.
type weChat struct {
	mu    sync.Mutex
	err   error
	asked []string // scenes of the account's pictures
	minis []wechat.MiniCode
}

func (w *weChat) CreateQR(_ context.Context, scene string, ttl time.Duration) (wechat.QRCode, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, scene)
	if w.err != nil {
		return wechat.QRCode{}, w.err
	}
	ticket := fmt.Sprintf("gQ%d==", len(w.asked))
	return wechat.QRCode{Ticket: ticket, URL: "http://weixin.qq.com/q/" + ticket, ImageURL: "http://sim/showqrcode?ticket=" + ticket, ExpiresIn: ttl}, nil
}

func (w *weChat) MiniCode(_ context.Context, in wechat.MiniCode) (wechat.Image, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.minis = append(w.minis, in)
	if w.err != nil {
		return wechat.Image{}, w.err
	}
	return wechat.Image{Type: "image/jpeg", Bytes: []byte("\xff\xd8\xff" + in.Scene)}, nil
}

func (w *weChat) refuse(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

func (w *weChat) times() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

// reader reads the pushes that tests write.
type reader struct{}

func (reader) Read(body []byte) (p wechat.Push, err error) {
	err = json.Unmarshal(body, &p)
	p.Body, p.DedupeKey = body, callbacks.Key(oaApp, body)
	return p, err
}

func (reader) Reopen([]byte) (wechat.Push, error) { return wechat.Push{}, wechat.ErrDecrypt }

// world is a shop with a WeChat that a test plays.
type world struct {
	t       testing.TB
	d       *db.DB
	clock   *dbtest.Clock
	q       *jobs.Queue
	vault   *callbacks.Service
	members *members.Service
	merges  *merges.Service
	staff   *staff.Service
	s       *qrcodes.Service
	wechat  *weChat
}

func newWorld(t testing.TB, d *db.DB, clock *dbtest.Clock, w *weChat, permanent int64) *world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	v := &world{t: t, d: d, clock: clock, q: jobs.New(d, log), wechat: w}
	told := facts.New(v.q)
	v.members = members.New(members.Deps{DB: d, MiniAppID: miniApp, OAAppID: oaApp, PhoneKey: make([]byte, 32), Facts: told, Log: log})
	v.merges = merges.New(merges.Deps{DB: d, Members: v.members, Queue: v.q, Parts: v.members.MergeParts(), Log: log})
	v.staff = staff.New(staff.Deps{DB: d, Log: log})
	v.vault = callbacks.New(callbacks.Deps{DB: d, Jobs: v.q, Readers: map[string]callbacks.Reader{oaApp: reader{}}, Log: log})
	v.vault.Register()
	v.s = qrcodes.New(qrcodes.Deps{DB: d, OA: w, OAAppID: oaApp, Mini: w, Members: v.members, Staff: v.staff, Permanent: permanent, Log: log,
		Page: qrcodes.MiniPage{Path: "pages/store", Env: "trial", Unchecked: true}})
	v.s.Register(v.vault, told)
	v.vault.On(callbacks.OA, wechat.EventSubscribe, v.onFollow)
	v.vault.On(callbacks.OA, wechat.EventUnsubscribe, v.onUnfollow)
	return v
}

// each runs a test on both databases.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, newWorld(t, d, clock, &weChat{}, 0)) })
}

// onFollow and onUnfollow are what the shop does about follows.
func (w *world) onFollow(ctx context.Context, p wechat.Push, once callbacks.Once) error {
	return w.d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if fresh, err := once(ctx, tx); err != nil || !fresh {
			return err
		}
		_, err := w.members.FollowTx(ctx, tx, members.Follow{OpenID: p.OpenID, Scene: p.Scene, At: p.CreatedAt})
		return err
	})
}

func (w *world) onUnfollow(ctx context.Context, p wechat.Push, once callbacks.Once) error {
	return w.d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if fresh, err := once(ctx, tx); err != nil || !fresh {
			return err
		}
		return w.members.UnfollowTx(ctx, tx, p.OpenID, p.CreatedAt)
	})
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

var manager = qrcodes.By{Staff: 7, Manages: true}

// code makes a store's temporary code.
func (w *world) code(name string) qrcodes.Code {
	w.t.Helper()
	c, err := w.s.Make(context.Background(), qrcodes.NewCode{By: manager, Kind: model.QRStore, Name: name, Ref: "S-001", TTL: 30 * day})
	w.ok(err)
	return c
}

// push is what WeChat posts about somebody.
func (w *world) push(e wechat.Event, openID, scene string) []byte {
	w.t.Helper()
	b, err := json.Marshal(wechat.Push{Kind: wechat.KindEvent, Event: e, OpenID: openID, Scene: scene, CreatedAt: w.clock.Now()})
	w.ok(err)
	return b
}

// receive stores a callback as the hook does.
func (w *world) receive(body []byte) {
	w.t.Helper()
	p, err := reader{}.Read(body)
	if err == nil {
		_, _, err = w.vault.Receive(context.Background(), callbacks.Received{App: oaApp, Channel: callbacks.OA, DedupeKey: p.DedupeKey, Raw: body, Topic: callbacks.Topic(p)})
	}
	if err != nil {
		w.t.Errorf("receive: %v", err)
	}
}

// told is a push that the shop received, with everything that comes of it.
func (w *world) told(e wechat.Event, openID, scene string) {
	w.t.Helper()
	w.receive(w.push(e, openID, scene))
	w.run()
}

func (w *world) run() {
	w.t.Helper()
	_, err := w.q.RunDue(context.Background())
	w.ok(err)
}

// shopper is a member who has been in the mini-program.
func (w *world) shopper(openID string) (id model.MemberID) {
	w.t.Helper()
	w.ok(w.d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		id, _, err = w.members.EnsureTx(ctx, tx, members.Ref{AppID: miniApp, OpenID: openID})
		return err
	}))
	return id
}

// identity is the row of an openid.
func (w *world) identity(openID string) (row model.MemberOpenID) {
	w.t.Helper()
	w.ok(w.d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where("open_id = ?", openID).Take(&row).Error
	}))
	return row
}

// counts are the figures of a code.
func (w *world) counts(c qrcodes.Code) model.QRCounts {
	w.t.Helper()
	got, err := w.s.One(context.Background(), c.ID)
	w.ok(err)
	return got.QRCounts
}

func (w *world) want(c qrcodes.Code, want model.QRCounts) {
	w.t.Helper()
	if got := w.counts(c); got != want {
		w.t.Errorf("figures of %s: %+v, want %+v", c.Name, got, want)
	}
}

// sound checks what must never be untrue.
func (w *world) sound() {
	w.t.Helper()
	broken, err := audit.Run(context.Background(), w.d, qrcodes.Invariants())
	w.ok(err)
	for _, b := range broken {
		w.t.Errorf("%s: %s: %v", b.ID, b.Says, b.Violations)
	}
}

func isFault(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
