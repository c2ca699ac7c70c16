package console

import (
	"fmt"
	"html/template"
	"strconv"
	"time"

	"huitou/model"
	"huitou/model/fault"
	"huitou/service/coupons"
)

// words are the functions of the pages.
var words = template.FuncMap{"yuan": yuan, "minute": minute, "clock": clock, "face": face, "state": stateWord, "grouped": grouped, "usable": usable,
	"channel": channelWord, "message": messageWord, "attempt": attemptWord, "trigger": triggerWord, "purpose": purposeWord, "result": resultWord, "stop": stopWord}

func scope(what string, v visitor) string {
	return "console " + what + " staff:" + strconv.FormatInt(int64(v.ID), 10)
}

func yuan(f model.Fen) string { return fmt.Sprintf("¥%d.%02d", f/100, f%100) }

func minute(t time.Time) string { return t.In(model.Shanghai).Format("2006年1月2日 15:04") }

func clock(t time.Time) string { return t.In(model.Shanghai).Format("15:04") }

// face says in large letters what a coupon is worth.
func face(c coupons.Coupon) string {
	limit := ""
	if c.CapFen > 0 {
		limit = ",最多 " + yuan(c.CapFen)
	}
	switch c.Kind {
	case model.CouponAmount:
		return "减 " + yuan(c.AmountFen)
	case model.CouponPercent:
		return "减 " + strconv.FormatFloat(float64(c.PercentOffBP)/100, 'f', -1, 64) + "%" + limit
	case model.CouponExchange:
		return "兑换一件" + limit
	}
	return "免运费" + limit
}

func stateWord(s model.CouponState) string {
	switch s {
	case model.CouponIssued:
		return "可使用"
	case model.CouponLocked:
		return "被其他订单占用"
	case model.CouponRedeemed:
		return "已使用"
	case model.CouponExpired:
		return "已过期"
	}
	return "不可用"
}

// grouped writes a code as people read it.
func grouped(code string) string {
	if len(code) != 16 {
		return code
	}
	return code[:4] + " " + code[4:8] + " " + code[8:12] + " " + code[12:]
}

func usable(c coupons.Shown) bool { return c.Refusal == nil }

// explain is a refusal in words, with what staff must tell the customer.
func explain(f *fault.Fault) string {
	text := f.Chinese
	if missing, ok := f.Detail["missing_fen"].(int64); ok {
		text += ",还差 " + yuan(model.Fen(missing))
	}
	if at, ok := f.Detail["redeemed_at"].(string); ok {
		if t, err := time.Parse(time.RFC3339, at); err == nil {
			text += ":" + minute(t)
		}
		if store, _ := f.Detail["store"].(string); store != "" {
			text += ",门店 " + store
		}
	}
	return text
}
