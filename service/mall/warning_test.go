package mall_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/coupons"
	"huitou/service/mall"
	"huitou/service/points"
)

// People on duty are warned once when a pool or a stock comes down to its mark, not for every redemption after that.
func TestLowStockIsToldOnce(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	var told bytes.Buffer
	p := points.New(points.Deps{DB: d})
	s := &shop{mall.New(mall.Deps{DB: d, Points: p, Coupons: coupons.New(coupons.Deps{DB: d, Members: everybody{}, Log: slog.New(slog.DiscardHandler)}),
		Key: make([]byte, 32), Log: slog.New(slog.NewTextHandler(&told, nil))}), p, nil, t, d, clock}
	s.give(1, 1000)
	g := s.gift(func(in *mall.NewGift) { in.Kind, in.Stock, in.LowStock = "code", 0, 2 })
	if _, err := s.UploadCodes(context.Background(), mall.UploadCodes{Staff: 7, Gift: g.ID, Codes: []string{"A-1", "A-2", "A-3", "A-4"}}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 1, 1, 1} {
		s.mustRedeem(1, g.ID, string(rune('a'+i)))
		if n := strings.Count(told.String(), "running out"); n != want {
			t.Errorf("%d warnings after redemption %d, want %d:\n%s", n, i+1, want, &told)
		}
	}
	if strings.Contains(told.String(), "A-1") {
		t.Error("a code is in the log")
	}
	if list, _, err := s.AllGifts(context.Background(), mall.GiftFilter{Low: true}, db.Page{}); err != nil || len(list) != 1 || !list[0].Low {
		t.Errorf("gifts that run out = %+v, %v", list, err)
	}
}
