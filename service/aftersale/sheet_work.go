package aftersale

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/jobs"
	"huitou/service/orders"
	"huitou/wechat"
)

const sheetJob = "aftersale.sheet"

type sheetArgs struct {
	Sheet model.ParcelSheetID `json:"sheet"`
}

const (
	// linkBatch is how many codes one transaction reserves; pictureBatch how many pictures are made between two checkpoints.
	linkBatch, pictureBatch = 1000, 50
	// sheetTurn is how long one job works on a sheet before others get their turn; well below jobs.Lease.
	sheetTurn = 30 * time.Second
	// A sheet waits so long after WeChat did not answer, and so long when the account's calls of the day or the mini-program's of the minute are
	// used up.
	sheetRetry, sheetQuota, miniQuota = 30 * time.Second, 10 * time.Minute, time.Minute
	// sheetPatience is how long a sheet of pictures may take in all; then it has failed.
	sheetPatience = 24 * time.Hour
)

// Reasons of cards that are not printed and of sheets that failed, beside the codes of faults.
const (
	refusalTwice = "parcels.twice" // the order stands in the list already
	failedEmpty  = "parcels.none"  // every order was refused
)

// makeSheet works on a sheet until it is done or the turn is over.
func (s *Service) makeSheet(ctx context.Context, in sheetArgs) error {
	for end := s.DB.Now().Add(sheetTurn); ; {
		more, err := s.sheetBatch(ctx, in.Sheet, end)
		if err != nil && wechatRefused(err) {
			return s.sheetWaits(ctx, in.Sheet, err)
		}
		if err != nil || !more {
			return err
		}
		if !s.DB.Now().Before(end) {
			return jobs.Snooze(0)
		}
	}
}

// sheetBatch makes the next cards. A process that is killed leaves a batch of links either whole or not begun; of pictures it leaves
// those that were made, which the next one finds. No picture is begun after end.
func (s *Service) sheetBatch(ctx context.Context, id model.ParcelSheetID, end time.Time) (more bool, err error) {
	var (
		sheet model.ParcelSheet
		cards []model.ParcelSheetCard // that have their code, but not yet its picture
		codes map[model.ParcelCodeID]model.ParcelCode
	)
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		more, cards = false, nil
		if sheet, err = lockSheet(tx, id); err != nil || sheet.FinishedAt != nil {
			return err
		}
		batch := linkBatch
		pictures := sheet.Code != model.SheetLink
		if pictures {
			batch = pictureBatch
		}
		next, err := waitingCards(tx, id, batch)
		if err != nil {
			return err
		}
		if codes, err = s.reserveAll(ctx, tx, sheet, next); err != nil {
			return err
		}
		done := next
		if pictures {
			done = slices.DeleteFunc(slices.Clone(next), func(c model.ParcelSheetCard) bool { return c.ParcelCodeID != nil })
			cards = slices.DeleteFunc(slices.Clone(next), func(c model.ParcelSheetCard) bool { return c.ParcelCodeID == nil })
		}
		more = len(next) == batch || len(cards) > 0
		return s.checkpoint(tx, sheet, done, !more)
	})
	if err != nil || len(cards) == 0 {
		return more, err
	}
	// One call after the other is pace enough: an account may make 100,000 pictures a day, a mini-program 5,000 a minute.
	for i, c := range cards {
		if i > 0 && !s.DB.Now().Before(end) {
			cards = cards[:i]
			break
		}
		code := codes[*c.ParcelCodeID]
		if sheet.Code == model.SheetMini {
			err = s.miniOnce(ctx, c, code)
		} else {
			_, err = s.picture(ctx, code, staffPicture)
		}
		if err != nil {
			return true, err
		}
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if sheet, err = lockSheet(tx, id); err != nil || sheet.FinishedAt != nil {
			return err
		}
		// Another process may have done some of them meanwhile.
		waiting, err := waitingCards(tx, id, len(cards))
		if err != nil {
			return err
		}
		still := map[int64]bool{}
		for _, c := range waiting {
			still[c.ID] = true
		}
		done := slices.DeleteFunc(slices.Clone(cards), func(c model.ParcelSheetCard) bool { return !still[c.ID] })
		return s.checkpoint(tx, sheet, done, false)
	})
	return true, err
}

// reserveAll gives the cards the codes of their orders, new ones where there are none, and refuses cards that can have none.
func (s *Service) reserveAll(ctx context.Context, tx *db.Tx, sheet model.ParcelSheet, cards []model.ParcelSheetCard) (map[model.ParcelCodeID]model.ParcelCode, error) {
	known := map[OrderRef]orders.Found{}
	numbers := bySource(cards)
	for _, source := range slices.Sorted(maps.Keys(numbers)) {
		list, err := s.Orders.ByNumbersTx(ctx, tx, source, numbers[source])
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			known[OrderRef{o.Source, o.Number}] = o
		}
	}
	var wanted []orders.Found
	for i, c := range cards {
		o, ok := known[OrderRef{c.Source, c.Number}]
		switch {
		case !ok:
			cards[i].Refusal = orders.ErrUnknown.Code
		case o.Kind != model.OrderGoods:
			cards[i].Refusal = ErrNoParcel.Code
		default:
			wanted = append(wanted, o)
		}
	}
	codes, err := s.codesOf(tx, wanted, sheet.MadeBy)
	if err != nil {
		return nil, fmt.Errorf("reserve %d parcel codes: %w", len(wanted), err)
	}
	out := make(map[model.ParcelCodeID]model.ParcelCode, len(codes))
	for i, c := range cards {
		if c.Refusal == "" {
			code := codes[known[OrderRef{c.Source, c.Number}].ID]
			out[code.ID], cards[i].ParcelCodeID = code, &code.ID
		}
	}
	return out, nil
}

// codesOf returns the codes of orders; those that have none get one, all in one statement.
func (s *Service) codesOf(tx *db.Tx, list []orders.Found, staff model.StaffID) (map[model.OrderID]model.ParcelCode, error) {
	ids := make([]model.OrderID, len(list))
	for i, o := range list {
		ids[i] = o.ID
	}
	codes, err := codesOfOrders(tx, ids)
	if err != nil {
		return nil, err
	}
	var fresh []model.ParcelCode
	for _, o := range list {
		if _, ok := codes[o.ID]; !ok {
			fresh = append(fresh, model.ParcelCode{OrderID: o.ID, MemberID: o.Member, Token: newToken(), MadeBy: staff, CreatedAt: tx.Now})
		}
	}
	if len(fresh) == 0 {
		return codes, nil
	}
	if err := insertCodes(tx, fresh); err != nil {
		return nil, err
	}
	return codesOfOrders(tx, ids) // of an order for which somebody else made a code at this moment it is his
}

// checkpoint stores cards that are ready or refused, and counts them. The sheet's row is locked.
func (s *Service) checkpoint(tx *db.Tx, sheet model.ParcelSheet, done []model.ParcelSheetCard, last bool) error {
	for _, c := range done {
		if c.ParcelCodeID != nil {
			sheet.Ready++
		} else {
			sheet.Refused++
		}
	}
	sheet.State, sheet.Reason, sheet.UpdatedAt = model.SheetWorking, "", tx.Now
	if last {
		sheet.State, sheet.FinishedAt = model.SheetReady, &tx.Now
		if sheet.Ready == 0 {
			sheet.State, sheet.Reason = model.SheetFailed, failedEmpty
		}
	}
	if err := keepCards(tx, done); err != nil {
		return fmt.Errorf("keep %d cards of sheet %d: %w", len(done), sheet.ID, err)
	}
	return keepSheet(tx, sheet)
}

// wechatRefused reports whether it is WeChat that keeps a sheet from going on.
func wechatRefused(err error) bool {
	return errors.Is(err, ErrQR) || errors.Is(err, ErrMiniPage) || errors.Is(err, ErrMiniQuota)
}

// sheetWaits notes why a sheet stands still and when to go on, or that it has failed.
func (s *Service) sheetWaits(ctx context.Context, id model.ParcelSheetID, why error) error {
	pause := sheetRetry
	class := wechat.ClassOf(why)
	switch {
	case errors.Is(why, ErrMiniQuota):
		pause = miniQuota
	case class == wechat.ClassQuota:
		pause = sheetQuota
	}
	hopeless := class == wechat.ClassConfig || class == wechat.ClassDenied || class == wechat.ClassBug
	err := s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		sheet, err := lockSheet(tx, id)
		if err != nil || sheet.FinishedAt != nil {
			return err
		}
		sheet.Reason, sheet.UpdatedAt = fault.Of(why).Code, tx.Now
		if hopeless = hopeless || tx.Now.Sub(sheet.CreatedAt) >= sheetPatience; hopeless {
			sheet.State, sheet.FinishedAt = model.SheetFailed, &tx.Now
		}
		return keepSheet(tx, sheet)
	})
	if err != nil {
		return err
	}
	s.Log.WarnContext(ctx, "a sheet of parcel cards gets no pictures", "sheet", id, "failed", hopeless, "err", why)
	if hopeless {
		return nil
	}
	return jobs.Snooze(pause)
}
