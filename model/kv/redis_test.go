package kv_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"huitou/model/kv"
	"huitou/model/kv/kvtest"
)

func TestRedis(t *testing.T) {
	addr := redisAddr(t)
	kvtest.Run(t, func(t *testing.T) kvtest.Subject {
		return kvtest.Subject{Store: openRedis(t, kv.RedisOptions{Addrs: []string{addr}}), Pass: time.Sleep}
	})
}

// T50: keys of another type are a miss and are overwritten.
func TestT50WrongTypeIsAMiss(t *testing.T) {
	addr := redisAddr(t)
	raw := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = raw.Close() })
	prefix := t.Name() + ":"
	store := openRedis(t, kv.RedisOptions{Addrs: []string{addr}, Prefix: prefix})
	ctx := t.Context()

	spoil := func(key string) {
		t.Helper()
		if err := raw.Del(ctx, prefix+key).Err(); err != nil {
			t.Fatal(err)
		}
		if err := raw.RPush(ctx, prefix+key, "a list").Err(); err != nil {
			t.Fatal(err)
		}
	}

	spoil("get")
	if v, ok, err := store.Get(ctx, "get"); err != nil || ok {
		t.Errorf("Get of a list = %q, %v, %v; want a miss", v, ok, err)
	}
	spoil("set")
	if err := store.Set(ctx, "set", "v", time.Minute); err != nil {
		t.Errorf("Set over a list: %v", err)
	}
	if v, ok, err := store.Get(ctx, "set"); err != nil || !ok || v != "v" {
		t.Errorf("Get after Set over a list = %q, %v, %v", v, ok, err)
	}
	spoil("nx")
	if ok, err := store.SetNX(ctx, "nx", "owner", time.Minute); err != nil || !ok {
		t.Errorf("SetNX over a list = %v, %v; want true", ok, err)
	}
	spoil("cad")
	if ok, err := store.CompareAndDelete(ctx, "cad", "a list"); err != nil || ok {
		t.Errorf("CompareAndDelete of a list = %v, %v; want false", ok, err)
	}
	spoil("incr")
	for want := int64(1); want <= 2; want++ {
		if n, err := store.Incr(ctx, "incr", time.Minute); err != nil || n != want {
			t.Errorf("Incr over a list = %d, %v; want %d", n, err, want)
		}
	}
	// A counter that lost its end (written by hand, restored) gets one again.
	if err := raw.Set(ctx, prefix+"endless", "7", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := store.Incr(ctx, "endless", time.Minute); err != nil || n != 8 {
		t.Errorf("Incr of an endless counter = %d, %v", n, err)
	}
	if ttl := raw.PTTL(ctx, prefix+"endless").Val(); ttl <= 0 {
		t.Errorf("endless counter still has no end: %v", ttl)
	}
}

// T50: whatever was there may be gone at any instant, scripts included.
func TestT50FlushAtAnyInstant(t *testing.T) {
	addr := redisAddr(t)
	raw := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = raw.Close() })
	store := openRedis(t, kv.RedisOptions{Addrs: []string{addr}, Prefix: t.Name() + ":"})
	ctx := t.Context()

	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_ = raw.FlushAll(ctx).Err()
				_ = raw.ScriptFlush(ctx).Err()
			}
		}
	}()
	for i := range 300 {
		if n, err := store.Incr(ctx, "c", time.Minute); err != nil || n < 1 {
			t.Fatalf("Incr %d under FLUSHALL = %d, %v", i, n, err)
		}
		if _, err := store.SetNX(ctx, "l", "owner", time.Minute); err != nil {
			t.Fatalf("SetNX %d under FLUSHALL: %v", i, err)
		}
		if _, err := store.CompareAndDelete(ctx, "l", "owner"); err != nil {
			t.Fatalf("CompareAndDelete %d under FLUSHALL: %v", i, err)
		}
	}
	close(stop)
	<-stopped
}

// T50: a server that swallows requests costs one time-out per call until the breaker
// opens, then next to nothing, and is used again once it answers.
func TestT50SilentRedisCostsLittle(t *testing.T) {
	silent := listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	const timeout = 30 * time.Millisecond
	store := openRedis(t, kv.RedisOptions{
		Addrs: []string{silent}, Timeout: timeout, Failures: 3, Cooldown: time.Hour,
	})

	start := time.Now()
	for range 3 {
		if _, _, err := store.Get(t.Context(), "a"); !errors.Is(err, kv.ErrUnavailable) {
			t.Fatalf("Get from a silent server = %v, want ErrUnavailable", err)
		}
	}
	if took := time.Since(start); took < timeout || took > 100*timeout {
		t.Errorf("3 calls to a silent server took %s", took)
	}

	start = time.Now()
	for range 1_000 {
		if _, err := store.Incr(t.Context(), "a", time.Minute); !errors.Is(err, kv.ErrUnavailable) {
			t.Fatalf("Incr behind an open breaker = %v, want ErrUnavailable", err)
		}
	}
	if took := time.Since(start); took > 100*timeout {
		t.Errorf("1,000 calls behind an open breaker took %s, as if some had waited", took)
	}
}

func TestT50BreakerClosesWhenRedisAnswersAgain(t *testing.T) {
	addr := redisAddr(t)
	var dead atomic.Bool
	dead.Store(true)
	proxy := listen(t, func(conn net.Conn) {
		if !dead.Load() {
			pipe(t, conn, addr, 0)
		}
	})
	const cooldown = 50 * time.Millisecond
	store := openRedis(t, kv.RedisOptions{Addrs: []string{proxy}, Failures: 2, Cooldown: cooldown})
	for range 3 {
		if err := store.Set(t.Context(), "a", "1", time.Minute); !errors.Is(err, kv.ErrUnavailable) {
			t.Fatalf("Set through a dead proxy = %v, want ErrUnavailable", err)
		}
	}
	dead.Store(false)
	deadline := time.Now().Add(5 * time.Second)
	for {
		time.Sleep(cooldown)
		err := store.Set(t.Context(), "a", "1", time.Minute)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still unavailable: %v", err)
		}
	}
}

// A caller who gives up does not count against the server.
func TestCallerGoneDoesNotOpenTheBreaker(t *testing.T) {
	addr := redisAddr(t)
	store := openRedis(t, kv.RedisOptions{Addrs: []string{addr}, Failures: 2, Cooldown: time.Hour})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		_, _, err := store.Get(gone, "a")
		if !errors.Is(err, kv.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Fatalf("Get of a caller who left = %v", err)
		}
	}
	if err := store.Set(t.Context(), "a", "1", time.Minute); err != nil {
		t.Errorf("Set after others left: %v", err)
	}
}

// T51: answers that arrive after the time-out must never reach the next caller. Every
// value names its key, and the proxy holds answers back for about the time-out.
func TestT51LateAnswersNeverReachAnotherKey(t *testing.T) {
	addr := redisAddr(t)
	direct := openRedis(t, kv.RedisOptions{Addrs: []string{addr}, Prefix: t.Name() + ":", Timeout: time.Second})
	for i := range 100 {
		key := fmt.Sprint("member:", i)
		if err := direct.Set(t.Context(), key, key, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	// How many come in time is the machine's business: the times grow until there were both sorts, each of which is checked.
	var answered, late atomic.Int64
	for timeout := 5 * time.Millisecond; timeout < time.Second && (answered.Load() == 0 || late.Load() == 0); timeout *= 2 {
		proxy := listen(t, func(conn net.Conn) { pipe(t, conn, addr, 2*timeout) })
		slow := openRedis(t, kv.RedisOptions{
			Addrs: []string{proxy}, Prefix: t.Name() + ":", Timeout: timeout, Failures: 1 << 30, PoolSize: 4,
		})
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 60 {
					key := fmt.Sprint("member:", (w*60+i)%100)
					v, ok, err := slow.Get(context.Background(), key)
					switch {
					case err != nil:
						late.Add(1)
					case !ok || v != key:
						t.Errorf("asked for %s, got %q", key, v)
					default:
						answered.Add(1)
					}
				}
			})
		}
		wg.Wait()
	}
	if answered.Load() == 0 || late.Load() == 0 {
		t.Errorf("%d answers and %d late: the test needs both", answered.Load(), late.Load())
	}
	t.Logf("%d answers, %d late", answered.Load(), late.Load())
}

func TestNewRedisNeedsAnAddress(t *testing.T) {
	if _, err := kv.NewRedis(kv.RedisOptions{}); err == nil {
		t.Error("NewRedis without an address did not complain")
	}
}

func redisAddr(t *testing.T) string {
	t.Helper()
	addr := os.Getenv("TEST_REDIS_ADDR")
	if addr == "" {
		t.Skip("TEST_REDIS_ADDR is empty: no Redis to test with")
	}
	return addr
}

func openRedis(t *testing.T, opt kv.RedisOptions) *kv.Redis {
	t.Helper()
	if opt.Prefix == "" {
		opt.Prefix = fmt.Sprintf("%s:%d:", t.Name(), rand.Uint64())
	}
	if opt.Timeout == 0 {
		opt.Timeout = 2 * time.Second // a busy test machine is not a dead Redis
	}
	store, err := kv.NewRedis(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// listen serves connections on a free port until the test ends, and waits for them.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		conns []net.Conn
	)
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			wg.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, conn := range conns {
			_ = conn.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

// pipe joins conn to the server at addr, holding each piece of an answer back for up to
// delay.
func pipe(t *testing.T, conn net.Conn, addr string, delay time.Duration) {
	up, err := net.Dial("tcp", addr)
	if err != nil {
		t.Errorf("proxy: %v", err)
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = io.Copy(up, conn)
		_ = up.Close()
	})
	buf := make([]byte, 4<<10)
	for {
		n, err := up.Read(buf)
		if delay > 0 && !strings.HasPrefix(string(buf[:n]), "+OK") {
			time.Sleep(rand.N(delay))
		}
		if _, werr := conn.Write(buf[:n]); err != nil || werr != nil {
			break
		}
	}
	_ = conn.Close()
	_ = up.Close()
	wg.Wait()
}
