package aftersale_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/aftersale"
	"huitou/service/audit"
	"huitou/service/callbacks"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/messages"
	"huitou/service/orders"
	"huitou/service/points"
	"huitou/service/qrcodes"
	"huitou/service/staff"
	"huitou/service/surveys"
	"huitou/service/tasks"
	"huitou/wechat"
)

const (
	oaApp   = "wxsim-oa-1"
	miniApp = "wxsim-mini-1"
)

// account is an official account: it makes QR codes, knows unionids and takes messages.
type account struct {
	mu       sync.Mutex
	unionIDs map[string]string // by openid
	infoErr  error
	qrErr    error
	qrs      []string // scenes
	sent     []wechat.TemplateMessage
}

func (a *account) CreateQR(_ context.Context, scene string, ttl time.Duration) (wechat.QRCode, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.qrErr != nil {
		return wechat.QRCode{}, a.qrErr
	}
	a.qrs = append(a.qrs, scene)
	ticket := fmt.Sprintf("gQ%d==", len(a.qrs))
	return wechat.QRCode{Ticket: ticket, URL: "http://weixin.qq.com/q/" + ticket, ImageURL: "http://sim/showqrcode?ticket=" + ticket, ExpiresIn: ttl}, nil
}

func (a *account) UserInfo(_ context.Context, openID string) (wechat.Follower, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return wechat.Follower{OpenID: openID, UnionID: a.unionIDs[openID], Following: true}, a.infoErr
}

func (a *account) SendTemplate(_ context.Context, m wechat.TemplateMessage) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent = append(a.sent, m)
	return fmt.Sprintf("90000000%04d", len(a.sent)), nil
}

type jsonReader struct{}

func (jsonReader) Read(body []byte) (p wechat.Push, err error) {
	err = json.Unmarshal(body, &p)
	p.Body, p.DedupeKey = body, callbacks.Key(oaApp, body)
	return p, err
}

func (jsonReader) Reopen([]byte) (wechat.Push, error) { return wechat.Push{}, wechat.ErrDecrypt }

type world struct {
	t       testing.TB
	d       *db.DB
	clock   *dbtest.Clock
	q       *jobs.Queue
	vault   *callbacks.Service
	facts   *facts.Log
	members *members.Service
	points  *points.Service
	coupons *coupons.Service
	tasks   *tasks.Service
	surveys *surveys.Service
	orders  *orders.Service
	outbox  *messages.Service
	s       *aftersale.Service
	wechat  *account
	mini    *program

	visited map[model.OrderID][]model.Visit // see look
	tokens  map[string]string
}

func newWorld(t testing.TB, d *db.DB, clock *dbtest.Clock) *world {
	log := slog.New(slog.DiscardHandler)
	w := &world{t: t, d: d, clock: clock, q: jobs.New(d, log), wechat: &account{unionIDs: map[string]string{}}, mini: &program{left: 1 << 20}}
	w.facts = facts.New(w.q)
	w.members = members.New(members.Deps{
		DB: d, MiniAppID: miniApp, OAAppID: oaApp, PhoneKey: make([]byte, 32), Facts: w.facts, Log: log,
	})
	w.points = points.New(points.Deps{DB: d, Log: log})
	w.coupons = coupons.New(coupons.Deps{DB: d, Members: w.members, Log: log})
	w.tasks = tasks.New(tasks.Deps{DB: d, Members: w.members, Staff: staff.New(staff.Deps{DB: d, Log: log}), Facts: w.facts, Log: log})
	w.surveys = surveys.New(surveys.Deps{
		DB: d, Members: w.members, Points: w.points, Coupons: w.coupons, Tasks: w.tasks, Facts: w.facts, Log: log,
	})
	w.orders = orders.New(orders.Deps{DB: d, Members: w.members, Points: w.points, Coupons: w.coupons, Facts: w.facts, Log: log})
	outbox := messages.New(messages.Deps{
		DB: d, Jobs: w.q, Facts: w.facts, Sender: w.wechat, Followers: w.members, Log: log,
		Templates: map[string]messages.Template{"visit1": {Forms: map[model.MessageChannel]messages.Form{model.ChannelOATemplate: {
			ID: "TPL", Cut: []string{"thing4", "thing5"}, Fields: map[string]string{
				"character_string1": "number", "amount2": "amount", "time3": "paid_at", "thing4": "goods", "thing5": "advice"}}}}},
	})
	w.outbox = outbox
	outbox.Register()
	w.vault = callbacks.New(callbacks.Deps{DB: d, Jobs: w.q, Readers: map[string]callbacks.Reader{oaApp: jsonReader{}}, Log: log})
	w.vault.Register()
	w.s = aftersale.New(aftersale.Deps{
		DB: d, OA: w.wechat, OAAppID: oaApp, Orders: w.orders, Members: w.members, Messages: outbox, Log: log,
		Mini: w.mini, MiniPage: qrcodes.MiniPage{Path: "pages/parcel"}, Surveys: w.surveys, Tasks: w.tasks, Queue: w.q, SurveyURL: "https://shop.example/s/",
	})
	w.s.Work(w.facts)
	w.s.Register(w.vault)
	return w
}

// order adds a member by ref and an order of his.
func (w *world) order(number string, ref members.Ref) model.Order {
	w.t.Helper()
	o := model.Order{
		Source: "shop", Number: number, Kind: model.OrderGoods, State: model.OrderPaid, Origin: model.OriginIngest, PaidAt: dbtest.Start,
		GoodsFen: 12800, PaidFen: 12800, ContentHash: "x", RecordedAt: dbtest.Start,
	}
	w.do(func(ctx context.Context, tx *db.Tx) (err error) {
		if o.MemberID, _, err = w.members.EnsureTx(ctx, tx, ref); err != nil {
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
	return o
}

func (w *world) do(fn func(ctx context.Context, tx *db.Tx) error) {
	w.t.Helper()
	if err := w.d.Do(context.Background(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) code(number string) aftersale.ParcelCode {
	w.t.Helper()
	c, err := w.s.MakeParcelCode(context.Background(), aftersale.MakeParcelCode{Staff: 7, Source: "shop", Number: number})
	if err != nil {
		w.t.Fatalf("MakeParcelCode(%s): %v", number, err)
	}
	return c
}

func event(e wechat.Event, openID, scene string, at time.Time) wechat.Push {
	return wechat.Push{Kind: wechat.KindEvent, Event: e, OpenID: openID, Scene: scene, CreatedAt: at}
}

// deliver stores a push as the hook does; it does not run its job.
func (w *world) deliver(p wechat.Push) {
	w.t.Helper()
	body, err := json.Marshal(p)
	if err != nil {
		w.t.Fatal(err)
	}
	_, _, err = w.vault.Receive(context.Background(), callbacks.Received{App: oaApp, Channel: callbacks.OA, Raw: body, Topic: callbacks.Topic(p)})
	if err != nil {
		w.t.Fatalf("Receive: %v", err)
	}
}

func (w *world) run() {
	w.t.Helper()
	if _, err := w.q.RunDue(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// push delivers an event of now and runs everything that follows.
func (w *world) push(e wechat.Event, openID, scene string) {
	w.t.Helper()
	w.deliver(event(e, openID, scene, w.clock.Now()))
	w.run()
	w.clock.Advance(time.Second)
}

func (w *world) follower(m model.MemberID) (openID string, following bool) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *db.Tx) (err error) {
		openID, following, err = w.members.FollowerTx(ctx, tx, m)
		return err
	})
	return openID, following
}

func (w *world) find(ref members.Ref) model.MemberID {
	w.t.Helper()
	id, err := w.members.Find(context.Background(), ref)
	if err != nil {
		w.t.Fatalf("Find: %v", err)
	}
	return id
}

func (w *world) count(table string) (n int64) {
	w.t.Helper()
	w.do(func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Table(table).Count(&n).Error })
	return n
}

func (w *world) counted(number string, scans, follows int64) {
	w.t.Helper()
	if c := w.code(number); c.Scans != scans || c.Follows != follows {
		w.t.Errorf("code of %s has %d scans, %d follows; want %d, %d", number, c.Scans, c.Follows, scans, follows)
	}
}

func (w *world) sound() {
	w.t.Helper()
	all := slices.Concat(aftersale.Invariants(), callbacks.Invariants(), messages.Invariants(), tasks.Invariants(), surveys.Invariants(), points.Invariants(), coupons.Invariants())
	broken, err := audit.Run(context.Background(), w.d, append(append(all, w.members.Invariants()...), audit.Invariants()...))
	if err != nil || len(broken) > 0 {
		w.t.Errorf("invariants: %v, %v", broken, err)
	}
}

// The whole of it: parcel, scan, follow, one person in two apps, first visit.
func TestParcelToFirstVisit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.wechat.unionIDs["oa-1"] = "union-1"
		o := w.order("T1", members.Ref{AppID: miniApp, OpenID: "mini-1", UnionID: "union-1"})
		c := w.code("T1")
		w.push(wechat.EventSubscribe, "oa-1", c.Scene)

		if openID, following := w.follower(o.MemberID); openID != "oa-1" || !following {
			t.Errorf("the order's member follows as %q: %v", openID, following)
		}
		if len(w.wechat.sent) != 1 {
			t.Fatalf("%d messages, want the first visit", len(w.wechat.sent))
		}
		got := w.wechat.sent[0]
		want := map[string]string{"character_string1": "T1", "amount2": "128.00元", "time3": "2026年11月21日 12:00", "thing4": "明前龙井等2种商品", "thing5": "使用前请阅读说明,有问题随时联系我们"}
		if got.To != "oa-1" || fmt.Sprint(got.Data) != fmt.Sprint(want) {
			t.Errorf("sent %+v, want %v", got, want)
		}
		w.push(wechat.EventScan, "oa-1", c.Scene) // again, now as a follower
		w.push(wechat.EventUnsubscribe, "oa-1", "")
		w.push(wechat.EventSubscribe, "oa-1", c.Scene)
		if len(w.wechat.sent) != 1 || w.count("visits") != 1 {
			t.Errorf("%d messages, %d visits after more scans; want one of each", len(w.wechat.sent), w.count("visits"))
		}
		w.counted("T1", 3, 2)
		w.sound()
	})
}

// T18: one push, four deliveries at once, two programs.
func TestSamePushFourTimesHasOneEffect(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock, opts := dbtest.NewClock(), dbtest.Empty(t, driver)
			a, b := newWorld(t, dbtest.Reopen(t, opts, clock), clock), newWorld(t, dbtest.Reopen(t, opts, clock), clock)
			a.order("T1", members.Ref{Source: "shop", External: "c1"})
			c := a.code("T1")
			p := event(wechat.EventSubscribe, "oa-1", c.Scene, clock.Now())
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() { []*world{a, b}[i%2].deliver(p) })
			}
			wg.Wait()
			wg.Go(a.run)
			wg.Go(b.run)
			wg.Wait()
			if n := len(a.wechat.sent) + len(b.wechat.sent); n != 1 {
				t.Errorf("%d messages, want 1", n)
			}
			a.counted("T1", 1, 1)
			a.sound()
		})
	}
}

// Whose parcel: see the package's rules.
func TestWhoIsTakenForTheReceiver(t *testing.T) {
	tests := []struct {
		name    string
		order   members.Ref
		before  func(w *world)
		unionID string // of the scanner
		owner   bool
	}{
		{name: "same unionid", order: members.Ref{AppID: miniApp, OpenID: "mini-1", UnionID: "union-1"}, unionID: "union-1", owner: true},
		{name: "known by phone only", order: members.Ref{Phone: "13800138000"}, unionID: "union-9", owner: true},
		{name: "known by number only, no open platform", order: members.Ref{Source: "shop", External: "c1"}, owner: true},
		{name: "another unionid", order: members.Ref{AppID: miniApp, OpenID: "mini-1", UnionID: "union-1"}, unionID: "union-2"},
		{name: "another member by unionid", order: members.Ref{Phone: "13800138000"}, unionID: "union-2",
			before: func(w *world) { w.order("T2", members.Ref{AppID: miniApp, OpenID: "mini-2", UnionID: "union-2"}) }},
		{name: "another member by openid", order: members.Ref{Phone: "13800138000"},
			before: func(w *world) { w.push(wechat.EventSubscribe, "oa-1", "") }},
		{name: "the order's member follows already, as somebody else", order: members.Ref{AppID: oaApp, OpenID: "oa-7"}},
		{name: "the order's member follows already, as himself", order: members.Ref{AppID: oaApp, OpenID: "oa-1"}, owner: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, clock := dbtest.SQLite(t)
			w := newWorld(t, d, clock)
			o := w.order("T1", tt.order)
			w.wechat.unionIDs["oa-1"] = tt.unionID
			if tt.before != nil {
				tt.before(w)
			}
			w.push(wechat.EventSubscribe, "oa-1", w.code("T1").Scene)

			scanner := w.find(members.Ref{AppID: oaApp, OpenID: "oa-1"})
			if (scanner == o.MemberID) != tt.owner {
				t.Errorf("scanner is member %d, the order's is %d; want the same: %v", scanner, o.MemberID, tt.owner)
			}
			if _, following := w.follower(scanner); !following {
				t.Error("the scanner's follow was not noted")
			}
			if got := len(w.wechat.sent); (got == 1) != tt.owner {
				t.Errorf("%d visits sent, want one only for the receiver", got)
			}
			w.counted("T1", 1, 1)
			w.sound()
		})
	}
}

// A stranger sees nothing of the order, and takes nothing away from the receiver who scans later.
func TestStrangerThenReceiver(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.wechat.unionIDs["oa-1"], w.wechat.unionIDs["oa-2"] = "union-1", "union-2"
	w.order("T1", members.Ref{AppID: miniApp, OpenID: "mini-1", UnionID: "union-1"})
	c := w.code("T1")
	w.push(wechat.EventSubscribe, "oa-2", c.Scene)
	w.push(wechat.EventSubscribe, "oa-1", c.Scene)
	if len(w.wechat.sent) != 1 || w.wechat.sent[0].To != "oa-1" {
		t.Errorf("sent %v, want one to the receiver", w.wechat.sent)
	}
	w.counted("T1", 2, 2)
	w.sound()
}

// Of strangers who scan one unclaimed parcel at once, one becomes its receiver.
func TestOneReceiverOfManyAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.order("T1", members.Ref{Phone: "13800138000"})
		scene := w.code("T1").Scene
		once := func(context.Context, *db.Tx) (bool, error) { return true, nil }
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				p := event(wechat.EventSubscribe, fmt.Sprintf("oa-%d", i), scene, clock.Now())
				p.DedupeKey = p.OpenID
				if err := w.s.OnScan(context.Background(), p, once); err != nil {
					t.Errorf("OnScan: %v", err)
				}
			})
		}
		wg.Wait()
		w.run()
		var owners int64
		w.do(func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Model(&model.ParcelScan{}).Where("owner = ?", true).Count(&owners).Error
		})
		if owners != 1 || len(w.wechat.sent) != 1 {
			t.Errorf("%d receivers, %d visits; want one of each", owners, len(w.wechat.sent))
		}
		w.counted("T1", 8, 8)
		w.sound()
	})
}

func TestUnfollowing(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.push(wechat.EventSubscribe, "oa-1", "")
	m := w.find(members.Ref{AppID: oaApp, OpenID: "oa-1"})
	// An older event that comes late does not undo a newer one.
	w.deliver(event(wechat.EventUnsubscribe, "oa-1", "", dbtest.Start.Add(-time.Hour)))
	w.run()
	if _, following := w.follower(m); !following {
		t.Error("a late unsubscribe of an hour ago undid the follow")
	}
	w.push(wechat.EventUnsubscribe, "oa-1", "")
	if openID, following := w.follower(m); following || openID != "oa-1" {
		t.Errorf("after unfollowing: %q, %v; want the openid kept", openID, following)
	}
	w.push(wechat.EventUnsubscribe, "nobody", "")
	w.sound()
}

// The follower's unionid is asked for outside the transaction; while WeChat does not answer, the event waits.
func TestUserInfoThatFails(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.wechat.infoErr = &wechat.TransportError{Endpoint: "/cgi-bin/user/info", Err: context.DeadlineExceeded}
	w.order("T1", members.Ref{Phone: "13800138000"})
	c := w.code("T1")
	w.push(wechat.EventSubscribe, "oa-1", c.Scene)
	w.counted("T1", 0, 0)
	w.wechat.infoErr = &wechat.Error{Code: 40003}
	clock.Advance(time.Hour)
	w.run()
	w.counted("T1", 1, 1)
	w.sound()
}

func TestScenesThatAreNoParcel(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	for i, scene := range []string{"", "store_3", "p_", "p_short", "p_00000000000000000000", "p_' OR 1=1 --00000000", strings.Repeat("p", 64)} {
		openID := fmt.Sprintf("oa-%d", i)
		w.push(wechat.EventSubscribe, openID, scene)
		if _, following := w.follower(w.find(members.Ref{AppID: oaApp, OpenID: openID})); !following {
			t.Errorf("scene %q: the follow was not noted", scene)
		}
		w.push(wechat.EventScan, openID, scene)
	}
	if n := w.count("parcel_scans"); n != 0 {
		t.Errorf("%d scans of parcels", n)
	}
	w.sound()
}

// A follower whose follow we never heard of is one from the moment he scans.
func TestScanOfAnUnknownFollower(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	o := w.order("T1", members.Ref{Phone: "13800138000"})
	w.push(wechat.EventScan, "oa-1", w.code("T1").Scene)
	if openID, following := w.follower(o.MemberID); openID != "oa-1" || !following || len(w.wechat.sent) != 1 {
		t.Errorf("follows as %q: %v, %d visits", openID, following, len(w.wechat.sent))
	}
	w.counted("T1", 1, 0)
	w.sound()
}

func TestNoVisitToARefundedOrder(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.order("T1", members.Ref{Phone: "13800138000"})
	c := w.code("T1")
	w.do(func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Exec("UPDATE orders SET state = 'refunded', refunded_fen = paid_fen").Error
	})
	w.push(wechat.EventSubscribe, "oa-1", c.Scene)
	var v model.Visit
	w.do(func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Take(&v).Error })
	if v.State != model.VisitSkipped || v.Reason != "refunded" || len(w.wechat.sent) != 0 {
		t.Errorf("visit is %s %q with %d messages; want skipped, refunded, none", v.State, v.Reason, len(w.wechat.sent))
	}
	w.sound()
}

func TestIsParcel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.order("T1", members.Ref{Phone: "13800138000"})
		scene := w.code("T1").Scene
		for scene, want := range map[string]bool{scene: true, "": false, "store_3": false, "p_00000000000000000000": false, scene + "0": false} {
			if got, err := w.s.IsParcel(context.Background(), scene); err != nil || got != want {
				t.Errorf("IsParcel(%q) = %v, %v; want %v", scene, got, err, want)
			}
		}
		if n := w.count("parcel_scans"); n != 0 {
			t.Errorf("asking wrote %d rows", n)
		}
	})
}

func TestParcelCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		o := w.order("T1", members.Ref{Phone: "13800138000"})
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			seen = map[aftersale.ParcelCode]int{}
		)
		for range 12 {
			wg.Go(func() {
				c, err := w.s.MakeParcelCode(context.Background(), aftersale.MakeParcelCode{Staff: 7, Source: "shop", Number: "T1"})
				if err != nil {
					t.Errorf("MakeParcelCode: %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				seen[c]++
			})
		}
		wg.Wait()
		if len(seen) != 1 || w.count("parcel_codes") != 1 || w.count("audit_trail") != 1 {
			t.Errorf("asked 12 times at once: %d answers, %d codes, %d trail entries; want one of each", len(seen), w.count("parcel_codes"), w.count("audit_trail"))
		}
		c := w.code("T1")
		if c.Ticket == "" || c.Scene != "p_"+c.Token || len(c.Token) != 20 || strings.Contains(c.Token, fmt.Sprint(o.ID, "T1")) {
			t.Errorf("code %+v", c)
		}
		if want := clock.Now().Add(30 * 24 * time.Hour); !c.ExpiresAt.Equal(want) {
			t.Errorf("expires %s, want %s", c.ExpiresAt, want)
		}
		clock.Advance(22 * 24 * time.Hour)
		if again := w.code("T1"); again.Ticket != c.Ticket {
			t.Error("a picture that lives eight more days was made new")
		}
		clock.Advance(2 * 24 * time.Hour)
		if again := w.code("T1"); again.Ticket == c.Ticket || again.Scene != c.Scene {
			t.Errorf("near its end: ticket %s, scene %s; want a new picture of the same scene", again.Ticket, again.Scene)
		}
		w.sound()
	})
}

func TestParcelCodeRefused(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.order("T1", members.Ref{Phone: "13800138000"})
	w.do(func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Create(&model.Order{
			Source: "shop", Number: "M1", MemberID: 1, Kind: model.OrderMembership, State: model.OrderPaid, Origin: model.OriginIngest,
			PaidAt: dbtest.Start, ContentHash: "x", RecordedAt: dbtest.Start,
		}).Error
	})
	ask := func(source, number string) error {
		_, err := w.s.MakeParcelCode(context.Background(), aftersale.MakeParcelCode{Staff: 7, Source: source, Number: number})
		return err
	}
	for _, tt := range []struct {
		source, number string
		want           *fault.Fault
	}{{"shop", "none", orders.ErrUnknown}, {"other", "T1", orders.ErrUnknown}, {"shop", "M1", aftersale.ErrNoParcel}} {
		if err := ask(tt.source, tt.number); !errors.Is(err, tt.want) {
			t.Errorf("order %s %s: %v, want %v", tt.source, tt.number, err, tt.want)
		}
	}
	if n := w.count("parcel_codes"); n != 0 {
		t.Errorf("%d codes after refusals", n)
	}
	w.wechat.qrErr = &wechat.Error{Code: 45009}
	if err := ask("shop", "T1"); !errors.Is(err, aftersale.ErrQR) {
		t.Errorf("without WeChat: %v, want %v", err, aftersale.ErrQR)
	}
	w.sound()
	w.wechat.qrErr = nil
	if c := w.code("T1"); c.Ticket == "" || w.count("parcel_codes") != 1 {
		t.Errorf("asked again: %+v, %d codes", c, w.count("parcel_codes"))
	}
}

func TestInvariantsSeeCorruption(t *testing.T) {
	tests := []struct{ want, corrupt string }{
		{"parcels.counts", `UPDATE parcel_codes SET scans = scans + 1`},
		{"parcels.counts", `UPDATE parcel_codes SET follows = 0`},
		{"parcels.counts", `DELETE FROM parcel_scans`},
		{"parcels.owner", `UPDATE parcel_scans SET member_id = 99`},
		{"parcels.order", `UPDATE parcel_codes SET order_id = 99`},
		{"visits.message", `DELETE FROM messages`},
		{"visits.message", `UPDATE visits SET message_key = ''`},
		{"visits.states", `UPDATE visits SET state = 'skipped'`},
		{"visits.states", `UPDATE visits SET state = 'due'`},
		{"visits.states", `UPDATE visits SET sent_at = NULL`},
		{"visits.jobs", `UPDATE visits SET state = 'planned', sent_at = NULL, message_key = ''`},
		{"visits.plan", `UPDATE visits SET plan_version_id = 99`},
		{"visits.plan", `UPDATE visit_plans SET active_on = 'paid'`},
		{"visits.plan", `DELETE FROM visit_plan_versions`},
		{"visits.order", `UPDATE visits SET member_id = 99`},
		{"visits.order", `UPDATE visits SET ordinal = 2`},
		{"visits.task", `UPDATE visits SET state = 'assigned'`},
		{"visits.survey", `UPDATE visits SET state = 'closed', reason = 'answered', ended_at = sent_at`},
		{"visits.scanned", `UPDATE parcel_scans SET owner = FALSE`},
	}
	d, clock := dbtest.SQLite(t) // the other tests run the same queries on MySQL
	w := newWorld(t, d, clock)
	w.order("T1", members.Ref{Phone: "13800138000"})
	w.push(wechat.EventSubscribe, "oa-1", w.code("T1").Scene)
	w.sound()
	for _, tt := range tests {
		if seen := w.corrupted(tt.corrupt, aftersale.Invariants()); !slices.Contains(seen, tt.want) {
			t.Errorf("%s: broken %v, want %s among them", tt.corrupt, seen, tt.want)
		}
	}
	w.sound()
}

// errUndo takes a corruption back.
var errUndo = errors.New("undo")

// corrupted runs a statement, returns which invariants it breaks, and undoes it.
func (w *world) corrupted(statement string, all []audit.Invariant) (ids []string) {
	w.t.Helper()
	err := w.d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Gorm().Exec(statement).Error; err != nil {
			return err
		}
		for _, inv := range all {
			broken, err := inv.Check(ctx, tx)
			if err != nil {
				return fmt.Errorf("%s: %w", inv.ID, err)
			}
			if len(broken) > 0 {
				ids = append(ids, inv.ID)
			}
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		w.t.Fatalf("%s: %v", statement, err)
	}
	return ids
}

// The schema itself refuses a fourth visit, and a second one with the same number.
func TestAtMostThreeVisits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		for ordinal, ok := range map[int64]bool{0: false, 1: true, 2: true, 3: true, 4: false} {
			err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
				return tx.Gorm().Create(&model.Visit{OrderID: 1, MemberID: 1, Ordinal: ordinal, State: model.VisitPlanned, DueAt: tx.Now, CreatedAt: tx.Now}).Error
			})
			if (err == nil) != ok {
				t.Errorf("visit %d: %v", ordinal, err)
			}
		}
	})
}
