package whole

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/demo"
	"huitou/cmd/internal/demoshop"
	"huitou/cmd/internal/tour"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/kv"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/messages/sms"
	"huitou/wechat/sim"
)

// clock is the machine's time, moved on by tests.
type clock struct{ ahead atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }

// travel goes there in one step.
func (c *clock) travel(_ context.Context, to time.Time, _ func(sim.Journey)) (sim.Journey, error) {
	from := c.Now()
	c.Advance(to.Sub(from))
	return sim.Journey{From: from, To: to, At: c.Now(), Steps: 1}, nil
}

// logs is everything that the program logged, at debug level.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.text.Bytes())
}

// shop is the whole program on a database of its own, seeded small, with a simulated WeChat. Both ends of every conversation with
// WeChat are tapped.
type shop struct {
	app      *app.App
	url      string // of the first instance
	control  string // of the simulator
	sim      *sim.Sim
	clock    *clock
	logs     *logs
	logins   demo.Logins
	database db.Options
	pushes   *tap   // what WeChat sends to the shop
	weixin   *tap   // what the shop asks WeChat
	taps     []*tap // of callers, see tap
	settings app.Settings
	client   *http.Client
	stop     func() // ends the first instance; once
}

// start runs one instance that does everything.
func start(t *testing.T, driver db.Driver) *shop { return startAs(t, driver, app.RoleAll, memory) }

// memory and redis make the hints' store of one instance.
func memory(t *testing.T, c *clock) kv.Store {
	m := kv.NewMemory(kv.MemoryOptions{Now: c.Now})
	t.Cleanup(func() { m.Close() })
	return m
}

// sharedRedis returns a maker of stores that see each other's hints, and skips the test without a Redis.
func sharedRedis(t *testing.T) func(*testing.T, *clock) kv.Store {
	addr := os.Getenv("TEST_REDIS_ADDR")
	if addr == "" {
		t.Skip("TEST_REDIS_ADDR is not set: no Redis to test on (scripts/test.sh starts one)")
	}
	prefix := "whole:" + random.ID() + ":"
	return func(t *testing.T, _ *clock) kv.Store {
		r, err := kv.NewRedis(kv.RedisOptions{Addrs: []string{addr}, Prefix: prefix})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		return r
	}
}

func startAs(t *testing.T, driver db.Driver, role app.Role, hints func(*testing.T, *clock) kv.Store) *shop {
	t.Helper()
	s := &shop{clock: &clock{}, logs: &logs{}, database: dbtest.Empty(t, driver)}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	s.client = &http.Client{Transport: transport, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(transport.CloseIdleConnections)
	main := listen(t)
	s.url = "http://" + main.Addr().String()
	s.pushes = newTap(t, s.url)
	s.startSim(t)

	logins, err := demo.Kept(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	logins.Simulator, s.logins = s.control, logins
	s.settings = app.Settings{
		DB: s.database, Now: s.clock.Now, Log: slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Version: "test", PhoneKey: []byte(random.Token()[:32]), Earning: demo.Earning, PublicURL: s.pushes.url,
		Shops: map[string]web.ShopKey{logins.IngestKey: {Source: demo.Source, Secret: logins.IngestSecret}},
	}
	at, err := url.Parse(s.weixin.url)
	if err == nil {
		err = demo.UseSim(&s.settings, s.sim.Accounts(), at)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.settings.SMS = sms.NewFile(filepath.Join(t.TempDir(), "sms.jsonl"), s.clock.Now)
	s.app = s.open(t, hints(t, s.clock))
	if err := demo.Prepare(t.Context(), s.app, logins, demoshop.Options{Seed: 7, Members: 30, Months: 3, Now: s.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	demo.Publish(s.app, logins)
	s.stop = run(t, s.app, role, app.Listeners{Main: main})
	t.Cleanup(func() {
		s.stop()
		s.checkSecrets(t)
	})
	return s
}

// startSim runs the simulated WeChat; it stops after the shop.
func (s *shop) startSim(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, accountsFile), keptAccounts, 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	s.sim, err = sim.New(sim.Config{Now: s.clock.Now, Travel: s.clock.travel, Seed: 7, StateDir: dir, PushBase: s.pushes.url})
	if err != nil {
		t.Fatal(err)
	}
	api, control := listen(t), listen(t)
	s.control = "http://" + control.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- demo.RunSim(ctx, s.sim, api, control) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the simulator: %v", err)
		}
	})
	s.weixin = newTap(t, "http://"+api.Addr().String())
}

// open makes an instance on the shop's database without running it.
func (s *shop) open(t *testing.T, hints kv.Store) *app.App {
	t.Helper()
	settings := s.settings
	settings.KV = hints
	a, err := app.New(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return a
}

// grace is long beside anything that a test leaves running.
const grace = 15 * time.Second

// run runs an instance until stop is called or the test ends.
func run(t *testing.T, a *app.App, role app.Role, l app.Listeners) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx, role, l, grace) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// tour plays the whole round against an address of the shop.
func (s *shop) tour(t *testing.T, at string) {
	t.Helper()
	var out bytes.Buffer
	err := tour.Run(t.Context(), tour.Options{
		URL: at, Simulator: s.control, StaffName: s.logins.StaffName, StaffPassword: s.logins.StaffPassword,
		Shop: tour.ShopKey{ID: s.logins.IngestKey, Secret: s.logins.IngestSecret}, Source: demo.Source, Out: &out,
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.Bytes())
	}
}

// tap puts a proxy in front of the first instance; what passes it counts for checkSecrets.
func (s *shop) tap(t *testing.T) *tap {
	t.Helper()
	p := newTap(t, s.url)
	s.taps = append(s.taps, p)
	return p
}

// audit checks everything that must never be untrue, but for invariants that a test broke itself.
func (s *shop) audit(t *testing.T, but ...string) {
	t.Helper()
	broken, err := audit.Run(context.WithoutCancel(t.Context()), s.app.DB, s.app.Invariants())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		if slices.Contains(but, b.ID) {
			continue
		}
		t.Errorf("%s is broken (%s): %v", b.ID, b.Says, b.Violations)
	}
}

// settled waits until no job runs and none is due.
func (s *shop) settled(t *testing.T) {
	t.Helper()
	eventually(t, "jobs run dry", func() error {
		var busy int64
		err := s.app.DB.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Model(&model.Job{}).Where("state = 'running' OR (finished_at IS NULL AND run_at <= ?)", s.clock.Now()).Count(&busy).Error
		})
		if err == nil && busy > 0 {
			err = fmt.Errorf("%d jobs are at work or due", busy)
		}
		return err
	})
}

// eventually repeats check until it holds.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
