package orderfile

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/sheet"
)

// shelf is a Sink that keeps rows by number, as a database would.
type shelf struct {
	orders  map[string]Row
	batches []int
	fail    error // of the next batch
}

func (s *shelf) store(_ context.Context, rows []Row) (out Stored, err error) {
	if s.fail != nil {
		return out, s.fail
	}
	if s.orders == nil {
		s.orders = map[string]Row{}
	}
	s.batches = append(s.batches, len(rows))
	for _, r := range rows {
		switch old, known := s.orders[r.Number]; {
		case !known:
			s.orders[r.Number] = r
			out.New++
		case (&rowRules{}).Same(old, r):
			out.Known++
		default:
			out.Conflicts = append(out.Conflicts, Conflict{Line: r.Line, Reason: "known with another content"})
		}
	}
	return out, nil
}

// buffer is a file of refused rows in memory.
type buffer struct{ bytes.Buffer }

func (*buffer) Close() error { return nil }

var noon = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

func options(refused *buffer) Options {
	return Options{
		Map: DefaultMapping, Unit: Yuan, Zone: model.Shanghai, Now: noon,
		Refused: func() (io.WriteCloser, error) { return refused, nil },
	}
}

// run imports a text and returns the shelf, what was counted and the refused rows without their heading.
func run(t *testing.T, text string, change func(*Options)) (*shelf, Progress, [][]string) {
	t.Helper()
	s := &shelf{}
	done, refused, err := runInto(s, text, change)
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	return s, done, refused
}

func runInto(s *shelf, text string, change func(*Options)) (Progress, [][]string, error) {
	var out buffer
	o := options(&out)
	if change != nil {
		change(&o)
	}
	done, err := Import(context.Background(), strings.NewReader(text), int64(len(text)), o, s.store)
	return done, refusedRows(out.Bytes()), err
}

func refusedRows(b []byte) [][]string {
	if len(b) == 0 {
		return nil
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord = -1
	list, err := r.ReadAll()
	if err != nil {
		panic(err)
	}
	return list[1:]
}

func TestFormsOfAFile(t *testing.T) {
	byLine := func(o *Options) { o.Numbers = "f:" }
	tests := []struct {
		name, text string
		change     func(*Options)
	}{
		{"CSV", "number,member,paid_at,amount\nA1,张三,2026-03-01,12.30\nA2,李四,2026-03-02,0\n", nil},
		{"no line end at the end", "number,member,paid_at,amount\nA1,张三,2026-03-01,12.30\nA2,李四,2026-03-02,0", nil},
		{"byte order mark and CRLF", "\ufeffnumber,member,paid_at,amount\r\nA1,张三,2026-03-01,12.30\r\nA2,李四,2026-03-02,0\r\n", nil},
		{"other order, more columns, quotes", "note,amount,paid_at,member,number\n\"a, \"\"b\"\"\nc\",12.3,2026-03-01,张三,\"A1\"\n,0.00,2026-03-02,李四,A2\n", nil},
		{"blank lines and blanks around fields", "\nnumber , member,paid_at,amount\n\n A1, 张三 ,2026-03-01 ,12.30\n\t\nA2,\"李四\",2026-03-02, 0\n", nil},
		{"tabs", "number\tmember\tpaid_at\tamount\nA1\t张三\t2026-03-01 00:00\t12.30\nA2\t李四\t2026-03-02\t0\n", nil},
		{"blanks that align", "  number  member paid_at     amount\n  A1      张三   2026-03-01  12.30\n  A2\t李四 2026-03-02 0\n", nil},
		{"named columns", "订单号,客户,付款时间,实付\nA1,张三,2026年3月1日,12.30\nA2,李四,2026年3月2日,0\n",
			func(o *Options) {
				o.Map = Mapping{Number: "订单号", Member: "客户", PaidAt: "付款时间", Amount: "实付"}
			}},
		{"numbered columns below names", "when,who,what,money\n2026-03-01,张三,A1,12.30\n2026-03-02,李四,A2,0\n",
			func(o *Options) { o.Map = Mapping{Number: "#3", Member: "#2", PaidAt: "#1", Amount: "#4"} }},
		{"numbered columns without names", "2026-03-01,张三,A1,12.30\n2026-03-02,李四,A2,0\n",
			func(o *Options) { o.Map = Mapping{Number: "#3", Member: "#2", PaidAt: "#1", Amount: "#4"} }},
		{"fen", "number,member,paid_at,amount\nA1,张三,2026-03-01,1230\nA2,李四,2026-03-02,0\n", func(o *Options) { o.Unit = Fen }},
		{"numbered by line", "member,paid_at,amount\n张三,2026-03-01,12.30\n\n李四,2026-03-02,0\n", byLine},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, done, refused := run(t, tt.text, tt.change)
			if len(refused) > 0 {
				t.Fatalf("refused: %q", refused)
			}
			if done.New != 2 || done.Rows != 2 || done.Bytes == 0 {
				t.Errorf("done = %+v", done)
			}
			first, second := s.orders["A1"], s.orders["A2"]
			if tt.name == "numbered by line" {
				first, second = s.orders["f:2"], s.orders["f:4"]
			}
			if first.Member != "张三" || first.Amount != 1230 || !first.PaidAt.Equal(time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC)) {
				t.Errorf("first row = %+v", first)
			}
			if second.Member != "李四" || second.Amount != 0 || !second.PaidAt.Equal(time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC)) {
				t.Errorf("second row = %+v", second)
			}
		})
	}
}

// Coupons of a file are read when their columns are named; a code that a spreadsheet spoilt is refused, not guessed.
func TestCouponColumns(t *testing.T) {
	text := "number,member,paid_at,amount,券码,优惠\nA1,张三,2026-03-01,80.00,1234567890123456,20.00\nA2,李四,2026-03-02,5,,\n" +
		"A3,m,2026-03-02,5,1.23457E+15,1\nA4,m,2026-03-02,5,12 34,1\nA5,m,2026-03-02,5,1234,-1\nA6,m,2026-03-02,5,1234567890123456789012345,1\n"
	s, _, refused := run(t, text, func(o *Options) { o.Map.Coupon, o.Map.Discount = "券码", "优惠" })
	if a := s.orders["A1"]; a.Coupon != "1234567890123456" || a.Discount != 2000 || a.Amount != 8000 {
		t.Errorf("first row = %+v", a)
	}
	if a := s.orders["A2"]; a.Coupon != "" || a.Discount != 0 {
		t.Errorf("second row = %+v", a)
	}
	if len(s.orders) != 2 || len(refused) != 4 {
		t.Errorf("%d rows taken, refused: %q", len(s.orders), refused)
	}
	if s, _, _ := run(t, text, nil); len(s.orders) != 6 || s.orders["A1"].Coupon != "" {
		t.Errorf("without a mapping the coupons are read: %+v", s.orders["A1"])
	}
}

// Each bad row is refused with its line, column and reason, and the good rows around it are kept.
func TestBadRows(t *testing.T) {
	tests := []struct{ name, row, column, reason string }{
		{"no number", ",m1,2026-03-01,1", "number", "empty"},
		{"number of too many characters", strings.Repeat("9", 65) + ",m1,2026-03-01,1", "number", "1 to 64"},
		{"number with a blank", "B 1,m1,2026-03-01,1", "number", "no blanks"},
		{"number beyond ASCII", "订单1,m1,2026-03-01,1", "number", "ASCII"},
		{"number that a spreadsheet rounded", "2.02603E+15,m1,2026-03-01,1", "number", "last digits"},
		{"no member", "B1,  ,2026-03-01,1", "member", "empty"},
		{"member with a control character", "B1,a\x01b,2026-03-01,1", "member", "control"},
		{"member of too many characters", "B1," + strings.Repeat("客", 43) + ",2026-03-01,1", "member", "1 to 128 bytes"},
		{"no date", "B1,m1,,1", "paid_at", "empty"},
		{"30 February", "B1,m1,2026-02-30,1", "paid_at", "not a date"},
		{"day first", "B1,m1,01/03/2026,1", "paid_at", "not a date"},
		{"a spreadsheet's day number", "B1,m1,46082,1", "paid_at", "not a date"},
		{"full-width date", "B1,m1,２０２６-03-01,1", "paid_at", "not a date"},
		{"future", "B1,m1,2026-11-21 12:06,1", "paid_at", "future"},
		{"past", "B1,m1,1969-12-31,1", "paid_at", "1970"},
		{"no amount", "B1,m1,2026-03-01,", "amount", "empty"},
		{"negative", "B1,m1,2026-03-01,-0.01", "amount", "negative"},
		{"three decimals", "B1,m1,2026-03-01,1.005", "amount", "two decimals"},
		{"comma in the amount", `B1,m1,2026-03-01,"1,200.00"`, "amount", "commas"},
		{"sign of the currency", "B1,m1,2026-03-01,¥12", "amount", "not an amount"},
		{"full-width amount", "B1,m1,2026-03-01,１２", "amount", "full-width"},
		{"exponent", "B1,m1,2026-03-01,1e3", "amount", "not an amount"},
		{"not a number", "B1,m1,2026-03-01,NaN", "amount", "not an amount"},
		{"a fen above the largest", "B1,m1,2026-03-01,10000000.01", "amount", "more than 10000000.00"},
		{"huge", "B1,m1,2026-03-01," + strings.Repeat("9", 40), "amount", "more than"},
		{"too few columns", "B1,m1,2026-03-01", "", "3 columns"},
		{"too many columns", "B1,m1,2026-03-01,1,200.00", "", "5 columns"},
		{"quote that is never closed", `B1,"m1,2026-03-01,1`, "", "quote"},
		{"quote in the middle", `B1,m"1,2026-03-01,1`, "", "quote"},
		{"text after a closing quote", `B1,"m"1,2026-03-01,1`, "", "quote"},
		{"not UTF-8", "B1,\xff\xfe,2026-03-01,1", "", "UTF-8"},
		{"endless line", "B1," + strings.Repeat("x", 300_000) + ",2026-03-01,1", "", "longer than 65536"},
		{"number of an earlier row", "A1,m9,2026-03-01,1", "number", "line 2 has the same number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "number,member,paid_at,amount\nA1,m1,2026-03-01,1\nA2,m2,2026-03-01,1\n" + tt.row + "\nA3,\"m3\",2026-03-01,3\nA4,m4,2026-03-01,4\n"
			s, done, refused := run(t, text, nil)
			if len(refused) != 1 || done.Refused != 1 {
				t.Fatalf("refused %d rows: %q", done.Refused, refused)
			}
			if r := refused[0]; r[0] != "4" || r[1] != tt.column || !strings.Contains(r[2], tt.reason) || len(r) < 4 {
				t.Errorf("refused as line %s, column %q, %q; want line 4, column %q, %q", r[0], r[1], r[2], tt.column, tt.reason)
			}
			if len(s.orders) != 4 || done.New != 4 || s.orders["A4"].Amount != 400 {
				t.Errorf("kept %d good rows, want 4: %+v", len(s.orders), s.orders)
			}
		})
	}
}

// Two rows with a stray quote each must not swallow the rows between them.
func TestStrayQuotesKeepTheRowsBetween(t *testing.T) {
	var b strings.Builder
	b.WriteString("number,member,paid_at,amount\n")
	for i := range 100 {
		quote := ""
		if i == 10 || i == 20 || i == 33 {
			quote = `"`
		}
		fmt.Fprintf(&b, "N%d,%sm%d,2026-03-01,1\n", i, quote, i)
	}
	_, done, refused := run(t, b.String(), nil)
	if done.New != 97 || len(refused) != 3 || refused[0][0] != "12" || refused[1][0] != "22" || refused[2][0] != "35" {
		t.Errorf("kept %d rows, refused %q", done.New, refused)
	}
	_, done, refused = run(t, "number,member,paid_at,amount\nA,\"m1,2026-03-01,1\nB,m2,2026-03-01,1\nC,m3\",2026-03-01,1\nD,m4,2026-03-01,1\n", nil)
	if done.New+done.Refused < 2 || done.New < 1 {
		t.Errorf("an opening and a much later closing quote: kept %d rows, refused %q", done.New, refused)
	}
}

func TestRefusedFileIsSafeToOpen(t *testing.T) {
	var out buffer
	o := options(&out)
	text := "number,member,paid_at,amount,=note\nA1,=HYPERLINK(1),bad,1,@x\nA2,+1,bad,1,＝1\nA3,-1,bad,1,\"\tx\"\n"
	if _, err := Import(context.Background(), strings.NewReader(text), 0, o, (&shelf{}).store); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out.Bytes(), []byte("\xef\xbb\xbf")) {
		t.Error("the file of refused rows has no byte order mark, so Excel shows Chinese as rubbish")
	}
	for _, row := range refusedRows(out.Bytes()) {
		for _, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") || strings.HasPrefix(cell, "＝") {
				t.Errorf("the cell %q would run as a formula", cell)
			}
		}
	}
	if heading := strings.SplitN(out.String(), "\n", 2)[0]; !strings.Contains(heading, "line,column,reason,number,member,paid_at,amount,'=note") {
		t.Errorf("heading %q", heading)
	}
}

func TestWholeFileRefused(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("订单号,客户,付款时间,实付\nA1,张三,2026年3月1日,12.30\n")
	if err != nil {
		t.Fatal(err)
	}
	names := "number,member,paid_at,amount\n"
	tests := []struct {
		name, text, want string
		change           func(*Options)
	}{
		{"empty", "", sheet.ErrEmpty.Error(), nil},
		{"only blank lines", "\n \r\n\n", sheet.ErrEmpty.Error(), nil},
		{"only a mark", "\ufeff", sheet.ErrEmpty.Error(), nil},
		{"GB18030", gb, sheet.ErrGB18030.Error(), nil},
		{"UTF-16", "\xff\xfen\x00u\x00", sheet.ErrUTF16.Error(), nil},
		{"workbook", "PK\x03\x04rest", sheet.ErrWorkbook.Error(), nil},
		{"zeros", strings.Repeat("\x00", 100), sheet.ErrBinary.Error(), nil},
		{"a column is missing", "number,member,amount\nA1,m1,1\n", `no column "paid_at": the file has "number", "member", "amount"`, nil},
		{"two columns of one name", "number,member,member,paid_at,amount\n", `two columns are named "member"`, nil},
		{"a column number too high", names, "there is no column #9: the file has 4", func(o *Options) { o.Map.Amount = "#9" }},
		{"column number 0", names, "there is no column #0", func(o *Options) { o.Map.Amount = "#0" }},
		{"names of endless length", strings.Repeat("x,", 100_000), "longer than", nil},
		{"names with a stray quote", "number,mem\"ber,paid_at,amount\n", "quote", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &shelf{}
			_, refused, err := runInto(s, tt.text, tt.change)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("import = %v, want %q", err, tt.want)
			}
			if len(s.orders) > 0 || len(refused) > 0 {
				t.Errorf("stored %d rows, refused %q", len(s.orders), refused)
			}
		})
	}
}

// UTF-8 text with a few bad bytes is not taken for GB18030.
func TestBadBytesAreNotAnEncoding(t *testing.T) {
	text := "number,member,paid_at,amount\nA1,张三李四王五,2026-03-01,1\nA2,\xd6\xd0,2026-03-01,1\nA3,赵六,2026-03-01,1\n"
	_, done, refused := run(t, text, nil)
	if done.New != 2 || len(refused) != 1 || refused[0][0] != "3" {
		t.Errorf("kept %d rows, refused %q", done.New, refused)
	}
}

func TestAgainAndConflicts(t *testing.T) {
	s := &shelf{}
	text := "number,member,paid_at,amount\nA1,m1,2026-03-01,1\nA2,m2,2026-03-01,2\nA1,m1,2026-03-01,1\n"
	done, _, err := runInto(s, text, nil)
	if err != nil || done.New != 2 || done.Known != 1 || done.Rows != 3 {
		t.Errorf("first run: %+v, %v", done, err)
	}
	done, refused, err := runInto(s, text, nil)
	if err != nil || done.New != 0 || done.Known != 3 || len(refused) != 0 {
		t.Errorf("second run: %+v, %q, %v", done, refused, err)
	}
	// Line 3 differs from what is stored; line 4 repeats it and shares its fate; line 5 differs from line 3.
	done, refused, err = runInto(s, "number,member,paid_at,amount\nA1,m1,2026-03-01,1\nA2,m2,2026-03-01,9\nA2,m2,2026-03-01,9\nA2,m2,2026-03-01,7\nA5,bad,x,1\nA6,m6,2026-03-01,6\n", nil)
	if err != nil || done.New != 1 || done.Known != 1 || done.Refused != 4 {
		t.Errorf("third run: %+v, %v", done, err)
	}
	var lines []string
	for _, r := range refused {
		lines = append(lines, r[0]+" "+r[1])
	}
	if want := []string{"3 number", "4 number", "5 number", "6 paid_at"}; !slices.Equal(lines, want) {
		t.Errorf("refused %v, want %v in the order of lines", lines, want)
	}
	if s.orders["A2"].Amount != 200 {
		t.Errorf("a conflict changed the stored order: %+v", s.orders["A2"])
	}
}

func TestResumeAfterAFailedBatch(t *testing.T) {
	var b strings.Builder
	b.WriteString("number,member,paid_at,amount\n")
	for i := range 2500 {
		fmt.Fprintf(&b, "N%d,m%d,2026-03-01,1.00\n", i, i%700)
	}
	s := &shelf{}
	calls := 0
	down := errors.New("the database is away")
	var out buffer
	_, err := Import(context.Background(), strings.NewReader(b.String()), int64(b.Len()), options(&out),
		func(ctx context.Context, rows []Row) (Stored, error) {
			if calls++; calls == 3 {
				return Stored{}, down
			}
			return s.store(ctx, rows)
		})
	if !errors.Is(err, down) || !strings.Contains(err.Error(), "lines 2002 to 2501") || len(s.orders) != 2000 {
		t.Fatalf("import = %v with %d orders stored", err, len(s.orders))
	}
	done, refused, err := runInto(s, b.String(), nil)
	if err != nil || done.Known != 2000 || done.New != 500 || len(refused) != 0 || done.Bytes != int64(b.Len()) {
		t.Errorf("again: %+v, %q, %v", done, refused, err)
	}
	if biggest := slices.Max(s.batches); biggest > sheet.BatchRows {
		t.Errorf("a batch of %d rows", biggest)
	}
}

func TestEndedContextStoresNothingMore(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := &shelf{}
	_, err := Import(ctx, strings.NewReader("number,member,paid_at,amount\nA1,m1,2026-03-01,1\n"), 0, options(&buffer{}), s.store)
	if !errors.Is(err, context.Canceled) || len(s.orders) != 0 {
		t.Errorf("import = %v, stored %d", err, len(s.orders))
	}
}

// Rows that this package writes as CSV are read back as they were, whatever is in the other columns.
func TestCSVRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "rows")
		var b strings.Builder
		w := csv.NewWriter(&b)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		if err := w.Write([]string{"note", "number", "member", "paid_at", "amount"}); err != nil {
			t.Fatal(err)
		}
		want := map[string]Row{}
		for i := range n {
			note := rapid.StringMatching("[a,\" \n客=;]{0,12}").Draw(t, "note")
			fen := model.Fen(rapid.Int64Range(0, int64(model.MaxFen)).Draw(t, "fen"))
			at := time.Unix(rapid.Int64Range(0, noon.Unix()).Draw(t, "at"), 0).In(model.Shanghai)
			number := fmt.Sprintf("N-%d", i)
			member := strings.TrimSpace(rapid.StringMatching(`[a-z客户,"]{1,8}`).Draw(t, "member"))
			want[number] = Row{Number: number, Member: member, PaidAt: at, Amount: fen}
			if err := w.Write([]string{note, number, member, at.Format("2006/1/2 15:04:05"), fen.String()}); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		s := &shelf{}
		done, refused, err := runInto(s, b.String(), nil)
		if err != nil || len(refused) > 0 || done.New != n {
			t.Fatalf("import = %+v, %q, %v of\n%s", done, refused, err, b.String())
		}
		for number, w := range want {
			if !(&rowRules{}).Same(s.orders[number], w) {
				t.Fatalf("read %+v, wrote %+v", s.orders[number], w)
			}
		}
	})
}

// No text at all makes the reader panic, lose count or hand on a row that breaks its promises.
func FuzzImport(f *testing.F) {
	f.Add("number,member,paid_at,amount\nA1,\"m\n1\",2026-03-01,1\nA2,\"m,2026-03-01,1\n")
	f.Add(" number member paid_at amount\r\n A1 m1 20260301 1\r\n")
	f.Add("\ufeffnumber\tmember\tpaid_at\tamount\n\"\"\"\t\t\t\n")
	f.Fuzz(func(t *testing.T, text string) {
		s := &shelf{}
		done, refused, err := runInto(s, text, nil)
		if err != nil {
			return
		}
		if done.Rows != done.New+done.Known+done.Refused || len(refused) != done.Refused || len(s.orders) != done.New {
			t.Errorf("done %+v, %d refused, %d stored", done, len(refused), len(s.orders))
		}
		for _, r := range s.orders {
			if r.Number == "" || len(r.Number) > maxNumber || r.Member == "" || r.Amount < 0 || r.Amount > model.MaxFen || r.PaidAt.After(noon.Add(ahead)) {
				t.Errorf("row %+v", r)
			}
		}
	})
}

// The whole CDNOW file, where it is at hand.
func TestCDNOW(t *testing.T) {
	f, err := os.Open("../../../../shared/data/cdnow/CDNOW_master.txt")
	if err != nil {
		t.Skipf("the CDNOW file is not at hand: %v", err)
	}
	defer f.Close()
	var out buffer
	o := options(&out)
	o.Map, _, err = ParseMapping("member=customer_id,paid_at=date,amount=dollar_value")
	if err != nil {
		t.Fatal(err)
	}
	o.Numbers = LineNumbers("CDNOW_master.txt")
	s := &shelf{}
	done, err := Import(context.Background(), f, 0, o, s.store)
	if err != nil || done.New != 69_659 || done.Refused != 0 {
		t.Fatalf("import = %+v, %v; refused %q", done, err, refusedRows(out.Bytes()))
	}
	members, zero := map[string]bool{}, 0
	for _, r := range s.orders {
		members[r.Member] = true
		if r.Amount == 0 {
			zero++
		}
	}
	if len(members) != 23_570 || zero != 80 {
		t.Errorf("%d customers and %d purchases worth nothing, want 23,570 and 80", len(members), zero)
	}
	if r := s.orders["CDNOW_master.txt:2"]; r.Member != "00001" || r.Amount != 1177 || !r.PaidAt.Equal(time.Date(1996, 12, 31, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("line 2 = %+v", r)
	}
}

func BenchmarkImport(b *testing.B) {
	var text strings.Builder
	text.WriteString("number,member,paid_at,amount\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "N%d,m%d,2026-03-01 10:00:00,12.30\n", i, i%700)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		_, err := Import(context.Background(), strings.NewReader(text.String()), 0, options(&buffer{}),
			func(_ context.Context, rows []Row) (Stored, error) { return Stored{New: len(rows)}, nil })
		if err != nil {
			b.Fatal(err)
		}
	}
}
