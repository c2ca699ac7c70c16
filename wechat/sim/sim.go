package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Config sets a simulator up. Only Now is required.
type Config struct {
	// Now is the clock of this WeChat. Every expiry, quota window, signature time and
	// retry follows it, so moving it moves them.
	Now func() time.Time
	// Travel moves the clock forward to an instant and runs what is due on the way; it
	// enables POST /_sim/clock. It may tell how far it is. Optional.
	Travel func(ctx context.Context, to time.Time, tell func(Journey)) (Journey, error)
	// Seed makes ids, tokens and nonces repeatable. Keys are always random.
	Seed uint64
	Log  *slog.Logger
	// StateDir keeps accounts and keys over restarts. Customers, orders and tokens
	// live in memory only. Empty keeps nothing.
	StateDir string
	// PushBase is the product's base URL, e.g. http://127.0.0.1:8080; SetPushBase
	// sets it later.
	PushBase string
	// OAPushPath and MiniPushPath are the callback paths, /wechat/oa and /wechat/mini
	// unless given.
	OAPushPath, MiniPushPath string
}

// Sim is one WeChat. All its methods may be called from any goroutine.
type Sim struct {
	cfg    Config
	acc    *accounts
	engine *engine
	push   *http.Client
	api    http.Handler
	ctl    http.Handler
	routes map[string]weixinRoute // of api.weixin.qq.com, by path

	mu sync.Mutex // guards everything below
	*world
	ids      *ids
	settings Settings
	changed  chan struct{}   // closed and replaced when a delivery moves on
	running  context.Context // of Run, while it runs
	// travelling: a journey is under way, and it is journey.
	travelling bool
	journey    *Journey

	journeys sync.WaitGroup
	serving  atomic.Int64 // calls of the product that are not wholly done
}

// New checks its own cryptography against published examples, then loads or makes
// the accounts. It starts no goroutine; Run does.
func New(cfg Config) (*Sim, error) {
	if cfg.Now == nil {
		return nil, errors.New("sim: Config.Now is required")
	}
	if err := selftest(selftestVectors); err != nil {
		return nil, fmt.Errorf("sim: self-test: %w", err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	acc, err := loadAccounts(cfg.StateDir, cfg.Now())
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	settings := defaultSettings(cfg)
	if err := settings.validate(); err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	s := &Sim{
		cfg: cfg, acc: acc, settings: settings,
		engine:  newEngine(cfg.Now),
		push:    pushClient(),
		ids:     newIDs(cfg.Seed, acc.Boots),
		changed: make(chan struct{}),
		routes:  weixinRoutes,
	}
	s.world = newWorld(acc)
	s.api, s.ctl = s.apiHandler(), s.controlHandler()
	return s, nil
}

// Accounts are the credentials to configure the product with.
func (s *Sim) Accounts() Accounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.acc.Accounts
	out.Templates = slices.Clone(s.acc.Templates)
	return out
}

// API serves api.weixin.qq.com, api.mch.weixin.qq.com and the QR images of
// mp.weixin.qq.com, told apart by the Host header, else by path.
func (s *Sim) API() http.Handler { return s.api }

// Control serves /_sim/* for programs and a page at / for people. It can do
// anything to this WeChat, so it belongs on a port of its own.
func (s *Sim) Control() http.Handler { return s.ctl }

// Run delivers pushes and notifications until ctx ends, and returns when everything
// it started has stopped. It returns nil then, and an error when it runs already.
func (s *Sim) Run(ctx context.Context) error {
	defer s.push.CloseIdleConnections()
	s.mu.Lock()
	if s.running != nil {
		s.mu.Unlock()
		return errors.New("sim: runs already")
	}
	s.running = ctx
	s.mu.Unlock()
	err := s.engine.run(ctx)
	s.mu.Lock()
	s.running = nil
	s.mu.Unlock()
	s.journeys.Wait()
	return err
}

// SetPushBase points pushes at a product, e.g. once its listener has a port.
func (s *Sim) SetPushBase(base string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.settings
	next.PushBase = base
	if err := next.validate(); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	s.settings = next
	return nil
}

// Nudge makes Run look at the clock now instead of within 20 ms; call it after
// moving the clock.
func (s *Sim) Nudge() { s.engine.nudge() }

func (s *Sim) now() time.Time { return s.cfg.Now() }

// signalLocked wakes whoever waits for a delivery. s.mu is held.
func (s *Sim) signalLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}
