package members

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
)

// Follow is a person who follows the official account. At is the time of WeChat's event; of two events the later one
// counts, in whatever order they come.
type Follow struct {
	OpenID, UnionID string // UnionID is empty when WeChat does not tell it
	Scene           string // of the QR code that led here, without WeChat's prefix; empty without one
	At              time.Time
}

// maxScene is the longest scene that WeChat takes, in characters.
const maxScene = 64

// FollowTx notes that a person follows, and makes him a member when nobody goes by these ids. When openid and unionid belong to
// two members, the openid's counts.
func (s *Service) FollowTx(ctx context.Context, tx *db.Tx, f Follow) (model.MemberID, error) {
	id, _, err := s.ensurePerson(ctx, tx, s.oa, f.OpenID, f.UnionID)
	if err != nil {
		return 0, err
	}
	row, err := openIDRow(tx, s.oa, f.OpenID)
	if err != nil {
		return 0, err
	}
	at := f.At.UTC().Truncate(time.Microsecond)
	if row.UnfollowedAt != nil && row.UnfollowedAt.After(at) || row.FollowedAt != nil && !row.FollowedAt.Before(at) {
		return id, nil // a later event has come before this one, or this one came twice
	}
	if utf8.RuneCountInString(f.Scene) > maxScene {
		f.Scene = string([]rune(f.Scene)[:maxScene])
	}
	if err := saveFollowed(tx, row.ID, f.Scene, at); err != nil {
		return 0, err
	}
	first := row.FollowedAt == nil && row.UnfollowedAt == nil
	return id, s.facts.Record(ctx, tx, Followed{Member: id, Identity: row.ID, Scene: f.Scene, First: first, At: at})
}

// FollowsTx reports whether an identity follows the official account now. One that nobody has does not.
func (s *Service) FollowsTx(_ context.Context, tx *db.Tx, identity int64) (bool, error) {
	return followingNow(tx, s.oa, identity)
}

// UnfollowTx notes that a person ceased to follow. He stays a member. An openid that nobody has changes nothing.
func (s *Service) UnfollowTx(ctx context.Context, tx *db.Tx, openID string, at time.Time) error {
	row, err := openIDRow(tx, s.oa, openID)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	at = at.UTC().Truncate(time.Microsecond)
	if row.FollowedAt != nil && row.FollowedAt.After(at) || row.UnfollowedAt != nil && !row.UnfollowedAt.Before(at) {
		return nil
	}
	if err := saveUnfollowed(tx, row.ID, at); err != nil {
		return err
	}
	return s.facts.Record(ctx, tx, Unfollowed{Member: row.MemberID, Identity: row.ID, At: at})
}

// FollowerTx returns a member's openid in the official account and whether he follows it. Without an openid there it
// returns "" and false.
func (s *Service) FollowerTx(_ context.Context, tx *db.Tx, id model.MemberID) (openID string, following bool, err error) {
	id, err = heirOf(tx, id)
	if err != nil {
		return "", false, err
	}
	row, err := openIDOf(tx, id, s.oa)
	if db.IsNotFound(err) {
		return "", false, nil
	}
	return row.OpenID, row.Following, err
}

// ShopperTx returns a member's openid in the mini-program, which WeChat Pay needs of the payer. It returns ErrUnknown when he never
// signed in there.
func (s *Service) ShopperTx(_ context.Context, tx *db.Tx, id model.MemberID) (openID string, err error) {
	id, err = heirOf(tx, id)
	if err != nil {
		return "", err
	}
	row, err := openIDOf(tx, id, s.miniApp)
	return row.OpenID, orUnknown(err)
}

// ensurePerson finds or makes the member of an openid, and joins it with the unionid. When the two belong to different members the
// openid's counts: nobody may be shut out because he was first met in two places. Kin is told and joins them a moment later.
func (s *Service) ensurePerson(ctx context.Context, tx *db.Tx, appID, openID, unionID string) (model.MemberID, bool, error) {
	if id, held, err := s.holderTx(ctx, tx, appID, openID, unionID); err != nil || held {
		return id, false, err
	}
	id, created, err := s.EnsureTx(ctx, tx, Ref{AppID: appID, OpenID: openID, UnionID: unionID})
	if !errors.Is(err, ErrAmbiguous) {
		return id, created, err
	}
	id, created, err = s.EnsureTx(ctx, tx, Ref{AppID: appID, OpenID: openID})
	if err != nil {
		return 0, false, err
	}
	other, err := memberIDBy(tx, "union_id", unionID)
	if err == nil && other != 0 {
		other, err = heirOf(tx, other)
	}
	if err != nil {
		return 0, false, err
	}
	s.log.WarnContext(ctx, "one person is two members: openid and unionid differ", "member", id, "other", other)
	if other != 0 && other != id && s.kin.SamePersonTx != nil {
		err = s.kin.SamePersonTx(ctx, tx, id, other)
	}
	return id, created, err
}
