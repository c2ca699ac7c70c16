package db_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"huitou/model/db"
	"huitou/model/db/dbtest"
)

func TestMigrateIsIdempotentAndRefusesANewerSchema(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		must(t, d.Migrate(t.Context()))
		must(t, d.CheckSchema(t.Context()))
		must(t, d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, ?)", true).Error
		}))
		if err := d.Migrate(t.Context()); !errors.Is(err, db.ErrNewerSchema) {
			t.Errorf("Migrate of a newer schema = %v, want ErrNewerSchema", err)
		}
		if err := d.CheckSchema(t.Context()); !errors.Is(err, db.ErrNewerSchema) {
			t.Errorf("CheckSchema of a newer schema = %v, want ErrNewerSchema", err)
		}
	})
}

func TestTwoProgramsMigrateOneDatabaseTogether(t *testing.T) {
	o := dbtest.Empty(t, db.MySQL)
	clock := dbtest.NewClock()
	o.Now = clock.Now
	var wg sync.WaitGroup
	for range 3 {
		d, err := db.Open(t.Context(), o)
		must(t, err)
		t.Cleanup(func() { d.Close() })
		wg.Go(func() {
			if err := d.Migrate(context.Background()); err != nil {
				t.Errorf("Migrate = %v", err)
			}
		})
	}
	wg.Wait()
	d := dbtest.Reopen(t, o, clock)
	must(t, d.CheckSchema(t.Context()))
}

func TestAnOldSchemaIsToldApart(t *testing.T) {
	clock := dbtest.NewClock()
	d, err := db.Open(t.Context(), db.Options{Driver: db.SQLite, Path: t.TempDir() + "/new.db", Now: clock.Now})
	must(t, err)
	defer d.Close()
	if err := d.CheckSchema(t.Context()); !errors.Is(err, db.ErrPendingMigrations) {
		t.Errorf("CheckSchema of an empty database = %v, want ErrPendingMigrations", err)
	}
}

// The two dialects must hold the same migrations, and none of what some database of the family does not take.
func TestMigrationsArePairedAndPortable(t *testing.T) {
	files := map[db.Driver][]string{}
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		err := fs.WalkDir(db.Migrations(), "migrations/"+string(driver), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			files[driver] = append(files[driver], e.Name())
			b, err := fs.ReadFile(db.Migrations(), path)
			if err != nil {
				return err
			}
			text := strings.ToUpper(string(b))
			for _, word := range []string{"FOREIGN KEY", "REFERENCES ", "CREATE TRIGGER", "PROCEDURE", "GENERATED ALWAYS", "RETURNING", "ON DUPLICATE KEY", "INSERT IGNORE", "+GOOSE DOWN"} {
				if strings.Contains(text, word) {
					t.Errorf("%s: %s is not portable or not forward only", path, word)
				}
			}
			return nil
		})
		must(t, err)
	}
	if a, b := fmt.Sprint(files[db.SQLite]), fmt.Sprint(files[db.MySQL]); a != b {
		t.Errorf("sqlite has %s\nmysql has %s", a, b)
	}
}
