package db_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"huitou/model/db"
)

// gate is a source of values whose queries a test holds back and lets go.
type gate struct {
	mu      sync.Mutex
	queries [][]int
	began   chan struct{}
	release chan struct{}
}

func newGate() *gate {
	return &gate{began: make(chan struct{}, 100), release: make(chan struct{})}
}

func (g *gate) load(_ context.Context, keys []int) (map[int]string, error) {
	g.mu.Lock()
	g.queries = append(g.queries, slices.Sorted(slices.Values(keys)))
	g.mu.Unlock()
	g.began <- struct{}{}
	<-g.release
	out := map[int]string{}
	for _, k := range keys {
		if k < 0 {
			return nil, errors.New("negative")
		}
		if k%2 == 0 {
			out[k] = fmt.Sprint(k)
		}
	}
	return out, nil
}

type answer struct {
	value string
	found bool
	err   error
}

// ask starts a look-up.
func ask(ctx context.Context, l *db.Loader[int, string], key int) <-chan answer {
	out := make(chan answer, 1)
	go func() {
		v, ok, err := l.Load(ctx, key)
		out <- answer{v, ok, err}
	}()
	return out
}

func TestLoaderSharesQueries(t *testing.T) {
	g := newGate()
	l := db.NewLoader(100, 1, g.load)
	first := ask(t.Context(), l, 0)
	<-g.began
	var rest []<-chan answer
	for i := range 50 {
		rest = append(rest, ask(t.Context(), l, i%5))
	}
	for db.Waiting(l) < 50 {
		runtime.Gosched()
	}
	close(g.release)
	if a := <-first; a != (answer{"0", true, nil}) {
		t.Errorf("first look-up = %+v", a)
	}
	for i, c := range rest {
		want := answer{fmt.Sprint(i % 5), true, nil}
		if i%5%2 == 1 {
			want = answer{}
		}
		if a := <-c; a != want {
			t.Errorf("look-up of %d = %+v, want %+v", i%5, a, want)
		}
	}
	if want := [][]int{{0}, {0, 1, 2, 3, 4}}; !slices.EqualFunc(g.queries, want, slices.Equal) {
		t.Errorf("queries = %v, want %v", g.queries, want)
	}
}

func TestLoaderNeverAnswersFromAnOlderQuery(t *testing.T) {
	var version atomic.Int64
	began, release := make(chan struct{}, 10), make(chan struct{})
	l := db.NewLoader(10, 1, func(_ context.Context, keys []int) (map[int]int64, error) {
		v := version.Load()
		began <- struct{}{}
		<-release
		return map[int]int64{1: v}, nil
	})
	old := make(chan int64, 1)
	go func() { v, _, _ := l.Load(context.Background(), 1); old <- v }()
	<-began
	version.Store(1) // changes while the first query is under way
	fresh := make(chan int64, 1)
	go func() { v, _, _ := l.Load(context.Background(), 1); fresh <- v }()
	for db.Waiting(l) < 1 {
		runtime.Gosched()
	}
	close(release)
	if v := <-old; v != 0 {
		t.Errorf("the first look-up saw %d, want 0", v)
	}
	if v := <-fresh; v != 1 {
		t.Errorf("a look-up that began after the change saw %d, want 1", v)
	}
}

func TestLoaderBoundsQueriesAndLanes(t *testing.T) {
	var now, most, largest atomic.Int64
	l := db.NewLoader(7, 3, func(_ context.Context, keys []int) (map[int]int, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		for m := largest.Load(); int64(len(keys)) > m && !largest.CompareAndSwap(m, int64(len(keys))); m = largest.Load() {
		}
		out := map[int]int{}
		for _, k := range keys {
			out[k] = k * k
		}
		return out, nil
	})
	var wg sync.WaitGroup
	for i := range 2000 {
		wg.Go(func() {
			if v, ok, err := l.Load(t.Context(), i); v != i*i || !ok || err != nil {
				t.Errorf("look-up of %d = %d %v %v", i, v, ok, err)
			}
		})
	}
	wg.Wait()
	if most.Load() > 3 || largest.Load() > 7 {
		t.Errorf("%d queries at a time of up to %d keys, want at most 3 of 7", most.Load(), largest.Load())
	}
}

func TestLoaderTellsErrorsAndEndedContexts(t *testing.T) {
	g := newGate()
	l := db.NewLoader(10, 1, g.load)
	first := ask(t.Context(), l, 0)
	<-g.began
	ctx, cancel := context.WithCancel(t.Context())
	gone := ask(ctx, l, 2)
	for db.Waiting(l) < 1 {
		runtime.Gosched()
	}
	cancel()
	if a := <-gone; !errors.Is(a.err, context.Canceled) {
		t.Errorf("look-up whose caller left = %+v, want context.Canceled", a)
	}
	bad := ask(t.Context(), l, -1)
	for db.Waiting(l) < 1 {
		runtime.Gosched()
	}
	close(g.release)
	if a := <-first; a.err != nil {
		t.Errorf("look-up before the faulty one = %+v", a)
	}
	if a := <-bad; a.err == nil {
		t.Error("a query that failed was answered")
	}
	if a := <-ask(t.Context(), l, 4); a != (answer{"4", true, nil}) {
		t.Errorf("look-up after the faulty one = %+v", a)
	}
}

func TestLoaderSurvivesPanic(t *testing.T) {
	began, release := make(chan struct{}, 10), make(chan struct{})
	l := db.NewLoader(10, 1, func(_ context.Context, keys []int) (map[int]int, error) {
		began <- struct{}{}
		<-release
		if slices.Contains(keys, 13) {
			panic("thirteen")
		}
		return map[int]int{1: 1}, nil
	})
	go func() { l.Load(context.Background(), 1) }()
	<-began
	panicked := make(chan any, 1)
	go func() {
		defer func() { panicked <- recover() }()
		l.Load(context.Background(), 13)
	}()
	for db.Waiting(l) < 1 {
		runtime.Gosched()
	}
	other := make(chan error, 1)
	go func() { _, _, err := l.Load(context.Background(), 1); other <- err }()
	for db.Waiting(l) < 2 {
		runtime.Gosched()
	}
	close(release)
	if p := <-panicked; p != "thirteen" {
		t.Errorf("the caller who ran the query recovered %v", p)
	}
	if err := <-other; err == nil {
		t.Error("a look-up in a query that panicked was answered")
	}
	if v, ok, err := l.Load(t.Context(), 1); v != 1 || !ok || err != nil {
		t.Errorf("look-up after a panic = %d %v %v", v, ok, err)
	}
}
