package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// namedLock is the session lock under which one program at a time migrates.
type namedLock struct{}

const lockName = "huitou_migrate"

func (namedLock) SessionLock(ctx context.Context, c *sql.Conn) error {
	var got sql.NullInt64
	if err := c.QueryRowContext(ctx, "SELECT GET_LOCK(?, 60)", lockName).Scan(&got); err != nil {
		return fmt.Errorf("take the migration lock: %w", err)
	}
	if got.Int64 != 1 {
		return errors.New("another program has been migrating this database for a minute")
	}
	return nil
}

func (namedLock) SessionUnlock(ctx context.Context, c *sql.Conn) error {
	if _, err := c.ExecContext(ctx, "SELECT RELEASE_LOCK(?)", lockName); err != nil {
		return fmt.Errorf("give the migration lock back: %w", err)
	}
	return nil
}
