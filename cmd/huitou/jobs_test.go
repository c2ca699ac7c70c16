package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/service/jobs"
)

// Whoever runs the program sees what was given up, and has it run again.
func TestJobsCommand(t *testing.T) {
	dir := t.TempDir()
	open := func() (*app.App, error) {
		s, err := embedded(dir, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		return app.New(t.Context(), s)
	}
	run := func(args ...string) (string, error) {
		t.Helper()
		var out bytes.Buffer
		c := newJobs(func(context.Context, *cobra.Command) (*app.App, error) { return open() })
		c.SilenceUsage, c.SilenceErrors = true, true
		c.SetOut(&out)
		c.SetErr(&out)
		c.SetArgs(args)
		err := c.ExecuteContext(t.Context())
		return out.String(), err
	}
	a, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.DB.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out, err := run("list"); err != nil || out != "已放弃的任务 0 个\n" {
		t.Errorf("of none: %q, %v", out, err)
	}
	at := time.Date(2026, 11, 20, 4, 5, 0, 0, time.UTC)
	err = a.DB.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
		for i := range 3 {
			j := model.Job{Kind: "tags.push", Args: "{}", State: model.JobDead, RunAt: at, Attempts: jobs.MaxAttempts, CreatedAt: at, FinishedAt: &at,
				LastError: fmt.Sprintf("WeChat says\n no %d", i)}
			if _, err := tx.Insert(&j); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := run("list"); err != nil || !strings.Contains(strings.Join(strings.Fields(out), " "), "tags.push 3 2026-11-20 12:05 2026-11-20 12:05 WeChat says no 2 ") {
		t.Errorf("list: %s, %v", out, err)
	}
	if out, err := run("list", "--kind", "tags.push", "--limit", "2"); err != nil || strings.Count(out, "\n") != 3 || !strings.Contains(out, "WeChat says no 1") {
		t.Errorf("one by one: %s, %v", out, err)
	}
	for _, args := range [][]string{{"retry", "--note", "x"}, {"retry", "--id", "1"}, {"retry", "--id", "1", "--kind", "tags.push", "--note", "x"},
		{"retry", "--kind", "tags.push", "--limit", "0", "--note", "x"}, {"list", "--limit", "0"}} {
		if out, err := run(args...); err == nil {
			t.Errorf("%v was taken: %s", args, out)
		}
	}
	if out, err := run("retry", "--id", "2", "--note", "已恢复"); err != nil || out != "1 个任务重新等待运行\n" {
		t.Errorf("one: %q, %v", out, err)
	}
	if _, err := run("retry", "--id", "2", "--note", "已恢复"); !errors.Is(err, jobs.ErrNotDead) {
		t.Errorf("again: %v", err)
	}
	if out, err := run("retry", "--kind", "tags.push", "--note", "已恢复"); err != nil || out != "2 个任务重新等待运行\n" {
		t.Errorf("the others: %q, %v", out, err)
	}
	if broken, err := audit.Run(t.Context(), a.DB, audit.Invariants()); err != nil || len(broken) > 0 {
		t.Errorf("invariants: %v, %v", broken, err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
