package sim

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// billGenerated and billReady are the hours of the next day, in China, at which a day's bill is made and at which a merchant may
// fetch it. What happened after the bill was made is not in it: a refund on its way stays PROCESSING there for ever.
const (
	billGenerated = 9 * time.Hour
	billReady     = 10 * time.Hour
	billKeptDays  = 92 // three months
	billLinkLife  = 5 * time.Minute
)

var billHeader = []string{
	"交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号", "用户标识", "交易类型", "交易状态", "付款银行", "货币种类",
	"应结订单金额", "代金券金额", "微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态", "商品名称", "商户数据包",
	"手续费", "费率", "订单金额", "申请退款金额", "费率备注",
}

var billTotalsHeader = []string{"总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额", "申请退款总金额"}

// billLine is one line of a bill: a payment, or a refund when RefundNo is set.
type billLine struct {
	At            time.Time `json:"at"`
	OutTradeNo    string    `json:"out_trade_no"`
	TransactionID string    `json:"transaction_id"`
	OpenID        string    `json:"openid"`
	AppID         string    `json:"appid"`
	Description   string    `json:"description"`
	Total         int64     `json:"total"` // of a payment; 0 on the line of a refund
	RefundID      string    `json:"refund_id,omitempty"`
	RefundNo      string    `json:"out_refund_no,omitempty"`
	Refund        int64     `json:"refund,omitempty"`
	Status        string    `json:"status,omitempty"` // of the refund: SUCCESS, PROCESSING or FAIL
}

// number is how a line is named: the refund's number or the order's.
func (l billLine) number() string { return cmp.Or(l.RefundNo, l.OutTradeNo) }

// billChange spoils the bill of a day on purpose, and lastingly: every fetch shows the same.
type billChange struct {
	Act    string `json:"act"`    // drop, amount, status or foreign
	Number string `json:"number"` // out_trade_no or out_refund_no of the line
	Fen    int64  `json:"fen"`    // of amount and foreign
	Status string `json:"status"` // of status: the refund's
}

// billLink is a download address that was given out.
type billLink struct {
	file    []byte
	expires time.Time
}

// chinaDay is the first instant of a day.
func chinaDay(day string) (time.Time, error) { return time.ParseInLocation(time.DateOnly, day, china) }

// billLines lists what a day's bill says. s.mu is held.
func (s *Sim) billLines(from time.Time) []billLine {
	to, made := from.AddDate(0, 0, 1), from.AddDate(0, 0, 1).Add(billGenerated)
	within := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	var lines []billLine
	for _, o := range s.orderList {
		line := billLine{OutTradeNo: o.number, TransactionID: o.transactionID, OpenID: o.openID, AppID: o.appID, Description: o.description}
		if o.transactionID != "" && within(o.paidAt) {
			paid := line
			paid.At, paid.Total = o.paidAt, o.total
			lines = append(lines, paid)
		}
		for _, r := range o.refunds {
			if !within(r.createdAt) {
				continue
			}
			back := line
			back.At, back.RefundID, back.RefundNo, back.Refund, back.Status = r.createdAt, r.id, r.number, r.amount, r.billStatus(made)
			lines = append(lines, back)
		}
	}
	slices.SortStableFunc(lines, func(a, b billLine) int { return a.At.Compare(b.At) })
	return s.spoiled(from.Format(time.DateOnly), lines)
}

// billStatus is what a bill made at an instant says of a refund.
func (r *refund) billStatus(made time.Time) string {
	switch {
	case r.status == refundProcessing || r.doneAt.After(made):
		return "PROCESSING"
	case r.status == refundSuccess:
		return "SUCCESS"
	}
	return "FAIL"
}

// spoiled applies the changes that people asked for.
func (s *Sim) spoiled(day string, lines []billLine) []billLine {
	for _, c := range s.billChanges[day] {
		i := slices.IndexFunc(lines, func(l billLine) bool { return l.number() == c.Number })
		switch {
		case c.Act == "foreign":
			from, err := chinaDay(day)
			if err != nil {
				continue
			}
			lines = append(lines, billLine{
				At: from.Add(12 * time.Hour), OutTradeNo: c.Number, TransactionID: "4200000000" + strings.ReplaceAll(day, "-", "") + "0000000001",
				OpenID: "o-foreign", AppID: s.acc.Mini.AppID, Description: "别处的订单", Total: c.Fen,
			})
		case i < 0:
		case c.Act == "drop":
			lines = slices.Delete(lines, i, i+1)
		case c.Act == "amount" && lines[i].RefundNo != "":
			lines[i].Refund = c.Fen
		case c.Act == "amount":
			lines[i].Total = c.Fen
		case c.Act == "status":
			lines[i].Status = c.Status
		}
	}
	return lines
}

// billFile writes the CSV: UTF-8 with a byte order mark, each value after a backtick, money in yuan.
func (s *Sim) billFile(lines []billLine) []byte {
	var b bytes.Buffer
	b.WriteString("\uFEFF" + strings.Join(billHeader, ",") + "\r\n")
	write := func(values []string) { b.WriteString("`" + strings.Join(values, ",`") + "\r\n") }
	var total, refunded int64
	for _, l := range lines {
		state, refundID, refundNo, kind := "SUCCESS", "0", "0", ""
		if l.RefundNo != "" {
			state, refundID, refundNo, kind = "REFUND", l.RefundID, l.RefundNo, "ORIGINAL"
		}
		total, refunded = total+l.Total, refunded+l.Refund
		write([]string{
			l.At.In(china).Format(time.DateTime), l.AppID, s.acc.Merchant.MchID, "0", "", l.TransactionID, l.OutTradeNo, l.OpenID, "JSAPI", state,
			"OTHERS", "CNY", plainYuan(l.Total), "0.00", refundID, refundNo, plainYuan(l.Refund), "0.00", kind, l.Status,
			strings.ReplaceAll(l.Description, "\n", " "), "", "0.00000", "0.60%", plainYuan(l.Total), plainYuan(l.Refund), "",
		})
	}
	b.WriteString(strings.Join(billTotalsHeader, ",") + "\r\n")
	write([]string{
		strconv.Itoa(len(lines)) + ".0", plainYuan(total), plainYuan(refunded), "0.00", "0.00", plainYuan(total), plainYuan(refunded),
	})
	return b.Bytes()
}

// plainYuan writes fen as yuan with two decimals.
func plainYuan(fen int64) string { return strings.TrimPrefix(yuan(fen), "¥") }

var noStatement = &payFault{status: http.StatusBadRequest, code: "NO_STATEMENT_EXIST", message: "账单文件不存在"}

// tradeBill is GET /v3/bill/tradebill: the hash of a day's bill, signed, and where to fetch the file.
func (s *Sim) tradeBill(c *call) answer {
	day, packed := c.query.Get("bill_date"), c.query.Get("tar_type") == "GZIP"
	from, err := chinaDay(day)
	switch kind := c.query.Get("bill_type"); {
	case err != nil:
		return paramError("/bill_date", day, "账单日期格式须为 2026-01-02").answer()
	case kind != "" && kind != "ALL":
		return paramError("/bill_type", kind, "模拟器只出 ALL 账单").answer()
	case s.now().Before(from.AddDate(0, 0, 1).Add(billReady)):
		return noStatement.answer()
	case s.now().Sub(from) > billKeptDays*24*time.Hour:
		return paramError("/bill_date", day, "只能下载近三个月的账单").answer()
	}
	lines := s.billLines(from)
	if len(lines) == 0 {
		return noStatement.answer()
	}
	file := s.billFile(lines)
	sum := sha1.Sum(file)
	hash := hex.EncodeToString(sum[:])
	if s.strikeCall(c, faultBadHash) {
		hash = strings.Repeat("0", len(hash))
	}
	if packed {
		if file, err = gzipped(file); err != nil {
			return answer{status: http.StatusInternalServerError}
		}
	}
	now := s.now()
	for old, link := range s.billLinks {
		if now.After(link.expires) {
			delete(s.billLinks, old)
		}
	}
	token := s.ids.hex(32)
	s.billLinks[token] = billLink{file, now.Add(billLinkLife)}
	return jsonAnswer(http.StatusOK, "application/json", map[string]string{
		"hash_type": "SHA1", "hash_value": hash, "download_url": "https://api.mch.weixin.qq.com/v3/billdownload/file?token=" + token,
	})
}

func gzipped(file []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(file); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// downloadBill is GET /v3/billdownload/file. The call is signed like any other; the file that comes back is not.
func (s *Sim) downloadBill(c *call) answer {
	link, known := s.billLinks[c.query.Get("token")]
	if !known || s.now().After(link.expires) {
		return (&payFault{status: http.StatusBadRequest, code: "INVALID_REQUEST", message: "下载地址无效或已过期"}).answer()
	}
	return answer{
		status: http.StatusOK, header: http.Header{"Content-Type": {"application/octet-stream"}}, body: link.file, unsigned: true,
	}
}
