package aftersale

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/print"
)

// pictureLeft is how long the pictures on cards must live yet when the cards are printed, so that they work when the parcel comes.
const pictureLeft = 5 * 24 * time.Hour

// printingWait is how long somebody waits for others' files; well below the time in which an answer must be written.
const printingWait = 20 * time.Second

// SheetFile prints a sheet as PDF; the same sheet gives the same file as long as its pictures live. It is drawn anew each time, which takes about a
// second for 2,000 cards, and one file at a time in a process, which bounds the memory. It returns ErrSheetUnknown, ErrSheetNotReady, ErrPrinting
// while too many others print, and ErrSheetOld when the pictures on it will not live long enough.
func (s *Service) SheetFile(ctx context.Context, id model.PublicID) ([]byte, error) {
	select {
	case s.printing <- struct{}{}:
		defer func() { <-s.printing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(printingWait):
		return nil, ErrPrinting
	}
	var (
		sheet model.ParcelSheet
		rows  []printedCard
		now   time.Time
	)
	err := s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		now = tx.Now
		if sheet, err = sheetByID(tx, id); err != nil {
			return err
		}
		if sheet.State != model.SheetReady {
			return ErrSheetNotReady
		}
		rows, err = printedCards(tx, sheet.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	cards := make([]print.Card, len(rows))
	for i, r := range rows {
		if sheet.Code == model.SheetAccount && (r.ExpiresAt == nil || r.ExpiresAt.Sub(now) < pictureLeft) {
			return nil, ErrSheetOld
		}
		cards[i] = s.card(sheet.Code, r.Token, r.URL, r.Number)
	}
	layout, ok := print.LayoutOf(sheet.Layout)
	if !ok {
		return nil, fmt.Errorf("sheet %d has the layout %s, which is gone", sheet.ID, sheet.Layout)
	}
	var b bytes.Buffer
	if err := print.PDF(&b, layout, print.Design{Shop: sheet.Shop, Title: sheet.Title, Hint: sheet.Hint}, cards, sheet.CreatedAt.UTC()); err != nil {
		return nil, fmt.Errorf("print sheet %d: %w", sheet.ID, err)
	}
	return b.Bytes(), nil
}

// PrintCard asks for the picture of one card, for a printer of labels.
type PrintCard struct {
	MakeParcelCode
	Code   model.ParcelSheetCode // "" means link
	Layout string                // "" means label
	DPI    int                   // of print.Resolutions; 0 means the first one
	Design
}

// Card prints one card as PNG. It returns what MakeParcelCode and MakeSheet do.
func (s *Service) Card(ctx context.Context, in PrintCard) ([]byte, error) {
	if in.Layout == "" {
		in.Layout = "label"
	}
	if in.DPI == 0 {
		in.DPI = print.Resolutions[0]
	}
	list := in.Design.faults(in.Layout)
	if !slices.Contains(print.Resolutions, in.DPI) {
		list = append(list, fault.Field{Name: "dpi", Reason: fmt.Sprintf("one of %v", print.Resolutions)})
	}
	if err := fault.InvalidFields(list); err != nil {
		return nil, err
	}
	if err := in.Design.allowed(); err != nil {
		return nil, err
	}
	layout, _ := print.LayoutOf(in.Layout)
	var code ParcelCode
	var err error
	if in.Code == model.SheetAccount {
		code, err = s.MakeParcelCode(ctx, in.MakeParcelCode)
	} else {
		err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error { // a link needs no picture yet
			row, err := s.reserve(ctx, tx, in.MakeParcelCode)
			code = codeView(row)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return print.PNG(layout, print.Design(in.Design), s.card(in.Code, code.Token, code.URL, in.Number), in.DPI)
}

func (s *Service) card(kind model.ParcelSheetCode, token, url, number string) print.Card {
	if kind != model.SheetAccount {
		url = s.ParcelURL + token
	}
	return print.Card{Says: url, Token: token, Order: number}
}
