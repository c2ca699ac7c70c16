package demo

import (
	"context"
	"fmt"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/demoshop"
	"huitou/model"
	"huitou/model/db"
	"huitou/service/coupons"
	"huitou/service/mall"
	"huitou/service/members"
	"huitou/service/memberships"
	"huitou/service/orders"
	"huitou/service/points"
)

// Source names the demo shop's own system: its orders and its members' numbers come from there.
const Source = "shop"

// pointsLife is how long the points that members bring with them live.
const pointsLife = 365

// Seed puts an invented shop into an empty database: members, their orders, the points they have from the past year, coupons,
// gifts and plans. owner is whose name stands beside what staff set up.
func Seed(ctx context.Context, a *app.App, shop demoshop.Shop, owner model.StaffID) error {
	ids, err := seedMembers(ctx, a, shop)
	if err != nil {
		return fmt.Errorf("seed members: %w", err)
	}
	if err := seedOrders(ctx, a, shop); err != nil {
		return fmt.Errorf("seed orders: %w", err)
	}
	if err := seedPoints(ctx, a, shop, ids); err != nil {
		return fmt.Errorf("seed points: %w", err)
	}
	templates, err := seedCoupons(ctx, a, shop, owner)
	if err != nil {
		return fmt.Errorf("seed coupons: %w", err)
	}
	if err := seedGifts(ctx, a, shop, owner, templates); err != nil {
		return fmt.Errorf("seed gifts: %w", err)
	}
	if err := seedPlans(ctx, a, shop, owner, templates); err != nil {
		return fmt.Errorf("seed plans: %w", err)
	}
	if err := seedVisits(ctx, a, owner); err != nil {
		return fmt.Errorf("seed visits: %w", err)
	}
	return nil
}

func seedMembers(ctx context.Context, a *app.App, shop demoshop.Shop) (ids []model.MemberID, err error) {
	list := make([]members.NewMember, 0, len(shop.Members))
	for _, m := range shop.Members {
		list = append(list, members.NewMember{
			Phone: m.Phone, JoinedAt: m.Joined, Externals: []members.External{{Source: Source, External: m.Number}},
		})
	}
	err = a.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		ids, err = a.Members.ImportTx(ctx, tx, list)
		return err
	})
	return ids, err
}

func seedOrders(ctx context.Context, a *app.App, shop demoshop.Shop) error {
	rows := make([]orders.Historic, 0, len(shop.Orders))
	for _, o := range shop.Orders {
		rows = append(rows, orders.Historic{Number: o.Number, External: shop.Members[o.Member].Number, PaidAt: o.PaidAt, Amount: o.PaidFen})
	}
	for len(rows) > 0 {
		batch := rows[:min(len(rows), orders.MaxImport)]
		rows = rows[len(batch):]
		err := a.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			done, err := a.Orders.ImportTx(ctx, tx, Source, batch)
			if err == nil && len(done.Conflicts) > 0 {
				err = fmt.Errorf("order %s: %w", done.Conflicts[0].Number, done.Conflicts[0].Err)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// seedPoints gives each member one point for each yuan of the past year.
func seedPoints(ctx context.Context, a *app.App, shop demoshop.Shop, ids []model.MemberID) error {
	return a.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		since := tx.Now.AddDate(0, 0, -pointsLife)
		earned := make([]model.Points, len(ids))
		for _, o := range shop.Orders {
			if o.PaidAt.After(since) {
				earned[o.Member] += model.Points((o.GoodsFen - o.DiscountFen) / 100)
			}
		}
		for i, n := range earned {
			if n <= 0 {
				continue
			}
			_, _, err := a.Points.EarnTx(ctx, tx, points.Earn{
				Member: ids[i], Points: n, Reason: model.PointsOpening, Source: "demo:" + shop.Members[i].Number,
				ExpiresAt: model.DayOf(tx.Now, model.Shanghai).AddDays(pointsLife + 1).Start(model.Shanghai), Note: "开店以来的积分",
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func seedCoupons(ctx context.Context, a *app.App, shop demoshop.Shop, owner model.StaffID) (ids []model.PublicID, err error) {
	for _, c := range shop.Coupons {
		until := a.DB.Now().AddDate(0, 0, max(c.ClaimDays, 1))
		t, err := a.Coupons.CreateTemplate(ctx, coupons.NewTemplate{
			Staff: owner, Name: c.Name, RulesText: c.Rules,
			CouponTerms: model.CouponTerms{
				Kind: model.CouponKind(c.Kind), AmountFen: c.AmountFen, PercentOffBP: c.PercentOffBP, CapFen: c.CapFen, ThresholdFen: c.ThresholdFen,
			},
			ClaimUntil: &until, UseDays: int64(c.UseDays), Total: int64(c.Total), PerMember: int64(c.PerMember),
			Claimable: c.Claimable, Issuable: c.Issuable,
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		if _, err := a.Coupons.Activate(ctx, owner, t.ID); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		ids = append(ids, t.ID)
	}
	return ids, nil
}

func seedGifts(ctx context.Context, a *app.App, shop demoshop.Shop, owner model.StaffID, templates []model.PublicID) error {
	for i, g := range shop.Gifts {
		in := mall.NewGift{
			Staff: owner, Name: g.Name, Kind: model.GiftKind(g.Kind), Price: g.Points, Stock: int64(g.Stock), PerMember: int64(g.PerMember), Sort: int64(i + 1),
		}
		if g.Kind == demoshop.GiftCoupon {
			in.CouponTemplate = templates[g.Coupon]
		}
		if _, err := a.Mall.CreateGift(ctx, in); err != nil {
			return fmt.Errorf("%s: %w", g.Name, err)
		}
	}
	return nil
}

func seedPlans(ctx context.Context, a *app.App, shop demoshop.Shop, owner model.StaffID, templates []model.PublicID) error {
	for _, p := range shop.Plans {
		in := memberships.NewPlan{
			Staff: owner, Name: p.Name, Price: p.PriceFen, ListPrice: p.ListFen, Unit: model.PlanMonths, Length: p.Months,
			PointsMultiplier: p.PointsMultiplier, PercentOff: p.PercentOffBP, OnSale: true, GraceDays: p.GraceDays,
			Refund: model.PlanRefund{RefundPolicy: model.ProratedRefund},
			Extras: memberships.Extras{CheckInMultiplier: p.CheckIn, WelcomePoints: p.WelcomePoints, FreeFreight: p.FreeFreight,
				BirthdayPoints: p.BirthdayPoints, EarlyHours: p.EarlyHours},
		}
		if p.WholeWithin > 0 {
			in.Refund = model.PlanRefund{RefundPolicy: model.WholeRefund, RefundDays: p.WholeWithin}
		}
		if p.Coupons > 0 {
			in.Coupons = []memberships.CouponBenefit{{Template: templates[p.Coupon], Quantity: p.Coupons}}
		}
		for _, text := range p.Services {
			in.Extras.Services = append(in.Extras.Services, model.PlanService{Text: text})
		}
		if _, err := a.Memberships.CreatePlan(ctx, in); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return nil
}
