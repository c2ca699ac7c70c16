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
// second for 2,000 cards, and one file at a time in a process, which bounds the memory: a font, some pictures, and the file itself. It returns ErrSheetUnknown, ErrSheetNotReady, ErrPrinting
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
		size  int64 // of its pictures
	)
	err := s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		now = tx.Now
		if sheet, err = sheetByID(tx, id); err != nil {
			return err
		}
		if sheet.State != model.SheetReady {
			return ErrSheetNotReady
		}
		if sheet.PurgedAt != nil || sheet.ClearedAt != nil {
			return ErrSheetOld
		}
		if rows, err = printedCards(tx, sheet.ID); err != nil || sheet.Code != model.SheetMini {
			return err
		}
		size, err = pictureBytes(tx, sheet.ID)
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
	design, made := print.Design{Shop: sheet.Shop, Title: sheet.Title, Hint: sheet.Hint}, sheet.CreatedAt.UTC()
	if sheet.Code == model.SheetMini {
		b.Grow(int(size) + len(cards)*1500 + 200_000) // a buffer that grows would take twice as much
		err = print.PicturePDF(ctx, &b, layout, design, cards, made, s.storedPictures(ctx, rows))
	} else {
		err = print.PDF(ctx, &b, layout, design, cards, made)
	}
	if err != nil {
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

// Card prints one card as PNG. It returns what MakeParcelCode and MakeSheet do, and ErrMiniPage and ErrMiniQuota.
func (s *Service) Card(ctx context.Context, in PrintCard) ([]byte, error) {
	if in.Layout == "" {
		in.Layout = "label"
	}
	if in.DPI == 0 {
		in.DPI = print.Resolutions[0]
	}
	if in.Code == "" {
		in.Code = model.SheetLink
	}
	list := in.Design.faults(in.Layout)
	if !knownCode(in.Code) {
		list = append(list, fault.Field{Name: "code", Reason: "link, account or mini"})
	}
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
		err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error { // the others need no picture of the account
			row, err := s.reserve(ctx, tx, in.MakeParcelCode)
			code = codeView(row)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	card := s.card(in.Code, code.Token, code.URL, in.Number)
	if in.Code == model.SheetMini {
		picture, err := s.miniCode(ctx, code.Token, cardWidth)
		if err != nil {
			return nil, err
		}
		return print.PicturePNG(layout, print.Design(in.Design), card, picture, in.DPI)
	}
	return print.PNG(layout, print.Design(in.Design), card, in.DPI)
}

func (s *Service) card(kind model.ParcelSheetCode, token, url, number string) print.Card {
	if kind != model.SheetAccount {
		url = s.ParcelURL + token
	}
	return print.Card{Says: url, Token: token, Order: number}
}
