package kv_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model/kv"
	"huitou/model/kv/kvtest"
)

func TestMemory(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) kvtest.Subject {
		clock := newClock()
		return kvtest.Subject{
			Store: kv.NewMemory(kv.MemoryOptions{Now: clock.Now}),
			Pass:  clock.Step,
		}
	})
}

func TestMemoryStaysWithinItsBounds(t *testing.T) {
	clock := newClock()
	m := kv.NewMemory(kv.MemoryOptions{Now: clock.Now, MaxEntries: 100, MaxBytes: 5_000})

	for i := range 10_000 {
		if err := m.Set(t.Context(), fmt.Sprint("key-", i), strings.Repeat("v", i%60), time.Minute+time.Duration(i)); err != nil {
			t.Fatal(err)
		}
		if entries, bytes := m.Usage(); entries > 100 || bytes > 5_000 {
			t.Fatalf("after %d writes: %d entries, %d bytes", i+1, entries, bytes)
		}
	}
	if _, ok, _ := m.Get(t.Context(), "key-9999"); !ok {
		t.Error("the newest entry was dropped while older ones would have run out first")
	}
	if _, ok, _ := m.Get(t.Context(), "key-0"); ok {
		t.Error("the entry that runs out first was kept")
	}

	// Overwriting does not add up, and deleting frees what was counted.
	for range 1_000 {
		_ = m.Set(t.Context(), "same", "value", time.Minute)
	}
	for i := range 10_000 {
		_ = m.Delete(t.Context(), fmt.Sprint("key-", i))
	}
	if entries, bytes := m.Usage(); entries != 1 || bytes != len("same")+len("value") {
		t.Errorf("left over: %d entries, %d bytes", entries, bytes)
	}
}

func TestMemoryDropsWhatCanNeverFit(t *testing.T) {
	m := kv.NewMemory(kv.MemoryOptions{Now: newClock().Now, MaxBytes: 10})
	if err := m.Set(t.Context(), "small", "1", time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := m.Set(t.Context(), "big", "0123456789", time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := m.Get(t.Context(), "small"); !ok {
		t.Error("an entry that cannot fit pushed out one that did")
	}
}

// clock is a clock that only moves when told.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
