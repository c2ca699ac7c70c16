// Package kvtest is the suite that every kv.Store passes.
package kvtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model/kv"
)

// Subject is an empty store and a way to let its time pass.
type Subject struct {
	Store kv.Store
	// Pass lets d go by for the store: a real wait for a server, a step for a fake clock.
	Pass func(d time.Duration)
}

// short is a life that a real server can be waited for, long one that no test outlives.
const (
	short = 200 * time.Millisecond
	long  = time.Minute
)

// Run exercises a store. open gives each subtest a store of its own.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Subject){
		"reads what was written":             readsWhatWasWritten,
		"forgets after the life":             forgetsAfterTheLife,
		"deletes":                            deletes,
		"sets only when absent":              setsOnlyWhenAbsent,
		"gives one lease to many askers":     givesOneLease,
		"releases only the owner's lease":    releasesOnlyOwn,
		"compares before it deletes":         comparesBeforeDelete,
		"deletes once for many comparers":    deletesOnce,
		"counts in a fixed window":           countsInFixedWindow,
		"counts every concurrent call":       countsConcurrently,
		"counts anew over a non-number":      countsOverNonNumber,
		"keeps bytes as they are":            keepsBytes,
		"refuses what breaks the contract":   refusesInvalid,
		"answers a ping":                     answersPing,
		"is unavailable after it was closed": unavailableAfterClose,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func readsWhatWasWritten(t *testing.T, s Subject) {
	ctx := t.Context()
	expectMiss(t, s.Store, "a")
	must(t, s.Store.Set(ctx, "a", "1", long))
	expect(t, s.Store, "a", "1")
	must(t, s.Store.Set(ctx, "a", "2", long))
	expect(t, s.Store, "a", "2")
	expectMiss(t, s.Store, "A")
	must(t, s.Store.Set(ctx, "empty", "", long))
	expect(t, s.Store, "empty", "")
}

func forgetsAfterTheLife(t *testing.T, s Subject) {
	ctx := t.Context()
	must(t, s.Store.Set(ctx, "stays", "x", long))
	must(t, s.Store.Set(ctx, "goes", "x", short))
	s.Pass(2 * short)
	expectMiss(t, s.Store, "goes")
	expect(t, s.Store, "stays", "x")

	// A new write is a new life.
	must(t, s.Store.Set(ctx, "again", "x", short))
	must(t, s.Store.Set(ctx, "again", "y", long))
	s.Pass(2 * short)
	expect(t, s.Store, "again", "y")
}

func deletes(t *testing.T, s Subject) {
	must(t, s.Store.Set(t.Context(), "a", "1", long))
	must(t, s.Store.Delete(t.Context(), "a"))
	must(t, s.Store.Delete(t.Context(), "a"))
	expectMiss(t, s.Store, "a")
}

func setsOnlyWhenAbsent(t *testing.T, s Subject) {
	ctx := t.Context()
	expectBool(t, true)(s.Store.SetNX(ctx, "l", "one", short))
	expectBool(t, false)(s.Store.SetNX(ctx, "l", "two", long))
	expect(t, s.Store, "l", "one")
	s.Pass(2 * short)
	expectBool(t, true)(s.Store.SetNX(ctx, "l", "two", long))
	expect(t, s.Store, "l", "two")
}

func givesOneLease(t *testing.T, s Subject) {
	var won atomic.Int64
	together(50, func(i int) {
		ok, err := s.Store.SetNX(t.Context(), "lease", fmt.Sprint("owner-", i), long)
		if err != nil {
			t.Errorf("SetNX: %v", err)
		}
		if ok {
			won.Add(1)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%d owners of one lease", won.Load())
	}
}

func releasesOnlyOwn(t *testing.T, s Subject) {
	ctx := t.Context()
	expectBool(t, true)(s.Store.SetNX(ctx, "l", "one", long))
	must(t, s.Store.Release(ctx, "l", "two"))
	expect(t, s.Store, "l", "one")
	must(t, s.Store.Release(ctx, "l", "one"))
	expectMiss(t, s.Store, "l")
	must(t, s.Store.Release(ctx, "l", "one"))
}

func comparesBeforeDelete(t *testing.T, s Subject) {
	ctx := t.Context()
	expectBool(t, false)(s.Store.CompareAndDelete(ctx, "t", "old"))
	must(t, s.Store.Set(ctx, "t", "new", long))
	expectBool(t, false)(s.Store.CompareAndDelete(ctx, "t", "old"))
	expect(t, s.Store, "t", "new")
	expectBool(t, true)(s.Store.CompareAndDelete(ctx, "t", "new"))
	expectMiss(t, s.Store, "t")
}

func deletesOnce(t *testing.T, s Subject) {
	must(t, s.Store.Set(t.Context(), "t", "bad", long))
	var deleted atomic.Int64
	together(50, func(int) {
		ok, err := s.Store.CompareAndDelete(t.Context(), "t", "bad")
		if err != nil {
			t.Errorf("CompareAndDelete: %v", err)
		}
		if ok {
			deleted.Add(1)
		}
	})
	if deleted.Load() != 1 {
		t.Errorf("deleted %d times", deleted.Load())
	}
}

func countsInFixedWindow(t *testing.T, s Subject) {
	ctx := t.Context()
	for want := int64(1); want <= 3; want++ {
		expectCount(t, want)(s.Store.Incr(ctx, "c", 4*short))
		s.Pass(short / 2)
	}
	// The window has run for 1.5 by now; later counts did not extend it.
	s.Pass(3 * short)
	expectCount(t, 1)(s.Store.Incr(ctx, "c", 4*short))
}

func countsConcurrently(t *testing.T, s Subject) {
	together(50, func(int) {
		if _, err := s.Store.Incr(t.Context(), "c", long); err != nil {
			t.Errorf("Incr: %v", err)
		}
	})
	expectCount(t, 51)(s.Store.Incr(t.Context(), "c", long))
}

func countsOverNonNumber(t *testing.T, s Subject) {
	must(t, s.Store.Set(t.Context(), "c", "not a number", long))
	expectCount(t, 1)(s.Store.Incr(t.Context(), "c", long))
	expectCount(t, 2)(s.Store.Incr(t.Context(), "c", long))
}

func keepsBytes(t *testing.T, s Subject) {
	for _, v := range []string{"回头", "\x00\xff\r\n", strings.Repeat("x", kv.MaxValue)} {
		must(t, s.Store.Set(t.Context(), "键 with spaces\r\n", v, long))
		expect(t, s.Store, "键 with spaces\r\n", v)
	}
}

func refusesInvalid(t *testing.T, s Subject) {
	ctx := t.Context()
	longKey, longValue := strings.Repeat("k", kv.MaxKey+1), strings.Repeat("v", kv.MaxValue+1)
	_, _, getErr := s.Store.Get(ctx, "")
	_, nxErr := s.Store.SetNX(ctx, "k", "v", -time.Second)
	_, incrErr := s.Store.Incr(ctx, "k", 0)
	_, cadErr := s.Store.CompareAndDelete(ctx, longKey, "v")
	for what, err := range map[string]error{
		"Get of an empty key":              getErr,
		"Set with no life":                 s.Store.Set(ctx, "k", "v", 0),
		"Set of a long value":              s.Store.Set(ctx, "k", longValue, long),
		"Set of a long key":                s.Store.Set(ctx, longKey, "v", long),
		"SetNX with a negative life":       nxErr,
		"Incr with no life":                incrErr,
		"CompareAndDelete of a long key":   cadErr,
		"Delete of an empty key":           s.Store.Delete(ctx, ""),
		"Release of an empty key":          s.Store.Release(ctx, "", "owner"),
		"Set with an empty key and a life": s.Store.Set(ctx, "", "v", long),
	} {
		if !errors.Is(err, kv.ErrInvalid) {
			t.Errorf("%s = %v, want ErrInvalid", what, err)
		}
	}
	expectMiss(t, s.Store, "k")
}

func answersPing(t *testing.T, s Subject) { must(t, s.Store.Ping(t.Context())) }

func unavailableAfterClose(t *testing.T, s Subject) {
	must(t, s.Store.Set(t.Context(), "a", "1", long))
	must(t, s.Store.Close())
	if _, _, err := s.Store.Get(t.Context(), "a"); !errors.Is(err, kv.ErrUnavailable) {
		t.Errorf("Get after Close = %v, want ErrUnavailable", err)
	}
	if err := s.Store.Ping(t.Context()); !errors.Is(err, kv.ErrUnavailable) {
		t.Errorf("Ping after Close = %v, want ErrUnavailable", err)
	}
}

func together(n int, do func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, s kv.Store, key, want string) {
	t.Helper()
	got, ok, err := s.Get(context.Background(), key)
	if err != nil || !ok || got != want {
		t.Fatalf("Get(%q) = %.40q, %v, %v; want %.40q", key, got, ok, err, want)
	}
}

func expectMiss(t *testing.T, s kv.Store, key string) {
	t.Helper()
	if got, ok, err := s.Get(context.Background(), key); err != nil || ok {
		t.Fatalf("Get(%q) = %.40q, %v, %v; want a miss", key, got, ok, err)
	}
}

func expectBool(t *testing.T, want bool) func(bool, error) {
	t.Helper()
	return func(got bool, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Fatalf("got %v, %v; want %v", got, err, want)
		}
	}
}

func expectCount(t *testing.T, want int64) func(int64, error) {
	t.Helper()
	return func(got int64, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Fatalf("count = %d, %v; want %d", got, err, want)
		}
	}
}
