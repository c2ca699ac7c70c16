package staff

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
)

// However tries are spread, at most 10 are evaluated in any one minute.
func TestBrakeBoundsEveryMinute(t *testing.T) {
	for name, b := range map[string]brake{"account": accountBrake, "address": addressBrake} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
				row := model.StaffAttempt{LastAt: now, NextAt: now}
				var evaluated []time.Time
				for range rapid.IntRange(1, 300).Draw(t, "tries") {
					now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 5, 10, 20, 60, 600, 900}).Draw(t, "gap")) * time.Second)
					next, wait := b.charge(row, now)
					if wait > 0 {
						if next != row {
							t.Fatal("a refused try changed the count")
						}
						continue
					}
					row, evaluated = next, append(evaluated, now)
				}
				for i, from := range evaluated {
					n := 0
					for _, at := range evaluated[i:] {
						if at.Before(from.Add(time.Minute)) {
							n++
						}
					}
					if n > 10 {
						t.Fatalf("%d tries evaluated in one minute", n)
					}
				}
			})
		})
	}
}

func TestBrakePause(t *testing.T) {
	for n, want := range map[int]time.Duration{0: 0, 4: 0, 5: 10 * time.Second, 6: 20 * time.Second, 7: 40 * time.Second, 8: time.Minute, 1000000: time.Minute} {
		if got := accountBrake.pause(n); got != want {
			t.Errorf("pause after %d failures = %s, want %s", n, got, want)
		}
	}
}

func TestBrakeRefund(t *testing.T) {
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	row := model.StaffAttempt{LastAt: now, NextAt: now}
	for range 8 {
		row, _ = addressBrake.charge(row, now)
	}
	if _, wait := addressBrake.charge(row, now); wait == 0 {
		t.Error("the ninth try is not slowed down")
	}
	if _, wait := addressBrake.charge(addressBrake.refund(row), now); wait != 0 {
		t.Errorf("after a success the next try waits %s", wait)
	}
	if got := addressBrake.refund(model.StaffAttempt{}); got.Failures != 0 {
		t.Errorf("refund of nothing = %d failures", got.Failures)
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "", "not an address": "not an address",
	} {
		if got := network(in); got != want {
			t.Errorf("network(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestHasher(t *testing.T) {
	h := newHasher(fullCost)
	a, err := h.hash(t.Context(), "long-river-9-tea")
	b, _ := h.hash(t.Context(), "long-river-9-tea")
	if err != nil || a == b || !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hashes %q and %q, %v", a, b, err)
	}
	// Made by the reference implementation with other costs: a stored hash keeps its own.
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, tt := range []struct {
		hash, password string
		want           bool
	}{
		{a, "long-river-9-tea", true}, {b, "long-river-9-tea", true}, {a, "long-river-9-teA", false}, {a, "", false},
		{reference, "password", true}, {reference, "Password", false}, {"", "anything", false}, {"", "", false},
	} {
		if got, err := h.check(t.Context(), tt.hash, tt.password); got != tt.want || err != nil {
			t.Errorf("check(%q, %q) = %v, %v", tt.hash, tt.password, got, err)
		}
	}
	for _, bad := range []string{"x", "$2a$10$abcdefghijklmnopqrstuv", strings.Replace(a, "t=2", "t=0", 1), strings.Replace(a, "m=19456", "m=99999999", 1), a[:60]} {
		if ok, err := h.check(t.Context(), bad, "long-river-9-tea"); ok || !errors.Is(err, errHash) {
			t.Errorf("check of the hash %q = %v, %v", bad, ok, err)
		}
	}
}

// A flood of sign-ins computes a few hashes at a time, and callers who leave do not keep their turn.
func TestHasherBoundsMemory(t *testing.T) {
	h := newHasher(fullCost)
	for range hashesAtOnce {
		if err := h.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var left atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := h.hash(ctx, "long-river-9-tea"); errors.Is(err, context.Canceled) {
				left.Add(1)
			}
		})
	}
	cancel()
	wg.Wait()
	if left.Load() != 50 {
		t.Errorf("%d of 50 waited no longer than their callers", left.Load())
	}
	h.leave()
	if _, err := h.hash(t.Context(), "long-river-9-tea"); err != nil {
		t.Errorf("hash after the flood: %v", err)
	}
}
