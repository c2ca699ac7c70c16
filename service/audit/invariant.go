package audit

import (
	"context"
	"fmt"

	"huitou/model/db"
)

// maxViolations is how many violations of one invariant are listed.
const maxViolations = 20

// Invariant is one thing that must never be untrue.
type Invariant struct {
	// ID is stable, "points.balance".
	ID string
	// Says is the rule as a sentence.
	Says string
	// Check returns what breaks the rule, one line each; none means that it holds.
	Check func(ctx context.Context, tx *db.Tx) (violations []string, err error)
}

// SQL returns an invariant whose violations are the rows of a query. The query must run on SQLite and on MySQL.
func SQL(id, says, statement string) Invariant {
	return Invariant{id, says, func(_ context.Context, tx *db.Tx) ([]string, error) { return query(tx, statement) }}
}

// Break is an invariant that does not hold.
type Break struct {
	ID         string   `json:"id"`
	Says       string   `json:"says"`
	Violations []string `json:"violations"`
}

// Run checks all invariants on one consistent state and returns those that are broken. An error means that a
// check could not be made, which is not the same as a clean result.
func Run(ctx context.Context, d *db.DB, all []Invariant) ([]Break, error) {
	var broken []Break
	err := d.Snapshot(ctx, func(ctx context.Context, tx *db.Tx) error {
		broken = nil
		for _, inv := range all {
			violations, err := inv.Check(ctx, tx)
			if err != nil {
				return fmt.Errorf("check %s: %w", inv.ID, err)
			}
			if len(violations) > 0 {
				broken = append(broken, Break{inv.ID, inv.Says, violations})
			}
		}
		return nil
	})
	return broken, err
}

// Invariants are those of the foundation: the trail's chain, the queue.
func Invariants() []Invariant {
	return []Invariant{
		{"audit.chain", "the staff trail is an unbroken chain of hashes", chainUnbroken},
		SQL("jobs.states", "a job that ended has an end, one that waits has none",
			`SELECT id, state FROM jobs WHERE (state IN ('done','cancelled','dead')) <> (finished_at IS NOT NULL)`),
		SQL("jobs.leases", "exactly the running jobs have a lease",
			`SELECT id, state FROM jobs WHERE (state = 'running') <> (lease_owner <> '')`),
	}
}
