package qrcodes

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// By is who asks, and whether he manages codes or has his own only.
type By struct {
	Staff   model.StaffID
	Manages bool
}

// may reports whether one may change a code.
func (b By) may(c model.QRCode) bool {
	return b.Manages || c.Kind == model.QRStaff && !c.Permanent && staffOf(c.Ref) == b.Staff
}

// Code is a code as staff see it.
type Code struct {
	ID        model.PublicID
	Kind      model.QRKind
	Name, Ref string
	Scene     string
	Permanent bool
	TTL       time.Duration
	URL       string // what the picture says; empty until it was made
	ImageURL  string // WeChat's picture
	ExpiresAt *time.Time
	model.QRCounts
	CreatedBy model.StaffID
	CreatedAt time.Time
	StoppedAt *time.Time
	Replayed  bool `json:"-"`
}

// NewCode is a code to be made.
type NewCode struct {
	By
	Kind      model.QRKind
	Name, Ref string
	Permanent bool
	TTL       time.Duration // of a temporary picture, whole seconds
	Key       db.Key        `json:"-"`
}

// Make makes a code with its picture. It returns fault.ErrInvalid, ErrNotYours, ErrMany or ErrPermanentFull and makes nothing; or ErrPicture or ErrQuota
// while WeChat does not make the picture: the code is there then, and asking again with the same key goes on with it.
func (s *Service) Make(ctx context.Context, in NewCode) (Code, error) {
	if err := s.fits(ctx, in); err != nil {
		return Code{}, err
	}
	var (
		c        model.QRCode
		replayed bool
	)
	err := s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		id, again, err := db.Once(ctx, tx, in.Key, in, func() (model.PublicID, error) { return s.makeTx(ctx, tx, in) })
		if err != nil {
			return err
		}
		replayed = again
		c, err = codeByPublicID(tx, id)
		return err
	})
	if err != nil {
		return Code{}, err
	}
	if replayed {
		if c.StoppedAt == nil {
			c, err = s.renew(ctx, c)
		}
	} else {
		c, err = s.draw(ctx, c)
	}
	v := view(c)
	v.Replayed = replayed
	return v, err
}

// fits checks what is asked for before anything is written.
func (s *Service) fits(ctx context.Context, in NewCode) error {
	if err := fault.InvalidFields(in.faults()); err != nil {
		return err
	}
	if !in.By.may(model.QRCode{Kind: in.Kind, Ref: in.Ref, Permanent: in.Permanent}) {
		return ErrNotYours
	}
	if in.Kind != model.QRStaff {
		return nil
	}
	works, err := s.d.Staff.Works(ctx, staffOf(in.Ref))
	if err == nil && !works {
		err = fault.InvalidFields([]fault.Field{{Name: "ref", Reason: "nobody works here under this id"}})
	}
	return err
}

// makeTx adds the code; a permanent one takes its picture from the account's stock.
func (s *Service) makeTx(ctx context.Context, tx *db.Tx, in NewCode) (model.PublicID, error) {
	c := model.QRCode{PublicID: model.PublicID(random.ID()), Token: newToken(), Kind: in.Kind, Name: in.Name, Ref: in.Ref, Permanent: in.Permanent,
		TTLSeconds: int64(in.TTL / time.Second), CreatedBy: in.Staff, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	if in.Permanent {
		c.Asked = 1
	}
	if err := checkOwn(tx, in.By); err != nil {
		return "", err
	}
	if _, err := tx.Insert(&c); err != nil {
		return "", fmt.Errorf("add a QR code: %w", err)
	}
	err := audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "qrcodes.make", Ref: ref(c), Detail: map[string]any{
		"kind": in.Kind, "name": in.Name, "ref": in.Ref, "permanent": in.Permanent, "ttl_seconds": c.TTLSeconds,
	}})
	if err != nil {
		return "", err
	}
	if in.Permanent {
		if err := s.take(tx); err != nil { // the hot row last
			return "", err
		}
	}
	return c.PublicID, nil
}

// take counts a permanent picture, or returns ErrPermanentFull.
func (s *Service) take(tx *db.Tx) error {
	left, err := takePermanent(tx, s.d.OAAppID, s.d.Permanent)
	if err != nil {
		return fmt.Errorf("count a permanent QR code: %w", err)
	}
	if !left {
		return ErrPermanentFull.With("limit", s.d.Permanent)
	}
	return nil
}

// Rename gives a code another name. It returns fault.ErrInvalid, ErrUnknown or ErrNotYours.
func (s *Service) Rename(ctx context.Context, by By, id model.PublicID, name string) (v Code, err error) {
	return s.change(ctx, by, id, func(ctx context.Context, tx *db.Tx, c *model.QRCode) error {
		if err := fault.InvalidFields(nameFaults(c.Kind, name)); err != nil {
			return err
		}
		was := c.Name
		if was == name {
			return nil
		}
		if err := saveName(tx, c.ID, name); err != nil {
			return err
		}
		c.Name = name
		return audit.Record(ctx, tx, audit.Entry{Staff: by.Staff, Action: "qrcodes.rename", Ref: ref(*c), Detail: map[string]any{"was": was, "name": name}})
	})
}

// Stop ends a code for good; once more changes nothing. It returns ErrUnknown or ErrNotYours.
func (s *Service) Stop(ctx context.Context, by By, id model.PublicID) (v Code, err error) {
	return s.change(ctx, by, id, func(ctx context.Context, tx *db.Tx, c *model.QRCode) error {
		if c.StoppedAt != nil {
			return nil
		}
		if err := saveStopped(tx, c.ID); err != nil {
			return err
		}
		c.StoppedAt = &tx.Now
		return audit.Record(ctx, tx, audit.Entry{Staff: by.Staff, Action: "qrcodes.stop", Ref: ref(*c)})
	})
}

func (s *Service) change(ctx context.Context, by By, id model.PublicID, do func(context.Context, *db.Tx, *model.QRCode) error) (v Code, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := lockCode(tx, id)
		if err != nil {
			return err
		}
		if !by.may(c) {
			return ErrNotYours
		}
		if err := do(ctx, tx, &c); err != nil {
			return err
		}
		v = view(c)
		return nil
	})
	return v, err
}

// Filter chooses codes of a list.
type Filter struct {
	Kind    model.QRKind // empty: all
	Ref     string       // empty: all
	Stopped bool         // those that were stopped as well
}

// List returns one page of codes, newest first.
func (s *Service) List(ctx context.Context, f Filter, p db.Page) (list []Code, next string, err error) {
	before, err := p.Before()
	if err != nil {
		return nil, "", err
	}
	var rows []model.QRCode
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err = codesBefore(tx, f, before, p.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if len(rows) > p.Size() {
		rows = rows[:p.Size()]
		next = db.NextCursor(int64(rows[len(rows)-1].ID))
	}
	list = make([]Code, len(rows))
	for i, c := range rows {
		list[i] = view(c)
	}
	return list, next, nil
}

// One returns a code, or ErrUnknown.
func (s *Service) One(ctx context.Context, id model.PublicID) (v Code, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		c, err := codeByPublicID(tx, id)
		v = view(c)
		return err
	})
	if err != nil {
		return Code{}, err
	}
	return v, nil
}

func view(c model.QRCode) Code {
	return Code{ID: c.PublicID, Kind: c.Kind, Name: c.Name, Ref: c.Ref, Scene: sceneOf(c.Token), Permanent: c.Permanent,
		TTL: time.Duration(c.TTLSeconds) * time.Second, URL: c.URL, ImageURL: c.ImageURL, ExpiresAt: utc(c.ExpiresAt), QRCounts: c.QRCounts,
		CreatedBy: c.CreatedBy, CreatedAt: c.CreatedAt.UTC(), StoppedAt: utc(c.StoppedAt)}
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func ref(c model.QRCode) string { return "qrcode:" + string(c.PublicID) }
