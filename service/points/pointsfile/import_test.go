package pointsfile

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/sheet"
)

var now = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

// file is a refused file in memory.
type file struct{ bytes.Buffer }

func (*file) Close() error { return nil }

func read(t *testing.T, text string, m Mapping) (rows []Row, refused string, done sheet.Progress) {
	t.Helper()
	var out file
	done, err := Import(t.Context(), strings.NewReader(text), int64(len(text)), m, model.Shanghai, now,
		sheet.Options{Refused: func() (io.WriteCloser, error) { return &out, nil }},
		func(_ context.Context, batch []Row) (sheet.Stored, error) {
			rows = append(rows, batch...)
			return sheet.Stored{New: len(batch)}, nil
		})
	if err != nil {
		t.Fatal(err)
	}
	return rows, out.String(), done
}

func TestImport(t *testing.T) {
	m, err := ParseMapping("member=会员,points=积分,expires_at=有效期")
	if err != nil {
		t.Fatal(err)
	}
	rows, refused, done := read(t, "会员,姓名,积分,有效期\n"+
		"1,甲,100,2027-12-31\n"+
		"2,乙,0,\n"+
		"3,丙,7,2027/12/31 23:59:59\n"+
		"4,丁,1000000000,2026-11-21\n"+
		"5,戊,5,9999-12-31\n"+
		"1,甲,100,2027年12月31日\n"+
		"1,甲,101,2027-12-31\n", m)
	end := time.Date(2027, 12, 31, 16, 0, 0, 0, time.UTC)
	want := []Row{{2, "1", 100, end}, {3, "2", 0, time.Time{}}, {4, "3", 7, end}, {5, "4", 1e9, time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)}, {6, "5", 5, time.Time{}}}
	if !slices.Equal(rows, want) {
		t.Errorf("rows %v, want %v", rows, want)
	}
	if done.New != 5 || done.Known != 1 || done.Refused != 1 || !strings.Contains(refused, "8,会员,line 2 has the same member and another content") {
		t.Errorf("%+v, refused %q", done, refused)
	}
}

func TestImportRefusesRows(t *testing.T) {
	m := Mapping{"member", "points", "end"}
	for _, tt := range []struct{ row, column, reason string }{
		{",5,", "member", "empty"},
		{"1.38E+10,5,", "member", "last digits are lost"},
		{strings.Repeat("x", 129) + ",5,", "member", "1 to 128 bytes"},
		{"1,,", "points", "empty"},
		{"1,-5,", "points", "negative"},
		{"1,1.5,", "points", "whole number"},
		{"1,\"1,500\",", "points", "whole number"},
		{"1,+5,", "points", "whole number"},
		{"1,１２,", "points", "full-width"},
		{"1,1E+5,", "points", "last digits are lost"},
		{"1,1000000001,", "points", "more than"},
		{"1,99999999999999999999,", "points", "more than"},
		{"1,五,", "points", "whole number"},
		{"1,5,2026-11-20", "end", "over already"},
		{"1,5,2026-02-30", "end", "not a date"},
		{"1,5,soon", "end", "not a date"},
		{"1,5", "", "2 columns"},
	} {
		rows, refused, done := read(t, "member,points,end\n"+tt.row+"\n", m)
		if len(rows) != 0 || done.Refused != 1 || !strings.Contains(refused, "2,"+tt.column+",") || !strings.Contains(refused, tt.reason) {
			t.Errorf("%q: rows %v, refused %q, want %s: %s", tt.row, rows, refused, tt.column, tt.reason)
		}
	}
	if rows, _, _ := read(t, "77 5\n78 6\n", Mapping{"#1", "#2", ""}); len(rows) != 2 || rows[0].Member != "77" {
		t.Errorf("a file without names gives %v", rows)
	}
	for _, bad := range []string{"phone=a", "member", "member=a,member=b"} {
		if _, err := ParseMapping(bad); err == nil {
			t.Errorf("ParseMapping(%q) succeeds", bad)
		}
	}
}
