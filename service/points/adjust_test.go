package points_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/points"
)

func adjust(by model.StaffID, n model.Points, key string) points.Adjust {
	in := points.Adjust{Staff: by, Member: 1, Points: n, Code: model.AdjustGoodwill, Note: "线下活动补发"}
	if key != "" {
		in.Key = db.Key{Scope: "staff", Key: key}
	}
	return in
}

func TestAdjust(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		in := adjust(7, 500, "k1")
		first, err := s.Adjust(ctx, in)
		if err != nil || first.Balance != 500 || first.Replayed || first.State != model.AdjustApplied || first.Seq != 1 {
			t.Fatalf("Adjust = %+v, %v", first, err)
		}
		again, err := s.Adjust(ctx, in)
		if err != nil || !again.Replayed || again.Seq != first.Seq || again.ID != first.ID {
			t.Errorf("repeated Adjust = %+v, %v", again, err)
		}
		in.Points = 400
		if _, err := s.Adjust(ctx, in); !errors.Is(err, db.ErrKeyReused) {
			t.Errorf("the key with another amount = %v", err)
		}
		if _, err := s.Adjust(ctx, adjust(7, -501, "")); !errors.Is(err, points.ErrInsufficient) {
			t.Errorf("take more than there is = %v", err)
		}
		if out, err := s.Adjust(ctx, adjust(7, -100, "")); err != nil || out.Balance != 400 {
			t.Errorf("take some = %+v, %v", out, err)
		}
		if _, err := s.Adjust(ctx, adjust(7, 10_001, "")); !errors.Is(err, points.ErrAdjustLimit) {
			t.Errorf("more than staff may = %v", err)
		}
		s.has(1, 400, 0, 0)
	})
}

// T11: nobody mints points alone: above the threshold a second person decides, and never the one who asked.
func TestT11LargeAdjustmentsNeedASecondPerson(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		asked, err := s.Adjust(ctx, adjust(7, 1001, "k"))
		if err != nil || asked.State != model.AdjustWaiting || asked.Seq != 0 {
			t.Fatalf("Adjust = %+v, %v", asked, err)
		}
		s.has(1, 0, 0, 0)
		yes := func(by model.StaffID) error {
			_, err := s.Approve(ctx, points.Decide{Staff: by, Adjustment: asked.ID})
			return err
		}
		if err := yes(7); !errors.Is(err, points.ErrSelfApproval) {
			t.Errorf("approve one's own = %v", err)
		}
		if _, err := s.Refuse(ctx, points.Decide{Staff: 7, Adjustment: asked.ID, Note: "x"}); !errors.Is(err, points.ErrSelfApproval) {
			t.Errorf("refuse one's own = %v", err)
		}
		if err := yes(0); !errors.Is(err, points.ErrSelfApproval) {
			t.Errorf("approve by nobody = %v", err)
		}
		if _, err := s.Approve(ctx, points.Decide{Staff: 8, Adjustment: 99}); !errors.Is(err, points.ErrAdjustmentUnknown) {
			t.Errorf("approve what is not there = %v", err)
		}
		s.has(1, 0, 0, 0)
		list, next, err := s.Adjustments(ctx, model.AdjustWaiting, onePage)
		if err != nil || next != "" || len(list) != 1 || list[0].ID != asked.ID || list[0].Staff != 7 {
			t.Errorf("waiting = %+v, %v", list, err)
		}
		done, err := s.Approve(ctx, points.Decide{Staff: 8, Adjustment: asked.ID, Note: "核对过"})
		if err != nil || done.State != model.AdjustApplied || done.Balance != 1001 || done.DecidedBy != 8 || done.Seq != 1 {
			t.Errorf("Approve = %+v, %v", done, err)
		}
		if again, err := s.Approve(ctx, points.Decide{Staff: 8, Adjustment: asked.ID}); err != nil || !again.Replayed || again.Seq != 1 {
			t.Errorf("repeated Approve = %+v, %v", again, err)
		}
		if err := yes(9); !errors.Is(err, points.ErrAdjustmentDecided) {
			t.Errorf("approve again by another = %v", err)
		}
		s.has(1, 1001, 0, 0)

		take, err := s.Adjust(ctx, adjust(7, -1500, ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Approve(ctx, points.Decide{Staff: 8, Adjustment: take.ID}); !errors.Is(err, points.ErrInsufficient) {
			t.Errorf("approve to take more than there is = %v", err)
		}
		if _, err := s.Refuse(ctx, points.Decide{Staff: 8, Adjustment: take.ID}); err == nil {
			t.Error("refused without a reason")
		}
		if out, err := s.Refuse(ctx, points.Decide{Staff: 8, Adjustment: take.ID, Note: "余额不足"}); err != nil || out.State != model.AdjustRefused {
			t.Errorf("Refuse = %+v, %v", out, err)
		}
		if _, err := s.Approve(ctx, points.Decide{Staff: 9, Adjustment: take.ID}); !errors.Is(err, points.ErrAdjustmentDecided) {
			t.Errorf("approve what was refused = %v", err)
		}
		s.has(1, 1001, 0, 0)
	})
}

// T11: the cap of a day holds for all adjustments of one person together, also when they come at once, and begins anew at midnight in Shanghai.
func TestT11AdjustmentsOfADayAreCapped(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.Service = points.New(points.Deps{DB: s.db, Adjust: points.AdjustRules{Limit: 900, Daily: 2500, Alone: 900}})
		var done atomic.Int64
		for _, err := range together(16, func(i int) error {
			_, err := s.Adjust(ctx, adjust(7, 400, ""))
			if err == nil {
				done.Add(1)
			}
			return err
		}) {
			if err != nil && !errors.Is(err, points.ErrAdjustDaily) {
				t.Error(err)
			}
		}
		if done.Load() != 6 {
			t.Errorf("%d adjustments of 400 were made, want 6 of a cap of 2500", done.Load())
		}
		if _, err := s.Adjust(ctx, adjust(7, -101, "")); !errors.Is(err, points.ErrAdjustDaily) {
			t.Errorf("taking counts as well = %v", err)
		}
		if _, err := s.Adjust(ctx, adjust(8, 400, "")); err != nil {
			t.Errorf("another person = %v", err)
		}
		s.clock.Set(time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC))
		if _, err := s.Adjust(ctx, adjust(7, 400, "")); err != nil {
			t.Errorf("the next day = %v", err)
		}
		s.has(1, 3200, 0, 0)
	})
}

// T11, T2: of two people who decide at once one does, and the points move once.
func TestT11ParallelDecisions(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		for range 5 {
			asked, err := s.Adjust(ctx, adjust(1, 2000, ""))
			if err != nil {
				t.Fatal(err)
			}
			before, _ := s.Balance(ctx, 1)
			var yes, no atomic.Int64
			for _, err := range together(8, func(i int) error {
				in := points.Decide{Staff: model.StaffID(2 + i), Adjustment: asked.ID, Note: "核对"}
				if i%2 == 0 {
					_, err := s.Approve(ctx, in)
					if err == nil {
						yes.Add(1)
					}
					return err
				}
				_, err := s.Refuse(ctx, in)
				if err == nil {
					no.Add(1)
				}
				return err
			}) {
				if err != nil && !errors.Is(err, points.ErrAdjustmentDecided) {
					t.Error(err)
				}
			}
			if yes.Load()+no.Load() != 1 {
				t.Errorf("%d approved and %d refused", yes.Load(), no.Load())
			}
			s.has(1, before.Active+2000*model.Points(yes.Load()), 0, 0)
		}
	})
}
