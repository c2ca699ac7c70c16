package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Clock is the demo's one clock: another clock, moved on by people. It never goes back, and a data folder keeps how far it is ahead, so
// that what happened in the shop stays in the past. It is safe for concurrent use.
type Clock struct {
	real func() time.Time
	file string

	ahead atomic.Int64 // nanoseconds
	mu    sync.Mutex   // held by those who move it
}

// clockFile is what a data folder keeps.
type clockFile struct {
	Ahead string `json:"ahead"` // of this machine's clock, as "720h0m0s"
}

// OpenClock returns the clock of a data folder; one that was never moved shows the real time.
func OpenClock(dir string, real func() time.Time) (*Clock, error) {
	c := &Clock{real: real, file: filepath.Join(dir, "clock.json")}
	text, err := os.ReadFile(c.file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return c, nil
	case err != nil:
		return nil, fmt.Errorf("read the demo's clock: %w", err)
	}
	var kept clockFile
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("read %s: %w", c.file, err)
	}
	ahead, err := time.ParseDuration(kept.Ahead)
	if err != nil || ahead < 0 {
		return nil, fmt.Errorf("%s is damaged: ahead is %q", c.file, kept.Ahead)
	}
	c.ahead.Store(int64(ahead))
	return c, nil
}

// Now is the demo's time.
func (c *Clock) Now() time.Time { return c.real().Add(c.Ahead()) }

// Ahead is how far it was moved.
func (c *Clock) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// MoveTo moves the clock forward to an instant; one that has passed changes nothing. The move is kept before anybody sees it: after a
// crash the clock must not show less than what is written in the database.
func (c *Clock) MoveTo(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ahead := c.Ahead() + t.Sub(c.Now())
	if ahead <= c.Ahead() {
		return nil
	}
	text, err := json.Marshal(clockFile{ahead.String()})
	if err != nil {
		return err
	}
	next := c.file + ".next"
	if err := errors.Join(os.WriteFile(next, text, 0o600), os.Rename(next, c.file)); err != nil {
		return fmt.Errorf("keep the demo's clock: %w", err)
	}
	c.ahead.Store(int64(ahead))
	return nil
}
