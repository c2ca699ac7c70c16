package coupons

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
)

// What grantTx read of the stock may be old by the time it takes it: another instance was quicker, or staff paused. Here that
// is certain, because it is handed an old row. The earliest keep theirs, the others' rows are taken back.
func TestGrantOnAnOldView(t *testing.T) {
	tests := []struct {
		name   string
		change string // what happened since the view
		given  int
		want   error
	}{
		{"some are left", `UPDATE coupon_templates SET total = 4`, 4, ErrSoldOut},
		{"none is left", `UPDATE coupon_templates SET total = 0`, 0, ErrSoldOut},
		{"paused", `UPDATE coupon_templates SET state = 'paused'`, 0, ErrPaused},
		{"ended", `UPDATE coupon_templates SET state = 'ended'`, 0, ErrEnded},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		ctx := context.Background()
		s := New(Deps{DB: d, Log: slog.New(slog.DiscardHandler)})
		for _, tt := range tests {
			v, err := s.CreateTemplate(ctx, NewTemplate{
				Name: "券", CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 100}, UseDays: 1, Total: 100, PerMember: 1, Claimable: true,
			})
			if err == nil {
				_, err = s.Activate(ctx, 1, v.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
			err = d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				old, err := templateByID(tx, v.ID)
				if err != nil {
					return err
				}
				if err := tx.Gorm().Exec(tt.change+" WHERE id = ?", old.ID).Error; err != nil {
					return err
				}
				gs := make([]grant, 10)
				for i := range gs { // members in falling order: arrival counts, not the id
					gs[i] = grant{member: model.MemberID(100 - i), source: fmt.Sprintf("%s:%d", tt.name, i), channel: model.ChannelClaim}
				}
				outs, err := s.grantTx(ctx, tx, old, nil, gs)
				if err != nil {
					return err
				}
				for i, o := range outs {
					if (o.Err == nil) != (i < tt.given) || (o.Err != nil && !errors.Is(o.Err, tt.want)) {
						t.Errorf("%s: command %d ended with %v, want the first %d served and %v for the others", tt.name, i, o.Err, tt.given, tt.want)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
		}
		broken, err := audit.Run(ctx, d, Invariants())
		if err != nil || len(broken) > 0 {
			t.Errorf("invariants: %v, %v", broken, err)
		}
	})
}
