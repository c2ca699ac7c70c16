package memberships

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/service/moves"
)

// activateWithin is how long a paid order may wait for its period before that is a break; the reaction to the payment
// takes a moment.
const activateWithin = time.Hour

// Invariants are what must never be untrue about memberships (reliability.md I-15, I-17, I-19 and I-20).
func Invariants() []audit.Invariant {
	return append(refundInvariants(), []audit.Invariant{
		audit.SQL("memberships.overlap", "the live periods of one member do not overlap",
			`SELECT a.member_id, a.id AS one, b.id AS other FROM membership_periods a JOIN membership_periods b
			   ON b.member_id = a.member_id AND b.id > a.id AND a.from_day < b.to_day AND b.from_day < a.to_day
			 WHERE a.state = 'live' AND b.state = 'live' AND `+moves.Single("a.member_id")),
		audit.SQL("memberships.proof", "nobody is a member without money: every live period that was not given has a paid order of the same amount and member",
			`SELECT p.id FROM membership_periods p
			   LEFT JOIN membership_orders o ON o.id = p.order_id AND o.pay_order_id = p.pay_order_id AND o.plan_id = p.plan_id
			     AND (o.member_id = p.member_id OR NOT `+moves.Strangers("o.member_id", "p.member_id")+`)
			   LEFT JOIN pay_orders m ON m.id = p.pay_order_id AND (m.member_id = p.member_id OR NOT `+moves.Strangers("m.member_id", "p.member_id")+`) AND m.amount_fen = p.price_fen
			     AND m.purpose = 'membership' AND m.state = 'paid'
			 WHERE p.state = 'live' AND p.gift_source IS NULL AND p.code_id IS NULL AND (o.id IS NULL OR m.id IS NULL)`),
		audit.SQL("memberships.gifts", "a period that was given has days and cost nothing; one that was bought has none",
			`SELECT id FROM membership_periods
			 WHERE (gift_source IS NOT NULL) <> (gift_days > 0)
			   OR (gift_source IS NOT NULL AND (order_id IS NOT NULL OR pay_order_id IS NOT NULL OR price_fen <> 0 OR unit <> 'days'))`),
		audit.SQL("memberships.codes", "a period of a code cost nothing and belongs to whoever used the code; a used code has a period",
			`SELECT 'period' AS what, p.id FROM membership_periods p LEFT JOIN membership_codes c ON c.id = p.code_id
			     AND (c.member_id = p.member_id OR NOT `+moves.Strangers("c.member_id", "p.member_id")+`)
			   LEFT JOIN membership_code_batches b ON b.id = c.batch_id AND b.plan_id = p.plan_id
			 WHERE p.code_id IS NOT NULL AND (b.id IS NULL OR c.used_at IS NULL OR p.order_id IS NOT NULL OR p.pay_order_id IS NOT NULL OR p.price_fen <> 0
			   OR p.gift_source IS NOT NULL)
			 UNION ALL SELECT 'code' AS what, c.id FROM membership_codes c LEFT JOIN membership_periods p ON p.code_id = c.id
			 WHERE (c.member_id IS NOT NULL) <> (p.id IS NOT NULL) OR (c.member_id IS NULL) <> (c.used_at IS NULL)`),
		audit.SQL("memberships.batches", "a batch has as many codes as it says",
			`SELECT b.id, b.quantity, COALESCE(c.n, 0) AS codes FROM membership_code_batches b
			   LEFT JOIN (SELECT batch_id, COUNT(*) AS n FROM membership_codes GROUP BY batch_id) c ON c.batch_id = b.id
			 WHERE b.quantity <> COALESCE(c.n, 0)`),
		audit.SQL("memberships.trials", "a trial period has its person's row, and a person has one trial",
			`SELECT p.id FROM membership_periods p JOIN membership_plans l ON l.id = p.plan_id AND l.trial
			 WHERE p.gift_source IS NULL AND NOT EXISTS (SELECT 1 FROM membership_trials t WHERE t.period_id = p.id)
			 UNION ALL SELECT t.period_id FROM membership_trials t LEFT JOIN membership_periods p ON p.id = t.period_id WHERE p.id IS NULL`),
		audit.SQL("memberships.uses", "a benefit is used no more often in a cycle than its plan says, and only by a period that has it",
			`SELECT u.id, u.benefit FROM membership_uses u LEFT JOIN membership_periods p ON p.id = u.period_id
			   LEFT JOIN membership_plans l ON l.id = p.plan_id
			 WHERE l.id IS NULL OR p.gift_source IS NOT NULL
			   OR u.ordinal > CASE u.benefit WHEN 'freight' THEN l.free_freight WHEN 'birthday' THEN 1 WHEN 'welcome' THEN 1 ELSE 0 END
			   OR (u.benefit = 'welcome' AND u.points <> l.welcome_points) OR (u.benefit = 'birthday' AND u.points <> l.birthday_points)
			   OR (u.benefit = 'freight' AND u.points <> 0)`),
		audit.SQL("memberships.points", "the points that a benefit gave are in the ledger, and none without a benefit",
			`SELECT 'use' AS what, u.id FROM membership_uses u LEFT JOIN points_entries e ON e.source = u.source AND e.reason = 'earn_order'
			 WHERE u.points > 0 AND (e.seq IS NULL OR e.delta <> u.points)
			 UNION ALL SELECT 'period' AS what, p.id FROM membership_periods p JOIN membership_plans l ON l.id = p.plan_id AND l.welcome_points > 0
			 WHERE p.gift_source IS NULL AND NOT EXISTS (SELECT 1 FROM membership_uses u WHERE u.period_id = p.id AND u.benefit = 'welcome')`),
		audit.SQL("memberships.savings", "a refund takes back no more than an order saved, and a saving has a period",
			`SELECT s.id FROM membership_savings s LEFT JOIN membership_periods p ON p.id = s.period_id
			   LEFT JOIN (SELECT saving_id, SUM(amount_fen) AS back FROM membership_saving_returns GROUP BY saving_id) r ON r.saving_id = s.id
			 WHERE p.id IS NULL OR COALESCE(r.back, 0) > s.amount_fen
			 UNION ALL SELECT r.saving_id FROM membership_saving_returns r LEFT JOIN membership_savings s ON s.id = r.saving_id WHERE s.id IS NULL`),
		audit.SQL("memberships.orders", "what an order says that its buyer's card saved is what was counted",
			`SELECT o.id, o.card_saved_fen, COALESCE(SUM(s.amount_fen), 0) AS counted FROM orders o
			   LEFT JOIN membership_savings s ON s.source >= CONCAT('order:', o.id, ':') AND s.source < CONCAT('order:', o.id, ';')
			 WHERE o.card_saved_fen > 0 GROUP BY o.id, o.card_saved_fen HAVING COALESCE(SUM(s.amount_fen), 0) <> o.card_saved_fen`),
		audit.SQL("memberships.activated", "an order is activated exactly when it has a period and an instant",
			`SELECT o.id, o.state FROM membership_orders o LEFT JOIN membership_periods p ON p.order_id = o.id
			 WHERE (o.state = 'activated') <> (p.id IS NOT NULL) OR (o.state = 'activated') <> (o.activated_at IS NOT NULL)`),
		audit.SQL("memberships.price", "an order and its payment are over the same amount, member and number",
			`SELECT o.id FROM membership_orders o LEFT JOIN pay_orders m ON m.id = o.pay_order_id
			 WHERE m.id IS NULL OR m.purpose <> 'membership' OR m.ref <> o.number OR m.amount_fen <> o.price_fen
			   OR (m.member_id <> o.member_id AND `+moves.Strangers("m.member_id", "o.member_id")+`)`),
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
	}...)
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
// the same pure rules. Members one of whose periods a refund moved are left out; memberships.moves looks at those.
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
		Where(`NOT EXISTS (SELECT 1 FROM membership_moves v JOIN membership_periods r ON r.id = v.period_id
			WHERE r.member_id = membership_periods.member_id AND v.kind <> 'none')`).
		Where("NOT EXISTS (SELECT 1 FROM member_kin k WHERE k.member_id = membership_periods.member_id)"). // a merge lays periods otherwise
		Order("member_id, seq").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list periods: %w", err)
	}
	return rows, nil
}
