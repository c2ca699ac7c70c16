package members

import (
	"context"
	"fmt"
	"strconv"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/moves"
)

// Pair is what tells whether two members can be one person.
type Pair struct {
	From, To Side
}

// Side is one of the two.
type Side struct {
	Member      model.MemberID
	Shopper     bool // has an openid in the mini-program
	UnionID     bool // has a unionid
	SameUnionID bool // both have the same one
	Phone       bool
	MergedInto  model.MemberID // 0 of a member of his own
}

// LockPairTx locks the rows of two members in the order of their ids, the first locks of the fixed order, and returns what speaks for and
// against their being one person. It returns ErrUnknown.
func (s *Service) LockPairTx(_ context.Context, tx *db.Tx, from, to model.MemberID) (p Pair, err error) {
	locked := map[model.MemberID]model.Member{}
	for _, id := range []model.MemberID{min(from, to), max(from, to)} {
		if locked[id], err = lockRow(tx, id); err != nil {
			return p, err
		}
	}
	same := locked[from].UnionID != nil && locked[to].UnionID != nil && *locked[from].UnionID == *locked[to].UnionID
	for side, id := range map[*Side]model.MemberID{&p.From: from, &p.To: to} {
		row := locked[id]
		_, err := openIDOf(tx, id, s.miniApp)
		if err != nil && !db.IsNotFound(err) {
			return p, fmt.Errorf("look up the openid of member %d: %w", id, err)
		}
		*side = Side{Member: id, Shopper: err == nil, UnionID: row.UnionID != nil, SameUnionID: same, Phone: row.PhoneIndex != nil}
		if row.MergedInto != nil {
			side.MergedInto = *row.MergedInto
		}
	}
	return p, nil
}

// rowPart is the part of the rows of members themselves.
const rowPart = "members.merged_into"

// movedRow is what the record keeps of a member's row.
type movedRow struct {
	UnionID bool           `json:"union_id,omitempty"` // it became the other's
	Phone   string         `json:"phone,omitempty"`    // hash of the number that became the other's
	Into    model.MemberID `json:"into,omitempty"`     // of one who had become From before
}

// MergeParts says what becomes of identities when two members turn out to be one. Orders set the figures.
func (s *Service) MergeParts() []moves.Part {
	return []moves.Part{
		{
			Columns: []string{rowPart, "member_kin.member_id", "member_kin.other_id", "member_sessions.member_id"},
			Says:    "手机号与 unionid 在对方没有时转给对方,否则作为别名指向对方;会员号仍可查到;并入方的登录全部失效,拆分时保留方的登录全部失效",
			Join:    s.joinRow,
			Split:   s.splitRow,
		},
		moves.Rows("member_openids", "member_id", "微信身份与关注状态归保留的会员"),
		moves.Rows("member_externals", "member_id", "店铺系统与文件中的编号归保留的会员"),
		moves.RowsIfNone("member_birthdays", "member_id", "保留的会员没有生日时带入,否则以保留的为准"),
		moves.Stays("验证码五分钟内失效", "phone_codes.member_id"),
	}
}

func (s *Service) joinRow(ctx context.Context, tx *db.Tx, m moves.Merge) error {
	from, err := lockRow(tx, m.From)
	if err != nil {
		return err
	}
	to, err := lockRow(tx, m.To)
	if err != nil {
		return err
	}
	heirs, err := becameOf(tx, m.From)
	if err != nil {
		return err
	}
	list := []moves.Row{}
	for _, id := range heirs {
		list = append(list, moves.Row{Key: fmt.Sprint(id), Was: movedRow{Into: m.From}})
	}
	own := movedRow{UnionID: from.UnionID != nil && to.UnionID == nil}
	if from.PhoneIndex != nil && to.PhoneIndex == nil {
		own.Phone = *from.PhoneIndex
	}
	list = append(list, moves.Row{Key: fmt.Sprint(m.From), Was: own})
	if err := moves.Note(tx, m, rowPart, list); err != nil {
		return err
	}
	if err := s.passOn(tx, from, to, own.UnionID, own.Phone != ""); err != nil {
		return err
	}
	if err := s.settlePair(ctx, tx, from, to); err != nil {
		return err
	}
	if err := setMerged(tx, append(heirs, m.From), &m.To); err != nil {
		return err
	}
	if err := addKin(tx, m.From, m.To); err != nil {
		return err
	}
	return revokeSessions(tx, m.From)
}

// settlePair holds what is held for two who become one against the unionid that they have then; before identities move, so that what
// goes to somebody else is no part of the merge.
func (s *Service) settlePair(ctx context.Context, tx *db.Tx, from, to model.Member) error {
	union := to.UnionID
	if union == nil {
		union = from.UnionID
	}
	if union == nil {
		return nil
	}
	for _, m := range []model.Member{from, to} {
		if err := s.settleTx(ctx, tx, m.ID, *union); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) splitRow(_ context.Context, tx *db.Tx, m moves.Merge) error {
	list, err := moves.Noted(tx, m, rowPart)
	if err != nil {
		return err
	}
	for _, line := range list {
		was, err := moves.Was[movedRow](line)
		if err != nil {
			return err
		}
		id, err := strconv.ParseInt(line.RowKey, 10, 64)
		if err != nil {
			return fmt.Errorf("members: the key %q is no member", line.RowKey)
		}
		if was.Into != 0 {
			if err := setMerged(tx, []model.MemberID{model.MemberID(id)}, &was.Into); err != nil {
				return err
			}
			continue
		}
		if err := s.takeBack(tx, m, was); err != nil {
			return err
		}
	}
	if err := revokeSessions(tx, m.To); err != nil {
		return err
	}
	return moves.Back(tx, list)
}

// takeBack gives From his unionid and number again. A number that To has replaced since is nobody's.
func (s *Service) takeBack(tx *db.Tx, m moves.Merge, was movedRow) error {
	from, err := lockRow(tx, m.From)
	if err != nil {
		return err
	}
	to, err := lockRow(tx, m.To)
	if err != nil {
		return err
	}
	phone := was.Phone != "" && to.PhoneIndex != nil && *to.PhoneIndex == was.Phone
	if err := s.passOn(tx, to, from, was.UnionID && to.UnionID != nil, phone); err != nil {
		return err
	}
	return setMerged(tx, []model.MemberID{m.From}, nil)
}

// passOn lets one member have another's unionid and number. Unique keys hold both, so that they leave the one before they reach the other.
func (s *Service) passOn(tx *db.Tx, from, to model.Member, unionID, phone bool) error {
	set := map[string]any{}
	if unionID {
		set["union_id"] = *from.UnionID
	}
	if phone {
		plain, err := s.phones.Open(string(from.PublicID), *from.PhoneCipher)
		if err != nil {
			return fmt.Errorf("open the phone of member %d: %w", from.ID, err)
		}
		set["phone_index"], set["phone_cipher"] = *from.PhoneIndex, s.phones.Seal(string(to.PublicID), plain)
	}
	if len(set) == 0 {
		return nil
	}
	none := map[string]any{}
	for column := range set {
		none[column] = nil
	}
	if err := saveIdentity(tx, from.ID, none); err != nil {
		return err
	}
	return saveIdentity(tx, to.ID, set)
}
