package coupons

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// Bounds of a quote.
const (
	maxCartLines    = 500
	maxQuantity     = 1_000_000
	maxQuoted       = 200                // coupons of one member
	maxQuotedEnded  = 20                 // of them those that have ended
	rememberedEnded = 7 * 24 * time.Hour // and how long they are spoken of
)

// QuoteFor asks what a member's cart costs.
type QuoteFor struct {
	Member     model.MemberID
	Lines      []Item
	FreightFen model.Fen
	Store      string
	// Only restricts the combination to these coupons, when the shopper has chosen; nil leaves the choice to us.
	Only []model.PublicID
}

// Quote is what a cart costs, with the member's coupons as they are.
type Quote struct {
	Quoted
	// Held are the member's coupons in the order of Quoted.Coupons: the sooner ending first, then those that ended lately.
	Held []Coupon
	At   time.Time
}

// Quote prices a cart for a member: with the best combination of the coupons that he holds, and for every one of them whether it could
// be used, what it would save and why not. It writes nothing. It returns fault.ErrInvalid.
func (s *Service) Quote(ctx context.Context, in QuoteFor) (q Quote, err error) {
	cart := Cart{Lines: in.Lines, FreightFen: in.FreightFen, Store: in.Store}
	if err := fault.InvalidFields(cart.faults()); err != nil {
		return Quote{}, err
	}
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if s.memberPrice != nil {
			if cart.MemberOffBP, err = s.memberPrice(ctx, tx, in.Member, tx.Now); err != nil {
				return fmt.Errorf("read the price of member %d: %w", in.Member, err)
			}
		}
		if s.freeFreight != nil && cart.FreightFen > 0 {
			if cart.FreeFreight, err = s.freeFreight(ctx, tx, in.Member, tx.Now); err != nil {
				return fmt.Errorf("read the free freight of member %d: %w", in.Member, err)
			}
		}
		rows, err := spokenOf(tx, in.Member)
		if err != nil {
			return fmt.Errorf("read the coupons of member %d: %w", in.Member, err)
		}
		candidates, err := s.candidates(tx, rows)
		if err != nil {
			return err
		}
		if in.Only != nil {
			for i := range candidates {
				candidates[i].Aside = !slices.Contains(in.Only, candidates[i].ID)
			}
		}
		q = Quote{Quoted: quote(cart, candidates, tx.Now), At: tx.Now}
		q.Held, err = heldViews(tx, rows)
		return err
	})
	return q, err
}

// spokenOf returns the coupons that a quote speaks of.
func spokenOf(tx *db.Tx, m model.MemberID) ([]model.Coupon, error) {
	live, err := liveCoupons(tx, m, maxQuoted-maxQuotedEnded)
	if err != nil {
		return nil, err
	}
	ended, err := endedCoupons(tx, m, tx.Now.Add(-rememberedEnded), maxQuotedEnded)
	return append(live, ended...), err
}

// candidates makes coupons ready for the engine.
func (s *Service) candidates(tx *db.Tx, rows []model.Coupon) ([]Candidate, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	terms := make([]model.CouponTermsID, len(rows))
	templates := make([]model.CouponTemplateID, len(rows))
	for i, c := range rows {
		terms[i], templates[i] = c.TermsID, c.TemplateID
	}
	conditions, err := s.conditions(tx, terms...)
	if err != nil {
		return nil, err
	}
	of, err := templatesByID(tx, slices.Compact(slices.Sorted(slices.Values(templates))))
	if err != nil {
		return nil, fmt.Errorf("read the templates of coupons: %w", err)
	}
	list := make([]Candidate, len(rows))
	for i, c := range rows {
		t := of[c.TemplateID]
		list[i] = Candidate{
			ID: c.PublicID, CouponTerms: c.CouponTerms, Conditions: conditions[c.TermsID], UsableFrom: c.UsableFrom, UsableUntil: c.UsableUntil,
			Refusal: takenRefusal(c, tx.Now), LeftFen: math.MaxInt64,
		}
		if giftLapsed(c, tx.Now) {
			list[i].Refusal = nil // whoever locks it takes it back first
		}
		if t.BudgetFen > 0 {
			list[i].LeftFen = max(0, t.BudgetFen-t.SpentFen)
		}
	}
	return list, nil
}

// faults lists what is wrong with a cart. The number of lines is looked at first, and nothing else when it is too large.
func (c Cart) faults() []fault.Field {
	if n := len(c.Lines); n < 1 || n > maxCartLines {
		return []fault.Field{{Name: "lines", Reason: fmt.Sprintf("1 to %d", maxCartLines)}}
	}
	var list []fault.Field
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	goods, sums := model.Fen(0), true // at most 500 x 10^6 x 10^9, which fits
	for i, l := range c.Lines {
		at := func(field string) string { return fmt.Sprintf("lines[%d].%s", i, field) }
		bad(len(l.SKU) > 256 || !printable(l.SKU), at("sku"), "at most 64 printable characters")
		bad(len(l.Category) > 256 || !printable(l.Category), at("category"), "at most 64 printable characters")
		bad(l.Quantity < 1 || l.Quantity > maxQuantity, at("quantity"), "1 to %d", maxQuantity)
		bad(l.PriceFen < 0 || l.PriceFen > model.MaxFen, at("price_fen"), "0 to %d", model.MaxFen)
		if sums = sums && len(list) == 0; sums {
			goods += l.PriceFen * model.Fen(l.Quantity)
		}
	}
	bad(sums && (goods < 1 || goods > model.MaxFen), "lines", "together 1 to %d fen", model.MaxFen)
	bad(c.FreightFen < 0 || c.FreightFen > model.MaxFen, "freight_fen", "0 to %d", model.MaxFen)
	bad(c.Store != "" && !code(c.Store, 64), "store", "at most 64 printable ASCII characters")
	return list
}
