package coupons

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// codeLength tells a code for the counter (16 digits) from a public id (24 characters).
const codeLength = 16

// defaultHold is how long a lock lasts when nobody says.
const defaultHold = 30 * time.Minute

// Use is a coupon that an order wants to use.
type Use struct {
	Member model.MemberID
	// Coupon is its code for the counter or its public id.
	Coupon string
	// OrderRef names the order, unique for ever: "order:12".
	OrderRef string
	// LockRef is the reference under which the shop may have locked the coupon for this very order before; see LockRef.
	LockRef string
	// Amount is what all goods cost before discounts. Lines are what was bought, when the shop tells.
	Amount model.Fen
	Lines  []Item
	// Freight is what a freight coupon takes from.
	Freight model.Fen
	// Further is true for every coupon of an order but its first: it must go with those that the order has used, and be another one.
	Further bool
	// Room is the most that the coupon may take off: the whole, or less when the shop has already said what it took off.
	Room model.Fen
	// Store is the code of the store; empty when nobody said.
	Store string
	// At is when the order was paid or, for one that is not yet, now; expiry is judged by it.
	At time.Time
	// Until is when a lock ends; the zero time is half an hour from now.
	Until time.Time
}

// Used is a coupon that an order holds or has used, and what it takes off.
type Used struct {
	Coupon   model.CouponID
	ID       model.PublicID
	Discount model.Fen
}

// hold is what a lock says.
type hold struct {
	ref, store string
	until      time.Time
	off        model.Fen
	brief      bool // ended by this very transaction, so that it needs no timer
}

// RedeemForOrderTx uses a coupon up for an order: locked and redeemed in one transaction, or only redeemed when the shop had locked
// it for this order. The same order again gets the same answer. It returns, and then changes nothing, ErrUnknown,
// ErrNotYours, ErrRedeemed, ErrLocked, ErrNotYetUsable, ErrExpired, ErrWrongStore, ErrWrongScope, ErrBelowThreshold (with
// missing_fen), ErrNoSaving, ErrNotCombinable or ErrBudgetSpent.
func (s *Service) RedeemForOrderTx(ctx context.Context, tx *db.Tx, in Use) (Used, error) {
	c, err := s.find(tx, in.Member, in.Coupon, in.OrderRef)
	if err != nil {
		return Used{}, err
	}
	switch {
	case c.State == model.CouponRedeemed && *c.OrderRef == in.OrderRef && !in.Further:
		return Used{c.ID, c.PublicID, c.DiscountFen}, nil
	case c.State == model.CouponLocked && in.LockRef != "" && *c.OrderRef == in.LockRef:
		return s.redeemLocked(tx, c, in)
	}
	if in.Further {
		if err := s.goesWith(tx, c, in.OrderRef); err != nil {
			return Used{}, err
		}
	}
	u, err := s.lock(ctx, tx, c, in, true)
	if err != nil {
		return Used{}, err
	}
	if c, err = couponByID(tx, c.ID); err != nil {
		return Used{}, fmt.Errorf("read coupon %d again: %w", c.ID, err)
	}
	if c.State != model.CouponLocked || *c.OrderRef != in.OrderRef {
		// The lock was this order's from before, so that we took none ourselves, and somebody has just released it.
		return Used{}, ErrNotLocked
	}
	return u, s.redeem(tx, c, in.OrderRef, u.Discount, in.Store)
}

// goesWith refuses a coupon that must not be used with those that the order has used.
func (s *Service) goesWith(tx *db.Tx, c model.Coupon, ref string) error {
	used, err := couponsByRef(tx, ref)
	if err != nil {
		return fmt.Errorf("read the coupons of %s: %w", ref, err)
	}
	terms := []model.CouponTermsID{c.TermsID}
	for _, u := range used {
		terms = append(terms, u.TermsID)
	}
	conditions, err := s.conditions(tx, terms...)
	if err != nil {
		return err
	}
	group := conditions[c.TermsID].Group
	for _, u := range used {
		if other := conditions[u.TermsID].Group; group == "" || other == "" || other == group {
			return ErrNotCombinable
		}
	}
	return nil
}

// redeemLocked uses up what the shop had locked for this order. The coupon was judged then; here only what it was promised counts.
func (s *Service) redeemLocked(tx *db.Tx, c model.Coupon, in Use) (Used, error) {
	off := min(c.HeldFen, in.Room)
	if off <= 0 {
		return Used{}, ErrNoSaving
	}
	return Used{c.ID, c.PublicID, off}, s.redeem(tx, c, in.OrderRef, off, c.Store)
}

// LockTx sets a coupon aside for an order until a certain time; then it is anybody's again, at once, whether or not a timer has come
// round. The same order again gets the same answer. The refusals are those of RedeemForOrderTx.
func (s *Service) LockTx(ctx context.Context, tx *db.Tx, in Use) (Used, error) {
	c, err := s.find(tx, in.Member, in.Coupon, in.OrderRef)
	if err != nil {
		return Used{}, err
	}
	return s.lock(ctx, tx, c, in, false)
}

// RedeemTx uses up a coupon that the order holds; otherwise it returns ErrNotLocked and changes nothing. It does not judge the
// expiry again: the coupon was good when it was locked. A lock that has ended serves as long as nobody has taken the coupon.
func (s *Service) RedeemTx(_ context.Context, tx *db.Tx, u Used, orderRef string) error {
	c, err := couponByID(tx, u.Coupon)
	if err != nil {
		return fmt.Errorf("read coupon %d: %w", u.Coupon, err)
	}
	if c.State != model.CouponLocked || *c.OrderRef != orderRef {
		return ErrNotLocked
	}
	return s.redeem(tx, c, orderRef, min(u.Discount, c.HeldFen), c.Store)
}

// ReleaseTx gives a coupon back that the order holds; otherwise it returns ErrNotLocked and changes nothing.
func (s *Service) ReleaseTx(_ context.Context, tx *db.Tx, u Used, orderRef string) error {
	c, err := couponByID(tx, u.Coupon)
	if err != nil {
		return fmt.Errorf("read coupon %d: %w", u.Coupon, err)
	}
	if c.State != model.CouponLocked || *c.OrderRef != orderRef {
		return ErrNotLocked
	}
	return s.release(tx, c)
}

// find returns a member's coupon by its code or public id.
func (s *Service) find(tx *db.Tx, m model.MemberID, word, ref string) (model.Coupon, error) {
	c, err := couponByWord(tx, word)
	switch {
	case db.IsNotFound(err):
		return c, ErrUnknown
	case err != nil:
		return c, fmt.Errorf("read the coupon of %s: %w", ref, err)
	case c.MemberID != m:
		return c, ErrNotYours
	}
	err = s.lapseGiftTx(tx, &c)
	return c, err
}

// lock judges a coupon and sets it aside.
func (s *Service) lock(ctx context.Context, tx *db.Tx, c model.Coupon, in Use, brief bool) (Used, error) {
	if c.State == model.CouponLocked && *c.OrderRef == in.OrderRef && !lapsed(c, tx.Now) {
		return Used{c.ID, c.PublicID, c.HeldFen}, nil
	}
	if err := takenRefusal(c, tx.Now); err != nil {
		return Used{}, err
	}
	conditions, err := s.conditions(tx, c.TermsID)
	if err != nil {
		return Used{}, err
	}
	off, err := judge(c, conditions[c.TermsID], in)
	if err != nil {
		return Used{}, err
	}
	until := in.Until
	if until.IsZero() {
		until = tx.Now.Add(defaultHold)
	}
	return Used{c.ID, c.PublicID, off}, s.holdTx(ctx, tx, c, hold{in.OrderRef, in.Store, until, off, brief})
}

// holdTx moves a coupon that nobody holds, or whose lock has ended, to locked.
func (s *Service) holdTx(ctx context.Context, tx *db.Tx, c model.Coupon, h hold) error {
	if lapsed(c, tx.Now) {
		if err := s.release(tx, c); err != nil {
			return err
		}
	}
	ok, err := moveToLocked(tx, c, h)
	if err != nil {
		return fmt.Errorf("lock coupon %d for %s: %w", c.ID, h.ref, err)
	}
	if !ok { // another order was quicker between our look and our move
		if c, err = couponByID(tx, c.ID); err != nil {
			return fmt.Errorf("read coupon %d again: %w", c.ID, err)
		}
		if err := takenRefusal(c, tx.Now); err != nil {
			return err
		}
		return ErrLocked
	}
	if err := s.spend(tx, c, h.off); err != nil {
		if undo := s.unhold(tx, c.ID); undo != nil {
			return undo
		}
		return err
	}
	if h.brief {
		return nil
	}
	return s.setTimer(ctx, tx, c.ID, h)
}

// unhold takes back a lock that the budget did not allow, so that the refusal leaves nothing behind when the caller goes on.
func (s *Service) unhold(tx *db.Tx, id model.CouponID) error {
	c, err := couponByID(tx, id)
	if err != nil {
		return fmt.Errorf("read coupon %d again: %w", id, err)
	}
	ok, err := moveToIssued(tx, c)
	if err == nil && !ok {
		err = errMoved
	}
	if err != nil {
		return fmt.Errorf("take the lock on coupon %d back: %w", id, err)
	}
	return nil
}

// redeem uses up a locked coupon.
func (s *Service) redeem(tx *db.Tx, c model.Coupon, ref string, off model.Fen, store string) error {
	ok, err := moveToRedeemed(tx, c, ref, off, store)
	if err != nil {
		return fmt.Errorf("redeem coupon %d for %s: %w", c.ID, ref, err)
	}
	if !ok {
		return ErrNotLocked
	}
	return s.spend(tx, c, off-c.HeldFen)
}

// release ends a lock.
func (s *Service) release(tx *db.Tx, c model.Coupon) error {
	ok, err := moveToIssued(tx, c)
	if err != nil {
		return fmt.Errorf("release coupon %d of %s: %w", c.ID, *c.OrderRef, err)
	}
	if !ok {
		return ErrNotLocked
	}
	return s.spend(tx, c, -c.HeldFen)
}

// spend counts what a coupon takes off against its template's budget, if that has one: a lock takes its whole discount, so that what was
// promised can be kept; a release gives it back. A coupon that the rest of the budget does not cover whole is refused.
func (s *Service) spend(tx *db.Tx, c model.Coupon, delta model.Fen) error {
	if delta == 0 {
		return nil
	}
	t, err := templateRow(tx, c.TemplateID)
	if err != nil {
		return fmt.Errorf("read template %d: %w", c.TemplateID, err)
	}
	if t.BudgetFen == 0 {
		return nil
	}
	ok, err := moveBudget(tx, t.ID, delta)
	if err != nil {
		return fmt.Errorf("move the budget of template %d by %d: %w", t.ID, delta, err)
	}
	if ok {
		return nil
	}
	if t, err = lockTemplate(tx, t.ID); err != nil {
		return fmt.Errorf("lock template %d: %w", c.TemplateID, err)
	}
	switch {
	case t.BudgetFen == 0: // taken away meanwhile
		return nil
	case delta > 0:
		return ErrBudgetSpent
	}
	return fmt.Errorf("coupons: template %d has spent %d, less than the %d to be given back", t.ID, t.SpentFen, -delta)
}

// lapsed reports whether a coupon is locked by an order whose time is over.
func lapsed(c model.Coupon, now time.Time) bool {
	return c.State == model.CouponLocked && c.LockedUntil != nil && !now.Before(*c.LockedUntil)
}

// takenRefusal says which other use stands in the way, or nil.
func takenRefusal(c model.Coupon, now time.Time) error {
	switch c.State {
	case model.CouponIssued:
		return nil
	case model.CouponLocked:
		if lapsed(c, now) {
			return nil
		}
		return ErrLocked
	case model.CouponRedeemed:
		return ErrRedeemed
	case model.CouponInTransfer:
		return ErrInTransfer
	case model.CouponTransferred:
		return ErrTransferred
	case model.CouponVoid:
		return ErrVoid
	}
	return ErrUnknown // a state of a later version
}
