package members

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// Invariants are what must never be untrue about members.
func (s *Service) Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("members.openids", "an openid belongs to an existing member",
			`SELECT i.id, i.member_id FROM member_openids i LEFT JOIN members m ON m.id = i.member_id WHERE m.id IS NULL`),
		audit.SQL("members.externals", "an external number belongs to an existing member",
			`SELECT i.id, i.member_id FROM member_externals i LEFT JOIN members m ON m.id = i.member_id WHERE m.id IS NULL`),
		audit.SQL("members.sessions", "a session belongs to an existing member",
			`SELECT i.id, i.member_id FROM member_sessions i LEFT JOIN members m ON m.id = i.member_id WHERE m.id IS NULL`),
		audit.SQL("members.unique_openid", "no two members share an openid",
			`SELECT MIN(id) AS first_id, COUNT(*) AS n FROM member_openids GROUP BY app_id, open_id HAVING COUNT(*) > 1`),
		audit.SQL("members.unique_external", "no two members share an external number",
			`SELECT MIN(id) AS first_id, COUNT(*) AS n FROM member_externals GROUP BY source, external HAVING COUNT(*) > 1`),
		audit.SQL("members.unique_unionid", "no two members share a unionid",
			`SELECT MIN(id) AS first_id, COUNT(*) AS n FROM members WHERE union_id IS NOT NULL GROUP BY union_id HAVING COUNT(*) > 1`),
		audit.SQL("members.unique_phone", "no two members share a phone number",
			`SELECT MIN(id) AS first_id, COUNT(*) AS n FROM members WHERE phone_index IS NOT NULL GROUP BY phone_index HAVING COUNT(*) > 1`),
		audit.SQL("members.figures", "a member has a first and a last order exactly when he has orders, the first not after the last",
			`SELECT id FROM members WHERE (orders > 0) <> (first_order_at IS NOT NULL) OR (orders > 0) <> (last_order_at IS NOT NULL)
			 OR first_order_at > last_order_at OR (orders = 0 AND total_fen <> 0)`),
		audit.SQL("members.following", "who follows has begun to, and not ceased later",
			`SELECT id FROM member_openids WHERE following AND (followed_at IS NULL OR unfollowed_at > followed_at)`),
		audit.SQL("members.held", "what is held for a member has a unionid, or he has one, but not both; what is his own was heard with none",
			`SELECT o.id, o.member_id FROM member_openids o JOIN members m ON m.id = o.member_id
			 WHERE (o.held AND o.held_union <> '' AND m.union_id IS NOT NULL) OR (NOT o.held AND o.held_union <> '')`),
		audit.SQL("members.birthdays", "a birthday belongs to an existing member",
			`SELECT b.id, b.member_id FROM member_birthdays b LEFT JOIN members m ON m.id = b.member_id WHERE m.id IS NULL`),
		{ID: "members.birth_dates", Says: "a birthday that is kept opens and is a day that exists", Check: s.birthdaysOpen},
		audit.SQL("members.merged", "whoever has become another member is that member's by one merge that holds, has no session, openid or number of a shop of his own, and no orders",
			`SELECT m.id, m.merged_into FROM members m LEFT JOIN members h ON h.id = m.merged_into
			 WHERE m.merged_into IS NOT NULL AND (h.id IS NULL OR h.merged_into IS NOT NULL OR m.orders <> 0
				OR EXISTS (SELECT 1 FROM member_openids o WHERE o.member_id = m.id) OR EXISTS (SELECT 1 FROM member_externals e WHERE e.member_id = m.id)
				OR EXISTS (SELECT 1 FROM member_sessions s WHERE s.member_id = m.id AND s.revoked_at IS NULL)
				OR NOT EXISTS (SELECT 1 FROM member_kin k WHERE k.member_id = m.id AND k.other_id = m.merged_into))
			 UNION ALL SELECT m.id, g.id FROM members m LEFT JOIN merges g ON g.live = m.id WHERE (m.merged_into IS NULL) <> (g.id IS NULL)`),
		{ID: "members.phones", Says: "a number that is kept opens for its member and is found by its own hash", Check: s.phonesMatch},
	}
}

// phonesMatch opens every number, a thousand at a time.
func (s *Service) phonesMatch(_ context.Context, tx *db.Tx) (violations []string, err error) {
	const most = 20
	for last := model.MemberID(0); len(violations) < most; {
		var rows []model.Member
		err := tx.Gorm().Select("id", "public_id", "phone_index", "phone_cipher").
			Where("id > ? AND (phone_index IS NOT NULL OR phone_cipher IS NOT NULL)", last).Order("id").Limit(bulk).Find(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("read phone numbers: %w", err)
		}
		for _, r := range rows {
			last = r.ID
			if why := s.phoneBroken(r); why != "" && len(violations) < most {
				violations = append(violations, fmt.Sprintf("id=%d %s", r.ID, why))
			}
		}
		if len(rows) < bulk {
			break
		}
	}
	return violations, nil
}

func (s *Service) phoneBroken(r model.Member) string {
	if r.PhoneIndex == nil || r.PhoneCipher == nil {
		return "has only one of hash and number"
	}
	plain, err := s.phones.Open(string(r.PublicID), *r.PhoneCipher)
	switch {
	case err != nil:
		return "does not open"
	case s.phones.Index(plain) != *r.PhoneIndex:
		return "is found by another hash"
	}
	return ""
}
