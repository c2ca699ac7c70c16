package memberships

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// activateWithin is how long a paid order may wait for its period before that is a break; the reaction to the payment
// takes a moment.
const activateWithin = time.Hour

// Invariants are what must never be untrue about memberships (reliability.md I-15, I-17, I-19 and I-20).
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("memberships.overlap", "the live periods of one member do not overlap",
			`SELECT a.member_id, a.id AS one, b.id AS other FROM membership_periods a JOIN membership_periods b
			   ON b.member_id = a.member_id AND b.id > a.id AND a.from_day < b.to_day AND b.from_day < a.to_day
			 WHERE a.state = 'live' AND b.state = 'live'`),
		audit.SQL("memberships.proof", "nobody is a member without money: every live period that was not given has a paid order of the same amount and member",
			`SELECT p.id FROM membership_periods p
			   LEFT JOIN membership_orders o ON o.id = p.order_id AND o.pay_order_id = p.pay_order_id AND o.member_id = p.member_id AND o.plan_id = p.plan_id
			   LEFT JOIN pay_orders m ON m.id = p.pay_order_id AND m.member_id = p.member_id AND m.amount_fen = p.price_fen
			     AND m.purpose = 'membership' AND m.state = 'paid'
			 WHERE p.state = 'live' AND p.gift_source IS NULL AND (o.id IS NULL OR m.id IS NULL)`),
		audit.SQL("memberships.gifts", "a period that was given has days and cost nothing; one that was bought has none",
			`SELECT id FROM membership_periods
			 WHERE (gift_source IS NOT NULL) <> (gift_days > 0)
			   OR (gift_source IS NOT NULL AND (order_id IS NOT NULL OR pay_order_id IS NOT NULL OR price_fen <> 0 OR unit <> 'days'))`),
		audit.SQL("memberships.activated", "an order is activated exactly when it has a period and an instant",
			`SELECT o.id, o.state FROM membership_orders o LEFT JOIN membership_periods p ON p.order_id = o.id
			 WHERE (o.state = 'activated') <> (p.id IS NOT NULL) OR (o.state = 'activated') <> (o.activated_at IS NOT NULL)`),
		audit.SQL("memberships.price", "an order and its payment are over the same amount, member and number",
			`SELECT o.id FROM membership_orders o LEFT JOIN pay_orders m ON m.id = o.pay_order_id
			 WHERE m.id IS NULL OR m.purpose <> 'membership' OR m.ref <> o.number OR m.amount_fen <> o.price_fen OR m.member_id <> o.member_id`),
		audit.SQL("memberships.undeliverable", "money for an order that could not be given goes back",
			`SELECT o.id FROM membership_orders o JOIN pay_orders m ON m.id = o.pay_order_id
			 WHERE o.state = 'undeliverable' AND m.state <> 'refund_due'`),
		audit.SQL("memberships.grants", "a benefit never gives more than promised, nor to a period that is not there",
			`SELECT g.id FROM membership_grants g LEFT JOIN membership_periods p ON p.id = g.period_id
			   LEFT JOIN membership_plan_coupons b ON b.plan_id = p.plan_id AND b.ordinal = g.benefit
			 WHERE p.id IS NULL OR b.id IS NULL OR g.granted > g.quantity OR g.quantity <> b.quantity`),
		audit.SQL("memberships.message", "every activation has its message",
			`SELECT o.id FROM membership_orders o WHERE o.state = 'activated'
			   AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.message_key = CONCAT('membership:', o.id, ':activated'))`),
		{
			ID: "memberships.waiting", Says: "a paid order becomes a period within the hour",
			Check: func(_ context.Context, tx *db.Tx) ([]string, error) { return waiting(tx, tx.Now.Add(-activateWithin)) },
		},
		{
			ID: "memberships.dates", Says: "every period begins and ends where the rules put it",
			Check: func(_ context.Context, tx *db.Tx) ([]string, error) { return misplaced(tx) },
		},
	}
}

func waiting(tx *db.Tx, before time.Time) ([]string, error) {
	var ids []int64
	err := tx.Gorm().Raw(`SELECT o.id FROM membership_orders o JOIN pay_orders m ON m.id = o.pay_order_id
		JOIN pay_notices n ON n.out_trade_no = m.out_trade_no AND n.verdict = 'accepted'
		WHERE o.state = 'created' AND m.state = 'paid' AND n.received_at < ? ORDER BY o.id LIMIT 20`, before).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for orders that wait: %w", err)
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = fmt.Sprintf("order=%d", id)
	}
	return out, nil
}

// misplaced derives the days of every period again, from the instant of its activation and the periods before it, by
// the same pure rules. Members with a revoked period are left out, since what was cut moves the later ones.
func misplaced(tx *db.Tx) ([]string, error) {
	var (
		out  []string
		last *model.MembershipPeriod
		from model.MemberID
		seq  int
	)
	lengths, err := planLengths(tx)
	if err != nil {
		return nil, err
	}
	for len(out) < 20 {
		rows, err := periodsAfter(tx, from, seq, 1000)
		if err != nil {
			return nil, err
		}
		for i, p := range rows {
			if p.MemberID != from {
				last = nil
			}
			start, anchor := next(model.DayOf(p.CreatedAt, model.Shanghai), last)
			length := lengths[p.PlanID]
			if p.GiftSource != nil {
				length = int(p.GiftDays)
			}
			if p.FromDay != start || p.Anchor != anchor || p.ToDay != end(start, p.Unit, length, anchor) {
				out = append(out, fmt.Sprintf("period=%d from=%s to=%s anchor=%d", p.ID, p.FromDay, p.ToDay, p.Anchor))
			}
			if last == nil || last.ToDay.Before(p.ToDay) {
				last = &rows[i]
			}
			from, seq = p.MemberID, p.Seq
		}
		if len(rows) < 1000 {
			break
		}
	}
	return out, nil
}

func planLengths(tx *db.Tx) (map[model.PlanID]int, error) {
	var plans []model.MembershipPlan
	if err := tx.Gorm().Find(&plans).Error; err != nil {
		return nil, fmt.Errorf("list plans: %w", err)
	}
	lengths := map[model.PlanID]int{}
	for _, p := range plans {
		lengths[p.ID] = p.Length
	}
	return lengths, nil
}

func periodsAfter(tx *db.Tx, m model.MemberID, seq, limit int) (rows []model.MembershipPeriod, err error) {
	err = tx.Gorm().Where("(member_id > ? OR (member_id = ? AND seq > ?))", m, m, seq).
		Where("NOT EXISTS (SELECT 1 FROM membership_periods r WHERE r.member_id = membership_periods.member_id AND r.state <> 'live')").
		Order("member_id, seq").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list periods: %w", err)
	}
	return rows, nil
}
