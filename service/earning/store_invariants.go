package earning

import (
	"context"
	"fmt"

	"huitou/model/db"
	"huitou/service/audit"
)

// Invariants are what must never be untrue about what was earned.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("earning.firings", "the steps of an entry add up to it and are numbered without gaps",
			`SELECT f.member_id, f.entry_seq, f.total, e.delta FROM
			(SELECT member_id, entry_seq, SUM(points) AS total, COUNT(*) AS n, MAX(part) AS last FROM earning_firings GROUP BY member_id, entry_seq) f
			LEFT JOIN points_entries e ON e.member_id = f.member_id AND e.seq = f.entry_seq
			WHERE e.seq IS NULL OR e.reason <> 'earn_order' OR e.delta <> f.total OR f.n <> f.last`),
		audit.SQL("earning.fired_rules", "a rule that fired exists and was not a draft",
			`SELECT f.id, f.rule_id FROM earning_firings f LEFT JOIN earning_rules r ON r.id = f.rule_id
			WHERE f.rule_id <> 0 AND (r.id IS NULL OR r.state = 'draft')`),
		audit.SQL("earning.rewards", "a rewarded action has its entry in the ledger, with the same points",
			`SELECT a.id, a.points, e.delta FROM earning_actions a
			LEFT JOIN points_entries e ON e.member_id = a.member_id AND e.seq = a.entry_seq
			WHERE (a.points > 0) <> (a.entry_seq IS NOT NULL)
			OR (a.entry_seq IS NOT NULL AND (e.seq IS NULL OR e.delta <> a.points OR e.reason <> 'earn_action'))`),
		audit.SQL("earning.unrewarded", "points for an action have the action that they were given for",
			`SELECT e.member_id, e.seq, e.source FROM points_entries e
			LEFT JOIN earning_actions a ON a.member_id = e.member_id AND a.entry_seq = e.seq
			WHERE e.reason = 'earn_action' AND e.source LIKE 'action:%' AND a.id IS NULL`),
		audit.SQL("earning.one_check_in", "a member checks in once on a day",
			`SELECT id, member_id, day, ordinal FROM earning_actions WHERE action = 'check_in' AND ordinal <> 1`),
		{ID: "earning.streaks", Says: "a streak is one longer than that of the day before", Check: streaksHold},
		{ID: "earning.overlaps", Says: "it is said for every order which active rule fires", Check: rulesApart},
	}
}

// streaksHold looks for the check-in of the day before, whose date each database computes in its own way.
func streaksHold(_ context.Context, tx *db.Tx) (violations []string, err error) {
	const (
		where  = ` WHERE a.action = 'check_in' AND a.streak <> COALESCE(b.streak, 0) + 1 LIMIT 20`
		from   = `SELECT a.id, a.member_id, a.streak FROM earning_actions a LEFT JOIN earning_actions b ON b.member_id = a.member_id AND b.action = a.action AND b.day = `
		sqlite = from + `date(a.day, '-1 day')` + where
		mysql  = from + `DATE_SUB(a.day, INTERVAL 1 DAY)` + where
	)
	var rows []struct{ ID, MemberID, Streak int64 }
	if tx.Driver() == db.MySQL {
		err = tx.Gorm().Raw(mysql).Scan(&rows).Error
	} else {
		err = tx.Gorm().Raw(sqlite).Scan(&rows).Error
	}
	for _, r := range rows {
		violations = append(violations, fmt.Sprintf("id=%d member_id=%d streak=%d", r.ID, r.MemberID, r.Streak))
	}
	return violations, err
}

func rulesApart(_ context.Context, tx *db.Tx) (violations []string, err error) {
	rules, err := activeRules(tx)
	for i, a := range rules {
		for _, b := range rules[:i] {
			if overlap(a.Terms, b.Terms) {
				violations = append(violations, fmt.Sprintf("rules %d and %d", b.ID, a.ID))
			}
		}
	}
	return violations, err
}
