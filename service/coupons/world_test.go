package coupons_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/coupons"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errNobody = fault.New(fault.NotFound, "test.nobody", "没有", "nobody")

// crowd is a set of members 1 .. n, without rows: coupons only ask whether somebody exists.
type crowd int64

func (n crowd) LockTx(_ context.Context, _ *db.Tx, id model.MemberID) error {
	if id < 1 || int64(id) > int64(n) {
		return errNobody
	}
	return nil
}

func service(d *db.DB) *coupons.Service {
	return coupons.New(coupons.Deps{DB: d, Members: crowd(1_000_000), Log: slog.New(slog.DiscardHandler)})
}

const clerk model.StaffID = 3

var quiet = slog.New(slog.DiscardHandler)

// tenOff is a template of ten yuan off fifty, one for each member, that everybody may claim.
func tenOff() coupons.NewTemplate {
	return coupons.NewTemplate{
		Staff: clerk, Name: "满50减10", CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 1000, ThresholdFen: 5000},
		UseDays: 30, Total: -1, PerMember: 1, Claimable: true, Issuable: true,
	}
}

// active makes a template and starts it.
func active(t testing.TB, s *coupons.Service, n coupons.NewTemplate) model.PublicID {
	t.Helper()
	v, err := s.CreateTemplate(context.Background(), n)
	if err != nil {
		t.Fatalf("CreateTemplate: %v", err)
	}
	if _, err := s.Activate(context.Background(), clerk, v.ID); err != nil {
		t.Fatalf("Activate: %v", err)
	}
	return v.ID
}

func key(member model.MemberID, k string) db.Key {
	return db.Key{Scope: fmt.Sprintf("claim-coupon member:%d", member), Key: k}
}

func claim(s *coupons.Service, m model.MemberID, id model.PublicID) (coupons.Coupon, error) {
	return s.Claim(context.Background(), coupons.Claim{Member: m, Template: id})
}

// tally counts the ends of commands by the code of their fault; "" is success.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (y *tally) add(t testing.TB, err error) {
	code := ""
	if err != nil {
		f := fault.Of(err)
		if f == nil {
			t.Errorf("a command ended with %v, which is no fault", err)
			return
		}
		code = f.Code
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.n == nil {
		y.n = map[string]int{}
	}
	y.n[code]++
}

func (y *tally) want(t testing.TB, want map[string]int) {
	t.Helper()
	if fmt.Sprint(y.n) != fmt.Sprint(want) {
		t.Errorf("ends = %v, want %v", y.n, want)
	}
}

// together runs n goroutines that all start at one moment and waits for them.
func together(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-gate
			f(i)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
}

// sound fails the test when an invariant is broken.
func sound(t testing.TB, d *db.DB) {
	t.Helper()
	broken, err := audit.Run(context.Background(), d, coupons.Invariants())
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	for _, b := range broken {
		t.Errorf("%s is broken: %v", b.ID, b.Violations)
	}
}

func claimed(t testing.TB, s *coupons.Service, d *db.DB, id model.PublicID) (counter, rows int64) {
	t.Helper()
	err := d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		var v model.CouponTemplate
		if err := tx.Gorm().Where("public_id = ?", id).Take(&v).Error; err != nil {
			return err
		}
		counter = v.Claimed
		return tx.Gorm().Model(&model.Coupon{}).Where("template_id = ?", v.ID).Count(&rows).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return counter, rows
}

func is(t interface {
	Helper()
	Errorf(format string, args ...any)
}, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", what, err, want)
	}
}

func at(t time.Time, d time.Duration) *time.Time {
	u := t.Add(d)
	return &u
}

var orders atomic.Int64

// order is a new reference to an order.
func order() string { return fmt.Sprintf("order:%d", orders.Add(1)) }
