package coupons

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// undoWithin is how long a verification can be undone.
const undoWithin = 10 * time.Minute

// At is a coupon that somebody shows at the counter.
type At struct {
	Staff model.StaffID
	// Code is its sixteen digits; blanks and dashes between them do not matter.
	Code string
	// Store is where, as templates name their stores; it may be empty.
	Store string
	// Amount is what the eligible goods cost, which staff see and we do not; for an exchange coupon the piece that is handed out.
	// 0 when nobody said, which is enough for an amount coupon without a threshold.
	Amount model.Fen
}

// Shown is a coupon as staff see it before they take it.
type Shown struct {
	Coupon
	RulesText string
	Stores    []string // empty: everywhere
	// Discount is what it takes off, 0 when Refusal says why it does not.
	Discount model.Fen
	Refusal  error
}

// Show looks a coupon up for the counter and says whether it would be taken. It returns ErrUnknown, or ErrVerifyGuessing after too many
// unknown codes (with retry_after_s).
func (s *Service) Show(ctx context.Context, in At) (v Shown, err error) {
	if err := in.normal(); err != nil {
		return Shown{}, err
	}
	err = s.braked(ctx, in.Staff, func() error {
		return s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
			c, t, err := couponAtCounter(tx, in.Code)
			if err != nil {
				return err
			}
			conditions, err := s.conditions(tx, c.TermsID)
			if err != nil {
				return err
			}
			v = Shown{Coupon: view(c, t, tx.Now), RulesText: t.RulesText, Stores: conditions[c.TermsID].Stores}
			v.Discount, v.Refusal = judgeAtCounter(c, conditions[c.TermsID], in, tx.Now)
			if v.Refusal == nil && t.BudgetFen > 0 && v.Discount-heldBy(c) > t.BudgetFen-t.SpentFen {
				v.Discount, v.Refusal = 0, ErrBudgetSpent
			}
			return nil
		})
	})
	return v, err
}

// heldBy is what a lock that has ended still holds of the budget.
func heldBy(c model.Coupon) model.Fen {
	if c.State == model.CouponLocked {
		return c.HeldFen
	}
	return 0
}

// Verify takes a coupon at the counter.
type Verify struct {
	At
	// OrderNumber is the till's own number, at most 64 characters; it may be empty.
	OrderNumber string
	Key         db.Key `json:"-"`
}

// Verification is a coupon that was taken at the counter.
type Verification struct {
	ID          model.PublicID
	Coupon      Coupon
	Staff       model.StaffID
	Store       string
	Amount      model.Fen
	Discount    model.Fen
	OrderNumber string
	At          time.Time
	UndoUntil   time.Time  // exclusive
	UndoneAt    *time.Time `json:",omitempty"`
	UndoReason  string     `json:",omitempty"`
	// Replayed is true when this answers a repeated command.
	Replayed bool `json:"-"`
}

// Verify takes a coupon exactly once. It returns, and then changes nothing, ErrUnknown, ErrVerifyGuessing, ErrRedeemed (with when and
// where), ErrLocked, ErrInTransfer, ErrTransferred, ErrNotYetUsable, ErrExpired, ErrWrongStore, ErrBelowThreshold (with missing_fen),
// ErrAmountNeeded, ErrNotAtCounter, ErrNoSaving or ErrBudgetSpent.
func (s *Service) Verify(ctx context.Context, in Verify) (v Verification, err error) {
	if err := in.normal(); err != nil {
		return Verification{}, err
	}
	if in.OrderNumber != "" && !code(in.OrderNumber, 64) {
		return Verification{}, fault.InvalidFields([]fault.Field{{Name: "order_number", Reason: "at most 64 printable ASCII characters"}})
	}
	err = s.braked(ctx, in.Staff, func() error {
		return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			v, v.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Verification, error) { return s.verifyTx(ctx, tx, in) })
			return err
		})
	})
	return v, err
}

func (s *Service) verifyTx(ctx context.Context, tx *db.Tx, in Verify) (Verification, error) {
	c, t, err := couponAtCounter(tx, in.Code)
	if err != nil {
		return Verification{}, err
	}
	conditions, err := s.conditions(tx, c.TermsID)
	if err != nil {
		return Verification{}, err
	}
	off, err := judgeAtCounter(c, conditions[c.TermsID], in.At, tx.Now)
	if err != nil {
		return Verification{}, err
	}
	id := model.PublicID(random.ID())
	row := model.CouponVerification{
		PublicID: id, CouponID: c.ID, Live: &c.ID, Ref: "verification:" + string(id), Store: in.Store, StaffID: in.Staff,
		AmountFen: in.Amount, DiscountFen: off, OrderNumber: in.OrderNumber, At: tx.Now,
	}
	if err := s.clear(tx, &c); err != nil {
		return Verification{}, err
	}
	ok, err := moveToVerified(tx, c, row)
	if err != nil {
		return Verification{}, fmt.Errorf("take coupon %d at the counter: %w", c.ID, err)
	}
	if !ok { // somebody was quicker between our look and our move
		if c, err = couponByID(tx, c.ID); err != nil {
			return Verification{}, fmt.Errorf("read coupon %d again: %w", row.CouponID, err)
		}
		if err := takenAtCounter(c, tx.Now); err != nil {
			return Verification{}, err
		}
		return Verification{}, ErrLocked
	}
	fresh, err := tx.Insert(&row)
	if err == nil && !fresh {
		err = errMoved
	}
	if err != nil {
		return Verification{}, fmt.Errorf("keep the verification of coupon %d: %w", c.ID, err)
	}
	err = audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "coupons.verify", Ref: row.Ref, Detail: map[string]any{
		"coupon": c.PublicID, "member": c.MemberID, "store": in.Store, "amount_fen": in.Amount, "discount_fen": off, "order_number": in.OrderNumber}})
	if err != nil {
		return Verification{}, fmt.Errorf("record a verification: %w", err)
	}
	if err := s.spend(tx, c, off); err != nil { // the template's counter is the hottest row, and comes last
		return Verification{}, err
	}
	if c, err = couponByID(tx, c.ID); err != nil {
		return Verification{}, fmt.Errorf("read coupon %d again: %w", row.CouponID, err)
	}
	return verificationView(row, view(c, t, tx.Now)), nil
}

// clear ends a lock whose time is over and takes a gift back that nobody took in time.
func (s *Service) clear(tx *db.Tx, c *model.Coupon) error {
	if lapsed(*c, tx.Now) {
		if err := s.release(tx, *c); err != nil {
			return err
		}
		again, err := couponByID(tx, c.ID)
		if err != nil {
			return fmt.Errorf("read coupon %d again: %w", c.ID, err)
		}
		*c = again
	}
	return s.lapseGiftTx(tx, c)
}

// Undo takes a verification back.
type Undo struct {
	Staff        model.StaffID
	Verification model.PublicID
	Reason       string // 1 to 200 printable characters
	Key          db.Key `json:"-"`
}

// Undo gives a coupon back that was taken less than ten minutes ago, once; it has the end that it had. It returns
// ErrVerificationUnknown, ErrVerificationUndone, ErrUndoTooLate or fault.ErrInvalid.
func (s *Service) Undo(ctx context.Context, in Undo) (v Verification, err error) {
	in.Reason = strings.TrimSpace(in.Reason)
	if n := utf8.RuneCountInString(in.Reason); n < 1 || n > 200 || !printable(in.Reason) {
		return Verification{}, fault.InvalidFields([]fault.Field{{Name: "reason", Reason: "1 to 200 printable characters"}})
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		v, v.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Verification, error) { return s.undoTx(ctx, tx, in) })
		return err
	})
	return v, err
}

func (s *Service) undoTx(ctx context.Context, tx *db.Tx, in Undo) (Verification, error) {
	row, c, _, err := verificationRow(tx, in.Verification)
	switch {
	case err != nil:
		return Verification{}, err
	case row.UndoneAt != nil:
		return Verification{}, ErrVerificationUndone.With("undone_at", row.UndoneAt.UTC().Format(time.RFC3339))
	case !tx.Now.Before(row.At.Add(undoWithin)):
		return Verification{}, ErrUndoTooLate
	}
	ok, err := moveToUndone(tx, row.ID, in)
	if err != nil {
		return Verification{}, fmt.Errorf("undo verification %d: %w", row.ID, err)
	}
	if !ok {
		return Verification{}, ErrVerificationUndone
	}
	ok, err = moveUnverified(tx, c, row.Ref)
	if err == nil && !ok {
		err = errMoved
	}
	if err != nil {
		return Verification{}, fmt.Errorf("give coupon %d back: %w", c.ID, err)
	}
	err = audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "coupons.verify_undo", Ref: row.Ref,
		Detail: map[string]any{"coupon": c.PublicID, "reason": in.Reason}})
	if err != nil {
		return Verification{}, fmt.Errorf("record an undone verification: %w", err)
	}
	if err := s.spend(tx, c, -row.DiscountFen); err != nil {
		return Verification{}, err
	}
	row, c, t, err := verificationRow(tx, in.Verification)
	if err != nil {
		return Verification{}, err
	}
	return verificationView(row, view(c, t, tx.Now)), nil
}

// Verification returns one, or ErrVerificationUnknown.
func (s *Service) Verification(ctx context.Context, id model.PublicID) (v Verification, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, c, t, err := verificationRow(tx, id)
		if err == nil {
			v = verificationView(row, view(c, t, tx.Now))
		}
		return err
	})
	return v, err
}

func verificationView(r model.CouponVerification, c Coupon) Verification {
	return Verification{ID: r.PublicID, Coupon: c, Staff: r.StaffID, Store: r.Store, Amount: r.AmountFen, Discount: r.DiscountFen,
		OrderNumber: r.OrderNumber, At: r.At.UTC(), UndoUntil: r.At.UTC().Add(undoWithin), UndoneAt: r.UndoneAt, UndoReason: r.UndoReason}
}
