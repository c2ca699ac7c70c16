package kv

import (
	"container/heap"
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// Memory limits when MemoryOptions leaves them at zero.
const (
	DefaultMaxEntries = 100_000
	DefaultMaxBytes   = 32 << 20
)

// MemoryOptions configures a Memory.
type MemoryOptions struct {
	// Now is the clock that entries age by. Required.
	Now func() time.Time
	// MaxEntries and MaxBytes (keys and values together) bound the memory. What would
	// run out first is dropped first. Zero means the defaults.
	MaxEntries int
	MaxBytes   int
}

// Memory is a Store inside this process.
type Memory struct {
	now        func() time.Time
	maxEntries int
	maxBytes   int

	mu      sync.Mutex
	closed  bool
	bytes   int
	entries map[string]*entry
	byEnd   endHeap
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Memory. It panics without a clock, which is a fault of wiring.
func NewMemory(opt MemoryOptions) *Memory {
	if opt.Now == nil {
		panic("kv: NewMemory without a clock")
	}
	m := &Memory{
		now:        opt.Now,
		maxEntries: opt.MaxEntries,
		maxBytes:   opt.MaxBytes,
		entries:    map[string]*entry{},
	}
	if m.maxEntries <= 0 {
		m.maxEntries = DefaultMaxEntries
	}
	if m.maxBytes <= 0 {
		m.maxBytes = DefaultMaxBytes
	}
	return m
}

func (m *Memory) Get(_ context.Context, key string) (string, bool, error) {
	if err := checkKey(key); err != nil {
		return "", false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return "", false, errClosed
	}
	e := m.live(key)
	if e == nil {
		return "", false, nil
	}
	return e.value, true, nil
}

func (m *Memory) Set(_ context.Context, key, value string, ttl time.Duration) error {
	if err := checkEntry(key, value, ttl); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errClosed
	}
	m.put(key, value, ttl)
	return nil
}

func (m *Memory) SetNX(_ context.Context, key, value string, ttl time.Duration) (bool, error) {
	if err := checkEntry(key, value, ttl); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, errClosed
	}
	if m.live(key) != nil {
		return false, nil
	}
	m.put(key, value, ttl)
	return true, nil
}

func (m *Memory) Release(ctx context.Context, key, owner string) error {
	_, err := m.CompareAndDelete(ctx, key, owner)
	return err
}

func (m *Memory) CompareAndDelete(_ context.Context, key, old string) (bool, error) {
	if err := checkKey(key); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false, errClosed
	}
	e := m.live(key)
	if e == nil || e.value != old {
		return false, nil
	}
	m.drop(e)
	return true, nil
}

func (m *Memory) Incr(_ context.Context, key string, ttl time.Duration) (int64, error) {
	if err := checkEntry(key, "", ttl); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0, errClosed
	}
	if e := m.live(key); e != nil {
		if n, err := strconv.ParseInt(e.value, 10, 63); err == nil {
			next := strconv.FormatInt(n+1, 10)
			m.bytes += len(next) - len(e.value)
			e.value = next
			return n + 1, nil
		}
	}
	m.put(key, "1", ttl)
	return 1, nil
}

func (m *Memory) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errClosed
	}
	if e := m.entries[key]; e != nil {
		m.drop(e)
	}
	return nil
}

func (m *Memory) Ping(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errClosed
	}
	return nil
}

// Close forgets everything.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.bytes, m.entries, m.byEnd = true, 0, nil, nil
	return nil
}

// Usage says how many entries and bytes the store holds, run-out ones included that
// nobody has asked for since.
func (m *Memory) Usage() (entries, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries), m.bytes
}

var errClosed = fmt.Errorf("memory store is closed: %w", ErrUnavailable)

type entry struct {
	key, value string
	end        time.Time
	at         int // position in byEnd
}

func (e *entry) size() int { return len(e.key) + len(e.value) }

// live returns the entry of key unless it has run out.
func (m *Memory) live(key string) *entry {
	e := m.entries[key]
	if e == nil {
		return nil
	}
	if !m.now().Before(e.end) {
		m.drop(e)
		return nil
	}
	return e
}

func (m *Memory) put(key, value string, ttl time.Duration) {
	if e := m.entries[key]; e != nil {
		m.drop(e)
	}
	e := &entry{key: key, value: value, end: m.now().Add(ttl)}
	if e.size() > m.maxBytes {
		return // a hint that never fits is a hint that was dropped at once
	}
	// Room is made before the new entry goes in, so that it is not its own victim.
	for len(m.byEnd) > 0 && (len(m.entries) >= m.maxEntries || m.bytes+e.size() > m.maxBytes) {
		m.drop(m.byEnd[0])
	}
	m.entries[key] = e
	m.bytes += e.size()
	heap.Push(&m.byEnd, e)
}

func (m *Memory) drop(e *entry) {
	delete(m.entries, e.key)
	m.bytes -= e.size()
	heap.Remove(&m.byEnd, e.at)
}

// endHeap has the entry that runs out first at the root.
type endHeap []*entry

func (h endHeap) Len() int           { return len(h) }
func (h endHeap) Less(i, j int) bool { return h[i].end.Before(h[j].end) }
func (h endHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *endHeap) Push(x any) {
	e := x.(*entry)
	e.at = len(*h)
	*h = append(*h, e)
}

func (h *endHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
