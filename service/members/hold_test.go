package members_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/members"
)

// Who holds a parcel gets the messages about it and nothing else (T9): not the member's unionid, not what is his, and whoever proves to be
// somebody else takes his openid along.
func TestT9HeldOpenIDs(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		in := func(do func(ctx context.Context, tx *db.Tx) error) {
			t.Helper()
			s.do(t, do)
		}
		member := func(phone string) (id model.MemberID) {
			t.Helper()
			in(func(ctx context.Context, tx *db.Tx) (err error) {
				id, _, err = s.EnsureTx(ctx, tx, members.Ref{Phone: phone})
				return err
			})
			return id
		}
		hold := func(id model.MemberID, openID, unionID string) {
			t.Helper()
			in(func(ctx context.Context, tx *db.Tx) error { return s.HoldTx(ctx, tx, id, openID, unionID) })
		}
		follow := func(openID, unionID string) (id model.MemberID) {
			t.Helper()
			clock.Advance(time.Minute)
			in(func(ctx context.Context, tx *db.Tx) (err error) {
				id, err = s.FollowTx(ctx, tx, members.Follow{OpenID: openID, UnionID: unionID, At: tx.Now})
				return err
			})
			return id
		}
		reached := func(id model.MemberID) (openID string) {
			t.Helper()
			in(func(ctx context.Context, tx *db.Tx) (err error) {
				openID, _, err = s.FollowerTx(ctx, tx, id)
				return err
			})
			return openID
		}
		proved := func(openID string) (id model.MemberID) {
			t.Helper()
			in(func(ctx context.Context, tx *db.Tx) (err error) {
				if id, err = s.ProvedTx(ctx, tx, oa, openID); errors.Is(err, members.ErrUnknown) {
					err = nil
				}
				return err
			})
			return id
		}

		// The guess: messages go there, and that is all.
		ann := member("13900000001")
		hold(ann, "t-1", "u-thief")
		if got := follow("t-1", "u-thief"); got != ann || reached(ann) != "t-1" || proved("t-1") != 0 {
			t.Errorf("held: follow is of %d, messages go to %q, proved for %d", got, reached(ann), proved("t-1"))
		}
		thief := s.signIn(t, "t-mini", "u-thief").Member
		if thief == ann {
			t.Fatal("who held a parcel is signed in as its member")
		}
		in(func(ctx context.Context, tx *db.Tx) error { // an order that names the openid proves nothing either
			id, _, err := s.EnsureTx(ctx, tx, members.Ref{AppID: oa, OpenID: "t-1", Source: "pos", External: "X"})
			if err == nil && id != ann {
				t.Errorf("an order by the openid is of %d", id)
			}
			if _, err := s.FindTx(ctx, tx, members.Ref{Source: "pos", External: "X"}); !errors.Is(err, members.ErrUnknown) {
				t.Errorf("the openid that is held gave its member a number of a shop: %v", err)
			}
			return err
		})
		// He proves to be somebody else: the openid is his.
		if got := follow("t-1", "u-thief"); got != thief || proved("t-1") != thief || reached(ann) != "" {
			t.Errorf("after the thief has signed in the follow is of %d, want %d; the member is reached at %q", got, thief, reached(ann))
		}

		// The guess was right: the same unionid proves it.
		bob := member("13900000002")
		hold(bob, "b-1", "")
		if follow("b-1", "u-bob") != bob || proved("b-1") != 0 {
			t.Error("a unionid that is heard proves nothing")
		}
		in(func(ctx context.Context, tx *db.Tx) error {
			id, _, err := s.EnsureTx(ctx, tx, members.Ref{Phone: "13900000002", UnionID: "u-bob"})
			if err == nil && id != bob {
				t.Errorf("phone and unionid are of %d", id)
			}
			return err
		})
		if proved("b-1") != bob {
			t.Error("the member's own unionid proves his openid")
		}

		// The member turns out to be another person: the openid goes with its own unionid.
		cai := member("13900000003")
		hold(cai, "c-1", "u-neighbour")
		follow("c-1", "u-neighbour")
		in(func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.EnsureTx(ctx, tx, members.Ref{Phone: "13900000003", UnionID: "u-cai"})
			return err
		})
		if got := proved("c-1"); got == 0 || got == cai || reached(cai) != "" {
			t.Errorf("the neighbour's openid is of %d, the member %d is reached at %q", got, cai, reached(cai))
		}

		// A guess gives way to what a shop's system says.
		dan, eve := member("13900000004"), member("13900000005")
		hold(dan, "d-1", "")
		in(func(ctx context.Context, tx *db.Tx) error {
			id, _, err := s.EnsureTx(ctx, tx, members.Ref{Phone: "13900000005", AppID: oa, OpenID: "d-1"})
			if err == nil && id != eve {
				t.Errorf("an order of %d with an openid held for %d is of %d", eve, dan, id)
			}
			return err
		})
		if proved("d-1") != eve {
			t.Errorf("the openid is of %d, want %d", proved("d-1"), eve)
		}

		// What is known is not held.
		hold(dan, "t-1", "u-thief")
		hold(dan, "f-1", "u-cai")
		if reached(dan) != "" {
			t.Errorf("held what belongs to somebody: %q", reached(dan))
		}
		clean(t, s)
	})
}
