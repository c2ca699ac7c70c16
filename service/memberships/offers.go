package memberships

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/members"
)

// Offer is a plan as one member sees it before he buys: whether he can, and whether it would pay.
type Offer struct {
	Plan
	// Refusal is why this member cannot buy it now, nil when he can.
	Refusal error
	// TypicalSaving is what the member price would save this member over the plan's length (a year for a lifetime) if he went on shopping
	// as so far; 0 when he has not bought yet or there is no member price. It is an estimate and never counted as saved.
	TypicalSaving model.Fen
	// BreakEvenDays is after how many days the card would have paid for itself at that pace; 0 when that cannot be said.
	BreakEvenDays int64
	// IOSNote is what a buyer with an iPhone should know; "" when there is nothing.
	IOSNote string
}

const iosNote = "iOS 端由 App Store 收款,退款请在 App Store 申请"

// Offers returns the plans that are on sale, the cheapest first, as a member sees them.
func (s *Service) Offers(ctx context.Context, m model.MemberID) (list []Offer, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		list = nil
		rows, benefits, err := allPlans(tx)
		if err != nil {
			return err
		}
		p, err := s.people.PersonTx(ctx, tx, m)
		if err != nil {
			return fmt.Errorf("read what member %d has bought: %w", m, err)
		}
		for _, r := range rows {
			if sellable(r, tx.Now) != nil {
				continue
			}
			o := Offer{Plan: planView(r, benefits[r.ID], tx.Now)}
			if o.Refusal = s.unfit(ctx, tx, m, r); o.Refusal != nil && fault.Of(o.Refusal) == nil {
				return o.Refusal
			}
			o.TypicalSaving, o.BreakEvenDays = pays(r, p, tx.Now)
			if r.Channel == model.ChannelVirtual {
				o.IOSNote = iosNote
			}
			list = append(list, o)
		}
		return nil
	})
	return list, err
}

// pace is the shortest time over which a member's shopping is averaged: one purchase of yesterday is no habit.
const pace = 90

// pays estimates from a member's orders what a plan's member price would save him over its length, and after how many days that is its price.
func pays(r model.MembershipPlan, p members.Person, now time.Time) (saving model.Fen, days int64) {
	if p.FirstOrderAt == nil || p.Total <= 0 || r.PercentOffBP <= 0 {
		return 0, 0
	}
	today := model.DayOf(now, model.Shanghai)
	over := max(pace, int64(today.Sub(model.DayOf(*p.FirstOrderAt, model.Shanghai)))+1)
	length := int64(365)
	if r.Unit != model.PlanLifetime {
		length = int64(end(today, r.Unit, r.Length, today.DayOfMonth()).Sub(today))
	}
	// What the member price would have taken off all that was bought, in fen.
	off, ok := model.MulFloor(int64(p.Total), int64(r.PercentOffBP), int64(model.WholeBP))
	if !ok || off < 1 {
		return 0, 0
	}
	total, ok := model.MulFloor(off, length, over)
	if !ok {
		return 0, 0
	}
	if days, ok = model.MulFloor(int64(r.PriceFen), over, off); !ok {
		days = 0
	}
	return model.Fen(total), days
}
