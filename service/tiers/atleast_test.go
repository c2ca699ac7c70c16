package tiers_test

import (
	"context"
	"errors"
	"maps"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/tiers"
)

func TestAtLeast(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.usual()
		low, mid, high := w.member("a"), w.member("b"), w.member("c")
		w.pay(mid, 100)
		w.pay(high, 1000)
		all := []model.MemberID{low, mid, high}
		for rank, want := range []map[model.MemberID]bool{
			{low: true, mid: true, high: true}, {low: false, mid: true, high: true}, {low: false, mid: false, high: true}, {low: false, mid: false, high: true},
		} {
			w.do(func(ctx context.Context, tx *db.Tx) error {
				got, err := w.AtLeastTx(ctx, tx, w.levels[rank].ID, all)
				if err != nil || !maps.Equal(got, want) {
					t.Errorf("at least rank %d = %v, %v; want %v", rank+1, got, err, want)
				}
				return nil
			})
		}
		w.do(func(ctx context.Context, tx *db.Tx) error {
			if _, err := w.AtLeastTx(ctx, tx, "000000000000000000000000", all); !errors.Is(err, tiers.ErrLevelUnknown) {
				t.Errorf("a level that does not exist: %v", err)
			}
			return nil
		})
	})
}
