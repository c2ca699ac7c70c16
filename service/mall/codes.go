package mall

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
)

// Limits of one upload.
const (
	MaxCodes      = 5000
	maxCodeLength = 200 // characters
)

// UploadCodes adds codes to the pool of a gift.
type UploadCodes struct {
	Staff model.StaffID
	Gift  model.PublicID
	Codes []string // 1 to MaxCodes, each of 1 to 200 printable characters
	Key   db.Key   `json:"-"`
}

// Uploaded is what an upload came to.
type Uploaded struct {
	Gift     Gift
	Added    int
	Known    int  // codes that the pool had, or that came twice; they are there once
	Replayed bool `json:"-"`
}

// UploadCodes stores codes sealed; nothing lists them again. It returns ErrGiftUnknown, ErrNoPool, ErrEnded, or ErrStockTooSmall
// when the pool would grow beyond MaxStock.
func (s *Service) UploadCodes(ctx context.Context, in UploadCodes) (out Uploaded, err error) {
	if err := fault.InvalidFields(in.faults()); err != nil {
		return out, err
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, out.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Uploaded, error) { return s.upload(ctx, tx, in) })
		return err
	})
	return out, err
}

func (in UploadCodes) faults() (bad []fault.Field) {
	if n := len(in.Codes); n < 1 || n > MaxCodes {
		return []fault.Field{{Name: "codes", Reason: fmt.Sprintf("must be 1 to %d codes", MaxCodes)}}
	}
	for i, c := range in.Codes {
		n := utf8.RuneCountInString(c)
		if n < 1 || n > maxCodeLength || !utf8.ValidString(c) || strings.TrimSpace(c) != c || strings.ContainsFunc(c, unicode.IsControl) {
			return []fault.Field{{Name: fmt.Sprintf("codes[%d]", i), Reason: fmt.Sprintf("must be 1 to %d printable characters without blanks around them", maxCodeLength)}}
		}
	}
	return nil
}

// upload holds the gift's lock, so that two uploads of the same codes come one after the other.
func (s *Service) upload(ctx context.Context, tx *db.Tx, in UploadCodes) (out Uploaded, err error) {
	g, known, err := giftByPublicID(tx, in.Gift)
	switch {
	case err != nil:
		return out, fmt.Errorf("read gift %s: %w", in.Gift, err)
	case !known:
		return out, ErrGiftUnknown
	case g.Kind != model.GiftCode:
		return out, ErrNoPool
	case g.State == model.GiftEnded:
		return out, ErrEnded
	}
	if _, err := lockGift(tx, g.ID); err != nil {
		return out, fmt.Errorf("lock gift %s: %w", in.Gift, err)
	}
	rows, err := s.newCodes(tx, g, in)
	if err != nil {
		return out, fmt.Errorf("look up codes of gift %s: %w", in.Gift, err)
	}
	out.Added, out.Known = len(rows), len(in.Codes)-len(rows)
	if len(rows) > 0 {
		if err := insertCodes(tx, rows); err != nil {
			return out, fmt.Errorf("insert codes of gift %s: %w", in.Gift, err)
		}
		if err := s.grow(tx, g, in.Staff, int64(len(rows))); err != nil {
			return out, err
		}
	}
	if err := record(ctx, tx, in.Staff, "mall.codes_upload", g, map[string]any{"added": out.Added, "known": out.Known}); err != nil {
		return out, err
	}
	if g, err = giftByID(tx, g.ID); err != nil {
		return out, fmt.Errorf("read gift %s: %w", in.Gift, err)
	}
	out.Gift = giftView(g)
	return out, nil
}

// newCodes seals those codes of an upload that the pool does not have.
func (s *Service) newCodes(tx *db.Tx, g model.Gift, in UploadCodes) ([]model.GiftPoolCode, error) {
	hashes := make([]string, len(in.Codes))
	for i, c := range in.Codes {
		hashes[i] = s.seal.Index(c)
	}
	have, err := knownCodes(tx, g.ID, hashes)
	if err != nil {
		return nil, err
	}
	var rows []model.GiftPoolCode
	for i, h := range hashes {
		if have[h] {
			continue
		}
		have[h] = true
		rows = append(rows, model.GiftPoolCode{GiftID: g.ID, CodeHash: h, Sealed: s.seal.Seal(poolOf(g), in.Codes[i]), StaffID: in.Staff, At: tx.Now})
	}
	return rows, nil
}

// grow adds uploaded codes to the stock.
func (s *Service) grow(tx *db.Tx, g model.Gift, staff model.StaffID, n int64) error {
	m := model.GiftStockMove{GiftID: g.ID, Delta: n, Source: "codes:" + random.ID(), StaffID: staff, At: tx.Now}
	if err := insertStockMove(tx, &m); err != nil {
		return fmt.Errorf("insert a stock move of gift %d: %w", g.ID, err)
	}
	ok, err := addStock(tx, g.ID, n)
	if err != nil {
		return fmt.Errorf("change the stock of gift %d: %w", g.ID, err)
	}
	if !ok {
		return ErrStockTooSmall
	}
	return nil
}

func poolOf(g model.Gift) string { return "code:" + string(g.PublicID) }

// Reveal shows a member the code that he redeemed, once.
type Reveal struct {
	Member     model.MemberID
	Redemption model.PublicID
	Key        db.Key `json:"-"`
}

// Revealed is a code that was shown.
type Revealed struct {
	Redemption model.PublicID
	Code       string
	At         time.Time
	Replayed   bool
}

// seen is what is kept under the client's key: not the code, which stays sealed in its pool.
type seen struct {
	Redemption model.PublicID `json:"redemption"`
}

// Reveal returns the code and marks the redemption as fulfilled; from then on it cannot be taken back. A repetition of the same
// request has the same answer, because the first one may have got lost on its way; any other request is refused with
// ErrRevealed. Other faults are ErrRedemptionUnknown, also for what belongs to another member, ErrNotACode, ErrUnpaid,
// ErrCancelled and ErrRefunded.
func (s *Service) Reveal(ctx context.Context, in Reveal) (out Revealed, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		kept, replayed, err := db.Once(ctx, tx, in.Key, in, func() (seen, error) { return s.reveal(tx, in) })
		if err != nil {
			return err
		}
		out, err = s.openCode(tx, kept.Redemption)
		out.Replayed = replayed
		return err
	})
	if err != nil {
		return Revealed{}, err
	}
	return out, nil
}

func (s *Service) reveal(tx *db.Tx, in Reveal) (seen, error) {
	r, err := own(tx, in.Member, in.Redemption)
	if err != nil {
		return seen{}, err
	}
	if r.Kind != model.GiftCode {
		return seen{}, ErrNotACode
	}
	first, err := moveRedemption(tx, r.ID, model.RedemptionConfirmed, model.RedemptionFulfilled, map[string]any{"closed_at": tx.Now})
	if err != nil {
		return seen{}, fmt.Errorf("fulfil redemption %s: %w", in.Redemption, err)
	}
	if !first {
		if r, err = own(tx, in.Member, in.Redemption); err != nil {
			return seen{}, err
		}
		if r.State == model.RedemptionFulfilled {
			return seen{}, ErrRevealed.With("at", r.ClosedAt.UTC().Format(time.RFC3339))
		}
		return seen{}, stateRefusal(r)
	}
	marked, err := markRevealed(tx, r.PublicID)
	if err != nil {
		return seen{}, fmt.Errorf("mark the code of redemption %s as revealed: %w", in.Redemption, err)
	}
	if !marked {
		return seen{}, fmt.Errorf("mall: redemption %s is confirmed and has no code", in.Redemption)
	}
	return seen{r.PublicID}, nil
}

// openCode reads a code that was revealed.
func (s *Service) openCode(tx *db.Tx, of model.PublicID) (out Revealed, err error) {
	c, known, err := codeOf(tx, of)
	if err != nil {
		return out, fmt.Errorf("read the code of redemption %s: %w", of, err)
	}
	if !known || c.RevealedAt == nil {
		return out, fmt.Errorf("mall: redemption %s has no revealed code", of)
	}
	g, err := giftByID(tx, c.GiftID)
	if err != nil {
		return out, fmt.Errorf("read gift %d: %w", c.GiftID, err)
	}
	out = Revealed{Redemption: of, At: *c.RevealedAt}
	if out.Code, err = s.seal.Open(poolOf(g), c.Sealed); err != nil {
		return Revealed{}, fmt.Errorf("open code %d: %w", c.ID, err)
	}
	return out, nil
}
