// Package dbtest opens throw-away databases for tests: SQLite always, MySQL or MariaDB when TEST_MYSQL_DSN names a
// server on which it may create databases.
package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"huitou/model/db"
	"huitou/model/random"
)

// Clock is a clock that tests set. It starts at Start and stands still.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// Start is the instant at which test clocks begin: noon of 21 November 2026 in Shanghai.
var Start = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

// NewClock returns a clock that shows Start.
func NewClock() *Clock { return &Clock{t: Start} }

// Now reads the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Set moves the clock to an instant.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// Each runs f as a subtest on every kind of database that is at hand, each time on a new migrated one.
func Each(t *testing.T, f func(t *testing.T, d *db.DB, clock *Clock)) {
	t.Helper()
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock := NewClock()
			f(t, Open(t, driver, clock), clock)
		})
	}
}

// SQLite returns a new migrated SQLite database and its clock, for tests in which the kind of database does not matter.
func SQLite(t testing.TB) (*db.DB, *Clock) {
	t.Helper()
	clock := NewClock()
	return Open(t, db.SQLite, clock), clock
}

// MySQL returns a new migrated MySQL database and its clock, and skips the test when there is no server.
func MySQL(t testing.TB) (*db.DB, *Clock) {
	t.Helper()
	clock := NewClock()
	return Open(t, db.MySQL, clock), clock
}

// Open returns a new migrated database of one kind; it is closed and removed at the test's end.
func Open(t testing.TB, driver db.Driver, clock *Clock) *db.DB {
	t.Helper()
	return Reopen(t, Empty(t, driver), clock)
}

// Reopen opens a database by its options and migrates it; a second call with the same options is a second instance of
// the program on the same database.
func Reopen(t testing.TB, o db.Options, clock *Clock) *db.DB {
	t.Helper()
	o.Now = clock.Now
	d, err := db.Open(context.Background(), o)
	if err != nil {
		t.Fatalf("open the test database: %v", err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(context.Background()); err != nil {
		t.Fatalf("migrate the test database: %v", err)
	}
	return d
}

// Empty returns the options of a new database. SQLite files come from a template that is migrated once per process, which
// makes Reopen's own migration a quick look.
func Empty(t testing.TB, driver db.Driver) db.Options {
	t.Helper()
	if driver == db.MySQL {
		return db.Options{Driver: db.MySQL, DSN: createMySQL(t)}
	}
	path := filepath.Join(t.TempDir(), "huitou.db")
	b, err := template()
	if err != nil {
		t.Fatalf("make the template database: %v", err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatalf("copy the template database: %v", err)
	}
	return db.Options{Driver: db.SQLite, Path: path}
}

var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "huitou-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	d, err := db.Open(context.Background(), db.Options{Driver: db.SQLite, Path: path, Now: NewClock().Now})
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(context.Background()); err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil { // folds the WAL into the file
		return nil, err
	}
	return os.ReadFile(path)
})

// createMySQL makes a database of its own on the test server and returns its DSN.
func createMySQL(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv("TEST_MYSQL_DSN")
	if dsn == "" {
		t.Skip("TEST_MYSQL_DSN is not set: no MySQL or MariaDB server to test on (scripts/test.sh starts one)")
	}
	cfg, err := mysqldriver.ParseDSN(dsn)
	if err != nil {
		t.Fatalf("TEST_MYSQL_DSN: %v", err)
	}
	cfg.DBName = ""
	server, err := sql.Open("mysql", cfg.FormatDSN())
	if err != nil {
		t.Fatalf("TEST_MYSQL_DSN: %v", err)
	}
	name := "huitou_test_" + random.ID()
	if _, err := server.Exec(fmt.Sprintf("CREATE DATABASE `%s` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", name)); err != nil {
		t.Fatalf("create the test database: %v", err)
	}
	t.Cleanup(func() {
		if _, err := server.Exec(fmt.Sprintf("DROP DATABASE `%s`", name)); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
		server.Close()
	})
	cfg.DBName = name
	return cfg.FormatDSN()
}
