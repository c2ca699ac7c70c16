package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// lockMigration takes the lock under which one program at a time migrates this MySQL database. It covers the look at the version
// as well as the migrations, since goose's own lock leaves the making of its version table out.
func (d *DB) lockMigration(ctx context.Context) (release func(), err error) {
	c, err := d.pools[0].Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("take the migration lock: %w", err)
	}
	// Lock names are the server's, so the database is part of the name; MD5 because names have at most 64 characters.
	const name = "CONCAT('huitou_migrate_', MD5(DATABASE()))"
	var got sql.NullInt64
	err = c.QueryRowContext(ctx, "SELECT GET_LOCK("+name+", 60)").Scan(&got)
	if err == nil && got.Int64 != 1 {
		err = errors.New("another program has been migrating this database for a minute")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("take the migration lock: %w", err), c.Close())
	}
	return func() {
		// A connection that cannot give the lock back is closed for good, which frees it too.
		if _, err := c.ExecContext(context.WithoutCancel(ctx), "SELECT RELEASE_LOCK("+name+")"); err != nil {
			_ = c.Raw(func(any) error { return driver.ErrBadConn })
		}
		c.Close()
	}, nil
}
