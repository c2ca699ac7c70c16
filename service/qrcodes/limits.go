package qrcodes

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"huitou/model"
	"huitou/model/db"
	"huitou/wechat"
)

// WeChat counts calls for the whole shop, so that nobody alone may have them all: 100,000 pictures of the account a day, 5,000 of the
// mini-program a minute.
const (
	// maxOwn is how many codes somebody who does not manage them may have that live or were made in the last 24 hours.
	maxOwn = 50
	// betweenPictures is how long a temporary code keeps a picture before another one is made.
	betweenPictures = time.Minute
	// keepMini is how long a picture of the mini-program is kept in memory, maxKept how many are (up to 100 KB each), and maxWidths how many
	// of them are of one code.
	keepMini, maxKept, maxWidths = 10 * time.Minute, 128, 8
	// drawing bounds one call that several wait for.
	drawing = 20 * time.Second
)

// lately reports whether a code's picture is too new for another one.
func lately(c model.QRCode, now time.Time) bool {
	if c.Permanent || c.ExpiresAt == nil {
		return false
	}
	made := c.ExpiresAt.Add(-time.Duration(c.TTLSeconds) * time.Second)
	return now.Sub(made) < betweenPictures
}

// checkOwn returns ErrMany when somebody who does not manage codes has as many as he may have. The rows that it counts stay locked, so that of
// two that ask at once the second one counts the first one's.
func checkOwn(tx *db.Tx, by By) error {
	if by.Manages {
		return nil
	}
	n, err := lockOwn(tx, by.Staff, tx.Now.Add(-24*time.Hour), maxOwn)
	if err != nil {
		return fmt.Errorf("count the codes of staff member %d: %w", by.Staff, err)
	}
	if n >= maxOwn {
		return ErrMany.With("most", maxOwn)
	}
	return nil
}

// miniPictures keeps what the mini-program drew; a code's scene never changes, so that a picture stays true. Failures are not kept.
type miniPictures struct {
	mu     sync.Mutex
	kept   map[pictureKey]keptPicture
	flight singleflight.Group
}

type pictureKey struct {
	code  model.QRCodeID
	width int
}

type keptPicture struct {
	img  wechat.Image
	till time.Time
}

// get returns a kept picture, or has one drawn: once for all who want it at this moment. It returns ErrOften for a code that is asked for in
// ever other widths.
func (p *miniPictures) get(ctx context.Context, key pictureKey, now time.Time, draw func(context.Context) (wechat.Image, error)) (wechat.Image, error) {
	if img, ok, err := p.look(key, now); ok || err != nil {
		return img, err
	}
	got := p.flight.DoChan(fmt.Sprint(key.code, " ", key.width), func() (any, error) {
		if img, ok, err := p.look(key, now); ok || err != nil { // drawn since
			return img, err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drawing) // whoever asked first may go; the others wait
		defer cancel()
		img, err := draw(ctx)
		if err == nil {
			p.keep(key, keptPicture{img, now.Add(keepMini)}, now)
		}
		return img, err
	})
	select {
	case r := <-got:
		img, _ := r.Val.(wechat.Image)
		return img, r.Err
	case <-ctx.Done():
		return wechat.Image{}, ctx.Err()
	}
}

func (p *miniPictures) look(key pictureKey, now time.Time) (img wechat.Image, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k, ok := p.kept[key]; ok && now.Before(k.till) {
		return k.img, true, nil
	}
	widths := 0
	for other, k := range p.kept {
		if other.code == key.code && now.Before(k.till) {
			widths++
		}
	}
	if widths >= maxWidths {
		return img, false, ErrOften
	}
	return img, false, nil
}

// keep stores a picture; where there is no room the one goes that has the least time left.
func (p *miniPictures) keep(key pictureKey, k keptPicture, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.kept) >= maxKept {
		var (
			next  pictureKey
			first time.Time
		)
		for other, o := range p.kept {
			if first.IsZero() || o.till.Before(first) {
				next, first = other, o.till
			}
		}
		delete(p.kept, next)
	}
	for other, o := range p.kept {
		if !now.Before(o.till) {
			delete(p.kept, other)
		}
	}
	p.kept[key] = k
}
