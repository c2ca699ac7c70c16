package aftersale

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/members"
)

// MiniScan is a scan of a parcel's code that the mini-program tells of.
type MiniScan struct {
	Member model.MemberID // whose session it is
	Scene  string
}

// Parcel is what somebody may know who scanned a parcel's code in the mini-program.
type Parcel struct {
	// Own says that he is the order's member; Source and Number are empty when he is not.
	Own            bool
	Source, Number string
}

// ScanMini counts a scan of a parcel's code in the mini-program, once a day for a person and a parcel. By the order's member it is the
// trigger that a scan in the official account is; by anybody else it counts as a scan, binds nothing and shows nothing. It returns
// ErrNoCard, also for a scene that is no parcel's, and members.ErrUnknown for somebody who was never in the mini-program.
func (s *Service) ScanMini(ctx context.Context, in MiniScan) (out Parcel, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		out = Parcel{}
		code, isParcel, err := codeIn(tx, in.Scene)
		if err != nil {
			return err
		}
		if !isParcel {
			return ErrNoCard
		}
		openID, err := s.Members.ShopperTx(ctx, tx, in.Member)
		if errors.Is(err, members.ErrUnknown) {
			return err
		}
		if err != nil {
			return fmt.Errorf("look up the openid of member %d: %w", in.Member, err)
		}
		if err := s.Members.LockTx(ctx, tx, in.Member); err != nil {
			return fmt.Errorf("lock member %d: %w", in.Member, err)
		}
		// A merge may have moved the parcel while we waited for the lock.
		if code, err = codeOfOrder(tx, code.OrderID); err != nil {
			return err
		}
		if code.MemberID == in.Member {
			order, err := s.Orders.OrderTx(ctx, tx, code.OrderID)
			if err != nil {
				return fmt.Errorf("look up order %d: %w", code.OrderID, err)
			}
			out = Parcel{Own: true, Source: order.Source, Number: order.Number}
			if err := s.planTx(ctx, tx, model.VisitOnScan, code.OrderID, tx.Now); err != nil {
				return err
			}
		}
		return count(tx, code.ID, model.ParcelScan{
			ParcelCodeID: code.ID, DedupeKey: miniScanKey(openID, code.Token, model.DayOf(tx.Now, model.Shanghai)), OpenID: openID,
			MemberID: in.Member, Owner: out.Own, At: tx.Now,
		})
	})
	if err != nil {
		return Parcel{}, err
	}
	return out, nil
}

// miniScanKey names the one scan that counts of a person, a parcel and a day.
func miniScanKey(openID, token string, day model.Day) string {
	h := sha256.Sum256([]byte("mini\n" + openID + "\n" + token + "\n" + day.String()))
	return hex.EncodeToString(h[:])
}
