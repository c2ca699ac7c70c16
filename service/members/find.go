package members

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// found is what a look-up of references gave: the member, and which references lead to him already.
type found struct {
	member                           model.Member // ID 0: nobody
	openID, unionID, phone, external bool
	held                             bool  // the openid leads to him, and is only held for him, see HoldTx
	yields                           int64 // the identity with the openid, which is held for somebody else
}

// Find returns the member that a reference names, or ErrUnknown. Of several references those that are known must agree,
// else it returns ErrAmbiguous.
func (s *Service) Find(ctx context.Context, ref Ref) (id model.MemberID, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		id, err = s.FindTx(ctx, tx, ref)
		return err
	})
	return id, err
}

// FindTx is Find inside a transaction.
func (s *Service) FindTx(_ context.Context, tx *db.Tx, ref Ref) (model.MemberID, error) {
	k, err := ref.check()
	if err != nil {
		return 0, err
	}
	f, err := s.lookUp(tx, k)
	if err != nil {
		return 0, err
	}
	if f.member.ID == 0 {
		return 0, ErrUnknown
	}
	return f.member.ID, nil
}

// lookUp follows every reference. It returns ErrUnknown when a member is named by id or number that nobody has, and
// ErrAmbiguous when two references lead to different members.
func (s *Service) lookUp(tx *db.Tx, k keys) (f found, err error) {
	meet := func(id model.MemberID, err error) (bool, error) {
		if err != nil || id == 0 {
			return false, err
		}
		if id, err = heirOf(tx, id); err != nil {
			return false, err
		}
		if f.member.ID != 0 && f.member.ID != id {
			return false, ErrAmbiguous
		}
		if f.member.ID == 0 {
			f.member, err = memberByID(tx, id)
			if db.IsNotFound(err) {
				return false, fmt.Errorf("members: identity of member %d, who does not exist", id)
			}
		}
		return true, err
	}
	if k.member != 0 {
		heir, err := heirOf(tx, k.member)
		if err != nil {
			return found{}, err
		}
		if f.member, err = memberByID(tx, heir); err != nil {
			return found{}, orUnknown(err)
		}
	}
	if k.number != "" {
		known, err := meet(memberIDBy(tx, "number", k.number))
		if err != nil {
			return found{}, err
		}
		if !known {
			return found{}, ErrUnknown
		}
	}
	if k.unionID != "" {
		if f.unionID, err = meet(memberIDBy(tx, "union_id", k.unionID)); err != nil {
			return found{}, err
		}
	}
	if k.phone != "" {
		if f.phone, err = meet(memberIDBy(tx, "phone_index", s.phones.Index(k.phone))); err != nil {
			return found{}, err
		}
	}
	if k.external != "" {
		if f.external, err = meet(memberIDByExternal(tx, k.source, k.external)); err != nil {
			return found{}, err
		}
	}
	if k.openID == "" {
		return f, nil
	}
	row, err := openIDRow(tx, k.appID, k.openID)
	if db.IsNotFound(err) {
		return f, nil
	}
	if err != nil {
		return found{}, err
	}
	f.openID, err = meet(row.MemberID, nil)
	if errors.Is(err, ErrAmbiguous) && row.Held { // a guess gives way to what is said
		f.yields = row.ID
		return f, nil
	}
	f.held = row.Held
	return f, err
}
