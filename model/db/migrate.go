package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// ErrNewerSchema means that the database was migrated by a newer program. An old program must not write into it.
var ErrNewerSchema = errors.New("the database has a newer schema than this program knows; start the newer program")

// ErrPendingMigrations means that the schema is older than this program.
var ErrPendingMigrations = errors.New("the database has an older schema; run `huitou migrate`")

// Migrate brings the schema up to date, forward only. Two programs that migrate at once take turns (MySQL: GET_LOCK).
// It refuses a schema that is newer than the program.
func (d *DB) Migrate(ctx context.Context) error {
	p, err := d.goose()
	if err != nil {
		return err
	}
	if err := d.refuseNewer(ctx, p); err != nil {
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

// CheckSchema returns ErrPendingMigrations or ErrNewerSchema when the schema is not exactly the program's.
func (d *DB) CheckSchema(ctx context.Context) error {
	p, err := d.goose()
	if err != nil {
		return err
	}
	if err := d.refuseNewer(ctx, p); err != nil {
		return err
	}
	pending, err := p.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if pending {
		return ErrPendingMigrations
	}
	return nil
}

func (d *DB) refuseNewer(ctx context.Context, p *goose.Provider) error {
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if have > want {
		return fmt.Errorf("%w (database %d, program %d)", ErrNewerSchema, have, want)
	}
	return nil
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
	} else {
		opts = append(opts, goose.WithSessionLocker(namedLock{}))
	}
	p, err := goose.NewProvider(dialect, d.pools[0], dir, opts...)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	// The provider's Close would close our pool, so it is never called.
	return p, nil
}

var _ lock.SessionLocker = namedLock{}
