package members

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// HoldTx holds somebody's openid in the official account for a member who has none there, on the guess that it is his: messages for the
// member go there, and nothing else does until something proves it; see the package's rules. It changes nothing when the openid is known
// already, or when the unionid, which may be empty, speaks against it; when the unionid is the member's own it proves the openid.
func (s *Service) HoldTx(ctx context.Context, tx *db.Tx, id model.MemberID, openID, unionID string) error {
	m, err := lockMember(tx, id)
	if err != nil {
		return err
	}
	if known, err := memberIDByOpenID(tx, s.oa, openID); err != nil || known != 0 {
		return err
	}
	if m.UnionID != nil {
		if *m.UnionID != unionID {
			return nil
		}
		_, _, err := s.EnsureTx(ctx, tx, Ref{Member: id, AppID: s.oa, OpenID: openID})
		return err
	}
	if unionID != "" {
		if other, err := memberIDBy(tx, "union_id", unionID); err != nil || other != 0 {
			return err
		}
	}
	row := model.MemberOpenID{MemberID: id, AppID: s.oa, OpenID: openID, Held: true, HeldUnion: unionID, CreatedAt: tx.Now}
	if _, err := tx.Insert(&row); err != nil {
		return fmt.Errorf("hold an openid for member %d: %w", id, err)
	}
	return nil
}

// ProvedTx returns the member of an openid, for whoever shows him what is his. It returns ErrUnknown also for one that is held only.
func (s *Service) ProvedTx(ctx context.Context, tx *db.Tx, appID, openID string) (model.MemberID, error) {
	row, err := openIDRow(tx, appID, openID)
	if err != nil {
		return 0, orUnknown(err)
	}
	if row.Held {
		return 0, ErrUnknown
	}
	return s.FindTx(ctx, tx, Ref{AppID: appID, OpenID: openID})
}

// holderTx returns the member for whom an openid is held, after what its unionid says: the member's own proves it, that of another
// member gives it to him, and that of nobody waits. held is false for an openid that is not held any more, or never was.
func (s *Service) holderTx(ctx context.Context, tx *db.Tx, appID, openID, unionID string) (id model.MemberID, held bool, err error) {
	row, err := openIDRow(tx, appID, openID)
	if err != nil || !row.Held {
		if db.IsNotFound(err) {
			err = nil
		}
		return 0, false, err
	}
	if id, err = heirOf(tx, row.MemberID); err != nil || unionID == "" {
		return id, true, err
	}
	m, err := lockMember(tx, id)
	if err != nil {
		return 0, false, err
	}
	other, err := memberIDBy(tx, "union_id", unionID)
	switch {
	case err != nil:
		return 0, false, err
	case other == 0 && m.UnionID == nil:
		return id, true, saveHeldUnion(tx, row.ID, unionID)
	}
	owner, err := s.yield(ctx, tx, row.ID, unionID)
	return owner, true, err
}

// settleTx looks at what is held for a member who has a unionid: what was heard under the same one is proved, under another one it goes to
// that person. What came without one waits.
func (s *Service) settleTx(ctx context.Context, tx *db.Tx, id model.MemberID, unionID string) error {
	rows, err := heldFor(tx, id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		switch row.HeldUnion {
		case "":
		case unionID:
			err = saveProved(tx, row.ID, id)
		default:
			_, err = s.yield(ctx, tx, row.ID, row.HeldUnion)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// yield gives a held identity to the person with a unionid, whom it proves, and returns him.
func (s *Service) yield(ctx context.Context, tx *db.Tx, identity int64, unionID string) (model.MemberID, error) {
	owner, _, err := s.EnsureTx(ctx, tx, Ref{UnionID: unionID})
	if err != nil {
		return 0, err
	}
	return owner, saveProved(tx, identity, owner)
}
