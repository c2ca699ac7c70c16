package tasks

import "huitou/service/audit"

// Invariants are what must never be untrue of tasks.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("tasks.states", "a task is taken by somebody, open without, and closed by somebody with a result",
			`SELECT id, state FROM staff_tasks WHERE state NOT IN ('open', 'taken', 'closed')
			 OR (state = 'taken') AND (staff_id = 0 OR taken_at IS NULL) OR (state = 'closed') <> (closed_by <> 0) OR (state = 'open') AND staff_id <> 0`),
		audit.SQL("tasks.trail", "a task that was closed stands in the staff trail (I-25)",
			`SELECT t.id FROM staff_tasks t LEFT JOIN audit_trail a ON a.ref = CONCAT('task:', t.id) AND a.action = 'tasks.close'
			 WHERE t.state = 'closed' AND a.id IS NULL`),
	}
}
