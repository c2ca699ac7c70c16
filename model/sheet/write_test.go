package sheet

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

// T30: whatever somebody calls himself, a table that staff open in a spreadsheet runs nothing, and read again it says what he said.
func TestT30NoCellIsAFormula(t *testing.T) {
	var said []string
	for _, first := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		for _, rest := range []string{"1+1", "cmd|' /C calc'!A0", `HYPERLINK("http://x","点我")`, "", "=1", "'", `","=1`, "\r\n=1+1", "\uFEFF=1", "茶"} {
			said = append(said, first+rest)
		}
	}
	harmless := []string{"", "张三", "13800138000", "a=b", "'=1", "1-2", `say "hi"`, "两\n行", " =1", "e-mail@example.com"}
	var out bytes.Buffer
	w := NewWriter(&out)
	for _, s := range slices.Concat(said, harmless) {
		if err := w.Write([]string{s, s, "end"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	text, marked := bytes.CutPrefix(out.Bytes(), []byte("\xef\xbb\xbf"))
	if !marked {
		t.Error("no byte order mark")
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) != len(said)+len(harmless) {
		t.Fatalf("%d rows, %v; want %d", len(rows), err, len(said)+len(harmless))
	}
	unix := func(s string) string { return strings.ReplaceAll(s, "\r", "") } // encoding/csv writes ends of lines its own way
	for i, row := range rows {
		want, dangerous := "", i < len(said)
		if dangerous {
			want = "'" + said[i]
		} else {
			want = harmless[i-len(said)]
		}
		if len(row) != 3 || unix(row[0]) != unix(want) || row[1] != row[0] || row[2] != "end" {
			t.Errorf("row %d is %q, want %q twice", i, row, want)
		}
	}
}
