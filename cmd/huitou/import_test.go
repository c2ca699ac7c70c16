package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// execute runs one command and returns what it printed.
func execute(c *cobra.Command, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&errs)
	c.SetArgs(args)
	c.SilenceUsage, c.SilenceErrors = true, true
	err = c.ExecuteContext(context.Background())
	return out.String(), errs.String(), err
}

func importOrders(t *testing.T, args ...string) string {
	t.Helper()
	out, _, err := execute(newImport(openData), append([]string{"orders"}, args...)...)
	if err != nil {
		t.Fatalf("import orders %q: %v", args, err)
	}
	return out
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportOrdersAndReport(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	const names = "订单号,客户,时间,实付\n"
	const good = "A1,张三,2026-03-01,12.30\nA2,张三,2026-03-31 23:59:59,0\nA3,李四,2026/3/5 10:00,8\nA4,李四,2026-04-01,8\n"
	file := write(t, filepath.Join(dir, "三月.csv"), names+good+"A5,王五,2026-03-09,-1\nA1,张三,2026-03-01,99\n")
	refused := file + ".errors.csv"
	flags := []string{file, "--data", data, "--map", "number=订单号,member=客户,paid_at=时间,amount=实付"}

	if out := importOrders(t, flags...); !strings.Contains(out, "读取 6 行:新增 4,已有 0,拒绝 2") || !strings.Contains(out, refused) {
		t.Errorf("first run printed %q", out)
	}
	text, err := os.ReadFile(refused)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\ufeffline,column,reason,订单号,客户,时间,实付", "6,实付,is negative", "'-1", "7,订单号,line 2 has the same number"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the refused rows are %q, want %q in them", text, want)
		}
	}
	if out := importOrders(t, flags...); !strings.Contains(out, "新增 0,已有 4,拒绝 2") {
		t.Errorf("second run printed %q", out)
	}
	write(t, file, names+good+"A5,王五,2026-03-09,1\n")
	if out := importOrders(t, flags...); !strings.Contains(out, "新增 1,已有 4,拒绝 0") {
		t.Errorf("run of the mended file printed %q", out)
	}
	if _, err := os.Stat(refused); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the refused rows of the earlier run are still there: %v", err)
	}
	write(t, file, names+"A5,王五,2026-03-09,2\nA6,王五,2026-03-10,2\n")
	if out := importOrders(t, flags...); !strings.Contains(out, "新增 1,已有 0,拒绝 1") {
		t.Errorf("run with a changed order printed %q", out)
	}

	out, _, err := execute(newReport(openData), "repurchase", "--data", data, "--from", "2026-03-01", "--to", "2026-04-01", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var r map[string]any
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	fields := []string{"as_of", "buyers", "from", "order_rate", "orders", "repeat_buyers", "repeat_orders", "to", "user_rate", "zone"}
	if have := slices.Sorted(maps.Keys(r)); !slices.Equal(have, fields) {
		t.Errorf("the report has the fields %v, want %v", have, fields)
	}
	if r["from"] != "2026-03-01" || r["to"] != "2026-04-01" || r["zone"] != "Asia/Shanghai" || r["buyers"] != 3.0 || r["repeat_buyers"] != 2.0 ||
		r["user_rate"] != 2.0/3 || r["orders"] != 5.0 || r["repeat_orders"] != 2.0 || r["order_rate"] != 0.4 {
		t.Errorf("report = %s", out)
	}
	out, _, err = execute(newReport(openData), "repurchase", "--data", data, "--from", "2026-03-01", "--to", "2026-04-01")
	if err != nil || !strings.Contains(out, "用户复购率   66.67%  2 / 3") || !strings.Contains(out, "订单复购率   40.00%  2 / 5") {
		t.Errorf("report for people: %v\n%s", err, out)
	}
}

func TestImportBlankSeparatedByLine(t *testing.T) {
	data := t.TempDir()
	file := write(t, filepath.Join(t.TempDir(), "cd.txt"), " id  date n  value\r\n 00001 19970101  1   11.77\r\n 00002 19970112  1   12.00\r\n 00002 19970112  5    0.00\r\n")
	flags := []string{file, "--data", data, "--number", "line", "--map", "member=id,paid_at=date,amount=value"}
	if out := importOrders(t, flags...); !strings.Contains(out, "新增 3,已有 0,拒绝 0") {
		t.Errorf("first run printed %q", out)
	}
	if out := importOrders(t, flags...); !strings.Contains(out, "新增 0,已有 3,拒绝 0") {
		t.Errorf("second run printed %q", out)
	}
}

func TestImportAndReportRefuse(t *testing.T) {
	dir := t.TempDir()
	good := write(t, filepath.Join(dir, "good.csv"), "number,member,paid_at,amount\nA1,m1,2026-03-01,1\n")
	bad := write(t, filepath.Join(dir, "bad.csv"), "number,member,paid_at,amount\nA1,m1,2026-03-01,x\n")
	data := filepath.Join(dir, "data")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no file", []string{"import", "orders"}, "accepts 1 arg"},
		{"a file that is not there", []string{"import", "orders", filepath.Join(dir, "none.csv"), "--data", data}, "no such file"},
		{"a folder", []string{"import", "orders", dir, "--data", data}, "not a file"},
		{"no database", []string{"import", "orders", good}, "--data"},
		{"a bad mapping", []string{"import", "orders", good, "--data", data, "--map", "price=x"}, "unknown column"},
		{"a column that is not there", []string{"import", "orders", good, "--data", data, "--map", "member=who"}, `no column "who"`},
		{"a bad unit", []string{"import", "orders", good, "--data", data, "--amount-unit", "dollar"}, "yuan or fen"},
		{"a bad kind of number", []string{"import", "orders", good, "--data", data, "--number", "row"}, "column or line"},
		{"a number and no number", []string{"import", "orders", good, "--data", data, "--number", "line", "--map", "number=number"}, "exclude each other"},
		{"a bad source", []string{"import", "orders", good, "--data", data, "--source", "收银"}, "--source"},
		{"nothing but bad rows", []string{"import", "orders", bad, "--data", data}, "no row could be taken"},
		{"no days", []string{"report", "repurchase", "--data", data}, "required flag"},
		{"not a day", []string{"report", "repurchase", "--data", data, "--from", "2026-02-30", "--to", "2026-04-01"}, "--from: not a day"},
		{"an end before its beginning", []string{"report", "repurchase", "--data", data, "--from", "2026-04-01", "--to", "2026-03-01"}, "analytics.range_empty"},
	}
	for _, tt := range tests {
		root := &cobra.Command{Use: "huitou"}
		root.AddCommand(newImport(openData), newReport(openData))
		if _, _, err := execute(root, tt.args...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
