package points

import "huitou/service/audit"

// Invariants are what must be true of the ledger at every instant. Each names the members that break it.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("points.balance", "an account's active and pending points are the sum of its entries",
			`SELECT a.member_id, a.active + a.pending, COALESCE(e.total, 0) FROM points_accounts a
			LEFT JOIN (SELECT member_id, SUM(delta) AS total FROM points_entries GROUP BY member_id) e ON e.member_id = a.member_id
			WHERE a.active + a.pending <> COALESCE(e.total, 0)`),
		audit.SQL("points.negative", "no figure of an account is below zero",
			`SELECT member_id FROM points_accounts
			WHERE active < 0 OR pending < 0 OR held < 0 OR debt < 0 OR earned_total < 0 OR spent_total < 0 OR expired_total < 0`),
		audit.SQL("points.orphans", "every entry, lot, link and hold belongs to an account and an entry",
			`SELECT e.member_id, 'entry', e.seq FROM points_entries e
			LEFT JOIN points_accounts a ON a.member_id = e.member_id WHERE a.member_id IS NULL
			UNION ALL SELECT l.member_id, 'lot', l.seq FROM points_lots l
			LEFT JOIN points_entries e ON e.member_id = l.member_id AND e.seq = l.seq AND e.kind = 'earn' WHERE e.seq IS NULL
			UNION ALL SELECT c.member_id, 'link', c.entry_seq FROM points_consumptions c
			LEFT JOIN points_entries e ON e.member_id = c.member_id AND e.seq = c.entry_seq AND e.kind <> 'earn'
			LEFT JOIN points_lots l ON l.member_id = c.member_id AND l.seq = c.lot_seq WHERE e.seq IS NULL OR l.seq IS NULL
			UNION ALL SELECT h.member_id, 'hold', h.entry_seq FROM points_holds h
			LEFT JOIN points_entries e ON e.member_id = h.member_id AND e.seq = h.entry_seq AND e.kind = 'hold' WHERE e.seq IS NULL`),
		audit.SQL("points.sequence", "a member's entries are numbered without gaps and each balance follows from the one before",
			`SELECT member_id, seq FROM (SELECT member_id, seq, delta, balance_after,
				COALESCE(LAG(balance_after) OVER (PARTITION BY member_id ORDER BY seq), 0) AS before_it,
				COALESCE(LAG(seq) OVER (PARTITION BY member_id ORDER BY seq), 0) AS seq_before FROM points_entries) t
			WHERE balance_after <> before_it + delta OR seq <> seq_before + 1 OR balance_after < 0`),
		audit.SQL("points.count", "an account knows the number of its entries",
			`SELECT a.member_id, a.seq FROM points_accounts a
			LEFT JOIN (SELECT member_id, MAX(seq) AS last FROM points_entries GROUP BY member_id) e ON e.member_id = a.member_id
			WHERE a.seq <> COALESCE(e.last, 0)`),
		audit.SQL("points.facts", "one business fact writes one entry",
			`SELECT source, reason FROM points_entries GROUP BY source, reason HAVING COUNT(*) > 1`),
		audit.SQL("points.lots", "what remains in a lot is what was granted less what its links took",
			`SELECT l.member_id, l.seq, l.remaining FROM points_lots l
			LEFT JOIN (SELECT member_id, lot_seq, SUM(amount) AS taken FROM points_consumptions GROUP BY member_id, lot_seq) c
				ON c.member_id = l.member_id AND c.lot_seq = l.seq
			WHERE l.remaining <> l.granted - COALESCE(c.taken, 0) OR l.remaining < 0 OR l.remaining > l.granted`),
		audit.SQL("points.grants", "every earning entry made one lot of its points",
			`SELECT e.member_id, e.seq FROM points_entries e
			LEFT JOIN points_lots l ON l.member_id = e.member_id AND l.seq = e.seq
			WHERE e.kind = 'earn' AND (l.seq IS NULL OR l.granted <> e.delta)`),
		audit.SQL("points.links", "every other entry moved exactly what its links say",
			`SELECT e.member_id, e.seq FROM points_entries e
			LEFT JOIN (SELECT member_id, entry_seq, SUM(amount) AS taken FROM points_consumptions GROUP BY member_id, entry_seq) c
				ON c.member_id = e.member_id AND c.entry_seq = e.seq
			WHERE e.kind <> 'earn' AND e.delta <> -COALESCE(c.taken, 0)`),
		audit.SQL("points.returned", "what came back to a lot was taken from it by the entry that was undone, once",
			`SELECT t.member_id, t.entry_seq, t.lot_seq FROM points_consumptions t
			LEFT JOIN (SELECT e.member_id, e.reverses_seq, c.lot_seq, -SUM(c.amount) AS back FROM points_entries e
				JOIN points_consumptions c ON c.member_id = e.member_id AND c.entry_seq = e.seq
				WHERE e.reverses_seq IS NOT NULL GROUP BY e.member_id, e.reverses_seq, c.lot_seq) b
				ON b.member_id = t.member_id AND b.reverses_seq = t.entry_seq AND b.lot_seq = t.lot_seq
			WHERE t.amount > 0 AND (t.returned <> COALESCE(b.back, 0) OR t.returned > t.amount)
			UNION ALL SELECT r.member_id, r.seq, 0 FROM points_entries r
			LEFT JOIN points_entries o ON o.member_id = r.member_id AND o.seq = r.reverses_seq AND o.seq < r.seq AND o.kind IN ('spend', 'hold')
			WHERE (r.kind IN ('release', 'return')) <> (r.reverses_seq IS NOT NULL) OR (r.reverses_seq IS NOT NULL AND o.seq IS NULL)`),
		audit.SQL("points.buckets", "an account's active points are those of its active lots, its pending points those of its pending lots",
			`SELECT a.member_id FROM points_accounts a
			LEFT JOIN (SELECT member_id, SUM(CASE WHEN state = 'active' THEN remaining ELSE 0 END) AS active,
				SUM(CASE WHEN state = 'pending' THEN remaining ELSE 0 END) AS pending FROM points_lots GROUP BY member_id) l
				ON l.member_id = a.member_id
			WHERE a.active <> COALESCE(l.active, 0) OR a.pending <> COALESCE(l.pending, 0)`),
		audit.SQL("points.lot_states", "exactly the pending and active lots have points in them",
			`SELECT member_id, seq, state FROM points_lots WHERE (remaining > 0) <> (state IN ('pending', 'active'))`),
		audit.SQL("points.holds", "holds stand for their entries, and an account's held points are those of its open holds",
			`SELECT h.member_id, h.entry_seq FROM points_holds h
			JOIN points_entries e ON e.member_id = h.member_id AND e.seq = h.entry_seq
			WHERE h.points <> -e.delta OR (h.state = 'held') <> (h.closed_at IS NULL)
			UNION ALL SELECT a.member_id, 0 FROM points_accounts a
			LEFT JOIN (SELECT member_id, SUM(points) AS held FROM points_holds WHERE state = 'held' GROUP BY member_id) h
				ON h.member_id = a.member_id
			WHERE a.held <> COALESCE(h.held, 0)
			UNION ALL SELECT e.member_id, e.seq FROM points_entries e
			LEFT JOIN points_holds h ON h.member_id = e.member_id AND h.entry_seq = e.seq
			WHERE e.kind = 'hold' AND h.entry_seq IS NULL`),
		audit.SQL("points.totals", "an account's totals are those of its entries",
			`SELECT a.member_id FROM points_accounts a
			LEFT JOIN (SELECT member_id, SUM(CASE WHEN kind = 'earn' AND reason <> 'debt' THEN delta ELSE 0 END) AS earned,
				SUM(CASE WHEN kind = 'expire' THEN -delta ELSE 0 END) AS expired,
				SUM(CASE WHEN kind IN ('earn', 'expire') OR reason = 'debt_paid' THEN 0 ELSE -delta END) AS gone FROM points_entries GROUP BY member_id) e
				ON e.member_id = a.member_id
			WHERE a.earned_total <> COALESCE(e.earned, 0) OR a.expired_total <> COALESCE(e.expired, 0)
				OR a.spent_total + a.held <> COALESCE(e.gone, 0)`),
		audit.SQL("points.proof", "what came in less what went out, advances and their payments apart, is what remains in lots less the debt, and what the account says",
			`SELECT a.member_id, e.net, l.remaining, a.active + a.pending, a.debt FROM points_accounts a
			LEFT JOIN (SELECT member_id, SUM(CASE WHEN reason IN ('debt', 'debt_paid') THEN 0 ELSE delta END) AS net,
				SUM(CASE WHEN reason IN ('debt', 'debt_paid') THEN delta ELSE 0 END) AS debt FROM points_entries GROUP BY member_id) e
				ON e.member_id = a.member_id
			LEFT JOIN (SELECT member_id, SUM(remaining) AS remaining FROM points_lots WHERE state IN ('pending', 'active') GROUP BY member_id) l
				ON l.member_id = a.member_id
			WHERE COALESCE(e.net, 0) <> COALESCE(l.remaining, 0) - a.debt OR COALESCE(e.net, 0) <> a.active + a.pending - a.debt
				OR a.debt <> COALESCE(e.debt, 0)`),
		audit.SQL("points.debts", "who owes points has none to spend",
			`SELECT member_id, active, debt FROM points_accounts WHERE debt > 0 AND active > 0`),
		audit.SQL("points.clawbacks", "a clawback is what its entry and its advance moved, and no order gives back more than it granted",
			`SELECT c.member_id, c.source FROM points_clawbacks c
			LEFT JOIN points_entries e ON e.member_id = c.member_id AND e.seq = c.entry_seq AND e.source = c.source AND e.reason = 'clawback'
			LEFT JOIN points_entries d ON d.member_id = c.member_id AND d.source = c.source AND d.reason = 'debt'
			WHERE c.taken + c.owed <> COALESCE(-e.delta, 0) OR c.owed <> COALESCE(d.delta, 0)
			UNION ALL SELECT e.member_id, e.source FROM points_entries e
			JOIN (SELECT earn_source, SUM(points) AS points FROM points_clawbacks GROUP BY earn_source) c ON c.earn_source = e.source
			WHERE e.reason = 'earn_order' AND c.points > e.delta`),
		audit.SQL("points.merges", "an account that went into another one is empty",
			`SELECT a.member_id FROM points_merges m JOIN points_accounts a ON a.member_id = m.from_member
			WHERE a.active <> 0 OR a.pending <> 0 OR a.held <> 0 OR a.debt <> 0`),
		audit.SQL("points.awaiting", "a lot waits for an action or for the clock",
			`SELECT member_id, seq FROM points_lots WHERE awaiting <> (expiry <> '') OR (awaiting AND active_from < '9999-12-30')`),
		audit.SQL("points.due", "no lot changes by itself before its account says so",
			`SELECT l.member_id, l.seq FROM points_lots l JOIN points_accounts a ON a.member_id = l.member_id
			WHERE (l.state = 'pending' AND l.active_from < a.due_at) OR (l.state IN ('pending', 'active') AND l.expires_at < a.due_at)`),
		audit.SQL("points.adjusted", "every adjustment by staff stands in the staff trail",
			`SELECT e.member_id, e.seq FROM points_entries e
			LEFT JOIN audit_trail t ON t.ref = CONCAT('points:', e.member_id, ':', e.seq) AND t.action = 'points.adjust'
			WHERE e.reason = 'adjust' AND t.id IS NULL`),
		audit.SQL("points.adjustments", "every adjustment that was applied is one entry, and those that need it were approved by a second person",
			`SELECT a.id, a.member_id FROM points_adjustments a
			LEFT JOIN points_entries e ON e.member_id = a.member_id AND e.seq = a.entry_seq AND e.reason = 'adjust' AND e.delta = a.points
			WHERE (a.state = 'applied') <> (a.entry_seq IS NOT NULL) OR (a.entry_seq IS NOT NULL AND e.seq IS NULL)
				OR (a.state = 'waiting') <> (a.needs_second AND a.decided_by = 0) OR a.decided_by = a.staff_id
			UNION ALL SELECT 0, e.member_id FROM points_entries e
			LEFT JOIN points_adjustments a ON a.member_id = e.member_id AND a.entry_seq = e.seq WHERE e.reason = 'adjust' AND a.id IS NULL`),
		audit.SQL("points.adjust_days", "what staff have adjusted on a day is counted",
			`SELECT d.staff_id, d.day FROM points_adjust_days d
			LEFT JOIN (SELECT staff_id, day, SUM(ABS(points)) AS total FROM points_adjustments GROUP BY staff_id, day) a
				ON a.staff_id = d.staff_id AND a.day = d.day
			WHERE d.points <> COALESCE(a.total, 0)
			UNION ALL SELECT a.staff_id, a.day FROM points_adjustments a
			LEFT JOIN points_adjust_days d ON d.staff_id = a.staff_id AND d.day = a.day WHERE d.staff_id IS NULL`),
	}
}
