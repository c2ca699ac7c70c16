package coupons

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// Bounds of a lock by a shop.
const (
	maxTogether = 10 // coupons of one order
	minHold     = time.Minute
	maxHold     = 7 * 24 * time.Hour
)

// Lock sets coupons aside for an order of a shop that reserves them before it is paid.
type Lock struct {
	Member model.MemberID
	// Coupons are codes for the counter or public ids.
	Coupons []string
	// OrderRef names the order; see LockRef.
	OrderRef string
	Cart     Cart
	// For is how long the lock lasts, a minute to seven days; 0 is half an hour.
	For time.Duration
}

// Locked is what a lock gives.
type Locked struct {
	Coupons []Used
	Until   time.Time
	Quoted  Quoted
}

// LockRef names an order of a shop's system that we have not been told of yet. Neither part has a blank, so that no two shops meet.
func LockRef(source, number string) string { return "shop:" + source + " " + number }

// Lock sets coupons aside in a transaction of its own; see LockCartTx.
func (s *Service) Lock(ctx context.Context, in Lock) (l Locked, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		l, err = s.LockCartTx(ctx, tx, in)
		return err
	})
	return l, err
}

// LockCartTx sets all the coupons aside for an order or none of them. What they take off together is reckoned as a quote does, and that is
// what the order gets. An order that holds exactly these coupons keeps them until the new time; one that holds others gives those back
// first. It returns fault.ErrInvalid, a refusal of RedeemForOrderTx (with the coupon that it is about), or
// ErrNotCombinable.
func (s *Service) LockCartTx(ctx context.Context, tx *db.Tx, in Lock) (Locked, error) {
	if err := fault.InvalidFields(in.faults()); err != nil {
		return Locked{}, err
	}
	if err := s.members.LockTx(ctx, tx, in.Member); err != nil {
		return Locked{}, err
	}
	if _, err := s.ReleaseOrderTx(ctx, tx, in.OrderRef); err != nil {
		return Locked{}, err
	}
	rows := make([]model.Coupon, len(in.Coupons))
	for i, word := range in.Coupons {
		c, err := s.find(tx, in.Member, word, in.OrderRef)
		if err != nil {
			return Locked{}, about(err, word)
		}
		if slices.ContainsFunc(rows[:i], func(o model.Coupon) bool { return o.ID == c.ID }) {
			return Locked{}, about(ErrNotCombinable, word)
		}
		rows[i] = c
	}
	candidates, err := s.candidates(tx, rows)
	if err != nil {
		return Locked{}, err
	}
	q := quote(in.Cart, candidates, tx.Now)
	for i, j := range q.Coupons {
		switch {
		case j.Refusal != nil:
			return Locked{}, about(j.Refusal, in.Coupons[i])
		case !j.Applied:
			return Locked{}, about(ErrNotCombinable, in.Coupons[i])
		}
	}
	hold := hold{ref: in.OrderRef, store: in.Cart.Store, until: tx.Now.Add(in.duration())}
	l := Locked{Until: hold.until, Quoted: q, Coupons: make([]Used, len(rows))}
	order := make([]int, len(rows)) // locks are taken in the order of ids
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return int(rows[x].ID - rows[y].ID) })
	for _, i := range order {
		hold.off = q.Coupons[i].AppliedFen
		if err := s.holdTx(ctx, tx, rows[i], hold); err != nil {
			return Locked{}, about(err, in.Coupons[i])
		}
		l.Coupons[i] = Used{rows[i].ID, rows[i].PublicID, hold.off}
	}
	return l, nil
}

// Release gives back what an order holds and returns how many coupons that were; 0 when it holds none.
func (s *Service) Release(ctx context.Context, orderRef string) (n int, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err = s.ReleaseOrderTx(ctx, tx, orderRef)
		return err
	})
	return n, err
}

// ReleaseOrderTx is Release in a given transaction.
func (s *Service) ReleaseOrderTx(_ context.Context, tx *db.Tx, orderRef string) (n int, err error) {
	held, err := couponsByRef(tx, orderRef)
	if err != nil {
		return 0, fmt.Errorf("read what %s holds: %w", orderRef, err)
	}
	for _, c := range held {
		if c.State != model.CouponLocked {
			continue
		}
		if err := s.release(tx, c); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

func (in Lock) duration() time.Duration {
	if in.For == 0 {
		return defaultHold
	}
	return in.For
}

func (in Lock) faults() []fault.Field {
	list := in.Cart.faults()
	if n := len(in.Coupons); n < 1 || n > maxTogether {
		list = append(list, fault.Field{Name: "coupons", Reason: fmt.Sprintf("1 to %d", maxTogether)})
	}
	if d := in.duration(); d < minHold || d > maxHold {
		list = append(list, fault.Field{Name: "ttl_seconds", Reason: fmt.Sprintf("%d to %d", int(minHold.Seconds()), int(maxHold.Seconds()))})
	}
	return list
}

// about says which coupon a refusal is about.
func about(err error, word string) error {
	if f := fault.Of(err); f != nil {
		return f.With("coupon", word)
	}
	return err
}
