package tags

import "huitou/service/audit"

// Invariants are what must never be untrue about tags.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("tags.members", "what stands on a member stands on an existing one and is an existing tag",
			`SELECT r.tag_id, r.member_id FROM member_tags r LEFT JOIN tags t ON t.id = r.tag_id LEFT JOIN members m ON m.id = r.member_id
			WHERE t.id IS NULL OR m.id IS NULL`),
		audit.SQL("tags.names", "exactly a tag in use holds its name",
			`SELECT id FROM tags WHERE (ended_at IS NULL) <> (live_name IS NOT NULL) OR live_name <> name`),
		audit.SQL("tags.wechat", "only of a tag that stands at WeChat it is known who has it there",
			`SELECT r.tag_id, r.member_id FROM member_tags r JOIN tags t ON t.id = r.tag_id WHERE r.at_wechat AND t.wechat_id IS NULL`),
		audit.SQL("tags.syncs", "exactly a comparison that runs holds the slot and has no end",
			`SELECT id, state FROM tag_syncs WHERE (state = 'running') <> (slot IS NOT NULL) OR (state = 'running') <> (ended_at IS NULL)`),
	}
}
