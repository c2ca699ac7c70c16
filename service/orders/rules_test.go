package orders

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
)

func TestEarned(t *testing.T) {
	tests := []struct {
		name                           string
		rules                          Rules
		kind                           model.OrderKind
		goods, freight, discount, paid model.Fen
		rate                           model.BasisPoints
		want                           model.Points
	}{
		{"freight earns nothing", Rules{PointsPerYuan: 1}, model.OrderGoods, 10_000, 5_000, 0, 15_000, 10_000, 100},
		{"discounts earn nothing", Rules{PointsPerYuan: 1}, model.OrderGoods, 10_000, 0, 2_000, 8_000, 10_000, 80},
		{"a discount that eats into the freight", Rules{PointsPerYuan: 1}, model.OrderGoods, 1_000, 800, 1_500, 300, 10_000, 0},
		{"rounded down once, after the multiplier", Rules{PointsPerYuan: 3}, model.OrderGoods, 199, 0, 0, 199, 15_000, 8},
		{"not rounded before it", Rules{PointsPerYuan: 1}, model.OrderGoods, 199, 0, 0, 199, 20_000, 3},
		{"less than a point", Rules{PointsPerYuan: 1}, model.OrderGoods, 99, 0, 0, 99, 10_000, 0},
		{"no ratio", Rules{}, model.OrderGoods, 10_000, 0, 0, 10_000, 10_000, 0},
		{"a membership order", Rules{PointsPerYuan: 1}, model.OrderMembership, 10_000, 0, 0, 10_000, 10_000, 0},
		{"at most what one entry may move", Rules{PointsPerYuan: 1000}, model.OrderGoods, model.MaxFen, 0, 0, model.MaxFen, 100_000, model.MaxPoints},
	}
	for _, tt := range tests {
		in := Order{Kind: tt.kind, GoodsFen: tt.goods, FreightFen: tt.freight, DiscountFen: tt.discount, PaidFen: tt.paid}
		if got := earned(tt.rules, in, tt.rate); got != tt.want {
			t.Errorf("%s: earned %d, want %d", tt.name, got, tt.want)
		}
	}
}

// Against exact arithmetic, for any order whose sums fit.
func TestEarnedIsExact(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		goods := rapid.Int64Range(0, int64(model.MaxFen)).Draw(r, "goods")
		freight := rapid.Int64Range(0, int64(model.MaxFen)-goods).Draw(r, "freight")
		discount := rapid.Int64Range(0, goods+freight).Draw(r, "discount")
		ratio := rapid.Int64Range(0, 1000).Draw(r, "ratio")
		rate := rapid.Int64Range(0, 100_000).Draw(r, "rate")
		in := Order{Kind: model.OrderGoods, GoodsFen: model.Fen(goods), FreightFen: model.Fen(freight), DiscountFen: model.Fen(discount),
			PaidFen: model.Fen(goods + freight - discount)}
		want := new(big.Int)
		if goods > discount {
			want.Mul(big.NewInt(goods-discount), big.NewInt(ratio))
			want.Mul(want, big.NewInt(rate))
			want.Div(want, big.NewInt(1_000_000))
		}
		if want.Cmp(big.NewInt(int64(model.MaxPoints))) > 0 {
			want.SetInt64(int64(model.MaxPoints))
		}
		if got := earned(Rules{PointsPerYuan: ratio}, in, model.BasisPoints(rate)); want.Cmp(big.NewInt(int64(got))) != 0 {
			r.Fatalf("earned %d, want %s", got, want)
		}
	})
}

func TestLifetime(t *testing.T) {
	paid := time.Date(2026, 11, 21, 15, 59, 0, 0, time.UTC) // 23:59 in Shanghai
	day := func(m time.Month, d int) time.Time { return model.NewDay(2026, m, d).Start(model.Shanghai) }
	tenDays := model.ExpiryRule{Mode: model.ExpireAfterDays, N: 10}
	tests := []struct {
		name            string
		rules           Rules
		now             time.Time
		active, expires time.Time
	}{
		{"at once and for ever", Rules{}, paid, time.Time{}, time.Time{}},
		{"after one whole day", Rules{PendingDays: 1}, paid, day(11, 23), time.Time{}},
		{"told when that is over", Rules{PendingDays: 1}, day(11, 23), time.Time{}, time.Time{}},
		{"ten days", Rules{Expiry: tenDays}, paid, time.Time{}, day(12, 2)},
		{"ten days from when they can be spent", Rules{PendingDays: 1, Expiry: tenDays}, paid, day(11, 23), day(12, 4)},
		{"told late, ten days from then", Rules{PendingDays: 1, Expiry: tenDays}, day(12, 1), time.Time{}, day(12, 12)},
	}
	for _, tt := range tests {
		active, expires := lifetime(tt.rules, paid, tt.now)
		if !active.Equal(tt.active) || !expires.Equal(tt.expires) {
			t.Errorf("%s: from %v until %v, want from %v until %v", tt.name, active, expires, tt.active, tt.expires)
		}
	}
}
