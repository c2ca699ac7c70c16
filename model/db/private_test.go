package db_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"huitou/model/db"
)

// What members bought is for the program's user alone: a database that it makes, and one that an older program left readable.
func TestTheFileIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	path := filepath.Join(dir, "huitou.db")
	look := func() {
		t.Helper()
		d, err := db.Open(t.Context(), db.Options{Driver: db.SQLite, Path: path, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		err = d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec("CREATE TABLE IF NOT EXISTS x (id INTEGER)").Error
		})
		if err != nil {
			t.Error(err)
		}
		files, err := filepath.Glob(path + "*")
		if err != nil || len(files) != 3 {
			t.Fatalf("files %v, %v", files, err)
		}
		for _, f := range append(files, dir) {
			if info, err := os.Stat(f); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %v, %v", f, info.Mode(), err)
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	look()
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	look()
}
