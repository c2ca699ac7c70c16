package qrcodes

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/callbacks"
	"huitou/service/facts"
	"huitou/service/members"
	"huitou/wechat"
)

// Register has the codes' scans and follows told to the service. Call it once, before the queue runs.
func (s *Service) Register(v *callbacks.Service, l *facts.Log) {
	v.Watch(callbacks.OA, callbacks.Topic(wechat.Push{Kind: wechat.KindEvent, Event: wechat.EventSubscribe}), s.OnScan)
	v.Watch(callbacks.OA, callbacks.Topic(wechat.Push{Kind: wechat.KindEvent, Event: wechat.EventScan}), s.OnScan)
	facts.Subscribe(l, "qrcodes.followed", s.OnFollowed)
	facts.Subscribe(l, "qrcodes.unfollowed", s.OnUnfollowed)
}

// OnScan counts a scan of the account's picture: by a follower, or by one who thereby follows. It may be told of one push several times.
func (s *Service) OnScan(ctx context.Context, p wechat.Push) error {
	token := tokenIn(p.Scene)
	if token == "" {
		return nil
	}
	return s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		c, err := codeByToken(tx, token)
		if errors.Is(err, ErrUnknown) {
			return nil // another shop's, or somebody plays
		}
		if err != nil {
			return err
		}
		at := p.CreatedAt
		if at.IsZero() {
			at = tx.Now
		}
		return countScan(tx, model.QRScan{QRCodeID: c.ID, App: model.QRInAccount, DedupeKey: p.DedupeKey, OpenID: p.OpenID,
			Day: model.DayOf(at, model.Shanghai), At: at})
	})
}

// MiniScan is a scan that the mini-program tells of.
type MiniScan struct {
	Member model.MemberID // whose session it is
	Scene  string
}

// ScanMini counts a scan of the mini-program's picture, once a day for a person and a code, and returns what kind of code it is. It
// returns ErrUnknown, also for a scene that is none of these codes', or ErrNotShopper.
func (s *Service) ScanMini(ctx context.Context, in MiniScan) (kind model.QRKind, err error) {
	token := tokenIn(in.Scene)
	if token == "" {
		return "", ErrUnknown
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := codeByToken(tx, token)
		if err != nil {
			return err
		}
		kind = c.Kind
		openID, err := s.d.Members.ShopperTx(ctx, tx, in.Member)
		if errors.Is(err, members.ErrUnknown) {
			return ErrNotShopper
		}
		if err != nil {
			return fmt.Errorf("look up the openid of member %d: %w", in.Member, err)
		}
		today := model.DayOf(tx.Now, model.Shanghai)
		return countScan(tx, model.QRScan{QRCodeID: c.ID, App: model.QRInMini, DedupeKey: miniKey(openID, c.ID, today), OpenID: openID,
			Day: today, At: tx.Now})
	})
	if err != nil {
		return "", err
	}
	return kind, nil
}

// countScan stores a scan and counts it, unless it is known.
func countScan(tx *db.Tx, scan model.QRScan) error {
	fresh, err := tx.Insert(&scan)
	if err != nil {
		return fmt.Errorf("store a scan of QR code %d: %w", scan.QRCodeID, err)
	}
	if !fresh {
		return nil
	}
	first, err := tx.Insert(&model.QRScanner{QRCodeID: scan.QRCodeID, App: scan.App, OpenID: scan.OpenID, Day: scan.Day})
	if err != nil {
		return fmt.Errorf("store who scanned QR code %d: %w", scan.QRCodeID, err)
	}
	n := model.QRCounts{Scans: 1, Scanners: one(first)}
	if scan.App == model.QRInMini {
		n = model.QRCounts{MiniScans: 1, MiniScanners: one(first)}
	}
	return add(tx, change{scan.QRCodeID, scan.Day, n})
}

// OnFollowed credits a follow that came by a code, and notes who is back. It may be told of one follow several times.
func (s *Service) OnFollowed(ctx context.Context, f members.Followed) error {
	return s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		credited, err := creditTx(tx, f)
		if err != nil {
			return err
		}
		moved, err := s.standingTx(ctx, tx, f.Identity)
		if err != nil {
			return err
		}
		return add(tx, append(credited, moved...)...)
	})
}

// OnUnfollowed notes who is gone. It may be told of it several times, and before the follow.
func (s *Service) OnUnfollowed(ctx context.Context, f members.Unfollowed) error {
	return s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		moved, err := s.standingTx(ctx, tx, f.Identity)
		if err != nil {
			return err
		}
		return add(tx, moved...)
	})
}

// creditTx stores a follow by a code that is a source at its time, and returns what it counts.
func creditTx(tx *db.Tx, f members.Followed) ([]change, error) {
	token := tokenIn(f.Scene)
	if token == "" {
		return nil, nil
	}
	c, err := codeByToken(tx, token)
	if errors.Is(err, ErrUnknown) {
		return nil, nil
	}
	if err != nil || !credits(c, f.At) {
		return nil, err
	}
	row := model.QRFollow{QRCodeID: c.ID, IdentityID: f.Identity, Day: model.DayOf(f.At, model.Shanghai), At: f.At}
	n := model.QRCounts{Returns: 1}
	if f.First {
		row.FirstOf, row.Following, n = &f.Identity, true, model.QRCounts{Follows: 1}
	}
	fresh, err := tx.Insert(&row)
	if err != nil {
		return nil, fmt.Errorf("store a follow by QR code %d: %w", c.ID, err)
	}
	if !fresh {
		return nil, nil
	}
	return []change{{c.ID, row.Day, n}}, nil
}

// standingTx brings the credited follow of a person in line with whether he follows now, and returns what that changes. It asks under the
// row's lock, so that facts may come in any order: each brings the latest truth, and the last one finds the last.
func (s *Service) standingTx(ctx context.Context, tx *db.Tx, identity int64) ([]change, error) {
	row, known, err := lockFirst(tx, identity)
	if err != nil || !known {
		return nil, err
	}
	follows, err := s.d.Members.FollowsTx(ctx, tx, identity)
	if err != nil || follows == row.Following {
		return nil, err
	}
	if err := saveFollowing(tx, row.ID, follows); err != nil {
		return nil, err
	}
	lost := int64(1)
	if follows {
		lost = -1
	}
	return []change{{row.QRCodeID, row.Day, model.QRCounts{Lost: lost}}}, nil
}

// one is 1 when something is so.
func one(is bool) int64 {
	if is {
		return 1
	}
	return 0
}
