package members

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// View is what may be shown of a member.
type View struct {
	ID           model.MemberID
	Number       string // public member number
	Phone        string // masked, 138****0000; empty when not known
	Follower     bool   // follows the official account
	JoinedAt     time.Time
	FirstOrderAt *time.Time // nil before the first order
	LastOrderAt  *time.Time
	Orders       int64
	Total        model.Fen
}

// Member returns what may be shown of a member, or ErrUnknown.
func (s *Service) Member(ctx context.Context, id model.MemberID) (v View, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := memberByID(tx, id)
		if err != nil {
			return orUnknown(err)
		}
		_, following, err := s.FollowerTx(ctx, tx, id)
		if err != nil {
			return err
		}
		phone := ""
		if row.PhoneCipher != nil {
			plain, err := s.phones.open(row.PublicID, row.PhoneCipher)
			if err != nil {
				return fmt.Errorf("read the phone of member %d: %w", id, err)
			}
			phone = mask(plain)
		}
		v = View{
			ID: row.ID, Number: row.Number, Phone: phone, Follower: following, JoinedAt: row.JoinedAt,
			FirstOrderAt: row.FirstOrderAt, LastOrderAt: row.LastOrderAt, Orders: row.Orders, Total: row.TotalFen,
		}
		return nil
	})
	return v, err
}

// LockTx takes the lock of the member's account, the first one of the fixed order. It returns ErrUnknown.
func (s *Service) LockTx(_ context.Context, tx *db.Tx, id model.MemberID) error {
	_, err := lockMember(tx, id)
	return err
}

// Figures are orders to add to a member's figures.
type Figures struct {
	Orders      int64
	Total       model.Fen
	First, Last time.Time // when the earliest and the latest of them was paid
}

var errFigures = errors.New("members: figures of orders out of range")

// RecordOrderTx adds one order to a member's figures. amount is 0 to MaxFen. It returns ErrUnknown.
func (s *Service) RecordOrderTx(ctx context.Context, tx *db.Tx, id model.MemberID, amount model.Fen, paidAt time.Time) error {
	if amount < 0 || amount > model.MaxFen {
		return fault.InvalidFields([]fault.Field{{Name: "amount_fen", Reason: "0 to 1000000000"}})
	}
	return s.RecordOrdersTx(ctx, tx, id, Figures{Orders: 1, Total: amount, First: paidAt, Last: paidAt})
}

// RecordOrdersTx adds several orders of one member at once, for imports. It returns ErrUnknown.
func (s *Service) RecordOrdersTx(_ context.Context, tx *db.Tx, id model.MemberID, f Figures) error {
	if f.Orders < 1 || f.Total < 0 || f.First.IsZero() || f.Last.Before(f.First) {
		return errFigures
	}
	f.First, f.Last = f.First.UTC().Truncate(time.Microsecond), f.Last.UTC().Truncate(time.Microsecond)
	return addFigures(tx, id, f)
}
