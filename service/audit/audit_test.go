package audit_test

import (
	"context"
	"sync"
	"testing"

	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
)

func record(t *testing.T, d *db.DB, ref string) {
	t.Helper()
	err := d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Entry{Staff: 7, Action: "test.change", Ref: ref, Detail: map[string]int{"points": 5}})
	})
	if err != nil {
		t.Error(err)
	}
}

func broken(t *testing.T, d *db.DB) []string {
	t.Helper()
	list, err := audit.Run(t.Context(), d, audit.Invariants())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, b := range list {
		ids = append(ids, b.ID)
	}
	return ids
}

func exec(t *testing.T, d *db.DB, statement string) {
	t.Helper()
	if err := d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Exec(statement).Error }); err != nil {
		t.Fatal(err)
	}
}

// T11: the trail shows a changed, a removed and a cut-off entry.
func TestT11TheTrailShowsTampering(t *testing.T) {
	for name, tamper := range map[string]string{
		"changed":        `UPDATE audit_trail SET detail = '{"points":6}' WHERE id = 5`,
		"other staff":    `UPDATE audit_trail SET staff_id = 8 WHERE id = 5`,
		"removed":        `DELETE FROM audit_trail WHERE id = 5`,
		"newest cut":     `DELETE FROM audit_trail WHERE id = 10`,
		"head forgotten": `UPDATE audit_head SET hash = ''`,
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
				var wg sync.WaitGroup
				for range 10 {
					wg.Go(func() { record(t, d, "member:1") })
				}
				wg.Wait()
				if ids := broken(t, d); len(ids) > 0 {
					t.Fatalf("ten concurrent entries broke %v", ids)
				}
				exec(t, d, tamper)
				if ids := broken(t, d); len(ids) != 1 || ids[0] != "audit.chain" {
					t.Errorf("after tampering broken = %v, want audit.chain", ids)
				}
			})
		})
	}
}

func TestQueueInvariantsTripOnTheirOwnFault(t *testing.T) {
	for want, corrupt := range map[string]string{
		"jobs.states": `INSERT INTO jobs (kind, args, state, run_at, attempts, last_error, created_at) VALUES ('x', '{}', 'done', '2026-01-01', 1, '', '2026-01-01')`,
		"jobs.leases": `INSERT INTO jobs (kind, args, state, run_at, attempts, last_error, created_at) VALUES ('x', '{}', 'running', '2026-01-01', 1, '', '2026-01-01')`,
	} {
		dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
			exec(t, d, corrupt)
			if ids := broken(t, d); len(ids) != 1 || ids[0] != want {
				t.Errorf("broken = %v, want %s", ids, want)
			}
		})
	}
}
