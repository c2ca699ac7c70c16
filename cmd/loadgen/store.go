package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	mysqldriver "github.com/go-sql-driver/mysql"

	"huitou/model/db"
	"huitou/model/random"
)

// store makes a new database for each load: on a MySQL server, or as a file in a folder.
type store struct {
	dsn    string // of the server; the database that it names is not used
	folder string // of SQLite files, when dsn is empty
}

// create makes an empty database and returns how to open and how to drop it.
func (s store) create(ctx context.Context) (o db.Options, drop func() error, err error) {
	name := "huitou_load_" + random.ID()
	if s.dsn == "" {
		dir := filepath.Join(s.folder, name)
		return db.Options{Driver: db.SQLite, Path: filepath.Join(dir, "huitou.db")}, func() error { return os.RemoveAll(dir) }, nil
	}
	cfg, err := mysqldriver.ParseDSN(s.dsn)
	if err != nil {
		return o, nil, errors.New("--dsn is not like user:password@tcp(host:3306)/")
	}
	if err := s.exec(ctx, "CREATE DATABASE `"+name+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
		return o, nil, fmt.Errorf("create a database for the load: %w", err)
	}
	cfg.DBName = name
	drop = func() error {
		// The load may have been broken off; its database goes all the same.
		if err := s.exec(context.WithoutCancel(ctx), "DROP DATABASE `"+name+"`"); err != nil {
			return fmt.Errorf("drop %s: %w", name, err)
		}
		return nil
	}
	return db.Options{Driver: db.MySQL, DSN: cfg.FormatDSN()}, drop, nil
}

func (s store) exec(ctx context.Context, statement string) error {
	server, err := s.server()
	if err != nil {
		return err
	}
	defer server.Close()
	_, err = server.ExecContext(ctx, statement)
	return err
}

func (s store) server() (*sql.DB, error) {
	cfg, err := mysqldriver.ParseDSN(s.dsn)
	if err != nil {
		return nil, errors.New("--dsn is not like user:password@tcp(host:3306)/")
	}
	cfg.DBName = ""
	return sql.Open("mysql", cfg.FormatDSN())
}

// describe says on what the load runs, and refuses a data folder in memory, where fsync costs nothing and figures mean nothing.
func (s store) describe(ctx context.Context) (string, error) {
	where, text := s.folder, "SQLite, synchronous=FULL"
	if s.dsn != "" {
		server, err := s.server()
		if err != nil {
			return "", err
		}
		defer server.Close()
		var version, flush string
		err = server.QueryRowContext(ctx, "SELECT VERSION(), @@innodb_flush_log_at_trx_commit, @@datadir").Scan(&version, &flush, &where)
		if err != nil {
			return "", fmt.Errorf("ask the server: %w", err)
		}
		text = fmt.Sprintf("%s, innodb_flush_log_at_trx_commit=%s", version, flush)
	}
	if strings.HasPrefix(where, "/dev/shm") {
		return "", fmt.Errorf("the data folder %s is in memory; figures count on a disk only", where)
	}
	return text + ", data in " + where, nil
}
