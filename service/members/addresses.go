package members

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// AddressesTx returns where members can be reached. Phone numbers are opened only when asked for. Members without any address are
// missing from the answer; of who has become one with another member it is that one's.
func (s *Service) AddressesTx(_ context.Context, tx *db.Tx, ids []model.MemberID, phones bool) (map[model.MemberID]model.Address, error) {
	heirs, err := heirsOf(tx, ids)
	if err != nil {
		return nil, err
	}
	out, err := s.addresses(tx, slices.AppendSeq(slices.Clone(ids), maps.Values(heirs)), phones)
	if err != nil {
		return nil, err
	}
	for id, heir := range heirs {
		delete(out, id)
		if a, ok := out[heir]; ok {
			out[id] = a
		}
	}
	return out, nil
}

func (s *Service) addresses(tx *db.Tx, ids []model.MemberID, phones bool) (map[model.MemberID]model.Address, error) {
	out := make(map[model.MemberID]model.Address, len(ids))
	rows, err := openIDsOf(tx, ids)
	if err != nil {
		return nil, fmt.Errorf("look up openids of %d members: %w", len(ids), err)
	}
	for _, r := range rows {
		a := out[r.MemberID]
		switch r.AppID {
		case s.oa:
			if r.Following || !a.Following { // one that he follows with counts more than one that he left
				a.OpenID, a.Following = r.OpenID, r.Following
			}
		case s.miniApp:
			a.MiniOpenID = r.OpenID
		}
		out[r.MemberID] = a
	}
	if !phones {
		return out, nil
	}
	members, err := withPhones(tx, ids)
	if err != nil {
		return nil, fmt.Errorf("look up phones of %d members: %w", len(ids), err)
	}
	for _, m := range members {
		plain, err := s.phones.Open(string(m.PublicID), *m.PhoneCipher)
		if err != nil {
			return nil, fmt.Errorf("open the phone of member %d: %w", m.ID, err)
		}
		a := out[m.ID]
		a.Phone = plain
		out[m.ID] = a
	}
	return out, nil
}

// OwnerTx returns the member of an openid in one of our apps, and makes one when nobody goes by it.
func (s *Service) OwnerTx(ctx context.Context, tx *db.Tx, appID, openID string) (model.MemberID, error) {
	id, _, err := s.ensurePerson(ctx, tx, appID, openID, "")
	return id, err
}

// OwnerOfPhoneTx returns the member with a phone number; ok is false when nobody has it, or it is none.
func (s *Service) OwnerOfPhoneTx(ctx context.Context, tx *db.Tx, phone string) (id model.MemberID, ok bool, err error) {
	id, err = s.FindTx(ctx, tx, Ref{Phone: phone})
	if fault.Of(err) != nil {
		return 0, false, nil
	}
	return id, err == nil, err
}
