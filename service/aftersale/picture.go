package aftersale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Picture is what the page of a card's printed link shows.
type Picture struct {
	URL       string // what the picture says
	ExpiresAt time.Time
}

// wish is what somebody wants of a picture.
type wish struct {
	least time.Duration // how long it must live yet
	// alive is enough when WeChat makes no new one: any picture that still works.
	alive bool
	// brake is how long nobody asks again after WeChat refused.
	brake time.Duration
	// patience is how long he waits while somebody else asks.
	patience time.Duration
}

// Staff hand a picture out to be shown later, and may try again at once. Visitors look at it now, in any number and at any time.
var (
	staffPicture   = wish{least: 7 * 24 * time.Hour, patience: asking}
	visitorPicture = wish{least: 24 * time.Hour, alive: true, brake: 15 * time.Second, patience: 3 * time.Second}
)

const (
	// asking is how long one call to WeChat may take before another process may ask instead.
	asking = 15 * time.Second
	// lookAgain is how often those who did not get to ask look for the picture.
	lookAgain = 100 * time.Millisecond
)

// Picture returns the picture behind a printed link. Visitors cost one call to WeChat in 29 days, however many come at once. It
// returns ErrNoCard for a token that no parcel has, whatever is wrong with it, and ErrQR while there is no picture.
func (s *Service) Picture(ctx context.Context, token string) (Picture, error) {
	code, err := s.codeOfLink(ctx, token)
	if err != nil {
		return Picture{}, err
	}
	if code, err = s.picture(ctx, code, visitorPicture); err != nil {
		return Picture{}, err
	}
	return Picture{URL: code.URL, ExpiresAt: *code.ExpiresAt}, nil
}

// ReadyPicture is Picture without a call to WeChat: ErrQR when there is none.
func (s *Service) ReadyPicture(ctx context.Context, token string) (Picture, error) {
	code, err := s.codeOfLink(ctx, token)
	if err != nil {
		return Picture{}, err
	}
	if !alive(code, s.DB.Now()) {
		return Picture{}, ErrQR
	}
	return Picture{URL: code.URL, ExpiresAt: *code.ExpiresAt}, nil
}

func (s *Service) codeOfLink(ctx context.Context, token string) (c model.ParcelCode, err error) {
	if !tokenForm.MatchString(token) {
		return c, ErrNoCard
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		c, err = codeOfToken(tx, token)
		return err
	})
	if errors.Is(err, errNoCode) {
		return c, ErrNoCard
	}
	return c, err
}

// picture returns the code with a picture as wished. Of all processes one asks WeChat for a new one; the others wait for it.
func (s *Service) picture(ctx context.Context, code model.ParcelCode, w wish) (model.ParcelCode, error) {
	for range w.patience / lookAgain {
		now := s.DB.Now()
		if !stale(code, now, w.least) {
			return code, nil
		}
		if code.AskingUntil == nil || !code.AskingUntil.After(now) {
			mine := false
			err := s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
				mine, err = claimPicture(tx, code, tx.Now.Add(asking))
				return err
			})
			if err != nil {
				return code, err
			}
			if mine {
				return s.askPicture(ctx, code, w)
			}
		} else if w.alive && alive(code, now) {
			return code, nil
		}
		select {
		case <-ctx.Done():
			return code, ctx.Err()
		case <-time.After(lookAgain):
		}
		err := s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			code, err = codeOfOrder(tx, code.OrderID)
			return err
		})
		if err != nil {
			return code, err
		}
	}
	return code, ErrQR
}

// askPicture asks WeChat and stores what it made, or lets others ask again.
func (s *Service) askPicture(ctx context.Context, code model.ParcelCode, w wish) (model.ParcelCode, error) {
	// Who leaves the page leaves the picture to the next.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), asking-2*time.Second)
	defer cancel()
	now := s.DB.Now()
	qr, err := s.OA.CreateQR(ctx, sceneOf(code.Token), qrTTL)
	if err != nil {
		var until *time.Time
		if w.brake > 0 {
			at := now.Add(w.brake)
			until = &at
		}
		rest := s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error { return restPicture(tx, code, until) })
		if rest != nil {
			return code, rest
		}
		if w.alive && alive(code, now) {
			s.Log.WarnContext(ctx, "no new picture of a parcel's code; the old one still works", "code", code.ID, "err", err)
			return code, nil
		}
		return code, ErrQR.Because(err)
	}
	expires := now.Add(qr.ExpiresIn)
	made := code
	made.Ticket, made.URL, made.ImageURL, made.ExpiresAt = qr.Ticket, qr.URL, qr.ImageURL, &expires
	err = s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		// When this took so long that another asked too, the first picture stays; both have the same scene, so either works.
		stored, err := savePicture(tx, code, made)
		if err != nil {
			return fmt.Errorf("store the picture of parcel code %d: %w", made.ID, err)
		}
		made = stored
		return nil
	})
	return made, err
}
