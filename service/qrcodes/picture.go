package qrcodes

import (
	"context"
	"errors"
	"fmt"
	"time"

	qr "github.com/skip2/go-qrcode"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/wechat"
)

// DefaultWidth is the width of a picture in pixels when nobody says another one; WeChat draws 280 to 1280.
const DefaultWidth = 430

// AccountPicture returns a code's picture for the official account, width pixels wide. A temporary picture that is over, or was never made, is
// made anew. It returns ErrUnknown, ErrStopped, ErrPermanentFull, ErrOften, ErrPicture or ErrQuota.
func (s *Service) AccountPicture(ctx context.Context, id model.PublicID, width int) (wechat.Image, error) {
	c, err := s.working(ctx, id)
	if err != nil {
		return wechat.Image{}, err
	}
	if c, err = s.renewOnce(ctx, c); err != nil {
		return wechat.Image{}, err
	}
	png, err := qr.Encode(c.URL, qr.Medium, width)
	if err != nil {
		return wechat.Image{}, fmt.Errorf("draw QR code %d: %w", c.ID, err)
	}
	return wechat.Image{Type: "image/png", Bytes: png}, nil
}

// MiniPicture returns a code's picture for the mini-program, which is kept for ten minutes. It returns ErrUnknown, ErrStopped, ErrOften, ErrPicture
// or ErrQuota.
func (s *Service) MiniPicture(ctx context.Context, id model.PublicID, width int) (wechat.Image, error) {
	c, err := s.working(ctx, id)
	if err != nil {
		return wechat.Image{}, err
	}
	p := s.d.Page
	return s.minis.get(ctx, pictureKey{c.ID, width}, s.d.DB.Now(), func(ctx context.Context) (wechat.Image, error) {
		img, err := s.d.Mini.MiniCode(ctx, wechat.MiniCode{Scene: sceneOf(c.Token), Page: p.Path, Env: p.Env, Unchecked: p.Unchecked, Width: width})
		if err != nil {
			return wechat.Image{}, refused(err)
		}
		return img, nil
	})
}

// Renew has a temporary picture made anew before the old one is over, so that what is printed today lives its full time; the old one
// keeps working until its end. A permanent code keeps the picture that it has. It returns ErrUnknown, ErrNotYours, ErrStopped,
// ErrPermanentFull, ErrPicture or ErrQuota, and to somebody who does not manage codes ErrOften for a picture of the last minute.
func (s *Service) Renew(ctx context.Context, by By, id model.PublicID) (Code, error) {
	c, err := s.working(ctx, id)
	if err != nil {
		return Code{}, err
	}
	if !by.may(c) {
		return Code{}, ErrNotYours
	}
	if c.Permanent {
		c, err = s.renew(ctx, c)
		return view(c), err
	}
	if by.Manages {
		c, err = s.draw(ctx, c)
	} else {
		c, err = s.drawOnce(ctx, c)
	}
	if err != nil {
		return Code{}, err
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Entry{Staff: by.Staff, Action: "qrcodes.renew", Ref: ref(c)})
	})
	return view(c), err
}

// working returns a code that was not stopped.
func (s *Service) working(ctx context.Context, id model.PublicID) (c model.QRCode, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		c, err = codeByPublicID(tx, id)
		return err
	})
	if err == nil && c.StoppedAt != nil {
		err = ErrStopped
	}
	return c, err
}

// renew has a picture made where there is none that works.
func (s *Service) renew(ctx context.Context, c model.QRCode) (model.QRCode, error) {
	if !over(c, s.d.DB.Now()) {
		return c, nil
	}
	if c.Permanent {
		err := s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
			if err := countAsked(tx, c.ID); err != nil {
				return err
			}
			return s.take(tx)
		})
		if err != nil {
			return c, err
		}
	}
	return s.draw(ctx, c)
}

// renewOnce is renew for pictures that anybody may look at.
func (s *Service) renewOnce(ctx context.Context, c model.QRCode) (model.QRCode, error) {
	if !over(c, s.d.DB.Now()) {
		return c, nil
	}
	if c.Permanent {
		return s.renew(ctx, c)
	}
	return s.drawOnce(ctx, c)
}

// drawOnce makes a temporary picture anew, one for all who ask at this moment; or returns ErrOften for one that was made within the minute.
func (s *Service) drawOnce(ctx context.Context, c model.QRCode) (model.QRCode, error) {
	had := c.Ticket
	made := s.renewals.DoChan(string(c.PublicID), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drawing) // whoever asked first may go; the others wait
		defer cancel()
		c, err := s.working(ctx, c.PublicID)
		switch {
		case err != nil || c.Ticket != had && !over(c, s.d.DB.Now()): // somebody else's is new
			return c, err
		case lately(c, s.d.DB.Now()):
			return c, ErrOften
		}
		return s.draw(ctx, c)
	})
	select {
	case r := <-made:
		if r.Err != nil {
			return c, r.Err
		}
		return r.Val.(model.QRCode), nil
	case <-ctx.Done():
		return c, ctx.Err()
	}
}

// draw asks WeChat for a picture; one that is permanent has been counted. Of two that ask at once the first picture stays; both have the
// same scene, so that either works.
func (s *Service) draw(ctx context.Context, c model.QRCode) (model.QRCode, error) {
	made, err := s.d.OA.CreateQR(ctx, sceneOf(c.Token), time.Duration(c.TTLSeconds)*time.Second)
	if err != nil {
		var no *wechat.Error
		if c.Permanent && errors.As(err, &no) && no.Class() != wechat.ClassRetry {
			if back := s.giveBack(ctx, c.ID); back != nil {
				s.d.Log.ErrorContext(ctx, "a permanent QR code that WeChat refused stays counted", "code", c.ID, "err", back)
			}
		}
		return c, refused(err)
	}
	p := picture{Ticket: made.Ticket, URL: made.URL, ImageURL: made.ImageURL}
	if !c.Permanent {
		life := made.ExpiresIn
		if life <= 0 || life > wechat.MaxQRTTL { // WeChat did not say, or nonsense
			life = time.Duration(c.TTLSeconds) * time.Second
		}
		expires := s.d.DB.Now().Add(life)
		p.ExpiresAt = &expires
	}
	err = s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		c, err = savePicture(tx, c, p)
		return err
	})
	return c, err
}

func (s *Service) giveBack(ctx context.Context, code model.QRCodeID) error {
	return s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error { return returnPermanent(tx, s.d.OAAppID, code) })
}

// refused says what WeChat's refusal means for whoever asked.
func refused(err error) error {
	if wechat.ClassOf(err) == wechat.ClassQuota {
		return ErrQuota.Because(err)
	}
	return ErrPicture.Because(err)
}
