package db

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Check compares the server's settings with what durability and correctness rest on and returns every fault at once, each
// naming the setting. kill -9 cannot show a missing fsync (reliability.md E3), so the setting itself is asserted.
func (d *DB) Check(ctx context.Context) error {
	if d.driver == SQLite {
		return d.checkSQLite(ctx)
	}
	return d.checkMySQL(ctx)
}

func (d *DB) checkSQLite(ctx context.Context) error {
	var errs []error
	for _, want := range []struct{ pragma, value, why string }{
		{"journal_mode", "wal", "readers must not stop the writer"},
		{"synchronous", "2", "the last commits must survive a power cut"},
	} {
		var have string
		if err := d.pools[0].QueryRowContext(ctx, "PRAGMA "+want.pragma).Scan(&have); err != nil {
			errs = append(errs, fmt.Errorf("read %s: %w", want.pragma, err))
		} else if have != want.value {
			errs = append(errs, fmt.Errorf("sqlite %s is %q, want %q: %s", want.pragma, have, want.value, want.why))
		}
	}
	return errors.Join(errs...)
}

// maxSkew is how far the database's clock may be off ours before times in the two stop meaning the same.
const maxSkew = 2 * time.Second

func (d *DB) checkMySQL(ctx context.Context) error {
	var errs []error
	say := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	vars := map[string]string{}
	for _, name := range []string{"version", "sql_mode", "time_zone", "transaction_isolation", "tx_isolation", "innodb_flush_log_at_trx_commit",
		"innodb_doublewrite", "sync_binlog", "log_bin", "default_storage_engine", "wsrep_on"} {
		var key, value string
		// An unknown variable returns no row; the names differ within the family.
		if err := d.pools[0].QueryRowContext(ctx, "SHOW VARIABLES LIKE '"+name+"'").Scan(&key, &value); err == nil {
			vars[name] = value
		}
	}
	tidb := strings.Contains(vars["version"], "TiDB")
	if err := supported(vars["version"]); err != nil {
		errs = append(errs, err)
	}
	if mode := vars["sql_mode"]; !strings.Contains(mode, "STRICT_TRANS_TABLES") {
		say("sql_mode is %q, want STRICT_TRANS_TABLES: without it too large numbers are cut silently", mode)
	}
	if zone := vars["time_zone"]; zone != "+00:00" {
		say("time_zone is %q, want +00:00", zone)
	}
	if level := vars["transaction_isolation"] + vars["tx_isolation"]; !strings.Contains(level, "READ-COMMITTED") {
		say("transaction isolation is %q, want READ-COMMITTED", level)
	}
	if on := vars["wsrep_on"]; on == "ON" {
		say("wsrep_on is ON: Galera may lose commits and is not supported")
	}
	if !tidb {
		if v := vars["innodb_flush_log_at_trx_commit"]; v != "1" {
			say("innodb_flush_log_at_trx_commit is %q, want 1: otherwise a crash loses committed money", v)
		}
		if v := vars["innodb_doublewrite"]; v != "ON" && v != "1" && v != "DETECT_AND_RECOVER" {
			say("innodb_doublewrite is %q, want ON: otherwise a power cut can tear pages", v)
		}
		if vars["log_bin"] == "ON" && vars["sync_binlog"] != "1" {
			say("sync_binlog is %q while the binary log is on, want 1", vars["sync_binlog"])
		}
		if v := vars["default_storage_engine"]; v != "InnoDB" {
			say("default_storage_engine is %q, want InnoDB", v)
		}
	}
	if err := d.checkSkew(ctx); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (d *DB) checkSkew(ctx context.Context) error {
	var theirs time.Time
	before := d.Now()
	if err := d.pools[0].QueryRowContext(ctx, "SELECT UTC_TIMESTAMP(6)").Scan(&theirs); err != nil {
		return fmt.Errorf("read the database's clock: %w", err)
	}
	if skew := theirs.Sub(before).Abs(); skew > maxSkew {
		return fmt.Errorf("the database's clock differs from ours by %s, at most %s is allowed", skew.Round(time.Millisecond), maxSkew)
	}
	return nil
}

// supported accepts MySQL from 8.0.16 (older ones ignore CHECK), MariaDB from 10.6 and TiDB from 8.
func supported(version string) error {
	name, least := "MySQL", []int{8, 0, 16}
	number := version
	switch {
	case strings.Contains(version, "MariaDB"):
		name, least = "MariaDB", []int{10, 6, 0}
		number = strings.TrimPrefix(version, "5.5.5-") // old replication prefix
	case strings.Contains(version, "TiDB"):
		name, least = "TiDB", []int{8, 0, 0}
		_, number, _ = strings.Cut(version, "TiDB-v")
	}
	parts := strings.FieldsFunc(number, func(r rune) bool { return r == '.' || r == '-' })
	for i, want := range least {
		have := 0
		if i < len(parts) {
			have, _ = strconv.Atoi(parts[i])
		}
		if have > want {
			return nil
		}
		if have < want {
			return fmt.Errorf("version is %s %s, want at least %d.%d.%d", name, number, least[0], least[1], least[2])
		}
	}
	return nil
}
