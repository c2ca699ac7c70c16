package aftersale

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

const (
	// maxUnfinished is how many sheets of one member of staff may be in the making, maxCards how many cards he may ask for on a day of
	// Shanghai: a large shop's parcels, and no more rows than a purge takes away again.
	maxUnfinished, maxCards = 3, 20_000
	// cardsLife is how long the cards of a sheet are kept after it was asked for; clearBatch how many go in one transaction. Their codes stay.
	cardsLife, clearBatch = 90 * 24 * time.Hour, 500
)

// checkSheets returns ErrSheetsWaiting or ErrSheetsDay when the sheets of a member of staff, with the new one, are too many. Before it the
// staff trail's head was locked, so that of two that ask at once the second one counts the first one's.
func checkSheets(tx *db.Tx, staff model.StaffID) error {
	unfinished, cards, err := sheetsOf(tx, staff, model.DayOf(tx.Now, model.Shanghai).Start(model.Shanghai))
	switch {
	case err != nil:
		return fmt.Errorf("count the sheets of staff member %d: %w", staff, err)
	case unfinished > maxUnfinished:
		return ErrSheetsWaiting.With("most", maxUnfinished)
	case cards > maxCards:
		return ErrSheetsDay.With("most", maxCards)
	}
	return nil
}

// ClearSheets deletes the cards, and with them the refusals, of sheets that were asked for 90 days ago; the codes of parcels stay, and so does
// the sheet with its figures. It is for the timetable, once a day.
func (s *Service) ClearSheets(ctx context.Context) error {
	err := s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error { return clearSheets(tx, tx.Now.Add(-cardsLife)) })
	if err != nil {
		return err
	}
	for {
		var n int64
		err := s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			n, err = deleteCards(tx, clearBatch)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
