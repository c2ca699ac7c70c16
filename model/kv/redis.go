package kv

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/sony/gobreaker/v2"
)

// Redis limits when RedisOptions leaves them at zero.
const (
	DefaultPrefix   = "huitou:"
	DefaultTimeout  = 50 * time.Millisecond
	DefaultCooldown = time.Second
	DefaultFailures = 5
)

// RedisOptions configures a Redis.
type RedisOptions struct {
	// Addrs is one server, the seeds of a cluster, or the sentinels when Master is set.
	Addrs    []string
	Master   string
	Username string
	Password string
	TLS      *tls.Config

	// Prefix stands before every key, so that one Redis can serve several programs.
	// Empty means DefaultPrefix.
	Prefix string
	// Timeout bounds one operation as a whole, connecting and waiting for a free
	// connection included. Zero means DefaultTimeout.
	Timeout time.Duration
	// Failures in a row open the breaker: for Cooldown nobody waits for the server any
	// more, then one call tries again. Zero means the defaults.
	Failures uint32
	Cooldown time.Duration
	// PoolSize bounds the connections per server; zero leaves it to the client.
	PoolSize int
}

// Redis is a Store on a Redis server, a Sentinel group or a Cluster.
type Redis struct {
	client  redis.UniversalClient
	prefix  string
	timeout time.Duration
	breaker *gobreaker.CircuitBreaker[any]
}

var _ Store = (*Redis)(nil)

// NewRedis returns a store on the given servers. It does not connect: a Redis that is
// down at the start is a slow Redis, not a reason to stay down.
func NewRedis(opt RedisOptions) (*Redis, error) {
	if len(opt.Addrs) == 0 {
		return nil, errors.New("kv: no Redis address")
	}
	opt = opt.withDefaults()
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:      opt.Addrs,
		MasterName: opt.Master,
		Username:   opt.Username,
		Password:   opt.Password,
		TLSConfig:  opt.TLS,
		PoolSize:   opt.PoolSize,

		DialTimeout:           opt.Timeout,
		ReadTimeout:           opt.Timeout,
		WriteTimeout:          opt.Timeout,
		PoolTimeout:           opt.Timeout,
		ContextTimeoutEnabled: true,
		// One try: a hint that needs a second one is a miss.
		MaxRetries:    -1,
		DialerRetries: 1,
		// No extra round trips on a new connection that could time out half-read and
		// shift the answers of the next caller (CLIENT SETINFO, GO-2025-3540).
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return newRedis(client, opt), nil
}

func (opt RedisOptions) withDefaults() RedisOptions {
	if opt.Prefix == "" {
		opt.Prefix = DefaultPrefix
	}
	if opt.Timeout <= 0 {
		opt.Timeout = DefaultTimeout
	}
	if opt.Failures == 0 {
		opt.Failures = DefaultFailures
	}
	if opt.Cooldown <= 0 {
		opt.Cooldown = DefaultCooldown
	}
	return opt
}

func newRedis(client redis.UniversalClient, opt RedisOptions) *Redis {
	r := &Redis{client: client, prefix: opt.Prefix, timeout: opt.Timeout}
	r.breaker = gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		Name:        "redis",
		MaxRequests: 1,
		Timeout:     opt.Cooldown,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= opt.Failures },
		// A caller who gave up says nothing about the server.
		IsExcluded: func(err error) bool { return errors.Is(err, errCallerGone) },
	})
	return r
}

// errCallerGone marks an operation that ended because the caller's own context did.
var errCallerGone = errors.New("caller gone")

func (r *Redis) Get(ctx context.Context, key string) (string, bool, error) {
	if err := checkKey(key); err != nil {
		return "", false, err
	}
	v, err := r.do(ctx, func(ctx context.Context) (any, error) {
		v, err := r.client.Get(ctx, r.prefix+key).Result()
		if errors.Is(err, redis.Nil) || isWrongType(err) {
			return nil, nil
		}
		return v, err
	})
	if err != nil {
		return "", false, fmt.Errorf("get %q: %w", key, err)
	}
	s, ok := v.(string)
	return s, ok, nil
}

func (r *Redis) Set(ctx context.Context, key, value string, ttl time.Duration) error {
	if err := checkEntry(key, value, ttl); err != nil {
		return err
	}
	_, err := r.do(ctx, func(ctx context.Context) (any, error) {
		return nil, r.client.Set(ctx, r.prefix+key, value, wholeMillis(ttl)).Err()
	})
	if err != nil {
		return fmt.Errorf("set %q: %w", key, err)
	}
	return nil
}

// The scripts touch one key each, so they run in a cluster, and none of them leaves a
// key without an end.
var (
	setAbsent = redis.NewScript(`
		if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
		if redis.call('TYPE', KEYS[1]).ok == 'string' then return 0 end
		redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
		return 1`)

	compareAndDelete = redis.NewScript(`
		if redis.call('TYPE', KEYS[1]).ok ~= 'string' then return 0 end
		if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
		return redis.call('DEL', KEYS[1])`)

	countUp = redis.NewScript(`
		local n = redis.pcall('INCR', KEYS[1])
		if type(n) ~= 'number' then
			redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
			return 1
		end
		if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
		return n`)
)

func (r *Redis) SetNX(ctx context.Context, key, value string, ttl time.Duration) (bool, error) {
	if err := checkEntry(key, value, ttl); err != nil {
		return false, err
	}
	n, err := r.script(ctx, setAbsent, key, value, wholeMillis(ttl).Milliseconds())
	if err != nil {
		return false, fmt.Errorf("set %q if absent: %w", key, err)
	}
	return n == 1, nil
}

func (r *Redis) Release(ctx context.Context, key, owner string) error {
	_, err := r.CompareAndDelete(ctx, key, owner)
	return err
}

func (r *Redis) CompareAndDelete(ctx context.Context, key, old string) (bool, error) {
	if err := checkKey(key); err != nil {
		return false, err
	}
	n, err := r.script(ctx, compareAndDelete, key, old)
	if err != nil {
		return false, fmt.Errorf("compare and delete %q: %w", key, err)
	}
	return n == 1, nil
}

func (r *Redis) Incr(ctx context.Context, key string, ttl time.Duration) (int64, error) {
	if err := checkEntry(key, "", ttl); err != nil {
		return 0, err
	}
	n, err := r.script(ctx, countUp, key, wholeMillis(ttl).Milliseconds())
	if err != nil {
		return 0, fmt.Errorf("count %q: %w", key, err)
	}
	return n, nil
}

func (r *Redis) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	_, err := r.do(ctx, func(ctx context.Context) (any, error) {
		return nil, r.client.Del(ctx, r.prefix+key).Err()
	})
	if err != nil {
		return fmt.Errorf("delete %q: %w", key, err)
	}
	return nil
}

// Ping asks the server even while the breaker is open: it is what a readiness check calls.
func (r *Redis) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	if err := r.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping: %w: %w", ErrUnavailable, err)
	}
	return nil
}

// Close closes the connections.
func (r *Redis) Close() error { return r.client.Close() }

func (r *Redis) script(ctx context.Context, s *redis.Script, key string, args ...any) (int64, error) {
	v, err := r.do(ctx, func(ctx context.Context) (any, error) {
		return s.Run(ctx, r.client, []string{r.prefix + key}, args...).Int64()
	})
	if err != nil {
		return 0, err
	}
	return v.(int64), nil
}

// do runs one operation within the time-out and behind the breaker. Whatever goes wrong
// comes back as ErrUnavailable, except that a caller who gave up gets the reason he gave.
func (r *Redis) do(ctx context.Context, op func(context.Context) (any, error)) (any, error) {
	v, err := r.breaker.Execute(func() (any, error) {
		short, cancel := context.WithTimeout(ctx, r.timeout)
		defer cancel()
		v, err := op(short)
		if err != nil && ctx.Err() != nil {
			return nil, fmt.Errorf("%w: %w", errCallerGone, ctx.Err())
		}
		return v, err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return v, nil
}

func isWrongType(err error) bool {
	return err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE")
}

// wholeMillis rounds up to what Redis can count in.
func wholeMillis(d time.Duration) time.Duration {
	if r := d.Round(time.Millisecond); r >= d {
		return r
	}
	return d.Truncate(time.Millisecond) + time.Millisecond
}
