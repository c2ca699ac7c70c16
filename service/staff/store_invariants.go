package staff

import "huitou/service/audit"

// Invariants are what must never be untrue about staff.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("staff.sessions", "a staff session belongs to an account",
			`SELECT s.id FROM staff_sessions s LEFT JOIN staff a ON a.id = s.staff_id WHERE a.id IS NULL`),
		audit.SQL("staff.disabled", "a disabled account has no session that is not revoked",
			`SELECT s.id, a.id AS staff_id FROM staff_sessions s JOIN staff a ON a.id = s.staff_id
			 WHERE a.disabled_at IS NOT NULL AND s.revoked_at IS NULL`),
		audit.SQL("staff.roles", "every account has one of the known roles",
			`SELECT id, role FROM staff WHERE role NOT IN ('owner', 'manager', 'clerk')`),
		audit.SQL("staff.hashes", "every password is kept as argon2id",
			`SELECT id FROM staff WHERE password_hash NOT LIKE '$argon2id$v=19$%'`),
		audit.SQL("staff.trail", "every account was recorded in the staff trail when it was made",
			`SELECT a.id FROM staff a LEFT JOIN audit_trail t ON t.action = 'staff.add' AND t.ref = CONCAT('staff:', a.id) WHERE t.id IS NULL`),
	}
}
