package ingest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"huitou/model/db/dbtest"
)

var refunded = `{"order":"1001","number":"R-1","refunded_at":"` + dbtest.Start.Format(time.RFC3339) + `","refund_fen":5800,"freight_fen":800,
	"lines":[{"line":1,"quantity":1,"refund_fen":5000}]}`

func TestIngestRefund(t *testing.T) {
	send := shop(t)
	if rec, body := send("/refunds", refunded); rec.Code != http.StatusNotFound || body["code"] != "orders.unknown" {
		t.Errorf("before the order: %d %v", rec.Code, body)
	}
	_, order := send("/orders", paid)
	rec, body := send("/refunds", refunded)
	if rec.Code != http.StatusCreated || body["fresh"] != true || body["order_id"] != order["id"] || body["state"] != "part_refunded" ||
		body["refunded_fen"] != 5800.0 || body["points"] != 50.0 {
		t.Fatalf("the refund answered %d %v", rec.Code, body)
	}
	rec, again := send("/refunds", refunded)
	if rec.Code != http.StatusOK || again["fresh"] != false || again["points"] != 50.0 || rec.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("the same refund answered %d %v", rec.Code, again)
	}
	for name, tt := range map[string]struct {
		old, new string
		status   int
		code     string
	}{
		"other content":     {`"quantity":1`, `"quantity":0`, http.StatusConflict, "orders.refund_conflict"},
		"more than is left": {`"R-1","refunded_at":"` + dbtest.Start.Format(time.RFC3339) + `","refund_fen":5800,"freight_fen":800`, `"R-2","refunded_at":"` + dbtest.Start.Format(time.RFC3339) + `","refund_fen":5001,"freight_fen":1`, http.StatusConflict, "orders.refund_too_large"},
		"the freight twice": {`"R-1"`, `"R-2"`, http.StatusConflict, "orders.refund_too_large"},
	} {
		rec, body := send("/refunds", strings.Replace(refunded, tt.old, tt.new, 1))
		if rec.Code != tt.status || body["code"] != tt.code {
			t.Errorf("%s: %d %v, want %d %s", name, rec.Code, body, tt.status, tt.code)
		}
	}
}

func TestIngestRefundBadInput(t *testing.T) {
	send := shop(t)
	send("/orders", paid)
	for name, change := range map[string][2]string{
		"unknown field":      {`"order"`, `"points":9,"order"`},
		"source from out":    {`"order"`, `"source":"other","order"`},
		"text for number":    {`5800`, `"5800"`},
		"full-width digits":  {`5800`, `"５８００"`},
		"a fraction":         {`5800`, `5800.5`},
		"beyond 64 bits":     {`5800`, `99999999999999999999`},
		"nothing":            {`5800`, `0`},
		"negative":           {`"freight_fen":800`, `"freight_fen":-800`},
		"sums":               {`5800`, `5801`},
		"empty number":       {`"R-1"`, `""`},
		"in the future":      {`2026-11-21T04:00:00Z`, `2026-11-21T04:05:01Z`},
		"local time":         {`Z"`, `"`},
		"a line of no order": {`"line":1`, `"line":2`},
		"too many pieces":    {`"quantity":1`, `"quantity":3`},
		"not JSON":           {`{`, `<`},
	} {
		rec, body := send("/refunds", strings.Replace(refunded, change[0], change[1], 1))
		if rec.Code < 400 || rec.Code >= 500 || body["code"] == nil {
			t.Errorf("%s: %d %v", name, rec.Code, body)
		}
	}
	if rec, body := send("/refunds", refunded); rec.Code != http.StatusCreated {
		t.Errorf("after all the refusals the refund itself: %d %v", rec.Code, body)
	}
}
