package aftersale_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/aftersale"
)

// One member of staff has three sheets in the making, however many he asks for at once; the same request twice is one.
func TestThreeSheetsInTheMaking(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		refs := w.numbered(1)
		ask := func(staff model.StaffID, key db.Key) error {
			_, err := w.s.MakeSheet(context.Background(), aftersale.NewSheet{Staff: staff, Orders: refs, Design: cardDesign, Key: key})
			return err
		}
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			made int
		)
		for range 8 {
			wg.Go(func() {
				err := ask(7, db.Key{})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else if !errors.Is(err, aftersale.ErrSheetsWaiting) {
					t.Errorf("a sheet: %v", err)
				}
			})
		}
		wg.Wait()
		if made != 3 || w.count("parcel_sheets") != 3 || w.count("parcel_sheet_cards") != 3 {
			t.Errorf("%d made, %d kept with %d cards; want 3", made, w.count("parcel_sheets"), w.count("parcel_sheet_cards"))
		}
		key := db.Key{Scope: "staff:8", Key: "the-same"}
		for range 5 {
			if err := ask(8, key); err != nil {
				t.Errorf("somebody else: %v", err)
			}
		}
		w.run()
		if err := ask(7, db.Key{}); err != nil {
			t.Errorf("after they were done: %v", err)
		}
		w.sound()
	})
}

// Twenty thousand cards a day, of Shanghai.
func TestTwentyThousandCardsADay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		refs := w.numbered(2)
		midnight := model.DayOf(clock.Now(), model.Shanghai).AddDays(1).Start(model.Shanghai)
		clock.Set(midnight.Add(-time.Second))
		w.sheet(aftersale.NewSheet{Orders: refs})
		w.do(func(_ context.Context, tx *db.Tx) error { // as if it were four large ones
			return tx.Gorm().Exec("UPDATE parcel_sheets SET total = 19999").Error
		})
		ask := func(n int) error {
			_, err := w.s.MakeSheet(context.Background(), aftersale.NewSheet{Staff: 7, Orders: refs[:n], Design: cardDesign})
			return err
		}
		if err := ask(2); !errors.Is(err, aftersale.ErrSheetsDay) {
			t.Errorf("the 20,001st: %v", err)
		}
		if err := ask(1); err != nil {
			t.Errorf("the 20,000th: %v", err)
		}
		if err := ask(1); !errors.Is(err, aftersale.ErrSheetsDay) {
			t.Errorf("one more: %v", err)
		}
		clock.Set(midnight)
		if err := ask(2); err != nil {
			t.Errorf("the next day: %v", err)
		}
	})
}

// After ninety days the cards of a sheet go; its figures and the codes of the parcels stay.
func TestOldSheetsAreCleared(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.s.ParcelURL = "https://shop.example/p/"
		refs := w.numbered(700) // more than one batch
		old := w.sheet(aftersale.NewSheet{Orders: append(refs, aftersale.OrderRef{Source: "shop", Number: "x"})})
		w.run()
		clear := func() {
			t.Helper()
			if err := w.s.ClearSheets(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.sound()
		}
		clock.Set(old.CreatedAt.Add(90*24*time.Hour - time.Second))
		young := w.sheet(aftersale.NewSheet{Orders: refs[:2]})
		clear()
		if n := w.count("parcel_sheet_cards"); n != 703 {
			t.Errorf("%d cards before the time, want 703", n)
		}
		clock.Advance(time.Second)
		clear()
		clear()
		if cards, codes := w.count("parcel_sheet_cards"), w.count("parcel_codes"); cards != 2 || codes != 700 {
			t.Errorf("%d cards and %d codes left, want 2 and 700", cards, codes)
		}
		if v := w.sheetNow(old.ID); v.State != model.SheetReady || v.Ready != 700 || v.Refused != 1 {
			t.Errorf("the old one: %+v", v)
		}
		if _, err := w.s.SheetFile(t.Context(), old.ID); !errors.Is(err, aftersale.ErrSheetOld) {
			t.Errorf("its file: %v", err)
		}
		if _, _, err := w.s.Refusals(t.Context(), old.ID, db.Page{}); !errors.Is(err, aftersale.ErrSheetOld) {
			t.Errorf("its refusals: %v", err)
		}
		w.run()
		if _, err := w.s.SheetFile(t.Context(), young.ID); err != nil {
			t.Errorf("the young one: %v", err)
		}
		clock.Advance(100 * 24 * time.Hour)
		w.sheet(aftersale.NewSheet{Orders: refs[:2]}) // still waits when the next round comes
		clear()
		if n := w.count("parcel_sheet_cards"); n != 2 {
			t.Errorf("%d cards of the newest, want 2", n)
		}
	})
}
