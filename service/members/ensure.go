package members

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
)

// errRaced means that another transaction took an identity between our look and our write. Looking again decides.
var errRaced = errors.New("members: an identity was taken meanwhile")

// ensureTries bounds how often a lost race is looked at again. Once is enough unless members are being deleted.
const ensureTries = 4

// EnsureTx finds the member that the references name, or makes one. References that are not known yet are attached to him, so
// that he is found by them from now on; a phone number only when he has none. It returns ErrAmbiguous, and changes nothing, when the
// references belong to different members, and ErrUnknown when a member named by id or number does not exist.
func (s *Service) EnsureTx(ctx context.Context, tx *db.Tx, ref Ref) (id model.MemberID, created bool, err error) {
	k, err := ref.check()
	if err != nil {
		return 0, false, err
	}
	for range ensureTries {
		f, err := s.lookUp(tx, k)
		if err != nil {
			return 0, false, err
		}
		if id, created = f.member.ID, f.member.ID == 0; created {
			id, err = s.create(ctx, tx, k)
		} else {
			err = s.attach(ctx, tx, f, k)
		}
		if errors.Is(err, errRaced) {
			continue
		}
		return id, created && err == nil, err
	}
	return 0, false, db.ErrUnavailable.Because(errRaced)
}

// create makes a member with all identities. When one of them is taken it takes back what it wrote and returns errRaced.
func (s *Service) create(ctx context.Context, tx *db.Tx, k keys) (model.MemberID, error) {
	row := s.newMember(tx, k)
	if fresh, err := tx.Insert(&row); err != nil {
		return 0, fmt.Errorf("add a member: %w", err)
	} else if !fresh {
		return 0, errRaced
	}
	if err := insertIdentities(tx, row.ID, k, found{}); err != nil {
		if errors.Is(err, errRaced) {
			// A fault here must not be mistaken for the lost race: a deadlock has ended the transaction.
			if err := deleteMembers(tx, []model.MemberID{row.ID}); err != nil {
				return 0, err
			}
		}
		return 0, err
	}
	return row.ID, s.facts.Record(ctx, tx, Joined{Member: row.ID})
}

func (s *Service) newMember(tx *db.Tx, k keys) model.Member {
	row := model.Member{PublicID: model.PublicID(random.ID()), Number: random.Digits(12), JoinedAt: tx.Now}
	if k.unionID != "" {
		row.UnionID = &k.unionID
	}
	if k.phone != "" {
		index := s.phones.Index(k.phone)
		sealed := s.phones.Seal(string(row.PublicID), k.phone)
		row.PhoneIndex, row.PhoneCipher = &index, &sealed
	}
	return row
}

// attach gives a member the references that do not lead to him yet. An openid that is held for him proves none of them.
func (s *Service) attach(ctx context.Context, tx *db.Tx, f found, k keys) error {
	m := f.member
	if f.held && k.member == 0 && k.number == "" && !f.unionID && !f.phone && !f.external {
		return nil
	}
	missing := k.openID != "" && !f.openID || k.unionID != "" && !f.unionID || k.external != "" && !f.external ||
		k.phone != "" && !f.phone && m.PhoneIndex == nil
	if !missing {
		return nil
	}
	m, err := lockMember(tx, m.ID)
	if err != nil {
		return err
	}
	if k.unionID != "" && !f.unionID {
		if m.UnionID != nil && *m.UnionID == k.unionID {
			return errRaced
		}
		if m.UnionID != nil {
			return ErrAmbiguous // a person has one unionid, so this is somebody else's
		}
		if err := saveUnionID(tx, m.ID, k.unionID); err != nil {
			return err
		}
		if err := s.settleTx(ctx, tx, m.ID, k.unionID); err != nil {
			return err
		}
	}
	if k.phone != "" && !f.phone && m.PhoneIndex == nil {
		if err := savePhone(tx, m.ID, s.phones.Index(k.phone), s.phones.Seal(string(m.PublicID), k.phone)); err != nil {
			return err
		}
	}
	return insertIdentities(tx, m.ID, k, f)
}

// insertIdentities adds the openid, or takes it from whom it is only held for, and the external number that are given and not known.
func insertIdentities(tx *db.Tx, id model.MemberID, k keys, f found) error {
	if f.yields != 0 {
		if err := saveProved(tx, f.yields, id); err != nil {
			return err
		}
	} else if k.openID != "" && !f.openID {
		row := model.MemberOpenID{MemberID: id, AppID: k.appID, OpenID: k.openID, CreatedAt: tx.Now}
		if fresh, err := tx.Insert(&row); err != nil {
			return fmt.Errorf("attach an openid to member %d: %w", id, err)
		} else if !fresh {
			return errRaced
		}
	}
	if k.external != "" && !f.external {
		row := model.MemberExternal{MemberID: id, Source: k.source, External: k.external, CreatedAt: tx.Now}
		if fresh, err := tx.Insert(&row); err != nil {
			return fmt.Errorf("attach an external number to member %d: %w", id, err)
		} else if !fresh {
			return errRaced
		}
	}
	return nil
}
