package qrcodes

import "huitou/service/audit"

// Invariants are what must never be untrue of QR codes.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("qrcodes.days", "the figures of a code's day are those of its rows",
			`SELECT d.qr_code_id, d.day FROM qr_days d
			 LEFT JOIN (SELECT qr_code_id, day, SUM(CASE WHEN app = 'mini' THEN 0 ELSE 1 END) AS n, SUM(CASE WHEN app = 'mini' THEN 1 ELSE 0 END) AS m
			            FROM qr_scans GROUP BY qr_code_id, day) s ON s.qr_code_id = d.qr_code_id AND s.day = d.day
			 LEFT JOIN (SELECT qr_code_id, day, SUM(CASE WHEN app = 'mini' THEN 0 ELSE 1 END) AS n, SUM(CASE WHEN app = 'mini' THEN 1 ELSE 0 END) AS m
			            FROM qr_scanners GROUP BY qr_code_id, day) p ON p.qr_code_id = d.qr_code_id AND p.day = d.day
			 LEFT JOIN (SELECT qr_code_id, day, SUM(CASE WHEN first_of IS NULL THEN 0 ELSE 1 END) AS n, SUM(CASE WHEN first_of IS NULL THEN 1 ELSE 0 END) AS r,
			                   SUM(CASE WHEN first_of IS NOT NULL AND NOT following THEN 1 ELSE 0 END) AS gone
			            FROM qr_follows GROUP BY qr_code_id, day) f ON f.qr_code_id = d.qr_code_id AND f.day = d.day
			 WHERE d.scans <> COALESCE(s.n, 0) OR d.mini_scans <> COALESCE(s.m, 0) OR d.scanners <> COALESCE(p.n, 0) OR d.mini_scanners <> COALESCE(p.m, 0)
			    OR d.follows <> COALESCE(f.n, 0) OR d.returns <> COALESCE(f.r, 0) OR d.lost <> COALESCE(f.gone, 0)`),
		audit.SQL("qrcodes.missing_day", "every scan and every follow by a code is in the figures of its day",
			`SELECT r.qr_code_id, r.day FROM (SELECT qr_code_id, day FROM qr_scans UNION SELECT qr_code_id, day FROM qr_scanners UNION SELECT qr_code_id, day FROM qr_follows) r
			 LEFT JOIN qr_days d ON d.qr_code_id = r.qr_code_id AND d.day = r.day WHERE d.qr_code_id IS NULL`),
		audit.SQL("qrcodes.counts", "the figures of a code are the sum of its days'",
			`SELECT c.id FROM qr_codes c
			 LEFT JOIN (SELECT qr_code_id, SUM(scans) AS scans, SUM(scanners) AS scanners, SUM(follows) AS follows, SUM(lost) AS lost, SUM(returns) AS returns,
			                   SUM(mini_scans) AS mini_scans, SUM(mini_scanners) AS mini_scanners
			            FROM qr_days GROUP BY qr_code_id) d ON d.qr_code_id = c.id
			 WHERE c.scans <> COALESCE(d.scans, 0) OR c.scanners <> COALESCE(d.scanners, 0) OR c.follows <> COALESCE(d.follows, 0) OR c.lost <> COALESCE(d.lost, 0)
			    OR c.returns <> COALESCE(d.returns, 0) OR c.mini_scans <> COALESCE(d.mini_scans, 0) OR c.mini_scanners <> COALESCE(d.mini_scanners, 0)`),
		audit.SQL("qrcodes.rows", "scans, people who scanned, follows and days are of a code; a follow is of an identity in an app",
			`SELECT r.qr_code_id FROM (SELECT qr_code_id FROM qr_scans UNION SELECT qr_code_id FROM qr_scanners UNION SELECT qr_code_id FROM qr_follows
			   UNION SELECT qr_code_id FROM qr_days) r LEFT JOIN qr_codes c ON c.id = r.qr_code_id WHERE c.id IS NULL
			 UNION ALL SELECT f.id FROM qr_follows f LEFT JOIN member_openids o ON o.id = f.identity_id
			 WHERE o.id IS NULL OR (f.first_of IS NOT NULL AND f.first_of <> f.identity_id) OR (f.first_of IS NULL AND f.following)`),
		audit.SQL("qrcodes.following", "a credited follow lasts exactly while the person follows, once everything was told",
			`SELECT f.id FROM qr_follows f JOIN member_openids o ON o.id = f.identity_id
			 WHERE f.first_of IS NOT NULL AND f.following <> o.following AND NOT EXISTS (
			   SELECT 1 FROM jobs j WHERE j.kind IN ('members.followed>qrcodes.followed', 'members.unfollowed>qrcodes.unfollowed') AND j.state IN ('waiting', 'running'))`),
		audit.SQL("qrcodes.permanent", "every permanent picture that WeChat was asked for is counted with the account, and only codes that are permanent have one",
			`SELECT c.n, a.n FROM (SELECT COALESCE(SUM(asked), 0) AS n FROM qr_codes) c, (SELECT COALESCE(SUM(permanent), 0) AS n FROM qr_accounts) a WHERE c.n <> a.n
			 UNION ALL SELECT id, asked FROM qr_codes WHERE permanent AND (ttl_seconds <> 0 OR expires_at IS NOT NULL OR (ticket <> '' AND asked = 0))
			    OR NOT permanent AND (ttl_seconds = 0 OR asked <> 0 OR (ticket <> '' AND expires_at IS NULL))`),
	}
}
