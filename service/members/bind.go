package members

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// BindPhone gives a member the number behind a code of the phone button and returns it masked. It replaces the number
// that he had. When another member has the number, the two are joined where nothing speaks against it. It returns ErrPhoneCode, ErrPhone,
// ErrPhoneTaken, ErrUnknown, ErrMerged or ErrWeChat.
func (s *Service) BindPhone(ctx context.Context, m model.MemberID, code string) (masked string, err error) {
	got, err := s.mini.PhoneNumber(ctx, code)
	if err != nil {
		return "", outward(err, ErrPhoneCode)
	}
	number := got.Number
	if got.CountryCode != "" && got.CountryCode != "86" {
		number = "+" + got.CountryCode + number
	}
	phone, err := normalise(number)
	if err != nil {
		return "", err
	}
	return s.bind(ctx, m, phone)
}

// bind gives a member a number in E.164 form that he has proved.
func (s *Service) bind(ctx context.Context, m model.MemberID, phone string) (masked string, err error) {
	for range ensureTries {
		var owner model.MemberID
		err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			owner, err = s.bindTx(tx, m, phone)
			return err
		})
		if errors.Is(err, errRaced) {
			continue // somebody else took it between our look and our write
		}
		if err != nil {
			return "", fmt.Errorf("bind the phone of member %d: %w", m, err)
		}
		if owner == 0 {
			s.log.InfoContext(ctx, "phone bound", "member", m)
			return mask(phone), nil
		}
		if s.kin.SamePhone == nil {
			return "", ErrPhoneTaken
		}
		joined, err := s.kin.SamePhone(ctx, m, owner)
		if err != nil {
			return "", fmt.Errorf("join the owner of a phone with member %d: %w", m, err)
		}
		if !joined {
			return "", ErrPhoneTaken
		}
	}
	return "", ErrPhoneTaken
}

// bindTx binds the number, or returns the member who has it. A number that leads to m because its owner has become m is his.
func (s *Service) bindTx(tx *db.Tx, m model.MemberID, phone string) (owner model.MemberID, err error) {
	row, err := lockMember(tx, m)
	if err != nil {
		return 0, err
	}
	index := s.phones.Index(phone)
	if row.PhoneIndex != nil && *row.PhoneIndex == index {
		return 0, nil
	}
	has, err := phoneOwner(tx, index)
	if err != nil {
		return 0, fmt.Errorf("look up a phone: %w", err)
	}
	if has.ID != 0 {
		if heir(has) != m {
			return heir(has), nil
		}
		if err := saveIdentity(tx, has.ID, map[string]any{"phone_index": nil, "phone_cipher": nil}); err != nil {
			return 0, err
		}
	}
	return 0, savePhone(tx, m, index, s.phones.Seal(string(row.PublicID), phone))
}
