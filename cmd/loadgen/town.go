package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/demo"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/kv"
	"huitou/model/random"
	"huitou/service/members"
	"huitou/service/memberships"
	"huitou/wechat"
	"huitou/wechat/sim"
)

// town is a simulated WeChat, a shop of two server processes, and the post between them.
type town struct {
	began   time.Time
	ended   time.Time    // the last payment was before
	ahead   atomic.Int64 // of the machine's clock, in nanoseconds
	sim     *sim.Sim
	app     *app.App // does not work on jobs; the servers do
	post    *post
	life    serverLife
	servers [2]*exec.Cmd
	files   []string // what each server is told
	undo    []func() error
}

// serverLife is what a server process is told.
type serverLife struct {
	Driver   db.Driver     `json:"driver"`
	Database string        `json:"database"`
	Addr     string        `json:"addr"`
	WeChat   string        `json:"wechat"`
	Phones   []byte        `json:"phones"`
	Ahead    time.Duration `json:"ahead"`
	Accounts sim.Accounts  `json:"accounts"`
}

// serverLifeFile names the file of a server process.
const serverLifeFile = "HUITOU_LOAD_SERVER"

func (t *town) now() time.Time { return time.Now().Add(time.Duration(t.ahead.Load())) }

func (t *town) close() error {
	var errs []error
	for i := len(t.undo) - 1; i >= 0; i-- {
		errs = append(errs, t.undo[i]())
	}
	return errors.Join(errs...)
}

func openTown(ctx context.Context, st store, keep bool) (t *town, err error) {
	t = &town{began: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	dir, err := os.MkdirTemp("", "huitou-load-")
	if err != nil {
		return nil, err
	}
	t.undo = append(t.undo, func() error { return os.RemoveAll(dir) })
	t.post = newPost(t)
	t.undo = append(t.undo, t.post.close)
	if t.sim, err = sim.New(sim.Config{Now: t.now, Log: slog.New(slog.DiscardHandler), PushBase: t.post.server.URL}); err != nil {
		return nil, err
	}
	living, die := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- t.sim.Run(living) }()
	t.undo = append(t.undo, func() error { die(); return <-done })
	api := httptest.NewServer(t.sim.API())
	t.undo = append(t.undo, func() error { api.Close(); return nil })

	o, drop, err := st.create(ctx)
	if err != nil {
		return nil, err
	}
	if !keep {
		t.undo = append(t.undo, drop)
	}
	t.life = serverLife{Driver: o.Driver, Database: o.DSN, WeChat: api.URL, Phones: []byte(random.Token()[:32]), Accounts: t.sim.Accounts()}
	if t.app, err = t.life.open(ctx, t.now, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	t.undo = append(t.undo, t.app.Close)
	if err := t.app.DB.Migrate(ctx); err != nil {
		return nil, err
	}
	if err := t.app.DB.Check(ctx); err != nil {
		return nil, fmt.Errorf("the database does not keep what it promises, so its figures do not count:\n%w", err)
	}
	t.undo = append(t.undo, func() error { t.stopServers(); return nil })
	for i := range t.servers {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		t.post.addrs = append(t.post.addrs, l.Addr().String())
		t.files = append(t.files, filepath.Join(dir, fmt.Sprintf("server-%d.json", i)))
		if err := l.Close(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// open makes the whole program as one of the shop's processes has it.
func (l serverLife) open(ctx context.Context, now func() time.Time, log *slog.Logger) (*app.App, error) {
	at, err := url.Parse(l.WeChat)
	if err != nil {
		return nil, err
	}
	s := app.Settings{
		DB: db.Options{Driver: l.Driver, DSN: l.Database}, KV: kv.NewMemory(kv.MemoryOptions{Now: now}), Now: now, Log: log, Version: "load",
		PhoneKey: l.Phones, PublicURL: "https://shop.example",
	}
	if err := demo.UseSim(&s, l.Accounts, at); err != nil {
		return nil, err
	}
	return app.New(ctx, s)
}

// serveStorm is a server process, until it is killed.
func serveStorm(ctx context.Context) error {
	app.SpendMemory()
	text, err := os.ReadFile(os.Getenv(serverLifeFile))
	if err != nil {
		return err
	}
	var life serverLife
	if err := json.Unmarshal(text, &life); err != nil {
		return err
	}
	a, err := life.open(ctx, func() time.Time { return time.Now().Add(life.Ahead) }, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", life.Addr)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	return errors.Join(a.Run(ctx, app.RoleAll, app.Listeners{Main: l}, 5*time.Second), a.Close())
}

// startServers starts both processes and waits until they serve.
func (t *town) startServers(ctx context.Context) error {
	for i, addr := range t.post.addrs {
		life := t.life
		life.Addr, life.Ahead = addr, time.Duration(t.ahead.Load())
		text, err := json.Marshal(life)
		if err != nil {
			return err
		}
		if err := os.WriteFile(t.files[i], text, 0o600); err != nil {
			return err
		}
		c := exec.CommandContext(ctx, os.Args[0], "storm", "server")
		c.Env, c.Stderr = append(os.Environ(), serverLifeFile+"="+t.files[i]), os.Stderr
		if err := c.Start(); err != nil {
			return fmt.Errorf("start a server: %w", err)
		}
		t.servers[i] = c
	}
	for _, addr := range t.post.addrs {
		for tries := 0; ; tries++ {
			res, err := http.Get("http://" + addr + "/healthz")
			if err == nil {
				res.Body.Close()
				break
			}
			if tries == 600 {
				return fmt.Errorf("a server does not come up: %w", err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return nil
}

func (t *town) stopServers() {
	for i, c := range t.servers {
		if c != nil {
			c.Process.Kill()
			c.Wait()
			t.servers[i] = nil
		}
	}
}

// killServers ends both processes at once, as a power cut does, and starts them anew.
func (t *town) killServers(ctx context.Context) error {
	t.stopServers()
	return t.startServers(ctx)
}

// sellOne lets a new customer order a card and pay it.
func (t *town) sellOne(ctx context.Context, plan model.PublicID) error {
	var user struct {
		ID         string `json:"id"`
		MiniOpenID string `json:"mini_openid"`
	}
	if err := t.control(ctx, "/_sim/users", struct{}{}, &user); err != nil {
		return fmt.Errorf("make a customer: %w", err)
	}
	var ids []model.MemberID
	err := t.app.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		ids, err = t.app.Members.ImportTx(ctx, tx, []members.NewMember{{OpenIDs: []members.OpenID{{AppID: t.life.Accounts.Mini.AppID, OpenID: user.MiniOpenID}}}})
		return err
	})
	if err != nil {
		return fmt.Errorf("add a member: %w", err)
	}
	bought, err := t.app.Memberships.Buy(ctx, memberships.Buy{Member: ids[0], Plan: plan})
	if err != nil {
		return fmt.Errorf("order a card: %w", err)
	}
	if err := t.control(ctx, "/_sim/users/"+user.ID+"/pay?wait_ms=0", payWith(*bought.Pay), nil); err != nil {
		return fmt.Errorf("pay a card: %w", err)
	}
	return nil
}

// payWith is what the mini-program hands to wx.requestPayment.
func payWith(p wechat.PayParams) any {
	return map[string]string{
		"appId": p.AppID, "timeStamp": p.TimeStamp, "nonceStr": p.NonceStr, "package": p.Package, "signType": p.SignType, "paySign": p.PaySign,
	}
}

// control asks the simulated WeChat to do something.
func (t *town) control(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1"+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	t.sim.Control().ServeHTTP(w, r)
	if w.Code != http.StatusOK && w.Code != http.StatusCreated {
		return fmt.Errorf("%s: %d %s", path, w.Code, w.Body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(w.Body.Bytes(), out)
}

func (t *town) count(ctx context.Context, of any, where string, args ...any) (n int64, err error) {
	err = t.app.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Model(of).Where(where, args...).Count(&n).Error
	})
	return n, err
}

// nextDay moves the clocks of WeChat and of the shop on by a day at least, to an hour at which yesterday's bill is there; then the
// late notices come.
func (t *town) nextDay(ctx context.Context) error {
	t.stopServers()
	t.ended = time.Now()
	ahead := 24 * time.Hour
	if ready := model.DayOf(t.ended, model.Shanghai).AddDays(1).Start(model.Shanghai).Add(11 * time.Hour); ready.After(t.ended.Add(ahead)) {
		ahead = ready.Sub(t.ended)
	}
	t.ahead.Store(int64(ahead))
	if err := t.startServers(ctx); err != nil {
		return err
	}
	t.post.openForLate()
	t.sim.Nudge()
	for end := time.Now().Add(5 * time.Minute); t.post.lateLeft() > 0; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%d late notices did not come", t.post.lateLeft())
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	t.post.deliverAll()
	return nil
}
