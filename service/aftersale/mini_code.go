package aftersale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/print"
	"huitou/wechat"
)

const (
	// sheetWidth is how many pixels of a side a code on a sheet has: the least that WeChat draws, and with 240 dots an inch on 30 mm as fine as
	// printers of labels print. cardWidth is that of a single card, which is scaled to the printer's dots.
	sheetWidth, cardWidth = 280, 430
	// maxStored is how many bytes a stored picture may have, as the schema says; WeChat's of this width have a third of that.
	maxStored = 128 << 10
	// pageNotPublished is WeChat's code for a page that it does not know.
	pageNotPublished = 41030
)

// miniCode has WeChat draw the mini-program's code of a parcel. It returns ErrMiniPage, ErrMiniQuota, or ErrQR, also for an answer that is no
// picture that can be printed.
func (s *Service) miniCode(ctx context.Context, token string, width int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, asking-2*time.Second)
	defer cancel()
	p := s.MiniPage
	img, err := s.Mini.MiniCode(ctx, wechat.MiniCode{Scene: sceneOf(token), Page: p.Path, Env: p.Env, Unchecked: p.Unchecked, Width: width})
	var no *wechat.Error
	switch {
	case errors.As(err, &no) && no.Code == pageNotPublished:
		return nil, ErrMiniPage.Because(err)
	case wechat.ClassOf(err) == wechat.ClassQuota:
		return nil, ErrMiniQuota.Because(err)
	case err != nil:
		return nil, ErrQR.Because(err)
	}
	if err := print.WholePicture(img.Bytes); err != nil {
		return nil, ErrQR.Because(fmt.Errorf("WeChat's %s: %w", img.Type, err))
	}
	return img.Bytes, nil
}

// miniOnce has the picture of a card drawn and stores it at once, so that nobody asks for it again; when there is one already it does nothing.
func (s *Service) miniOnce(ctx context.Context, card model.ParcelSheetCard, code model.ParcelCode) error {
	var has bool
	err := s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		has, err = hasPicture(tx, card.ID)
		return err
	})
	if err != nil || has {
		return err
	}
	file, err := s.miniCode(ctx, code.Token, sheetWidth)
	if err != nil {
		return err
	}
	if len(file) > maxStored {
		return ErrQR.Because(fmt.Errorf("WeChat's picture has %d bytes, may have %d", len(file), maxStored))
	}
	return s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		// Of two that asked at once the first picture stays; either works.
		_, err := tx.Insert(&model.ParcelSheetPicture{CardID: card.ID, SheetID: card.SheetID, Picture: file, MadeAt: tx.Now})
		if err != nil {
			err = fmt.Errorf("store the picture of card %d: %w", card.ID, err)
		}
		return err
	})
}

// pictureChunk is how many stored pictures are in memory at once.
const pictureChunk = 20

// storedPictures returns a function that reads the picture of the i-th card, to be called for one after the other.
func (s *Service) storedPictures(ctx context.Context, cards []printedCard) func(i int) (print.Picture, error) {
	var ready map[int64][]byte
	return func(i int) (print.Picture, error) {
		if i%pictureChunk == 0 {
			ids := make([]int64, 0, pictureChunk)
			for _, c := range cards[i:min(i+pictureChunk, len(cards))] {
				ids = append(ids, c.ID)
			}
			err := s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
				ready, err = picturesOf(tx, ids)
				return err
			})
			if err != nil {
				return print.Picture{}, err
			}
		}
		file, ok := ready[cards[i].ID]
		if !ok {
			return print.Picture{}, ErrSheetOld // put away while it was printed
		}
		return print.ReadPicture(file)
	}
}

const (
	// keepPictures is how long the pictures of a sheet are kept after it was asked for.
	keepPictures = 30 * 24 * time.Hour
	// purgeBatch is how many go in one transaction: a few megabytes.
	purgeBatch = 50
)

// PurgePictures puts the pictures of sheets away that were asked for 30 days ago. It is for the timetable, once a day.
func (s *Service) PurgePictures(ctx context.Context) error {
	err := s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error { return closeOldSheets(tx, tx.Now.Add(-keepPictures)) })
	if err != nil {
		return err
	}
	for {
		var n int64
		err := s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			n, err = deletePictures(tx, purgeBatch)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
