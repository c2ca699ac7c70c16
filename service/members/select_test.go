package members_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/members"
)

func TestSelectWalksThroughThoseWhomAFilterFinds(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		var ids []model.MemberID
		for i := range 5 {
			ids = append(ids, s.must(t, members.Ref{Source: "shop", External: fmt.Sprint(i)}))
		}
		day := clock.Now().Add(-24 * time.Hour)
		s.do(t, func(ctx context.Context, tx *db.Tx) error {
			for i, at := range []time.Time{day, day.Add(-time.Microsecond), day.Add(time.Hour)} {
				if err := s.RecordOrderTx(ctx, tx, ids[i], 100, at); err != nil {
					return err
				}
			}
			return nil
		})
		for _, tt := range []struct {
			name string
			f    members.Filter
			want []model.MemberID
		}{
			{"everybody", members.Filter{}, ids},
			{"bought since", members.Filter{BoughtSince: &day}, []model.MemberID{ids[0], ids[2]}},
			{"not bought since", members.Filter{NotBoughtSince: &day}, []model.MemberID{ids[1], ids[3], ids[4]}},
			{"up to one", members.Filter{NotBoughtSince: &day, UpTo: ids[3]}, []model.MemberID{ids[1], ids[3]}},
		} {
			s.do(t, func(ctx context.Context, tx *db.Tx) error {
				var got []model.MemberID
				for after := model.MemberID(0); ; {
					page, err := s.SelectTx(ctx, tx, tt.f, after, 2)
					if err != nil || len(page) == 0 {
						if !slices.Equal(got, tt.want) {
							t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
						}
						n, highest, countErr := s.CountTx(ctx, tx, tt.f)
						if n != int64(len(tt.want)) || highest != ids[4] || countErr != nil {
							t.Errorf("%s: counted %d up to %d, %v", tt.name, n, highest, countErr)
						}
						return err
					}
					got, after = append(got, page...), page[len(page)-1]
				}
			})
		}
	})
}

func TestByPhonesKeepsTheOrderOfTheList(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		a, b := s.must(t, members.Ref{Phone: "13800138000"}), s.must(t, members.Ref{Phone: "13800138001"})
		s.do(t, func(ctx context.Context, tx *db.Tx) error {
			got, err := s.ByPhonesTx(ctx, tx, []string{"+86 138 0013 8001", "13900000000", "x", "13800138000", "", "13800138001"})
			if want := []model.MemberID{b, 0, 0, a, 0, b}; !slices.Equal(got, want) {
				t.Errorf("members of the phones are %v, want %v", got, want)
			}
			if err != nil {
				return err
			}
			known, err := s.KnownTx(ctx, tx, []model.MemberID{a, b, b + 1000})
			if len(known) != 2 || !known[a] || !known[b] {
				t.Errorf("known are %v", known)
			}
			return err
		})
	})
}
