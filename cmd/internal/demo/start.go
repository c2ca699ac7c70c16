package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/demoshop"
	"huitou/config"
	"huitou/handler/web"
	"huitou/service/messages/sms"
	"huitou/wechat/sim"
)

// Options are what a demo is made of.
type Options struct {
	// Dir keeps the logins, the clock and the simulated WeChat's accounts.
	Dir string
	// Settings of the embedded database; their clock is Clock. What concerns WeChat and the shop's systems is filled in.
	Settings app.Settings
	Clock    *Clock
	// Shop says which shop to invent when there is none yet. Its Now is filled in.
	Shop demoshop.Options
	// Main is the shop's socket, Control the simulator's page, API the simulated WeChat itself.
	Main, Control, API net.Listener
}

// Demo is a shop with its WeChat and its clock that can be started.
type Demo struct {
	App    *app.App
	Sim    *sim.Sim
	Clock  *Clock
	Logins Logins

	sockets [3]net.Listener // Main, Control, API
	finest  time.Duration   // see Travel
}

// New opens the database, migrates it, and fills it at the first start. Close the Demo when done; the sockets belong to the caller
// until Run.
func New(ctx context.Context, o Options) (*Demo, error) {
	logins, err := Kept(o.Dir)
	if err != nil {
		return nil, err
	}
	d := &Demo{Clock: o.Clock, Logins: logins, sockets: [3]net.Listener{o.Main, o.Control, o.API}, finest: finest}
	d.Logins.Simulator = "http://" + reachable(o.Control)
	s := o.Settings
	s.PublicURL = "http://" + reachable(o.Main)
	state := filepath.Join(o.Dir, "wechat")
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, err
	}
	d.Sim, err = sim.New(sim.Config{
		Now: o.Clock.Now, Travel: d.Travel, Seed: o.Shop.Seed, Log: s.Log, StateDir: state, PushBase: s.PublicURL,
	})
	if err != nil {
		return nil, fmt.Errorf("start the simulated WeChat: %w", err)
	}
	if err := UseSim(&s, d.Sim.Accounts(), &url.URL{Scheme: "http", Host: o.API.Addr().String()}); err != nil {
		return nil, err
	}
	s.SMS = phones{sms.NewFile(filepath.Join(o.Dir, "sms.jsonl"), o.Clock.Now), d.Sim}
	s.Shops = map[string]web.ShopKey{logins.IngestKey: {Source: Source, Secret: logins.IngestSecret}}
	if d.App, err = app.New(ctx, s); err != nil {
		return nil, err
	}
	o.Shop.Now = d.App.DB.Now()
	if err := Prepare(ctx, d.App, d.Logins, o.Shop); err != nil {
		return nil, errors.Join(err, d.App.Close())
	}
	Publish(d.App, d.Logins)
	return d, nil
}

// Run serves the shop and its WeChat until ctx ends, then stops both in order.
func (d *Demo) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	// The simulator stops after the shop, which may still be talking to it.
	simCtx, stopSim := context.WithCancel(context.WithoutCancel(ctx))
	g.Go(func() error { return RunSim(simCtx, d.Sim, d.sockets[2], d.sockets[1]) })
	g.Go(func() error {
		defer stopSim()
		// Before anybody acts, so that two demos of one seed stay alike. Nothing but the phone's look depends on it.
		if err := d.App.Replies.PushMenu(ctx, commandLine); err != nil && ctx.Err() == nil {
			d.App.Settings.Log.WarnContext(ctx, "the demo has no menu", "err", err)
		}
		if err := d.hangCodes(ctx); err != nil && ctx.Err() == nil {
			d.App.Settings.Log.WarnContext(ctx, "no QR codes hang in the shop", "err", err)
		}
		return d.App.Run(ctx, app.RoleAll, app.Listeners{Main: d.sockets[0]}, config.ShutdownGrace)
	})
	return g.Wait()
}

// URL is where the shop answers on this machine.
func (d *Demo) URL() string { return d.App.Settings.PublicURL }

// Close closes the database.
func (d *Demo) Close() error { return d.App.Close() }

// reachable is a listener's address as this machine reaches it.
func reachable(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return l.Addr().String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
