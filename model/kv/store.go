package kv

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Size limits of one entry, in bytes, the same in every implementation.
const (
	MaxKey   = 512
	MaxValue = 64 << 10
)

var (
	// ErrUnavailable means the store did not answer in time, or is known not to answer.
	// Nothing is known about the entry; treat it as a miss.
	ErrUnavailable = errors.New("kv unavailable")

	// ErrInvalid means the caller broke the contract: an empty or too long key, a too
	// long value, a life that is not positive.
	ErrInvalid = errors.New("kv entry invalid")
)

// Store keeps short-lived strings. All methods are safe for concurrent use.
// Every method may return ErrUnavailable; the writing ones also ErrInvalid.
type Store interface {
	// Get returns the value of key, and false when there is none.
	Get(ctx context.Context, key string) (string, bool, error)

	// Set writes the value, whatever was there before, for ttl (> 0).
	Set(ctx context.Context, key, value string, ttl time.Duration) error

	// SetNX writes the value only when the key is absent and says whether it did.
	// It takes a lease when value is a token that only its owner knows.
	SetNX(ctx context.Context, key, value string, ttl time.Duration) (bool, error)

	// Release gives a lease back. A lease that has run out meanwhile, or that now
	// belongs to another owner, is left alone; that is not an error.
	Release(ctx context.Context, key, owner string) error

	// CompareAndDelete removes the key when its value is exactly old, in one step, and
	// says whether it did.
	CompareAndDelete(ctx context.Context, key, old string) (bool, error)

	// Incr adds one to a fixed-window counter and returns the count. The window starts
	// with the first count and lasts ttl (> 0); later counts do not extend it.
	Incr(ctx context.Context, key string, ttl time.Duration) (int64, error)

	// Delete removes the key if it is there.
	Delete(ctx context.Context, key string) error

	// Ping says whether the store answers now.
	Ping(ctx context.Context) error

	// Close frees the store. Later calls return ErrUnavailable.
	Close() error
}

func checkKey(key string) error {
	if key == "" || len(key) > MaxKey {
		return fmt.Errorf("key of %d bytes: %w", len(key), ErrInvalid)
	}
	return nil
}

func checkEntry(key, value string, ttl time.Duration) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if len(value) > MaxValue {
		return fmt.Errorf("value of %d bytes for key %q: %w", len(value), key, ErrInvalid)
	}
	if ttl <= 0 {
		return fmt.Errorf("life of %s for key %q: %w", ttl, key, ErrInvalid)
	}
	return nil
}
