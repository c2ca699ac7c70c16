package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/service/members"
)

func TestImportPoints(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	orders := write(t, filepath.Join(dir, "orders.csv"), "number,member,paid_at,amount\nA1,张三,2026-03-01,1\nA2,李四,2026-03-01,1\n")
	importOrders(t, orders, "--data", data, "--source", "pos")
	run := func(args ...string) (string, error) {
		out, _, err := execute(newImport(openData), append([]string{"points"}, args...)...)
		return out, err
	}
	file := write(t, filepath.Join(dir, "积分.csv"), "客户,积分,有效期\n张三,120,2099-12-31\n李四,0,\n王五,8,\n李四,-3,\n")
	flags := []string{file, "--data", data, "--by", "external", "--external-source", "pos", "--map", "member=客户,points=积分,expires_at=有效期"}
	for i, want := range []string{"新增 1,已有 1,拒绝 2", "新增 1,已有 1,拒绝 2", "新增 1,已有 1,拒绝 2", "新增 0,已有 2,拒绝 2"} {
		args := flags
		if i < 2 { // twice in vain: nothing is stored
			args = append(slices.Clone(args), "--dry-run")
		}
		out, err := run(args...)
		if err != nil || !strings.Contains(out, want) || strings.Contains(out, "试运行") != (i < 2) {
			t.Errorf("run %d printed %q, %v; want %s", i+1, out, err, want)
		}
	}
	text, err := os.ReadFile(file + ".errors.csv")
	if err != nil || !strings.Contains(string(text), "4,客户,nobody has this external,王五") || !strings.Contains(string(text), "5,积分,is negative") {
		t.Errorf("refused rows %q, %v", text, err)
	}
	write(t, file, "客户,积分,有效期\n张三,121,2099-12-31\n李四,4,\n")
	if out, err := run(flags...); err != nil || !strings.Contains(out, "新增 1,已有 0,拒绝 1") {
		t.Errorf("a changed file printed %q, %v", out, err)
	}

	out, _, err := execute(newReport(openData), "liability", "--data", data, "--csv")
	if want := "\ufeff到期月份,可用积分,待生效积分,合计积分,成本(元)\r\n2099-12,120,0,120,1.20\r\n永不过期,4,0,4,0.04\r\n合计,124,0,124,1.24\r\n"; err != nil || out != want {
		t.Errorf("the liability is %q, %v, want %q", out, err, want)
	}
}

// A member may be named by his number or phone too; a dry run of many batches counts as the run itself will.
func TestImportPointsByNumberAndPhone(t *testing.T) {
	_, open := demoData(t, 2)
	a, err := open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var number string
	err = a.DB.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		id, _, err := a.Members.EnsureTx(ctx, tx, members.Ref{Phone: "13800001234"})
		if err != nil {
			return err
		}
		var row model.Member
		err = tx.Gorm().Where("id = ?", id).Take(&row).Error
		number = row.Number
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	many := "member,points\n138-0000-1234,5\n"
	for i := range 1500 {
		many += fmt.Sprintf("199%08d,1\n", i)
	}
	phones := write(t, filepath.Join(dir, "phones.csv"), many+"+86 13800001234,5\n8613800001234,6\n")
	for _, args := range [][]string{{"--dry-run"}, nil} {
		out, _, err := execute(newImport(open), append([]string{"points", phones, "--by", "phone"}, args...)...)
		if err != nil || !strings.Contains(out, "读取 1,503 行:新增 1,已有 1,拒绝 1,501") {
			t.Errorf("%v printed %q, %v", args, out, err)
		}
	}
	numbers := write(t, filepath.Join(dir, "numbers.csv"), "member,points\n"+number+",7\n会员,7\n")
	if out, _, err := execute(newImport(open), "points", numbers, "--source", "card"); err != nil || !strings.Contains(out, "新增 1,已有 0,拒绝 1") {
		t.Errorf("by number: %q, %v", out, err)
	}
	if a, err = open(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if broken, err := audit.Run(t.Context(), a.DB, a.Invariants()); err != nil || len(broken) > 0 {
		t.Errorf("audit: %v, %v", broken, err)
	}
}

func TestImportPointsRefuses(t *testing.T) {
	good := write(t, filepath.Join(t.TempDir(), "good.csv"), "member,points\n1,1\n")
	for _, tt := range []struct{ args, want string }{
		{"--by name", "--by"}, {"--source 旧", "--source"}, {"--external-source ,", "--external-source"}, {"--map phone=x", "unknown column"}, {"--map member=who", `no column "who"`},
	} {
		_, _, err := execute(newImport(openData), append([]string{"points", good, "--data", t.TempDir()}, strings.Fields(tt.args)...)...)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.args, err, tt.want)
		}
	}
}
