package replies_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/kv"
	"huitou/service/audit"
	"huitou/service/callbacks"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/orders"
	"huitou/service/points"
	"huitou/service/qrcodes"
	"huitou/service/replies"
	"huitou/wechat"
)

const (
	oaApp   = "wxsim-oa-1"
	miniApp = "wxsim-mini-1"
)

// scenes knows what codes are of. It can be slow, or fail.
type scenes struct {
	mu      sync.Mutex
	sources map[string]qrcodes.Source
	err     error
	hangs   bool
}

func (c *scenes) Source(ctx context.Context, scene string) (qrcodes.Source, bool, error) {
	c.mu.Lock()
	src, ok := c.sources[scene]
	err, hangs := c.err, c.hangs
	c.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return qrcodes.Source{}, false, ctx.Err()
	}
	return src, ok && err == nil, err
}

func (c *scenes) One(_ context.Context, id model.PublicID) (qrcodes.Code, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, src := range c.sources {
		if src.PublicID == id {
			return qrcodes.Code{ID: id}, nil
		}
	}
	return qrcodes.Code{}, qrcodes.ErrUnknown
}

func (c *scenes) IsParcel(_ context.Context, scene string) (bool, error) {
	return scene == "p_1", nil
}

// account is the official account's menu.
type account struct {
	mu   sync.Mutex
	menu []wechat.MenuButton
	err  error
}

func (a *account) Menu(context.Context) ([]wechat.MenuButton, bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.menu, a.menu != nil, a.err
}

func (a *account) CreateMenu(_ context.Context, menu []wechat.MenuButton) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err == nil {
		a.menu = menu
	}
	return a.err
}

// switchable is a kv that can be away.
type switchable struct {
	kv.Store
	away bool
}

func (s *switchable) SetNX(ctx context.Context, key, value string, ttl time.Duration) (bool, error) {
	if s.away {
		return false, kv.ErrUnavailable
	}
	return s.Store.SetNX(ctx, key, value, ttl)
}

func (s *switchable) Incr(ctx context.Context, key string, ttl time.Duration) (int64, error) {
	if s.away {
		return 0, kv.ErrUnavailable
	}
	return s.Store.Incr(ctx, key, ttl)
}

type jsonReader struct{}

func (jsonReader) Read(body []byte) (p wechat.Push, err error) {
	err = json.Unmarshal(body, &p)
	p.Body, p.DedupeKey = body, callbacks.Key(oaApp, body)
	return p, err
}

func (jsonReader) Reopen([]byte) (wechat.Push, error) { return wechat.Push{}, wechat.ErrDecrypt }

type world struct {
	t       *testing.T
	d       *db.DB
	clock   *dbtest.Clock
	q       *jobs.Queue
	vault   *callbacks.Service
	members *members.Service
	points  *points.Service
	kv      *switchable
	scenes  *scenes
	account *account
	deps    replies.Deps
	s       *replies.Service
	n       int
}

var wanted = []wechat.MenuButton{
	{Name: "我的", Buttons: []wechat.MenuButton{{Type: wechat.MenuClick, Name: "积分", Key: "points"}}},
	{Type: wechat.MenuClick, Name: "联系客服", Key: "service"},
}

func newWorld(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	log := slog.New(slog.DiscardHandler)
	w := &world{t: t, d: d, clock: clock, q: jobs.New(d, log), kv: &switchable{Store: kv.NewMemory(kv.MemoryOptions{Now: clock.Now})},
		scenes: &scenes{sources: map[string]qrcodes.Source{}}, account: &account{}}
	w.members = members.New(members.Deps{DB: d, MiniAppID: miniApp, OAAppID: oaApp, PhoneKey: make([]byte, 32), Facts: facts.New(w.q), Log: log})
	w.points = points.New(points.Deps{DB: d, Log: log})
	w.vault = callbacks.New(callbacks.Deps{DB: d, Jobs: w.q, Readers: map[string]callbacks.Reader{oaApp: jsonReader{}}, Log: log})
	w.vault.Register()
	shop := orders.New(orders.Deps{DB: d, Members: w.members, Points: w.points, Coupons: coupons.New(coupons.Deps{DB: d, Members: w.members, Log: log}), Facts: facts.New(w.q), Log: log})
	w.deps = replies.Deps{
		DB: d, KV: w.kv, Members: w.members, Orders: shop, Points: w.points, Codes: w.scenes, Parcels: w.scenes, Account: w.account, Queue: w.q,
		OAAppID: oaApp, MiniAppID: miniApp, Shop: "茶铺", PublicURL: "https://shop.example", WantedMenu: wanted,
	}
	w.s = replies.New(w.deps)
	w.s.Register(w.vault)
	return w
}

func (w *world) do(fn func(ctx context.Context, tx *db.Tx) error) {
	w.t.Helper()
	if err := w.d.Do(context.Background(), fn); err != nil {
		w.t.Fatal(err)
	}
}

// exec runs a statement.
func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	w.do(func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Exec(statement, args...).Error })
}

// push is something that a person does now; each one differs from all others.
func (w *world) push(openID string, change func(p *wechat.Push)) wechat.Push {
	w.n++
	p := wechat.Push{AppID: oaApp, OpenID: openID, Kind: wechat.KindEvent, CreatedAt: w.clock.Now(), DedupeKey: fmt.Sprintf("%064d", w.n), MsgID: fmt.Sprint(w.n)}
	change(&p)
	return p
}

func (w *world) follows(openID, scene string) wechat.Push {
	return w.push(openID, func(p *wechat.Push) { p.Event, p.Scene = wechat.EventSubscribe, scene })
}

func (w *world) scans(openID, scene string) wechat.Push {
	return w.push(openID, func(p *wechat.Push) { p.Event, p.Scene = wechat.EventScan, scene })
}

func (w *world) writes(openID, text string) wechat.Push {
	return w.push(openID, func(p *wechat.Push) { p.Kind, p.Content = wechat.KindText, text })
}

func (w *world) taps(openID, key string) wechat.Push {
	return w.push(openID, func(p *wechat.Push) { p.Event, p.EventKey = wechat.EventClick, key })
}

// says is what is answered to a push; "" is nothing.
func (w *world) says(p wechat.Push) string {
	w.t.Helper()
	r, err := w.s.Reply(context.Background(), p)
	if err != nil {
		w.t.Fatalf("Reply(%s %s %q): %v", p.Kind, p.Event, p.Content, err)
	}
	if r.Kind != wechat.ReplyNone && r.Kind != wechat.ReplyText {
		return "<" + string(r.Kind) + ">"
	}
	return r.Content
}

func (w *world) want(p wechat.Push, want string) {
	w.t.Helper()
	if got := w.says(p); got != want {
		w.t.Errorf("%s %s %q%q is answered %q, want %q", p.Kind, p.Event, p.Content, p.Scene, got, want)
	}
}

func said(text string) replies.Answer { return replies.Answer{Kind: replies.AnswerText, Text: text} }

// rule makes an active reply.
func (w *world) rule(o model.ReplyOccasion, t replies.Terms) replies.Rule {
	w.t.Helper()
	r, err := w.s.Create(context.Background(), replies.NewRule{Staff: 7, Name: "回复", Occasion: o, Active: true, Terms: t})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func keyword(answer string, words ...string) replies.Terms {
	return replies.Terms{Keywords: words, Match: model.MatchExact, Answer: said(answer)}
}

// order gives a follower an order.
func (w *world) order(openID, number string) model.MemberID {
	w.t.Helper()
	o := model.Order{Source: "shop", Number: number, Kind: model.OrderGoods, State: model.OrderPaid, Origin: model.OriginIngest, PaidAt: w.clock.Now(),
		GoodsFen: 12800, PaidFen: 12800, ContentHash: "x", RecordedAt: w.clock.Now()}
	w.do(func(ctx context.Context, tx *db.Tx) (err error) {
		if o.MemberID, err = w.members.FollowTx(ctx, tx, members.Follow{OpenID: openID, At: w.clock.Now()}); err != nil {
			return err
		}
		if err := tx.Gorm().Create(&o).Error; err != nil {
			return err
		}
		for i, name := range []string{"明前龙井", "紫砂壶"} {
			line := model.OrderLine{OrderID: o.ID, Line: int64(i + 1), SKU: fmt.Sprint(i), Name: name, Category: "茶", Quantity: 1, PriceFen: 6400}
			if err := tx.Gorm().Create(&line).Error; err != nil {
				return err
			}
		}
		return nil
	})
	return o.MemberID
}

// sound checks every invariant of replies and of the trail.
func (w *world) sound() {
	w.t.Helper()
	broken, err := audit.Run(context.Background(), w.d, slices.Concat(audit.Invariants(), replies.Invariants()))
	if err != nil || len(broken) > 0 {
		w.t.Errorf("invariants: %+v, %v", broken, err)
	}
}

func (w *world) count(table string) (n int64) {
	w.t.Helper()
	w.do(func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Table(table).Count(&n).Error })
	return n
}

var errAway = errors.New("away")
