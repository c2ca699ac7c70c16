package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"

	"huitou/handler/web"
)

// server serves one listener and can be stopped without dropping a request. net/http's own Shutdown hangs up on a connection that it
// took when its request is read a moment later; this one takes no more connections, waits until those that it took
// are answered, and shuts down then.
type server struct {
	http *http.Server
	on   net.Listener
	// served is closed when no connection is taken any more.
	served chan struct{}

	mu       sync.Mutex
	stopping bool
	busy     map[net.Conn]bool // new, or with a request
	quiet    chan struct{}     // closed when stopping and none is busy
}

func newServer(h http.Handler, on net.Listener) *server {
	s := &server{http: web.HTTP(h), on: on, served: make(chan struct{}), busy: map[net.Conn]bool{}, quiet: make(chan struct{})}
	s.http.ConnState = s.note
	return s
}

// serve returns when the listener is closed, with nil when stop closed it.
func (s *server) serve() error {
	err := s.http.Serve(s.on)
	close(s.served)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return nil
	}
	return fmt.Errorf("serve %s: %w", s.on.Addr(), err)
}

// stop returns when every request is answered, or with an error when ctx ends before, having hung up on the rest.
func (s *server) stop(ctx context.Context) error {
	s.mu.Lock()
	s.stopping = true
	s.mu.Unlock()
	s.http.SetKeepAlivesEnabled(false)
	err := s.on.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil // serving had failed already
	}
	<-s.served // what was taken is noted from here on
	s.mu.Lock()
	s.checkQuiet()
	s.mu.Unlock()
	select {
	case <-s.quiet:
	case <-ctx.Done():
	}
	if down := s.http.Shutdown(ctx); down != nil {
		err = errors.Join(err, fmt.Errorf("drain requests: %w", down), s.http.Close())
	}
	return err
}

// note follows what net/http says of a connection.
func (s *server) note(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew || state == http.StateActive {
		s.busy[c] = true
		return
	}
	delete(s.busy, c)
	s.checkQuiet()
}

// checkQuiet closes quiet when it is time. s.mu is held.
func (s *server) checkQuiet() {
	if !s.stopping || len(s.busy) > 0 {
		return
	}
	select {
	case <-s.served:
	default:
		return
	}
	select {
	case <-s.quiet:
	default:
		close(s.quiet)
	}
}
