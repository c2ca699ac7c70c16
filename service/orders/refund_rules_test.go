package orders

import (
	"testing"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/service/points"
)

func TestShareOfGoods(t *testing.T) {
	o := model.Order{GoodsFen: 10_000, FreightFen: 800, DiscountFen: 2_000, PaidFen: 8_800} // 80 yuan for goods, 8 for freight
	tests := []struct {
		name                                 string
		refunded, goodsBefore, amount, named model.Fen
		want                                 model.Fen
		ok                                   bool
	}{
		{"a part is goods", 0, 0, 3_000, 0, 3_000, true},
		{"freight that is named is not", 0, 0, 3_000, 800, 2_200, true},
		{"more freight than was paid", 0, 0, 3_000, 801, 0, false},
		{"everything", 0, 0, 8_800, 0, 8_000, true},
		{"everything, freight named", 0, 0, 8_800, 800, 8_000, true},
		{"everything, a part of the freight named", 0, 0, 8_800, 300, 8_000, true},
		{"freight alone", 0, 0, 800, 800, 0, true},
		{"freight twice", 800, 0, 800, 800, 0, false},
		{"the goods after the freight", 800, 0, 8_000, 0, 8_000, true},
		{"the freight after the goods", 8_000, 8_000, 800, 0, 0, true},
	}
	for _, tt := range tests {
		o.RefundedFen = tt.refunded
		if got, ok := share(o, tt.goodsBefore, tt.amount, tt.named); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: %d, %t, want %d, %t", tt.name, got, ok, tt.want, tt.ok)
		}
	}
	all := model.Order{GoodsFen: 5_000, FreightFen: 1_000, DiscountFen: 5_500, PaidFen: 500} // the discount reaches into the freight
	if got, ok := share(all, 0, 500, 0); got != 0 || !ok {
		t.Errorf("what is left of the freight counted as goods: %d, %t", got, ok)
	}
}

// However an order is refunded in parts: what goes back is never more than was earned, is everything in the end, and hangs on the money
// alone, not on the parts.
func TestRefundsTakeBackInProportion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		goods := model.Fen(rapid.Int64Range(1, 100_000).Draw(t, "goods"))
		freight := model.Fen(rapid.Int64Range(0, 5_000).Draw(t, "freight"))
		o := model.Order{GoodsFen: goods, FreightFen: freight, DiscountFen: model.Fen(rapid.Int64Range(0, int64(goods+freight)-1).Draw(t, "discount"))}
		o.PaidFen = o.GoodsFen + o.FreightFen - o.DiscountFen
		whole := goodsPaid(o)
		if whole > 0 {
			o.PointsEarned = model.Points(rapid.Int64Range(0, 1_000_000).Draw(t, "earned"))
		}
		back, taken := model.Fen(0), model.Points(0)
		for o.RefundedFen < o.PaidFen {
			left := o.PaidFen - o.RefundedFen
			amount := model.Fen(rapid.Int64Range(1, int64(left)).Draw(t, "amount"))
			freightLeft := (o.PaidFen - whole) - (o.RefundedFen - back)
			named := model.Fen(rapid.Int64Range(0, int64(min(amount, freightLeft))).Draw(t, "freight of it"))
			part, ok := share(o, back, amount, named)
			if !ok || part < 0 || part > amount {
				t.Fatalf("%d of goods in %d with %d of freight, %t", part, amount, named, ok)
			}
			n := points.Share(o.PointsEarned, back+part, whole) - points.Share(o.PointsEarned, back, whole)
			if n < 0 {
				t.Fatalf("%d points would be given", -n)
			}
			back, taken, o.RefundedFen = back+part, taken+n, o.RefundedFen+amount
		}
		if back != whole || taken != o.PointsEarned {
			t.Fatalf("in the end %d of %d fen and %d of %d points went back", back, whole, taken, o.PointsEarned)
		}
	})
}
