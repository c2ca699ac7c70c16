package members

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
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
	Birthday     *model.BirthDate // nil when not told
	MergedInto   model.MemberID   // the member with whom this one has become one; 0 of a member of his own
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
			plain, err := s.phones.Open(string(row.PublicID), *row.PhoneCipher)
			if err != nil {
				return fmt.Errorf("read the phone of member %d: %w", id, err)
			}
			phone = mask(plain)
		}
		born, err := birthdayOf(tx, id)
		if err != nil {
			return err
		}
		var birthday *model.BirthDate
		if born != nil {
			b, err := s.openBirthday(*born)
			if err != nil {
				return err
			}
			birthday = &b
		}
		v = View{
			ID: row.ID, Number: row.Number, Phone: phone, Follower: following, JoinedAt: row.JoinedAt,
			FirstOrderAt: row.FirstOrderAt, LastOrderAt: row.LastOrderAt, Orders: row.Orders, Total: row.TotalFen, Birthday: birthday,
		}
		if row.MergedInto != nil {
			v.MergedInto = *row.MergedInto
		}
		return nil
	})
	return v, err
}

// LockTx takes the lock of the member's account, the first one of the fixed order. It returns ErrUnknown and ErrMerged.
func (s *Service) LockTx(_ context.Context, tx *db.Tx, id model.MemberID) error {
	_, err := lockMember(tx, id)
	return err
}
