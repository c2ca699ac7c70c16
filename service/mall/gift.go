package mall

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/payments"
)

// MaxStock is the largest stock of a gift.
const MaxStock = 10_000_000

// maxDays is the longest membership that one redemption gives.
const maxDays = 366

// NewGift is a gift to be put into the mall. It is on offer at once, within its window.
type NewGift struct {
	Staff          model.StaffID
	Name           string // 1 to 100 characters
	Description    string // at most 2000 characters
	Kind           model.GiftKind
	CouponTemplate model.PublicID // for kind coupon only; the template must be issuable
	Plan           model.PublicID // for kind membership only: whose benefits the days have
	Days           int64          // for kind membership only: 1 to 366
	Price          model.Points   // 1 to model.MaxPoints
	Cash           model.Fen      // to be paid besides; 0 = points only, at most payments.MaxAmount
	Stock          int64          // -1 = unlimited; 0 for kind code, whose stock is what UploadCodes brings
	LowStock       int64          // staff are warned when the stock falls to this; 0 = never
	PerMember      int64          // for life; 0 = no limit, at most 100
	PerDay         int64          // per business day; likewise
	PerWeek        int64          // per week from Monday to Sunday; likewise
	MinTier        model.PublicID // the lowest level of the free tiers that may have it; empty = everybody
	StartsAt       *time.Time
	EndsAt         *time.Time
	Sort           int64
	Key            db.Key `json:"-"`
}

// CreateGift puts a gift into the mall.
func (s *Service) CreateGift(ctx context.Context, in NewGift) (out Gift, err error) {
	if err := fault.InvalidFields(append(in.faults(), s.unable(in)...)); err != nil {
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
		CouponTemplate: in.CouponTemplate, Plan: in.Plan, Days: in.Days, Price: in.Price, CashFen: in.Cash,
		Unlimited: in.Stock < 0, InitialStock: max(in.Stock, 0), Stock: max(in.Stock, 0), LowStock: in.LowStock,
		PerMember: in.PerMember, PerDay: in.PerDay, PerWeek: in.PerWeek, MinTier: in.MinTier, StartsAt: utc(in.StartsAt), EndsAt: utc(in.EndsAt), State: model.GiftActive, Sort: in.Sort, CreatedAt: tx.Now}
	if g.MinTier != "" {
		if _, err := s.d.AtLeast(ctx, tx, g.MinTier, nil); err != nil {
			return Gift{}, err
		}
	}
	if err := insertGift(tx, &g); err != nil {
		return Gift{}, fmt.Errorf("insert a gift: %w", err)
	}
	return giftView(g), record(ctx, tx, in.Staff, "mall.gift_create", g, map[string]any{"name": g.Name, "kind": g.Kind, "price": g.Price,
		"cash_fen": g.CashFen, "stock": in.Stock, "per_member": g.PerMember, "per_day": g.PerDay, "per_week": g.PerWeek, "min_tier": g.MinTier})
}

func (in NewGift) faults() (bad []fault.Field) {
	say := func(name, why string) { bad = append(bad, fault.Field{Name: name, Reason: why}) }
	if n := utf8.RuneCountInString(strings.TrimSpace(in.Name)); n < 1 || n > 100 || !utf8.ValidString(in.Name) {
		say("name", "must be 1 to 100 characters")
	}
	if utf8.RuneCountInString(in.Description) > 2000 || !utf8.ValidString(in.Description) {
		say("description", "must be at most 2000 characters")
	}
	bad = append(bad, in.kindFaults()...)
	if in.Price < 1 || in.Price > model.MaxPoints {
		say("price", "must be 1 to 1000000000 points")
	}
	if in.Stock < -1 || in.Stock > MaxStock {
		say("stock", "must be -1 (unlimited) to 10000000")
	}
	if in.Cash < 0 || in.Cash > payments.MaxAmount {
		say("cash_fen", "must be 0 (points only) to 100000000 fen")
	}
	if in.LowStock < 0 || in.LowStock > MaxStock {
		say("low_stock", "must be 0 (never) to 10000000")
	}
	for _, l := range []struct {
		name string
		most int64
	}{{"per_member", in.PerMember}, {"per_day", in.PerDay}, {"per_week", in.PerWeek}} {
		if l.most < 0 || l.most > 100 {
			say(l.name, "must be 0 (no limit) to 100")
		}
	}
	if in.MinTier != "" && !idForm.MatchString(string(in.MinTier)) {
		say("min_tier", "must be the id of a level")
	}
	if in.StartsAt != nil && in.EndsAt != nil && !in.StartsAt.Before(*in.EndsAt) {
		say("ends_at", "must be after starts_at")
	}
	return bad
}

var idForm = regexp.MustCompile(`^[0-9a-z]{24}$`)

// kindFaults says what does not fit the kind of a gift.
func (in NewGift) kindFaults() (bad []fault.Field) {
	say := func(wrong bool, name, why string) {
		if wrong {
			bad = append(bad, fault.Field{Name: name, Reason: why})
		}
	}
	switch in.Kind {
	case model.GiftCoupon, model.GiftPickup, model.GiftGoods, model.GiftMembership, model.GiftCode:
	default:
		return []fault.Field{{Name: "kind", Reason: "must be coupon, pickup, goods, membership or code"}}
	}
	coupon, card := in.Kind == model.GiftCoupon, in.Kind == model.GiftMembership
	say(coupon && !idForm.MatchString(string(in.CouponTemplate)), "coupon_template", "must be the id of a coupon template")
	say(!coupon && in.CouponTemplate != "", "coupon_template", "is for gifts of kind coupon only")
	say(card && !idForm.MatchString(string(in.Plan)), "plan", "must be the id of a membership plan")
	say(!card && in.Plan != "", "plan", "is for gifts of kind membership only")
	say(card && (in.Days < 1 || in.Days > maxDays), "days", "must be 1 to 366")
	say(!card && in.Days != 0, "days", "is for gifts of kind membership only")
	say(in.Kind == model.GiftCode && in.Stock != 0, "stock", "must be 0: codes are uploaded afterwards")
	return bad
}

// unable says which parts of a gift this mall was not given the means for.
func (s *Service) unable(in NewGift) (bad []fault.Field) {
	say := func(wrong bool, name string) {
		if wrong {
			bad = append(bad, fault.Field{Name: name, Reason: "is not available in this shop"})
		}
	}
	say(in.Cash > 0 && (s.d.Payments == nil || s.d.Queue == nil), "cash_fen")
	say((in.Kind == model.GiftGoods || in.Kind == model.GiftCode) && !s.seal.Ready(), "kind")
	say(in.Kind == model.GiftMembership && (s.d.GiveDays == nil || s.d.Members == nil), "kind")
	say(in.MinTier != "" && s.d.AtLeast == nil, "min_tier")
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

// Restock returns ErrGiftUnknown, ErrStockIsPool for a gift of codes, or ErrStockTooSmall when the stock is unlimited, would fall
// below 0 or rise above MaxStock.
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
	if g.Kind == model.GiftCode {
		return Gift{}, ErrStockIsPool
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
