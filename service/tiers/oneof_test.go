package tiers_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/tiers"
)

func TestOnOneOf(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.usual()
		low, mid, high := w.member("a"), w.member("b"), w.member("c")
		w.pay(mid, 100)
		w.pay(high, 1000)
		at := func(ranks ...int) (ids []model.PublicID) {
			for _, r := range ranks {
				ids = append(ids, w.levels[r].ID)
			}
			return ids
		}
		const gone model.PublicID = "000000000000000000000000"
		w.do(func(ctx context.Context, tx *db.Tx) error {
			for _, tt := range []struct {
				levels []model.PublicID
				want   map[model.MemberID]bool
			}{
				{at(0), map[model.MemberID]bool{low: true, mid: false, high: false}}, // who never moved stands on the lowest
				{at(0, 3), map[model.MemberID]bool{low: true, mid: false, high: true}},
				{append(at(1), gone), map[model.MemberID]bool{low: false, mid: true, high: false}},
				{[]model.PublicID{gone}, map[model.MemberID]bool{low: false, mid: false, high: false}},
			} {
				got, err := w.OnOneOfTx(ctx, tx, tt.levels, []model.MemberID{low, mid, high})
				if err != nil || !maps.Equal(got, tt.want) {
					t.Errorf("on one of %v = %v, %v; want %v", tt.levels, got, err, tt.want)
				}
			}
			names, err := w.NamesTx(ctx, tx, at(1, 0))
			if err != nil || fmt.Sprint(names) != fmt.Sprint([]string{w.levels[1].Name, w.levels[0].Name}) {
				t.Errorf("names = %v, %v", names, err)
			}
			if _, err := w.NamesTx(ctx, tx, []model.PublicID{gone}); !errors.Is(err, tiers.ErrLevelUnknown) {
				t.Errorf("the name of no level: %v", err)
			}
			return nil
		})
	})
}
