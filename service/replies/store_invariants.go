package replies

import "huitou/service/audit"

// Invariants are what must never be untrue about replies.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("replies.versions", "a reply is what its newest version says, and has every version before it",
			`SELECT r.id, r.version FROM reply_rules r LEFT JOIN reply_rule_versions v ON v.rule_id = r.id AND v.version = r.version
			WHERE v.id IS NULL OR v.terms <> r.terms OR v.name <> r.name OR v.active <> r.active
			OR r.version <> (SELECT COUNT(*) FROM reply_rule_versions n WHERE n.rule_id = r.id)`),
		audit.SQL("replies.occasions", "what a reply answers is one of ours",
			`SELECT id, occasion FROM reply_rules WHERE occasion NOT IN ('follow','scan','keyword','click','anything')`),
		audit.SQL("replies.hits", "a day counts no fewer hits of a reply than are on record",
			`SELECT h.rule_id, h.day FROM (SELECT rule_id, day, COUNT(*) AS n FROM reply_hits GROUP BY rule_id, day) h
			LEFT JOIN reply_days d ON d.rule_id = h.rule_id AND d.day = h.day WHERE d.hits IS NULL OR d.hits < h.n`),
	}
}
