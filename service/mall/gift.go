package mall

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// MaxStock is the largest stock of a gift.
const MaxStock = 10_000_000

// NewGift is a gift to be put into the mall. It is on offer at once, within its window.
type NewGift struct {
	Staff          model.StaffID
	Name           string // 1 to 100 characters
	Description    string // at most 2000 characters
	Kind           model.GiftKind
	CouponTemplate model.PublicID // for kind coupon only; the template must be issuable
	Price          model.Points   // 1 to model.MaxPoints
	Stock          int64          // -1 = unlimited
	PerMember      int64          // 0 = no limit, at most 100
	StartsAt       *time.Time
	EndsAt         *time.Time
	Sort           int64
	Key            db.Key `json:"-"`
}

// CreateGift puts a gift into the mall.
func (s *Service) CreateGift(ctx context.Context, in NewGift) (out Gift, err error) {
	if err := fault.InvalidFields(in.faults()); err != nil {
		return out, err
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, out.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Gift, error) { return s.createGift(ctx, tx, in) })
		return err
	})
	return out, err
}

func (s *Service) createGift(ctx context.Context, tx *db.Tx, in NewGift) (Gift, error) {
	g := model.Gift{PublicID: model.PublicID(random.ID()), Name: strings.TrimSpace(in.Name), Description: in.Description, Kind: in.Kind,
		CouponTemplate: in.CouponTemplate, Price: in.Price, Unlimited: in.Stock < 0, InitialStock: max(in.Stock, 0), Stock: max(in.Stock, 0),
		PerMember: in.PerMember, StartsAt: utc(in.StartsAt), EndsAt: utc(in.EndsAt), State: model.GiftActive, Sort: in.Sort, CreatedAt: tx.Now}
	if err := insertGift(tx, &g); err != nil {
		return Gift{}, fmt.Errorf("insert a gift: %w", err)
	}
	return giftView(g), record(ctx, tx, in.Staff, "mall.gift_create", g, map[string]any{"name": g.Name, "kind": g.Kind, "price": g.Price,
		"stock": in.Stock, "per_member": g.PerMember})
}

func (in NewGift) faults() (bad []fault.Field) {
	say := func(name, why string) { bad = append(bad, fault.Field{Name: name, Reason: why}) }
	if n := utf8.RuneCountInString(strings.TrimSpace(in.Name)); n < 1 || n > 100 || !utf8.ValidString(in.Name) {
		say("name", "must be 1 to 100 characters")
	}
	if utf8.RuneCountInString(in.Description) > 2000 || !utf8.ValidString(in.Description) {
		say("description", "must be at most 2000 characters")
	}
	switch in.Kind {
	case model.GiftCoupon:
		if len(in.CouponTemplate) != 24 {
			say("coupon_template", "must be the id of a coupon template")
		}
	case model.GiftPickup:
		if in.CouponTemplate != "" {
			say("coupon_template", "is for gifts of kind coupon only")
		}
	default:
		say("kind", "must be coupon or pickup")
	}
	if in.Price < 1 || in.Price > model.MaxPoints {
		say("price", "must be 1 to 1000000000 points")
	}
	if in.Stock < -1 || in.Stock > MaxStock {
		say("stock", "must be -1 (unlimited) to 10000000")
	}
	if in.PerMember < 0 || in.PerMember > 100 {
		say("per_member", "must be 0 (no limit) to 100")
	}
	if in.StartsAt != nil && in.EndsAt != nil && !in.StartsAt.Before(*in.EndsAt) {
		say("ends_at", "must be after starts_at")
	}
	return bad
}

// Pause stops a gift from being redeemed; what was redeemed can still be picked up.
func (s *Service) Pause(ctx context.Context, staff model.StaffID, id model.PublicID) (Gift, error) {
	return s.move(ctx, staff, id, "mall.gift_pause", model.GiftPaused, model.GiftActive)
}

// Resume puts a paused gift on offer again.
func (s *Service) Resume(ctx context.Context, staff model.StaffID, id model.PublicID) (Gift, error) {
	return s.move(ctx, staff, id, "mall.gift_resume", model.GiftActive, model.GiftPaused)
}

// End takes a gift out of the mall for good.
func (s *Service) End(ctx context.Context, staff model.StaffID, id model.PublicID) (Gift, error) {
	return s.move(ctx, staff, id, "mall.gift_end", model.GiftEnded, model.GiftActive, model.GiftPaused)
}

// move changes the state of a gift; one that is there already is returned unchanged. It returns ErrGiftUnknown or ErrEnded.
func (s *Service) move(ctx context.Context, staff model.StaffID, id model.PublicID, action string, to model.GiftState, from ...model.GiftState) (out Gift, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		moved, err := moveGift(tx, id, to, from)
		if err != nil {
			return fmt.Errorf("move gift %s to %s: %w", id, to, err)
		}
		g, known, err := giftByPublicID(tx, id)
		switch {
		case err != nil:
			return fmt.Errorf("read gift %s: %w", id, err)
		case !known:
			return ErrGiftUnknown
		case g.State != to:
			return ErrEnded
		}
		out = giftView(g)
		if !moved {
			return nil
		}
		return record(ctx, tx, staff, action, g, map[string]any{"state": to})
	})
	return out, err
}

// Restock adds units to a gift's stock, or takes some away.
type Restock struct {
	Staff model.StaffID
	Gift  model.PublicID
	Delta int64  // not 0
	Key   db.Key `json:"-"`
}

// Restock returns ErrGiftUnknown, or ErrStockTooSmall when the stock is unlimited, would fall below 0 or rise above MaxStock.
func (s *Service) Restock(ctx context.Context, in Restock) (out Gift, err error) {
	if in.Delta == 0 || in.Delta > MaxStock || in.Delta < -MaxStock {
		return out, fault.InvalidFields([]fault.Field{{Name: "delta", Reason: "must be a number of units other than 0"}})
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, out.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Gift, error) { return s.restock(ctx, tx, in) })
		return err
	})
	return out, err
}

func (s *Service) restock(ctx context.Context, tx *db.Tx, in Restock) (Gift, error) {
	g, known, err := giftByPublicID(tx, in.Gift)
	if err != nil {
		return Gift{}, fmt.Errorf("read gift %s: %w", in.Gift, err)
	}
	if !known {
		return Gift{}, ErrGiftUnknown
	}
	m := model.GiftStockMove{GiftID: g.ID, Delta: in.Delta, Source: "restock:" + random.ID(), StaffID: in.Staff, At: tx.Now}
	if err := insertStockMove(tx, &m); err != nil {
		return Gift{}, fmt.Errorf("insert a stock move of gift %d: %w", g.ID, err)
	}
	if err := record(ctx, tx, in.Staff, "mall.restock", g, map[string]any{"delta": in.Delta}); err != nil {
		return Gift{}, err
	}
	ok, err := addStock(tx, g.ID, in.Delta)
	if err != nil {
		return Gift{}, fmt.Errorf("change the stock of gift %d: %w", g.ID, err)
	}
	if !ok {
		return Gift{}, ErrStockTooSmall
	}
	if g, err = giftByID(tx, g.ID); err != nil {
		return Gift{}, fmt.Errorf("read gift %s: %w", in.Gift, err)
	}
	return giftView(g), nil
}

func record(ctx context.Context, tx *db.Tx, staff model.StaffID, action string, g model.Gift, detail map[string]any) error {
	if err := audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: action, Ref: "gift:" + string(g.PublicID), Detail: detail}); err != nil {
		return fmt.Errorf("record %s: %w", action, err)
	}
	return nil
}

// utc cuts an instant to the microsecond that the databases keep.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
