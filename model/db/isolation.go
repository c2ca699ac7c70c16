package db

import (
	"context"
	"database/sql/driver"
)

// isolation makes sure that every new MySQL connection has READ COMMITTED. The variable has two names in the
// family: transaction_isolation (MySQL 8, TiDB, MariaDB from 11.1) and tx_isolation (MariaDB 10), and setting an unknown one fails
// the connection; the SQL statement is the same everywhere.
type isolation struct{ driver.Connector }

func (i isolation) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := i.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	const set = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
	if _, err := c.(driver.ExecerContext).ExecContext(ctx, set, nil); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}
