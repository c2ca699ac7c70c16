package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/points"
)

// A rebuild prints first, and writes only when it is told to.
func TestRebuildPrintsAndThenWrites(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		ctx := context.Background()
		s := points.New(points.Deps{DB: d})
		if _, _, err := s.Earn(ctx, points.Earn{Member: 12, Points: 30, Reason: model.PointsForOrder, Source: "order:1:earn"}); err != nil {
			t.Fatal(err)
		}
		err := d.Do(ctx, func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec("UPDATE points_accounts SET active = 31").Error
		})
		if err != nil {
			t.Fatal(err)
		}
		const found = "member 12: active is 31, the entries say 30\n1 members, 1 differences\n"
		for _, step := range []struct {
			write bool
			want  string
			said  bool
		}{
			{false, found, true}, {false, found, true}, {true, found + "1 figures written\n", false}, {false, "1 members, 0 differences\n", false},
		} {
			var out bytes.Buffer
			err := rebuildPoints(ctx, &out, s, step.write, false)
			if out.String() != step.want || errors.Is(err, errSaid) != step.said || err != nil && !step.said {
				t.Errorf("rebuild (write %t) = %v, printed %q, want %q", step.write, err, out.String(), step.want)
			}
		}
		var out bytes.Buffer
		if err := rebuildPoints(ctx, &out, s, false, true); err != nil || !strings.Contains(out.String(), `"differences":[]`) {
			t.Errorf("as JSON = %v %s", err, out.String())
		}
	})
}

func TestWriteBelongsToRebuild(t *testing.T) {
	if got := run([]string{"audit", "--write", "--data", t.TempDir()}); got != 1 {
		t.Errorf("audit --write ends with %d", got)
	}
}
