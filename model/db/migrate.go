package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// ErrNewerSchema means that the database was migrated by a newer program. An old program must not write into it.
var ErrNewerSchema = errors.New("the database has a newer schema than this program knows; start the newer program")

// ErrPendingMigrations means that the schema is older than this program.
var ErrPendingMigrations = errors.New("the database has an older schema; run `huitou migrate`")

// Migrate brings the schema up to date, forward only. Programs that migrate one MySQL database at once take turns. It
// refuses a schema that is newer than the program.
func (d *DB) Migrate(ctx context.Context) error {
	if d.driver == MySQL {
		release, err := d.lockMigration(ctx)
		if err != nil {
			return err
		}
		defer release()
	}
	if err := d.CheckSchema(ctx); !errors.Is(err, ErrPendingMigrations) {
		return err
	}
	p, err := d.goose()
	if err != nil {
		return err
	}
	done, err := p.Up(ctx)
	for _, r := range done {
		d.log.InfoContext(ctx, "migrated", "file", r.Source.Path, "took", r.Duration)
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// CheckSchema returns ErrPendingMigrations or ErrNewerSchema when the schema is not exactly the program's. It only reads, so
// that a health check may call it.
func (d *DB) CheckSchema(ctx context.Context) error {
	newest, count, err := d.embedded()
	if err != nil {
		return err
	}
	var have, applied int64
	row := d.pools[len(d.pools)-1].QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0), COUNT(*) FROM goose_db_version WHERE version_id > 0 AND is_applied`)
	switch err := row.Scan(&have, &applied); {
	case noTable(err):
		return ErrPendingMigrations
	case err != nil:
		return fmt.Errorf("read the schema's version: %w", err)
	case have > newest:
		return fmt.Errorf("%w (database %d, program %d)", ErrNewerSchema, have, newest)
	case applied < count:
		return ErrPendingMigrations
	}
	return nil
}

// embedded returns the newest version among the program's migrations, and their number.
func (d *DB) embedded() (newest, count int64, err error) {
	files, err := fs.Glob(migrations, "migrations/"+string(d.driver)+"/*.sql")
	if err != nil {
		return 0, 0, fmt.Errorf("read the migrations: %w", err)
	}
	for _, f := range files {
		v, err := goose.NumericComponent(f)
		if err != nil {
			return 0, 0, fmt.Errorf("read the migrations: %w", err)
		}
		newest = max(newest, v)
	}
	return newest, int64(len(files)), nil
}

func (d *DB) goose() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/"+string(d.driver))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	opts := []goose.ProviderOption{goose.WithSlog(slog.New(slog.DiscardHandler)), goose.WithDisableGlobalRegistry(true)}
	dialect := goose.DialectMySQL
	if d.driver == SQLite {
		store, err := newVersionTable()
		if err != nil {
			return nil, err
		}
		dialect, opts = goose.DialectCustom, append(opts, goose.WithStore(store))
	}
	p, err := goose.NewProvider(dialect, d.pools[0], dir, opts...)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	// The provider's Close would close our pool, so it is never called.
	return p, nil
}
