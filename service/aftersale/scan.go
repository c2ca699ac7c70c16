package aftersale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/callbacks"
	"huitou/service/members"
	"huitou/wechat"
)

// OnScan reacts to somebody who follows, with or without a code, and to a follower who scans one: the follow is noted, and a
// parcel's code is counted, bound and answered with the visits of the plan that begins at a scan, all in one transaction.
func (s *Service) OnScan(ctx context.Context, p wechat.Push, once callbacks.Once) error {
	if p.Event == wechat.EventScan && tokenIn(p.Scene) == "" {
		return nil // a code of another kind, and nothing new about the follower
	}
	unionID, err := s.unionID(ctx, p.OpenID)
	if err != nil {
		return err
	}
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if fresh, err := once(ctx, tx); err != nil || !fresh {
			return err
		}
		return s.scanTx(ctx, tx, p, unionID)
	})
}

// unionID asks WeChat who a follower is across our apps. It is a call, so it comes before the transaction. Somebody whom
// WeChat does not tell about is taken as without one.
func (s *Service) unionID(ctx context.Context, openID string) (string, error) {
	f, err := s.OA.UserInfo(ctx, openID)
	switch {
	case err == nil:
		return f.UnionID, nil
	case wechat.ClassOf(err) == wechat.ClassRecipient:
		return "", nil
	}
	return "", fmt.Errorf("ask WeChat about a follower: %w", err)
}

func (s *Service) scanTx(ctx context.Context, tx *db.Tx, p wechat.Push, unionID string) error {
	code, isParcel, err := codeIn(tx, p.Scene)
	if err != nil {
		return err
	}
	if isParcel && tx.Now.Before(code.CreatedAt.Add(bindFor)) {
		if err := s.bind(ctx, tx, code, p.OpenID, unionID); err != nil {
			return err
		}
	}
	member, err := s.follow(ctx, tx, p, unionID)
	if err != nil || !isParcel {
		return err
	}
	owner := member == code.MemberID
	if owner {
		if err := s.planTx(ctx, tx, model.VisitOnScan, code.OrderID, happened(p, tx.Now)); err != nil {
			return err
		}
	}
	return count(tx, code.ID, model.ParcelScan{
		ParcelCodeID: code.ID, DedupeKey: p.DedupeKey, OpenID: p.OpenID, MemberID: member,
		Followed: p.Event == wechat.EventSubscribe, Owner: owner, At: happened(p, tx.Now),
	})
}

// bindFor is how long after a code was made its scanner is taken for the receiver: a parcel is opened within weeks, and what is
// scanned later comes from a drawer, a bin or a photo.
const bindFor = 60 * 24 * time.Hour

// bind holds the scanner's identity in the official account for the order's member, unless something speaks against it; see the
// package's rules.
func (s *Service) bind(ctx context.Context, tx *db.Tx, code model.ParcelCode, openID, unionID string) error {
	// Two people who scan one parcel at once must not both become its receiver.
	if err := s.Members.LockTx(ctx, tx, code.MemberID); err != nil {
		return fmt.Errorf("lock member %d: %w", code.MemberID, err)
	}
	known, _, err := s.Members.FollowerTx(ctx, tx, code.MemberID)
	if err != nil || known != "" {
		return err
	}
	return s.Members.HoldTx(ctx, tx, code.MemberID, openID, unionID)
}

// follow notes that the scanner follows, and returns which member he is. A SCAN of a known follower is no new follow.
func (s *Service) follow(ctx context.Context, tx *db.Tx, p wechat.Push, unionID string) (model.MemberID, error) {
	if p.Event == wechat.EventScan {
		id, err := s.Members.FindTx(ctx, tx, members.Ref{AppID: s.OAAppID, OpenID: p.OpenID})
		if err == nil {
			openID, following, err := s.Members.FollowerTx(ctx, tx, id)
			if err != nil || following && openID == p.OpenID {
				return id, err
			}
		} else if !errors.Is(err, members.ErrUnknown) {
			return 0, err
		}
		// The event of his follow was lost: he follows, else he could not have scanned.
	}
	return s.Members.FollowTx(ctx, tx, members.Follow{OpenID: p.OpenID, UnionID: unionID, Scene: p.Scene, At: happened(p, tx.Now)})
}

// OnUnsubscribe notes that somebody ceased to follow. Messages to him are then suppressed; the member stays.
func (s *Service) OnUnsubscribe(ctx context.Context, p wechat.Push, once callbacks.Once) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if fresh, err := once(ctx, tx); err != nil || !fresh {
			return err
		}
		return s.Members.UnfollowTx(ctx, tx, p.OpenID, happened(p, tx.Now))
	})
}

// happened is WeChat's time of an event, or now when it gave none.
func happened(p wechat.Push, now time.Time) time.Time {
	if p.CreatedAt.IsZero() {
		return now
	}
	return p.CreatedAt
}
