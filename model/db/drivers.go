package db

// This is the one file that names the drivers.

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/ncruces/go-sqlite3"
	sqlitedriver "github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/gormlite"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"
)

// sqliteTime writes instants with a fixed width, so that text order is time order.
const sqliteTime = "2006-01-02T15:04:05.000000Z07:00"

func (d *DB) openSQLite(o Options) error {
	dsn := func(more ...string) string {
		q := url.Values{"_timefmt": {sqliteTime}, "modeof": {o.Path}} // the log beside the file has its rights
		q["_pragma"] = append([]string{
			"busy_timeout(10000)", "journal_mode(wal)", "synchronous(full)", "foreign_keys(0)", "cache_size(-8000)",
		}, more...)
		if len(more) == 0 {
			q.Set("_txlock", "immediate")
		}
		return "file:" + (&url.URL{Path: o.Path}).EscapedPath() + "?" + q.Encode()
	}
	if err := private(o.Path); err != nil {
		return err
	}
	writer, err := sqlitedriver.Open(dsn())
	if err != nil {
		return fmt.Errorf("open %s: %w", o.Path, err)
	}
	d.pools = append(d.pools, writer)
	writer.SetMaxOpenConns(1) // SQLite has one writer; waiting in the pool is cheaper than SQLITE_BUSY
	writer.SetMaxIdleConns(1)
	if err := writer.Ping(); err != nil { // makes the file, so that the readers find it
		return fmt.Errorf("open %s: %w", o.Path, err)
	}
	readers, err := sqlitedriver.Open(dsn("query_only(1)"))
	if err != nil {
		return fmt.Errorf("open %s for reading: %w", o.Path, err)
	}
	d.pools = append(d.pools, readers)
	n := o.MaxOpen
	if n == 0 {
		n = 4
	}
	readers.SetMaxOpenConns(n)
	readers.SetMaxIdleConns(n)
	readers.SetConnMaxIdleTime(time.Minute)
	if d.write, err = gorm.Open(gormlite.OpenDB(writer), d.gormConfig()); err != nil {
		return fmt.Errorf("open %s: %w", o.Path, err)
	}
	if d.read, err = gorm.Open(gormlite.OpenDB(readers), d.gormConfig()); err != nil {
		return fmt.Errorf("open %s for reading: %w", o.Path, err)
	}
	return nil
}

func (d *DB) openMySQL(o Options) error {
	cfg, err := mysqldriver.ParseDSN(o.DSN)
	if err != nil {
		return errors.New("db: the DSN is not one that go-sql-driver/mysql reads (its text is not shown, it holds a password)")
	}
	cfg.ParseTime = true
	cfg.Loc = time.UTC
	cfg.ClientFoundRows = true   // a conditional UPDATE counts the rows it matched (reliability.md E12)
	cfg.InterpolateParams = true // one round trip a statement, no limit of 65,535 placeholders
	cfg.RejectReadOnly = true    // a failed-over server drops the connection instead of refusing writes for ever (T43)
	cfg.MultiStatements = false
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.ReadTimeout == 0 {
		cfg.ReadTimeout = 30 * time.Second
	}
	if cfg.WriteTimeout == 0 {
		cfg.WriteTimeout = 30 * time.Second
	}
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	cfg.Params["time_zone"] = "'+00:00'"
	cfg.Params["sql_mode"] = "'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
	cfg.Params["innodb_lock_wait_timeout"] = "5"
	if err := cfg.Apply(mysqldriver.Charset("utf8mb4", "utf8mb4_bin")); err != nil {
		return fmt.Errorf("set the character set: %w", err)
	}
	connector, err := mysqldriver.NewConnector(cfg)
	if err != nil {
		return errors.New("db: the DSN cannot be used (its text is not shown, it holds a password)")
	}
	pool := sql.OpenDB(isolation{connector})
	d.pools = append(d.pools, pool)
	n := o.MaxOpen
	if n == 0 {
		n = 32
	}
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	pool.SetConnMaxLifetime(30 * time.Minute)
	if d.write, err = gorm.Open(gormmysql.New(gormmysql.Config{Conn: pool, SkipInitializeWithVersion: true}), d.gormConfig()); err != nil {
		return fmt.Errorf("open MySQL: %w", err)
	}
	d.read = d.write
	return nil
}

// mysqlError returns the number of a MySQL error, or 0.
func mysqlError(err error) uint16 {
	var e *mysqldriver.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// IsDuplicate reports whether a statement was refused by a unique key. The statement has had no effect and the
// transaction goes on, on both databases.
func IsDuplicate(err error) bool {
	return mysqlError(err) == 1062 ||
		errors.Is(err, sqlite3.CONSTRAINT_UNIQUE) || errors.Is(err, sqlite3.CONSTRAINT_PRIMARYKEY)
}

// noTable reports whether a query failed because its table does not exist.
func noTable(err error) bool {
	return mysqlError(err) == 1146 || err != nil && errors.Is(err, sqlite3.ERROR) && strings.Contains(err.Error(), "no such table")
}

// retryable reports whether the whole closure may run again: nothing of it was committed.
func retryable(err error) bool {
	switch mysqlError(err) {
	case 1213, 1205, 1020: // deadlock, lock wait, record changed since snapshot
		return true
	}
	return errors.Is(err, sqlite3.BUSY) || errors.Is(err, sqlite3.LOCKED) || lostConnection(err)
}

func lostConnection(err error) bool {
	return errors.Is(err, mysqldriver.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn)
}

// readOnly reports whether the server refuses writes now, as after a failover.
func readOnly(err error) bool {
	switch mysqlError(err) {
	case 1290, 1792, 1836:
		return true
	}
	return errors.Is(err, sqlite3.READONLY) || errors.Is(err, sqlite3.FULL) || errors.Is(err, sqlite3.IOERR)
}
