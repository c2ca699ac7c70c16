package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"gorm.io/gorm/clause"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
	"huitou/service/mall"
	"huitou/service/points"
)

// giftPrice is the price of the hot gift; a shopper has twice as much.
const giftPrice model.Points = 100

func newGifts() *cobra.Command {
	f := claimFlags{hot: hotGift}
	c := &cobra.Command{
		Use:   "gifts",
		Short: "redeem one hot gift of the points mall, the product's way and the plain way, and compare",
		Long: `Redeems one hot gift for pick-up through HTTP, as 'claims' does with a coupon: each redemption by another member with a session and
points of his own, in turns the product's way and the plain way (one transaction a redemption, SELECT … FOR UPDATE on the gift, the
points spent by the same ledger). Afterwards every acknowledgement is looked for in the database, and every invariant is checked,
those of the ledger among them; exit 1 when anything differs.`,
		Example: "  loadgen gifts --dsn 'huitou:secret@tcp(127.0.0.1:3306)/'\n  loadgen gifts --sqlite /var/tmp/load",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.run(c.Context(), c.OutOrStdout())
		},
	}
	f.flags(c)
	return c
}

var hotGift = hot{
	what: "hot gift", noun: "redemption",
	path:  func(id model.PublicID) string { return "/gifts/" + string(id) + "/redemptions" },
	admit: admitWithPoints,
	offer: func(ctx context.Context, s *shop, stock int) (model.PublicID, error) {
		g, err := s.app.Mall.CreateGift(ctx, mall.NewGift{Name: "桂花乌龙试饮装", Kind: model.GiftPickup, Price: giftPrice, Stock: int64(stock), PerMember: 1})
		if err != nil {
			return "", fmt.Errorf("make the gift: %w", err)
		}
		return g.ID, nil
	},
	read: readGift,
}

// admitWithPoints adds shoppers with points for two gifts.
func admitWithPoints(ctx context.Context, s *shop, n int) error {
	from := len(s.members)
	if err := s.admit(ctx, n); err != nil {
		return err
	}
	for list := s.members[from:]; len(list) > 0; {
		some := list[:min(admitted, len(list))]
		list = list[len(some):]
		err := s.app.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			return s.app.Points.BatchTx(ctx, tx, some, func(b *points.Batch) error {
				for _, m := range some {
					if _, err := b.Earn(points.Earn{Member: m, Points: 2 * giftPrice, Reason: model.PointsOpening, Source: fmt.Sprintf("load:%d", m)}); err != nil {
						return err
					}
				}
				return nil
			})
		})
		if err != nil {
			return fmt.Errorf("give points: %w", err)
		}
	}
	return nil
}

// readGift reads what became of a gift.
func readGift(ctx context.Context, d *db.DB, gift model.PublicID) (s state, err error) {
	err = d.Snapshot(ctx, func(_ context.Context, tx *db.Tx) error {
		var g model.Gift
		if err := tx.Gorm().Where("public_id = ?", gift).Take(&g).Error; err != nil {
			return fmt.Errorf("read the gift: %w", err)
		}
		s = state{noun: "redemption", soldOut: mall.ErrSoldOut.Code, total: g.InitialStock, counter: g.InitialStock - g.Stock}
		rows, err := tx.Gorm().Model(&model.Redemption{}).Select("public_id", "member_id").Where("gift_id = ?", g.ID).Rows()
		if err != nil {
			return fmt.Errorf("read the redemptions: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var h held
			if err := rows.Scan(&h.id, &h.member); err != nil {
				return fmt.Errorf("read the redemptions: %w", err)
			}
			s.rows = append(s.rows, h)
		}
		return rows.Err()
	})
	return s, err
}

type plainGiftReply struct{ Body plainGiftView }

type plainGiftView struct {
	ID     model.PublicID        `json:"id"`
	Gift   model.PublicID        `json:"gift"`
	Name   string                `json:"name"`
	Kind   model.GiftKind        `json:"kind"`
	Points model.Points          `json:"points"`
	State  model.RedemptionState `json:"state"`
	Code   string                `json:"code"`
	At     time.Time             `json:"at"`
}

// plainGiftRoute declares the yardstick of redemptions.
func plainGiftRoute(r *web.Routes, d *db.DB, ledger *points.Service) {
	web.Post(r.Under(plainPrefix), "/gifts/{id}/redemptions", web.Shopper, web.Doc{
		ID: "redeem-gift-plainly", Summary: "redeem as one transaction", Tag: "reference", Status: http.StatusCreated,
	}, func(ctx context.Context, in *plainRequest) (*plainGiftReply, error) {
		x, err := plainRedeem(ctx, d, ledger, web.Member(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &plainGiftReply{Body: plainGiftView{x.PublicID, in.ID, x.GiftName, x.Kind, x.Points, x.State, *x.Code, x.CreatedAt}}, nil
	})
}

// plainRedeem is one transaction: lock the gift, count what the member has, spend his points, add the redemption, move the stock.
func plainRedeem(ctx context.Context, d *db.DB, ledger *points.Service, m model.MemberID, id model.PublicID) (x model.Redemption, err error) {
	err = d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		var g model.Gift
		err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("public_id = ?", id).Take(&g).Error
		if db.IsNotFound(err) {
			return mall.ErrGiftUnknown
		}
		if err != nil {
			return err
		}
		if g.Stock < 1 {
			return mall.ErrSoldOut
		}
		var n int64
		if err := tx.Gorm().Model(&model.GiftSlot{}).Where("gift_id = ? AND member_id = ?", g.ID, m).Count(&n).Error; err != nil {
			return err
		}
		if n >= g.PerMember {
			return mall.ErrLimit
		}
		code := random.Digits(10)
		x = model.Redemption{PublicID: model.PublicID(random.ID()), MemberID: m, GiftID: g.ID, GiftName: g.Name, Kind: g.Kind, Points: g.Price,
			State: model.RedemptionConfirmed, Code: &code, CreatedAt: tx.Now}
		e, _, err := ledger.SpendTx(ctx, tx, points.Spend{Member: m, Points: g.Price, Reason: model.PointsForGift, Source: "redemption:" + string(x.PublicID), Note: g.Name})
		if err != nil {
			return err
		}
		x.PointsSeq = e.Seq
		if err := tx.Gorm().Create(&model.GiftSlot{GiftID: g.ID, MemberID: m, Ordinal: n + 1, RedemptionID: x.PublicID}).Error; err != nil {
			return err
		}
		if err := tx.Gorm().Create(&x).Error; err != nil {
			return err
		}
		return tx.Gorm().Model(&model.Gift{}).Where("id = ?", g.ID).Update("stock", g.Stock-1).Error
	})
	return x, err
}
