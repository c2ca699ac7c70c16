package members

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
)

// CodeSender brings codes to phones. It writes what is to be sent in the transaction and sends it afterwards.
type CodeSender interface {
	// SendCode gets the number in E.164 form. Neither it nor the code may be kept readable.
	SendCode(ctx context.Context, tx *db.Tx, phone, code string) error
}

// How codes are bounded.
const (
	codeDigits = 6
	codeLife   = 5 * time.Minute
	codeTries  = 5
	// nearIP is how many times more codes one address may ask for than one member: many people share a shop's network (T31).
	nearIP = 10
)

// codeSpans are how often a member may ask for a code, and how often one may be asked for a number.
var codeSpans = []struct {
	span time.Duration
	most int
}{{time.Minute, 1}, {time.Hour, 5}, {24 * time.Hour, 10}}

// CodeSent is what a member is told who asked for a code, whether or not anybody has the number.
type CodeSent struct {
	Phone     string // masked
	ExpiresAt time.Time
	Again     time.Time // when he may ask for another one
}

// AskCode sends a code to a number that a member wants to bind. An earlier code of his counts no more. ip is where he asks from. It returns
// ErrPhone, ErrCodeTooOften and ErrNoCodes, and tells nothing about who has the number (T33).
func (s *Service) AskCode(ctx context.Context, m model.MemberID, number, ip string) (out CodeSent, err error) {
	phone, err := normalise(number)
	if err != nil {
		return out, err
	}
	if s.codes == nil {
		return out, ErrNoCodes
	}
	code := random.Digits(codeDigits)
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := lockMember(tx, m)
		if err != nil {
			return err
		}
		index := s.phones.Index(phone)
		if err := s.countAsk(tx, m, index, ip); err != nil {
			return err
		}
		if err := dropCodes(tx, m); err != nil {
			return err
		}
		out = CodeSent{mask(phone), tx.Now.Add(codeLife), tx.Now.Add(codeSpans[0].span)}
		err = insertCode(tx, &model.PhoneCode{MemberID: m, PhoneIndex: index, PhoneCipher: s.phones.Seal(string(row.PublicID), phone),
			CodeHash: s.codeHash(m, index, code), CreatedAt: tx.Now, ExpiresAt: out.ExpiresAt})
		if err != nil {
			return err
		}
		return s.codes.SendCode(ctx, tx, phone, code)
	})
	if err != nil {
		return CodeSent{}, fmt.Errorf("send a code for member %d: %w", m, err)
	}
	return out, nil
}

// codeHash is bound to the member and the number, and keyed, so that a copy of the database does not tell a code of six digits.
func (s *Service) codeHash(m model.MemberID, index, code string) string {
	return s.phones.Index(fmt.Sprintf("code:%d:%s:%s", m, index, code))
}

// countAsk counts one ask by member, by number and by address. Who is refused is not counted.
func (s *Service) countAsk(tx *db.Tx, m model.MemberID, index, ip string) error {
	type bound struct {
		key  string
		span time.Duration
		most int
	}
	var all []bound
	for _, c := range codeSpans {
		for who, times := range map[string]int{fmt.Sprintf("member:%d", m): 1, "phone:" + index: 1, "ip:" + ip: nearIP} {
			all = append(all, bound{s.phones.Index(fmt.Sprintf("ask:%s:%s", who, c.span)), c.span, c.most * times})
		}
	}
	// One order of locks for all.
	slices.SortFunc(all, func(a, b bound) int {
		switch {
		case a.key < b.key:
			return -1
		case a.key > b.key:
			return 1
		}
		return 0
	})
	for _, b := range all {
		row, err := lockAsk(tx, b.key)
		if err != nil {
			return err
		}
		if !tx.Now.Before(row.EndsAt) {
			row.Asked, row.EndsAt = 0, tx.Now.Add(b.span)
		}
		if row.Asked >= b.most {
			return ErrCodeTooOften.With("retry_after_seconds", int64(row.EndsAt.Sub(tx.Now).Seconds())+1)
		}
		row.Asked++
		if err := saveAsk(tx, row); err != nil {
			return err
		}
	}
	return nil
}

// VerifyCode binds the number of the code that a member asked for last, and returns it masked. It returns ErrCode when the code is wrong, too
// old, used, or was tried five times, and what BindPhone returns of a number that somebody else has.
func (s *Service) VerifyCode(ctx context.Context, m model.MemberID, code string) (masked string, err error) {
	var phone string
	err = s.db.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		phone, err = s.tryCode(tx, m, code)
		if errors.Is(err, ErrCode) {
			phone, err = "", nil // the try counts, so the transaction must commit
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("verify a code of member %d: %w", m, err)
	}
	if phone == "" {
		return "", ErrCode
	}
	return s.bind(ctx, m, phone)
}

// tryCode spends one try and returns the number when the code is right.
func (s *Service) tryCode(tx *db.Tx, m model.MemberID, code string) (phone string, err error) {
	owner, err := lockMember(tx, m)
	if err != nil {
		return "", err
	}
	row, ok, err := openCode(tx, m)
	if err != nil {
		return "", err
	}
	if !ok || row.Failures >= codeTries || !tx.Now.Before(row.ExpiresAt) {
		return "", ErrCode
	}
	if subtle.ConstantTimeCompare([]byte(row.CodeHash), []byte(s.codeHash(m, row.PhoneIndex, code))) == 0 {
		if err := countTry(tx, row); err != nil {
			return "", err
		}
		return "", ErrCode
	}
	if err := dropCodes(tx, m); err != nil {
		return "", err
	}
	if phone, err = s.phones.Open(string(owner.PublicID), row.PhoneCipher); err != nil {
		return "", fmt.Errorf("open the phone of a code: %w", err)
	}
	return phone, nil
}
