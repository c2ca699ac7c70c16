package orders

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/earning"
)

// pastPage is how many orders of the past are in memory at once.
const pastPage = 500

// Purchases yields the goods orders that were paid on the business days [from, to) and were not wholly refunded, day after day and within a
// day as they reached us. It is how rules of earning are tried on the past; nothing is locked, and an error of yield ends it.
func (s *Service) Purchases(ctx context.Context, from, to model.Day, yield func(earning.Purchase) error) error {
	return s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for day := from; day.Before(to); day = day.AddDays(1) {
			if err := purchasesOn(ctx, tx, day, yield); err != nil {
				return err
			}
		}
		return nil
	})
}

func purchasesOn(ctx context.Context, tx *db.Tx, day model.Day, yield func(earning.Purchase) error) error {
	for after := model.OrderID(0); ; {
		rows, err := goodsOrdersOn(tx, day, after, pastPage)
		if err != nil {
			return fmt.Errorf("read the orders of %s: %w", day, err)
		}
		lines, err := linesOfMany(tx, rows)
		if err != nil {
			return fmt.Errorf("read the lines of orders of %s: %w", day, err)
		}
		for _, o := range rows {
			p := earning.Purchase{Member: o.MemberID, Kind: o.Kind, PaidAt: o.PaidAt.UTC(), Goods: o.GoodsFen, Discount: o.DiscountFen,
				Paid: o.PaidFen, Lines: lines[o.ID], First: o.First}
			if err := yield(p); err != nil {
				return err
			}
			after = o.ID
		}
		if len(rows) < pastPage {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
