package pay

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/wechat"
)

// Columns of a bill that are read, by name: WeChat has added columns over the years.
const (
	colAt          = "交易时间"
	colAppID       = "公众账号ID"
	colMchID       = "商户号"
	colTransaction = "微信订单号"
	colOutTradeNo  = "商户订单号"
	colOpenID      = "用户标识"
	colTradeType   = "交易类型"
	colState       = "交易状态"
	colCurrency    = "货币种类"
	colRefundID    = "微信退款单号"
	colOutRefundNo = "商户退款单号"
	colRefundState = "退款状态"
	colDescription = "商品名称"
	colTotal       = "订单金额"
	colRefund      = "申请退款金额"

	sumLines  = "总交易单数"
	sumTotal  = "订单总金额"
	sumRefund = "申请退款总金额"
)

var (
	billColumns  = []string{colAt, colAppID, colMchID, colTransaction, colOutTradeNo, colOpenID, colTradeType, colState, colCurrency, colRefundID, colOutRefundNo, colRefundState, colDescription, colTotal, colRefund}
	totalColumns = []string{sumLines, sumTotal, sumRefund}
)

// parseBill reads the CSV of a bill of all lines: UTF-8, with or without a byte order mark; a header; lines whose every value follows
// a backtick, so that commas in names of goods do no harm; at last a header of totals and the totals. It is strict: a file that is cut
// off, a line of another day, an amount that is none or totals that do not agree with the lines are errors, for money is decided by it.
func parseBill(day string, file []byte) (wechat.Bill, error) {
	bill := wechat.Bill{Day: day}
	if !utf8.Valid(file) {
		return bill, errors.New("bill: not UTF-8")
	}
	lines := strings.Split(strings.TrimPrefix(string(file), "\uFEFF"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) < 3 {
		return bill, fmt.Errorf("bill: %d lines, cut off", len(lines))
	}
	columns, err := columnsOf(lines[0], billColumns)
	if err != nil {
		return bill, fmt.Errorf("bill: header: %w", err)
	}
	body, foot := lines[1:len(lines)-2], lines[len(lines)-2:]
	for i, text := range body {
		row, err := columns.values(text)
		if err != nil {
			return bill, fmt.Errorf("bill: line %d: %w", i+2, err)
		}
		line, err := billLine(day, row)
		if err != nil {
			return bill, fmt.Errorf("bill: line %d: %w", i+2, err)
		}
		bill.Lines = append(bill.Lines, line)
		bill.PaidFen += line.TotalFen
		bill.RefundFen += line.RefundFen
	}
	totals, err := columnsOf(foot[0], totalColumns)
	if err != nil {
		return bill, fmt.Errorf("bill: header of the totals: %w", err)
	}
	sums, err := totals.values(foot[1])
	if err != nil {
		return bill, fmt.Errorf("bill: totals: %w", err)
	}
	return bill, checkTotals(bill, sums)
}

func checkTotals(b wechat.Bill, sums map[string]string) error {
	// The number of lines is written like money, "45.0".
	n, err := fen(sums[sumLines])
	if err != nil {
		return fmt.Errorf("bill: %s: %w", sumLines, err)
	}
	if n != 100*int64(len(b.Lines)) {
		return fmt.Errorf("bill: %d lines, totals say %q", len(b.Lines), short(sums[sumLines]))
	}
	for _, t := range []struct {
		name string
		have int64
	}{{sumTotal, b.PaidFen}, {sumRefund, b.RefundFen}} {
		want, err := fen(sums[t.name])
		if err != nil {
			return fmt.Errorf("bill: %s: %w", t.name, err)
		}
		if want != t.have {
			return fmt.Errorf("bill: the lines add up to %d fen, %s says %d", t.have, t.name, want)
		}
	}
	return nil
}

// billTable is where each column stands.
type billTable struct {
	names []string
	at    map[string]int
}

func columnsOf(header string, required []string) (billTable, error) {
	t := billTable{names: strings.Split(header, ","), at: map[string]int{}}
	for i, name := range t.names {
		if _, twice := t.at[name]; twice {
			return t, fmt.Errorf("column %q is there twice", short(name))
		}
		t.at[name] = i
	}
	for _, name := range required {
		if _, ok := t.at[name]; !ok {
			return t, fmt.Errorf("column %s is missing", name)
		}
	}
	return t, nil
}

// values takes a line apart.
func (t billTable) values(line string) (map[string]string, error) {
	rest, ok := strings.CutPrefix(line, "`")
	if !ok {
		return nil, errors.New("does not begin with a backtick")
	}
	values := strings.Split(rest, ",`")
	if len(values) != len(t.names) {
		return nil, fmt.Errorf("%d values under %d columns", len(values), len(t.names))
	}
	row := make(map[string]string, len(values))
	for i, name := range t.names {
		row[name] = values[i]
	}
	return row, nil
}

func billLine(day string, row map[string]string) (l wechat.BillLine, err error) {
	if l.At, err = time.ParseInLocation(time.DateTime, row[colAt], shanghai); err != nil {
		return l, fmt.Errorf("%s is not a time", colAt)
	}
	if l.At.Format(time.DateOnly) != day {
		return l, fmt.Errorf("is of %s, the bill of %s", l.At.Format(time.DateOnly), day)
	}
	l.At = l.At.UTC()
	if l.TotalFen, err = fen(row[colTotal]); err != nil {
		return l, fmt.Errorf("%s: %w", colTotal, err)
	}
	if l.RefundFen, err = fen(row[colRefund]); err != nil {
		return l, fmt.Errorf("%s: %w", colRefund, err)
	}
	l.AppID, l.MchID, l.OpenID = row[colAppID], row[colMchID], row[colOpenID]
	l.TransactionID, l.OutTradeNo = row[colTransaction], row[colOutTradeNo]
	l.TradeType, l.Currency, l.Description = row[colTradeType], row[colCurrency], row[colDescription]
	if !plain(l.TransactionID) || !plain(l.OutTradeNo) {
		return l, errors.New("an order without its numbers")
	}
	switch state := row[colState]; {
	case state == "SUCCESS":
		if l.RefundFen != 0 || l.TotalFen == 0 {
			return l, fmt.Errorf("a payment of %d fen and %d fen back", l.TotalFen, l.RefundFen)
		}
	case state == "REFUND" || state == "REVOKED":
		l.RefundID, l.OutRefundNo, l.RefundStatus = row[colRefundID], row[colOutRefundNo], row[colRefundState]
		if !plain(l.RefundID) || !plain(l.OutRefundNo) || l.TotalFen != 0 || l.RefundFen == 0 {
			return l, fmt.Errorf("a refund without its numbers, or of %d fen of a price of %d", l.RefundFen, l.TotalFen)
		}
	default:
		return l, fmt.Errorf("%s %q is unknown", colState, short(state))
	}
	return l, nil
}

// plain reports whether a number is one: 1 to 64 printable characters of ASCII, without spaces.
func plain(s string) bool {
	return s != "" && len(s) <= 64 && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// fen reads yuan with up to two decimals, without a float on the way. Bills know no negative amounts.
func fen(yuan string) (int64, error) {
	whole, part, _ := strings.Cut(yuan, ".")
	if len(whole) < 1 || len(whole) > 12 || len(part) > 2 || strings.Trim(whole+part, "0123456789") != "" {
		return 0, fmt.Errorf("%q is not an amount in yuan", short(yuan))
	}
	return strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
}
