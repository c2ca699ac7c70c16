package rooms

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm/schema"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
)

// column is what a migrated schema says of one column.
type column struct {
	kind     string // text, integer, time, bool
	nullable bool
}

// tables reads every table with its columns.
func tables(t *testing.T, d *db.DB) map[string]map[string]column {
	t.Helper()
	type row struct {
		Tbl, Col, Kind string
		Nullable       bool
	}
	query := `SELECT table_name AS tbl, column_name AS col, data_type AS kind, is_nullable = 'YES' AS nullable
		FROM information_schema.columns WHERE table_schema = DATABASE()`
	if d.Driver() == db.SQLite {
		query = `SELECT m.name AS tbl, c.name AS col, c.type AS kind, (c."notnull" = 0 AND c.pk = 0) AS nullable
			FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`
	}
	var rows []row
	err := d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Raw(query).Scan(&rows).Error })
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]column{}
	for _, r := range rows {
		if out[r.Tbl] == nil {
			out[r.Tbl] = map[string]column{}
		}
		out[r.Tbl][r.Col] = column{kindOf(r.Kind), r.Nullable}
	}
	return out
}

func kindOf(declared string) string {
	switch low := strings.ToLower(declared); {
	case strings.Contains(low, "bool"), low == "tinyint":
		return "bool"
	case strings.Contains(low, "int"):
		return "integer"
	case strings.Contains(low, "date") && low != "date", strings.Contains(low, "timestamp"):
		return "time"
	case strings.Contains(low, "char"), strings.Contains(low, "text"), low == "date":
		return "text"
	case strings.Contains(low, "blob"), strings.Contains(low, "binary"):
		return "bytes"
	}
	return declared
}

// wanted says what column a Go type is kept in.
func wanted(typ reflect.Type) (kind string, nullable bool) {
	if typ.Kind() == reflect.Pointer {
		kind, _ = wanted(typ.Elem())
		return kind, true
	}
	switch {
	case typ == reflect.TypeFor[time.Time]():
		return "time", false
	case typ == reflect.TypeFor[model.Day]():
		return "text", false // a DATE on MySQL; nullable where there may be no day
	case typ == reflect.TypeFor[[]byte]():
		return "bytes", false
	}
	switch typ.Kind() {
	case reflect.String:
		return "text", false
	case reflect.Bool:
		return "bool", false
	case reflect.Int, reflect.Int64, reflect.Int32:
		return "integer", false
	}
	return typ.String(), false
}

// A row struct and its table must have the same columns of the same kinds on both databases; otherwise a write would fail or a
// value be lost at run time.
func TestRowStructsFitBothSchemas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		have := tables(t, d)
		seen := map[string]bool{"goose_db_version": true, "idempotency_keys": true} // kept by model/db itself
		for _, row := range model.Rows {
			s, err := schema.Parse(row, &sync.Map{}, schema.NamingStrategy{})
			if err != nil {
				t.Fatal(err)
			}
			seen[s.Table] = true
			cols, exists := have[s.Table]
			if !exists {
				t.Errorf("%T: there is no table %s", row, s.Table)
				continue
			}
			fields := map[string]bool{}
			for _, f := range s.Fields {
				if f.DBName == "" {
					continue
				}
				fields[f.DBName] = true
				c, exists := cols[f.DBName]
				if !exists {
					t.Errorf("%T.%s: %s has no column %s", row, f.Name, s.Table, f.DBName)
					continue
				}
				kind, nullable := wanted(f.FieldType)
				if c.kind != kind && !(kind == "bytes" && c.kind == "text") {
					t.Errorf("%T.%s is %s, %s.%s is %s", row, f.Name, kind, s.Table, f.DBName, c.kind)
				}
				if c.nullable != nullable && f.FieldType != reflect.TypeFor[model.Day]() {
					t.Errorf("%T.%s: nullable is %t in the struct, %t in %s.%s", row, f.Name, nullable, c.nullable, s.Table, f.DBName)
				}
			}
			for _, name := range slices.Sorted(maps.Keys(cols)) {
				if !fields[name] {
					t.Errorf("%T does not hold column %s.%s", row, s.Table, name)
				}
			}
		}
		for _, table := range slices.Sorted(maps.Keys(have)) {
			if !seen[table] {
				t.Errorf("table %s has no row struct in model.Rows", table)
			}
		}
	})
}

// The two dialects must agree in tables and columns, so that an audit query means the same on both.
func TestTheDialectsAgree(t *testing.T) {
	mysql, _ := dbtest.MySQL(t)
	sqlite, _ := dbtest.SQLite(t)
	a, b := describe(tables(t, sqlite)), describe(tables(t, mysql))
	for _, line := range a {
		if !slices.Contains(b, line) {
			t.Errorf("only SQLite has %s", line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			t.Errorf("only MySQL has %s", line)
		}
	}
}

func describe(all map[string]map[string]column) (lines []string) {
	for table, cols := range all {
		if table == "goose_db_version" {
			continue
		}
		for name, c := range cols {
			lines = append(lines, fmt.Sprintf("%s.%s %s nullable=%t", table, name, c.kind, c.nullable))
		}
	}
	slices.Sort(lines)
	return lines
}

// MySQL's unique keys and case: openids, codes and tokens differ by case alone (wechat.md §7.3).
func TestIdentifiersAreCaseSensitiveOnMySQL(t *testing.T) {
	d, _ := dbtest.MySQL(t)
	var loose []string
	err := d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Raw(`SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns
			WHERE table_schema = DATABASE() AND table_name <> 'goose_db_version' AND collation_name IS NOT NULL AND collation_name NOT LIKE '%\_bin'`).Scan(&loose).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range loose {
		t.Errorf("%s compares without regard to case", c)
	}
}
