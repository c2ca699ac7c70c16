package aftersale

import "huitou/service/audit"

// Invariants are what must never be untrue of parcel codes and visits.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("parcels.counts", "a parcel code's figures are those of its scans",
			`SELECT c.id, c.scans, c.follows FROM parcel_codes c
			 LEFT JOIN (SELECT parcel_code_id, COUNT(*) AS scans, SUM(CASE WHEN followed THEN 1 ELSE 0 END) AS follows
			            FROM parcel_scans GROUP BY parcel_code_id) s ON s.parcel_code_id = c.id
			 WHERE c.scans <> COALESCE(s.scans, 0) OR c.follows <> COALESCE(s.follows, 0)`),
		audit.SQL("parcels.owner", "a scan is the owner's exactly when the order's member scanned",
			`SELECT s.id FROM parcel_scans s LEFT JOIN parcel_codes c ON c.id = s.parcel_code_id
			 WHERE c.id IS NULL OR s.owner <> (s.member_id = c.member_id)`),
		audit.SQL("parcels.order", "a parcel code is of an order and its member",
			`SELECT c.id FROM parcel_codes c LEFT JOIN orders o ON o.id = c.order_id WHERE o.id IS NULL OR o.member_id <> c.member_id`),
		audit.SQL("visits.message", "every visit that was not skipped has its message in the outbox, to the order's member (I-20)",
			`SELECT v.id, v.order_id FROM visits v LEFT JOIN messages m ON m.message_key = v.message_key
			 WHERE (v.state = 'queued' AND (m.id IS NULL OR m.member_id <> v.member_id)) OR (v.state = 'skipped' AND v.reason = '')`),
		audit.SQL("visits.scanned", "a first visit begins with a scan by the order's member",
			`SELECT v.id, v.order_id FROM visits v WHERE v.ordinal = 1 AND NOT EXISTS (
			   SELECT 1 FROM parcel_codes c JOIN parcel_scans s ON s.parcel_code_id = c.id
			   WHERE c.order_id = v.order_id AND s.owner = TRUE)`),
	}
}
