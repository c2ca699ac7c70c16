package coupons

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
)

func TestSaving(t *testing.T) {
	tests := []struct {
		name  string
		terms model.CouponTerms
		goods model.Fen
		want  model.Fen
	}{
		{"amount", model.CouponTerms{Kind: model.CouponAmount, AmountFen: 1000}, 5000, 1000},
		{"amount above the goods", model.CouponTerms{Kind: model.CouponAmount, AmountFen: 1000}, 700, 700},
		{"20 % off, rounded down", model.CouponTerms{Kind: model.CouponPercent, PercentOffBP: 2000}, 999, 199},
		{"20 % off with a cap", model.CouponTerms{Kind: model.CouponPercent, PercentOffBP: 2000, CapFen: 1500}, 10000, 1500},
		{"all of it", model.CouponTerms{Kind: model.CouponPercent, PercentOffBP: 10000}, 12345, 12345},
		{"all of the largest amount", model.CouponTerms{Kind: model.CouponPercent, PercentOffBP: 10000}, model.MaxFen, model.MaxFen},
		{"nothing of nothing", model.CouponTerms{Kind: model.CouponAmount, AmountFen: 1000}, 0, 0},
		{"too little to take a fen off", model.CouponTerms{Kind: model.CouponPercent, PercentOffBP: 1}, 9999, 0},
	}
	for _, tt := range tests {
		if got := worth(tt.terms, tt.goods, 0); got != tt.want {
			t.Errorf("%s: worth of %d = %d, want %d", tt.name, tt.goods, got, tt.want)
		}
	}
}

// Payable is never negative (T6, macrozheng/mall#1002), the cap and the room hold, and the share is exact.
func TestSavingIsBounded(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		terms := model.CouponTerms{
			Kind:         rapid.SampledFrom([]model.CouponKind{model.CouponAmount, model.CouponPercent}).Draw(r, "kind"),
			AmountFen:    model.Fen(rapid.Int64Range(0, int64(model.MaxFen)).Draw(r, "amount")),
			PercentOffBP: model.BasisPoints(rapid.Int64Range(0, 10_000).Draw(r, "bp")),
			CapFen:       model.Fen(rapid.Int64Range(0, int64(model.MaxFen)).Draw(r, "cap")),
			ThresholdFen: model.Fen(rapid.Int64Range(0, 10_000).Draw(r, "threshold")),
		}
		goods := model.Fen(rapid.Int64Range(0, int64(model.MaxFen)).Draw(r, "goods"))
		room := model.Fen(rapid.Int64Range(0, int64(goods)).Draw(r, "room"))
		off := worth(terms, goods, 0)
		exact := big.NewInt(int64(terms.AmountFen))
		if terms.Kind == model.CouponPercent {
			exact.Mul(big.NewInt(int64(goods)), big.NewInt(int64(terms.PercentOffBP)))
			exact.Div(exact, big.NewInt(10_000))
			if terms.CapFen > 0 && exact.Cmp(big.NewInt(int64(terms.CapFen))) > 0 {
				exact.SetInt64(int64(terms.CapFen))
			}
		}
		if exact.Cmp(big.NewInt(int64(goods))) > 0 {
			exact.SetInt64(int64(goods))
		}
		if exact.Cmp(big.NewInt(int64(off))) != 0 {
			r.Fatalf("worth = %d, want %s", off, exact)
		}
		start := time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
		c := model.Coupon{CouponTerms: terms, UsableFrom: start, UsableUntil: start.Add(time.Hour), IssuedAt: start}
		used, err := judge(c, plain, Use{At: start, Amount: goods, Room: room})
		switch {
		case err == nil && (used < 1 || used > room || used > off || goods < terms.ThresholdFen):
			r.Fatalf("judge(goods %d, room %d) = %d", goods, room, used)
		case err != nil && used != 0:
			r.Fatalf("judge refused with %v and gave %d", err, used)
		}
	})
}
