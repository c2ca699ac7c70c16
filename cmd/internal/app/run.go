package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// Listeners are the sockets that Run serves. Ops may be nil.
type Listeners struct{ Main, Ops net.Listener }

// Run serves and works until ctx ends, then stops in order: not ready, requests drained, jobs finished or given back. grace bounds
// the draining.
func (a *App) Run(ctx context.Context, role Role, l Listeners, grace time.Duration) error {
	// Workers outlive the requests that may still insert jobs; they stop last.
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	g, running := errgroup.WithContext(ctx)
	if role != RoleAPI {
		g.Go(func() error { return a.Queue.Run(work) })
	}
	var servers []*server
	serve := func(h http.Handler, on net.Listener) {
		s := newServer(h, on)
		servers = append(servers, s)
		g.Go(s.serve)
	}
	if role != RoleWorker && l.Main != nil {
		serve(a.Echo, l.Main)
	}
	if l.Ops != nil {
		h, err := a.opsHandler()
		if err != nil {
			return err
		}
		serve(h, l.Ops)
	}
	g.Go(func() error {
		<-running.Done()
		a.Health.Drain()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		var errs []error
		for _, s := range servers {
			errs = append(errs, s.stop(stop))
		}
		stopWork()
		return errors.Join(errs...)
	})
	return g.Wait()
}
