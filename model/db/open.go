package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Driver names a kind of database.
type Driver string

// The databases that Huitou runs on. MariaDB and TiDB speak MySQL.
const (
	SQLite Driver = "sqlite"
	MySQL  Driver = "mysql"
)

// Options says which database to open and how.
type Options struct {
	Driver Driver
	// Path of the SQLite file; its folder is made when missing.
	Path string
	// DSN of MySQL as go-sql-driver reads it, "user:password@tcp(host:3306)/huitou". Settings that
	// correctness rests on (UTC, strict mode, READ COMMITTED, found rows) are set by Open and win.
	DSN string
	// MaxOpen is the number of connections; 0 means 32 for MySQL and 4 readers for SQLite.
	MaxOpen int
	// Now is the clock; required.
	Now func() time.Time
	// Log gets slow statements without their values; nil discards.
	Log *slog.Logger
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	driver Driver
	write  *gorm.DB
	read   *gorm.DB // the same as write on MySQL
	pools  []*sql.DB
	now    func() time.Time
	log    *slog.Logger
}

// Open connects and checks that the server answers. It does not migrate and does not check the settings: see
// Migrate and Check.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Now == nil {
		return nil, errors.New("db: Options.Now is required")
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	d := &DB{driver: o.Driver, now: o.Now, log: log}
	switch o.Driver {
	case SQLite:
		if o.Path == "" {
			return nil, errors.New("db: Options.Path is required for SQLite")
		}
		if err := os.MkdirAll(filepath.Dir(o.Path), 0o700); err != nil {
			return nil, fmt.Errorf("make the folder of the database: %w", err)
		}
		if err := d.openSQLite(o); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	case MySQL:
		if err := d.openMySQL(o); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	default:
		return nil, fmt.Errorf("db: unknown driver %q", o.Driver)
	}
	if err := d.Ping(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	for _, p := range d.pools {
		if err := p.PingContext(ctx); err != nil {
			return fmt.Errorf("reach the database: %w", err)
		}
	}
	return nil
}

// Close closes every connection.
func (d *DB) Close() error {
	var errs []error
	for _, p := range d.pools {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

// Driver returns the kind of the database.
func (d *DB) Driver() Driver { return d.driver }

// Now reads the clock as every transaction does: UTC, cut to the microsecond that the databases keep. MySQL would
// round instead of cut, and a rounded instant can lie in the future.
func (d *DB) Now() time.Time { return d.now().UTC().Truncate(time.Microsecond) }

// Stats returns the counters of the connection pool that writes.
func (d *DB) Stats() sql.DBStats { return d.pools[0].Stats() }

func (d *DB) gormConfig() *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true, // Do opens transactions, nothing else
		NowFunc:                d.Now,
		Logger:                 slowLog{d.log},
		TranslateError:         false,
	}
}

// slowLog reports slow statements by their shape only: values are personal data (threat T34).
type slowLog struct{ log *slog.Logger }

func (s slowLog) LogMode(logger.LogLevel) logger.Interface { return s }
func (s slowLog) Info(context.Context, string, ...any)     {}
func (s slowLog) Warn(context.Context, string, ...any)     {}
func (s slowLog) Error(context.Context, string, ...any)    {}

// ParamsFilter drops the values before GORM writes a statement out.
func (s slowLog) ParamsFilter(_ context.Context, q string, _ ...any) (string, []any) { return q, nil }

func (s slowLog) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), _ error) {
	if took := time.Since(begin); took > 500*time.Millisecond {
		q, rows := statement()
		s.log.WarnContext(ctx, "slow statement", "sql", q, "rows", rows, "took", took)
	}
}
