package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	hundred := make(latencies, 100)
	for i, j := range rand.Perm(100) {
		hundred[i] = time.Duration(j+1) * time.Millisecond
	}
	tests := []struct {
		name  string
		of    latencies
		share float64
		want  time.Duration
	}{
		{"of nothing", nil, 0.99, 0},
		{"of one", latencies{7}, 0.5, 7},
		{"the median of two is the lesser", latencies{2, 1}, 0.5, 1},
		{"the p99 of two is the greater", latencies{2, 1}, 0.99, 2},
		{"the p50 of 1 to 100", hundred, 0.5, 50 * time.Millisecond},
		{"the p99 of 1 to 100", hundred, 0.99, 99 * time.Millisecond},
		{"a rank between two is rounded up", hundred, 0.991, 100 * time.Millisecond},
		{"the greatest", hundred, 1, 100 * time.Millisecond},
		{"a share near nothing is the least", hundred, 1e-9, time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.of.sorted().percentile(tt.share); got != tt.want {
				t.Errorf("percentile(%v) = %s, want %s", tt.share, got, tt.want)
			}
		})
	}
}

func TestTurnCountsOnlyGrantsIntoTheRate(t *testing.T) {
	a := newTurn([]answer{
		{status: 201, took: 3 * time.Second, at: 3 * time.Second},
		{status: 201, took: time.Second, at: 4 * time.Second},
		{status: 409, took: time.Millisecond, at: 20 * time.Second},
		{status: 500, at: 30 * time.Second},
		{status: 0, at: 30 * time.Second},
	})
	if got := a.rate(); got != 0.5 {
		t.Errorf("rate = %v a second, want 0.5", got)
	}
	if len(a.granted) != 2 || len(a.refused) != 1 || a.errors != 2 {
		t.Errorf("%d granted, %d refused, %d errors, want 2, 1, 2", len(a.granted), len(a.refused), a.errors)
	}
	a.add(newTurn([]answer{{status: 201, took: 2 * time.Second, at: 2 * time.Second}}))
	if got := a.rate(); got != 0.5 {
		t.Errorf("rate of 2 in 4 s and 1 in 2 s = %v, want 0.5", got)
	}
	if got := a.granted.percentile(0.5); got != 2*time.Second {
		t.Errorf("the median of 3 s, 1 s and 2 s = %s", got)
	}
}
