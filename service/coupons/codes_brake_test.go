package coupons

import (
	"testing"
	"time"

	"huitou/model"
)

// T33: however patiently somebody guesses, few guesses are looked up.
func TestT33ADayOfGuessing(t *testing.T) {
	start := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	row := model.CouponCodeTry{LastAt: start, NextAt: start}
	guesses := 0
	for at := start; at.Before(start.Add(24 * time.Hour)); at = at.Add(time.Second) {
		var wait time.Duration
		if row, wait = charge(row, at); wait == 0 {
			guesses++
		}
	}
	if guesses < 20 || guesses > 45 {
		t.Errorf("%d guesses on a day, want 20 to 45", guesses)
	}
	if after, wait := charge(row, row.LastAt.Add(triesFade)); wait != 0 || after.Failures != 1 {
		t.Errorf("after a day without a wrong code: %+v, wait %s", after, wait)
	}
}

// A right code takes its charge back, so that somebody with many codes is never braked.
func TestRightCodesCostNothing(t *testing.T) {
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	row := model.CouponCodeTry{LastAt: now, NextAt: now}
	for i := range 100 {
		charged, wait := charge(row, now)
		if wait > 0 {
			t.Fatalf("code %d waits %s", i, wait)
		}
		row = refund(charged)
	}
}
