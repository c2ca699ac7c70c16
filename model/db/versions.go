package db

import (
	"context"
	"fmt"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// versionTable is goose's store for SQLite with a real look whether its table exists. Without one goose reads the time of
// the first migration instead, which SQLite writes by itself and not in the one form that our connections read.
type versionTable struct{ database.Store }

func newVersionTable() (database.Store, error) {
	s, err := database.NewStore(goose.DialectSQLite3, goose.DefaultTablename)
	if err != nil {
		return nil, fmt.Errorf("make the store of schema versions: %w", err)
	}
	return versionTable{s}, nil
}

// TableExists reports whether any migration ever ran on this file.
func (v versionTable) TableExists(ctx context.Context, c database.DBTxConn) (bool, error) {
	var n int
	err := c.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?", v.Tablename()).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for the table of schema versions: %w", err)
	}
	return n > 0, nil
}
