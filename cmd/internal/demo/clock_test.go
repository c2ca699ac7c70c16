package demo

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestClockGoesForwardAndIsKept(t *testing.T) {
	dir := t.TempDir()
	real := start
	now := func() time.Time { return real }
	open := func() *Clock {
		t.Helper()
		c, err := OpenClock(dir, now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := open()
	if !c.Now().Equal(start) || c.Ahead() != 0 {
		t.Errorf("a new clock shows %s", c.Now())
	}
	for _, tt := range []struct{ to, want time.Duration }{
		{time.Hour, time.Hour}, {time.Minute, time.Hour}, {-time.Hour, time.Hour}, {time.Hour, time.Hour}, {time.Hour + 1, time.Hour + 1},
	} {
		if err := c.MoveTo(start.Add(tt.to)); err != nil {
			t.Fatal(err)
		}
		if got := c.Now().Sub(start); got != tt.want {
			t.Errorf("moved to %s it shows %s, want %s", tt.to, got, tt.want)
		}
	}
	real = real.Add(time.Minute)
	if got := open(); !got.Now().Equal(c.Now()) || got.Ahead() != time.Hour+1 {
		t.Errorf("opened again it is %s ahead", got.Ahead())
	}
	// Many move it at once: it ends at the farthest and was never seen to go back.
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			last := c.Now()
			for n := range 20 {
				if err := c.MoveTo(real.Add(time.Duration(n*8+i) * time.Hour)); err != nil {
					t.Error(err)
				}
				if now := c.Now(); now.Before(last) {
					t.Errorf("it went back from %s to %s", last, now)
				} else {
					last = now
				}
			}
		})
	}
	wg.Wait()
	if want := real.Add(159 * time.Hour); !c.Now().Equal(want) || !open().Now().Equal(want) {
		t.Errorf("it shows %s and is kept as %s, want %s", c.Now(), open().Now(), want)
	}
	for _, text := range []string{"", "{}", `{"ahead":"-1h"}`, `{"ahead":"tomorrow"}`, `{"ahead":3}`} {
		if err := os.WriteFile(filepath.Join(dir, "clock.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenClock(dir, now); err == nil {
			t.Errorf("a clock kept as %q was taken", text)
		}
	}
}

func TestClockThatCannotBeKeptDoesNotMove(t *testing.T) {
	c, err := OpenClock(filepath.Join(t.TempDir(), "gone"), func() time.Time { return start })
	if err != nil {
		t.Fatal(err)
	}
	if err := c.MoveTo(start.Add(time.Hour)); err == nil || !c.Now().Equal(start) {
		t.Errorf("MoveTo = %v, and it shows %s", err, c.Now())
	}
}
