package whole

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	_ "github.com/ncruces/go-sqlite3/driver"
)

// state watches the tables of a SQLite shop from outside of the program.
type state struct {
	t    *testing.T
	conn *sql.Conn
	// tables are the columns that count, by table.
	tables map[string][]string
	// version and sums are those of the last look.
	version int64
	sums    map[string]string
}

// watch opens a connection of its own on the shop's database.
func (s *shop) watch(t *testing.T) *state {
	t.Helper()
	pool, err := sql.Open("sqlite3", "file:"+s.database.Path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		pool.Close()
	})
	st := &state{t: t, conn: conn, tables: map[string][]string{}}
	for _, table := range st.column("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
		columns := st.column(fmt.Sprintf("SELECT name FROM pragma_table_info('%s')", table))
		st.tables[table] = slices.DeleteFunc(columns, func(c string) bool { return c == "seen_at" }) // no state of the shop
	}
	st.settle()
	return st
}

// settle takes the present state as the one to compare with.
func (st *state) settle() {
	st.t.Helper()
	st.version, st.sums = st.dataVersion(), st.checksums()
}

// changed returns the tables whose rows are not those of the last settle, and takes the present state as the one to compare
// with. SQLite's data_version makes the usual answer, none, a cheap one: it moves with every commit of another connection.
func (st *state) changed() []string {
	st.t.Helper()
	version := st.dataVersion()
	if version == st.version {
		return nil
	}
	sums := st.checksums()
	var tables []string
	for table, sum := range sums {
		if st.sums[table] != sum {
			tables = append(tables, table)
		}
	}
	st.version, st.sums = version, sums
	slices.Sort(tables)
	return tables
}

func (st *state) dataVersion() (v int64) {
	st.t.Helper()
	if err := st.conn.QueryRowContext(context.Background(), "PRAGMA data_version").Scan(&v); err != nil {
		st.t.Fatal(err)
	}
	return v
}

// checksums hashes all rows of all tables.
func (st *state) checksums() map[string]string {
	st.t.Helper()
	sums := map[string]string{}
	for table, columns := range st.tables {
		rows, err := st.conn.QueryContext(context.Background(), fmt.Sprintf(`SELECT "%s" FROM "%s"`, strings.Join(columns, `", "`), table))
		if err != nil {
			st.t.Fatal(err)
		}
		h := sha256.New()
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				st.t.Fatal(err)
			}
			fmt.Fprintln(h, values...)
		}
		if err := rows.Err(); err != nil {
			st.t.Fatal(err)
		}
		rows.Close()
		sums[table] = hex.EncodeToString(h.Sum(nil))
	}
	if len(sums) < 20 {
		st.t.Fatalf("the database has the tables %v only", slices.Sorted(maps.Keys(sums)))
	}
	return sums
}

// columns returns the names of all columns of all tables, once each.
func (st *state) columns() []string {
	st.t.Helper()
	return st.column(`SELECT DISTINCT c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY c.name`)
}

// count returns what a query of one number answers.
func (st *state) count(query string, args ...any) (n int64) {
	st.t.Helper()
	if err := st.conn.QueryRowContext(context.Background(), query, args...).Scan(&n); err != nil {
		st.t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (st *state) column(query string) (list []string) {
	st.t.Helper()
	rows, err := st.conn.QueryContext(context.Background(), query)
	if err != nil {
		st.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			st.t.Fatal(err)
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		st.t.Fatal(err)
	}
	return list
}
