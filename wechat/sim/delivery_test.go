package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// follower makes a customer who follows, with the push of that out of the way.
func (b *bench) follower() string {
	b.t.Helper()
	path := "/_sim/users/" + b.newUser()["id"].(string)
	b.ctl("POST", path+"/follow", nil)
	b.product.answer(nil)
	return path
}

func (b *bench) fault(f object) { b.t.Helper(); b.ctl("POST", "/_sim/faults", f) }

// settle waits until the delivery is in a state, as a client would.
func (b *bench) settle(id any, state string) object {
	b.t.Helper()
	var d object
	eventually(b.t, fmt.Sprintf("delivery %v %s", id, state), func() bool {
		d = b.ctl("GET", fmt.Sprintf("/_sim/deliveries/%v", id), nil)["delivery"].(object)
		return d["state"] == state
	})
	return d
}

func TestPushModesAndFormats(t *testing.T) {
	for _, format := range []string{"xml", "json"} {
		for _, mode := range []string{"plain", "compatible", "safe"} {
			t.Run(mode+" "+format, func(t *testing.T) {
				b := newBench(t)
				b.ctl("POST", "/_sim/settings", object{"oa": object{"path": "/cb", "mode": mode, "format": format}})
				path := b.follower()
				out := b.ctl("POST", path+"/send_text", object{"content": "]]> 积分🎁 <b>&\""})
				if out["delivery"].(object)["state"] != "delivered" {
					t.Fatalf("= %v", out)
				}
				c := b.product.got()[0]
				if c.path != "/cb" {
					t.Errorf("path = %s", c.path)
				}
				q := c.query
				if got := pushSignature(b.acc.OA.Token, q.Get("timestamp"), q.Get("nonce")); got != q.Get("signature") {
					t.Errorf("signature = %s, want %s", q.Get("signature"), got)
				}
				hasClear, hasCipher := strings.Contains(string(c.body), "积分🎁"), strings.Contains(string(c.body), "Encrypt")
				if hasClear != (mode != "safe") || hasCipher != (mode != "plain") || (q.Get("encrypt_type") == "aes") != hasCipher {
					t.Errorf("clear %v, encrypted %v, query %v", hasClear, hasCipher, q)
				}
				texts := []string{string(c.body)}
				if hasCipher {
					texts = append(texts, decodePush(t, b.acc.OA.EncodingAESKey, b.acc.OA.Token, b.acc.OA.AppID, c))
				}
				if !hasClear {
					texts = texts[1:]
				}
				for _, text := range texts {
					fields, err := flatten([]byte(text))
					if err != nil || fields["Content"] != "]]> 积分🎁 <b>&\"" || !allDigits(fields["MsgId"]) || fields["MsgType"] != "text" {
						t.Errorf("%v, %v in %s", fields, err, text)
					}
				}
			})
		}
	}
}

func TestPushIsRepeatedByteForByte(t *testing.T) {
	b := newBench(t)
	path := b.follower()
	b.product.answer(func(int, productCall) (int, string) { return 500, "" })
	out := b.ctl("POST", path+"/send_text", object{"content": "在吗"})
	id := out["delivery"].(object)["id"]
	if out["delivery"].(object)["state"] != "retrying" {
		t.Fatalf("= %v", out)
	}
	for n := 2; n <= 4; n++ {
		if got := len(b.product.got()); got != n-1 {
			t.Fatalf("%d calls before try %d", got, n)
		}
		b.clock.advance(5 * time.Second)
		eventually(t, "a try", func() bool { return len(b.product.got()) == n })
	}
	d := b.settle(id, "failed")
	if tries := d["attempts"].([]any); len(tries) != 4 {
		t.Errorf("%d tries", len(tries))
	}
	b.clock.advance(time.Hour)
	calls := b.product.got()
	for _, c := range calls[1:] {
		if string(c.body) != string(calls[0].body) || c.query.Encode() != calls[0].query.Encode() {
			t.Error("a retry differs from the first try")
		}
	}
	messages := b.ctl("GET", path+"/inbox", nil)["messages"].([]any)
	if last := messages[len(messages)-1].(object); last["text"] != outOfService {
		t.Errorf("the customer reads %v", last)
	}
}

func TestRepliesAreReadStrictly(t *testing.T) {
	b := newBench(t)
	path := b.follower()
	tests := []struct {
		name  string
		reply func(e pushEvent, nonce string) string
		kind  string // "" for a refused one
	}{
		{"nothing", func(pushEvent, string) string { return "" }, "empty"},
		{"success", func(pushEvent, string) string { return "success" }, "success"},
		{"text", func(e pushEvent, n string) string { return b.textReply(e, n, "好的") }, "text"},
		{"not XML", func(pushEvent, string) string { return "<html>" }, ""},
		{"a word", func(pushEvent, string) string { return "ok" }, ""},
		{"clear in safe mode", func(e pushEvent, _ string) string {
			return "<xml><ToUserName>" + e.FromUserName + "</ToUserName><FromUserName>" + e.ToUserName + "</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>x</Content></xml>"
		}, ""},
		{"signature wrong", func(e pushEvent, n string) string {
			return strings.Replace(b.textReply(e, n, "好的"), "<Nonce><![CDATA[", "<Nonce><![CDATA[9", 1)
		}, ""},
		{"appid of another", func(e pushEvent, n string) string {
			return sealReply(t, b.acc.OA.EncodingAESKey, b.acc.OA.Token, b.acc.Mini.AppID, n, "<xml></xml>")
		}, ""},
		{"key of another", func(e pushEvent, n string) string {
			return sealReply(t, b.acc.Mini.EncodingAESKey, b.acc.OA.Token, b.acc.OA.AppID, n, "<xml></xml>")
		}, ""},
		{"to somebody else", func(e pushEvent, n string) string {
			e.FromUserName = "oSomebody"
			return b.textReply(e, n, "好的")
		}, ""},
		{"empty text", func(e pushEvent, n string) string { return b.textReply(e, n, "") }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b.product.answer(func(_ int, c productCall) (int, string) { return 200, tt.reply(b.readPush(c), c.query.Get("nonce")) })
			out := b.ctl("POST", path+"/send_text", object{"content": "hi"})
			d := out["delivery"].(object)
			if got := d["attempts"].([]any)[0].(object)["reply"]; tt.kind != "" && (got != tt.kind || d["state"] != "delivered") {
				t.Errorf("read as %v: %v", got, d)
			}
			replies := out["replies"].([]any)
			if tt.kind == "" {
				if problem, _ := d["problem"].(string); d["state"] != "failed" || !strings.Contains(problem, "该公众号暂时无法提供服务") {
					t.Errorf("= %v", d)
				}
				if len(replies) != 1 || replies[0].(object)["text"] != outOfService {
					t.Errorf("the customer reads %v", replies)
				}
			}
		})
	}
}

func TestScanTellsFollowersApart(t *testing.T) {
	b := newBench(t)
	_, qr := b.call(kindOA, "/cgi-bin/qrcode/create", object{"action_name": "QR_LIMIT_STR_SCENE", "action_info": object{"scene": object{"scene_str": "store-7"}}})
	path := "/_sim/users/" + b.newUser()["id"].(string)
	for i, want := range []struct{ event, key string }{{"subscribe", "qrscene_store-7"}, {"SCAN", "store-7"}} {
		b.ctl("POST", path+"/scan", object{"ticket": qr["url"]})
		e := b.readPush(b.product.got()[i])
		if e.Event != want.event || e.EventKey != want.key || e.Ticket != qr["ticket"] {
			t.Errorf("scan %d = %+v, want %v", i+1, e, want)
		}
	}
	b.ctl("POST", path+"/unfollow", nil)
	if e := b.readPush(b.product.got()[2]); e.Event != "unsubscribe" || e.EventKey != "" {
		t.Errorf("unfollow = %+v", e)
	}
	b.ctl("POST", path+"/follow", nil)
	if e := b.readPush(b.product.got()[3]); e.Event != "subscribe" || e.EventKey != "" || e.Ticket != "" {
		t.Errorf("follow without a code = %+v", e)
	}
	if status, out := b.ctlAny("POST", path+"/follow", nil); status != 409 || out["error"] != "follower_already" {
		t.Errorf("follow twice = %d %v", status, out)
	}
}

// A day in one jump: every repeat is sent, in order, freshly signed, the body the same.
func TestNoticeScheduleUnderAClockJump(t *testing.T) {
	b := newBench(t)
	b.product.answer(func(int, productCall) (int, string) { return 500, `{"code":"SUCCESS"}` })
	tx := b.paid("JUMP000001", b.newUser(), 100)
	if n := len(b.product.got()); n != 1 {
		t.Fatalf("%d calls at once", n)
	}
	b.clock.advance(14 * time.Second)
	b.Nudge()
	b.clock.advance(time.Second)
	eventually(t, "the first repeat", func() bool { return len(b.product.got()) == 2 })
	b.clock.advance(25 * time.Hour)
	b.Nudge()
	eventually(t, "all repeats", func() bool { return len(b.product.got()) == 16 })
	d := b.settle("d1", "failed")
	if d["problem"] == nil {
		t.Error("no problem noted")
	}
	calls := b.product.got()
	signatures := map[string]bool{}
	for _, c := range calls {
		b.verifyPlatform(c.header, c.body)
		signatures[c.header.Get("Wechatpay-Signature")] = true
		if string(c.body) != string(calls[0].body) {
			t.Error("a repeat has another body")
		}
	}
	if len(signatures) != 16 {
		t.Errorf("%d signatures for 16 sends", len(signatures))
	}
	if b.readNotice(calls[15].body)["transaction_id"] != tx {
		t.Error("another transaction")
	}
	total := time.Duration(0)
	for _, p := range noticePauses {
		total += p
	}
	if len(noticePauses) != 15 || total != 24*time.Hour+4*time.Minute {
		t.Errorf("schedule: %d repeats in %v", len(noticePauses), total)
	}
}

func TestNoticeStatusDecides(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		state  string
	}{{200, `{"code":"FAIL"}`, "delivered"}, {204, "", "delivered"}, {500, `{"code":"SUCCESS"}`, "retrying"}, {302, "", "retrying"}, {404, "", "retrying"}} {
		b := newBench(t)
		b.product.answer(func(int, productCall) (int, string) { return tt.status, tt.body })
		b.paid("STATUS0001", b.newUser(), 100)
		if d := b.settle("d1", tt.state); d["attempts"].([]any)[0].(object)["status"].(json.Number).String() != fmt.Sprint(tt.status) {
			t.Errorf("status %d: %v", tt.status, d)
		}
	}
}

// Two orders' repeats fall due at different times; one jump passes them all.
func TestDueWorkRunsInOrderAcrossOrders(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	b.product.answer(func(int, productCall) (int, string) { return 500, "" })
	b.paid("ORDER00001", u, 1)
	b.clock.advance(7 * time.Second)
	b.paid("ORDER00002", u, 2)
	b.product.answer(func(int, productCall) (int, string) { return 500, "" })
	b.clock.advance(70 * time.Second)
	// 1: 15 30 60; 2: 22 37 67.
	eventually(t, "six repeats", func() bool { return len(b.product.got()) == 6 })
	var order []string
	for _, c := range b.product.got() {
		order = append(order, b.readNotice(c.body)["out_trade_no"].(string)[9:])
	}
	if got := strings.Join(order, ""); got != "121212" {
		t.Errorf("order of repeats = %s, want 121212", got)
	}
}

func TestNoticesGoNowhereElse(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	body := strings.Replace(prepayBody(b, "FOREIGN001", u["mini_openid"].(string), 100), b.settings.PushBase, "https://shop.example", 1)
	_, out, _ := b.pay("POST", jsapi, body)
	b.ctl("POST", "/_sim/users/u1/pay", b.payParams(b.acc.Mini.AppID, out["prepay_id"].(string)))
	if calls := b.product.got(); len(calls) != 1 || calls[0].path != "/wechat/pay/notify" {
		t.Errorf("product got %d calls", len(calls))
	}
}

// Until Run runs, an act comes back after its bounded wait, pending; afterwards the
// push is sent.
func TestControlWaitIsBounded(t *testing.T) {
	c := &clock{t: testStart}
	s, err := New(Config{Now: c.now, StateDir: keptDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	u := s.addCustomer("", "")
	d, err := s.follow(u, "", "")
	s.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	if view := s.await(context.Background(), d, 20*time.Millisecond); view.State != statePending {
		t.Errorf("state = %s", view.State)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	if view := s.await(context.Background(), d, 5*time.Second); view.State != stateRetrying || view.Attempts[0].Error == "" {
		t.Errorf("without a push base = %+v", view)
	}
	if err := s.Run(ctx); err == nil {
		t.Error("Run runs twice")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Run returns when its context ends, also in the middle of a push.
func TestRunStopsWithAPushUnderWay(t *testing.T) {
	b := newBench(t)
	path := b.follower()
	release := make(chan struct{})
	defer close(release)
	b.product.answer(func(int, productCall) (int, string) { <-release; return 200, "" })
	b.ctl("POST", path+"/send_text?wait_ms=0", object{"content": "x"})
	eventually(t, "the push", func() bool { return len(b.product.got()) == 1 })
	stopped := make(chan struct{})
	go func() { b.stop(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(2 * time.Second):
		t.Fatal("Run still waits for the product")
	}
	if d := b.settle("d2", "retrying"); d["attempts"].([]any)[0].(object)["error"] == nil {
		t.Errorf("= %v", d)
	}
}

func TestPushFaults(t *testing.T) {
	send := func(b *bench, path string) object {
		return b.ctl("POST", path+"/send_text", object{"content": "hi"})["delivery"].(object)
	}
	t.Run("duplicate", func(t *testing.T) {
		b := newBench(t)
		path := b.follower()
		b.fault(object{"kind": "duplicate", "app": "oa", "endpoint": "text"})
		d := send(b, path)
		if calls := b.product.got(); len(calls) != 2 || string(calls[0].body) != string(calls[1].body) || len(d["attempts"].([]any)) != 2 {
			t.Errorf("%d calls, %v", len(calls), d)
		}
	})
	t.Run("lost", func(t *testing.T) {
		b := newBench(t)
		b.fault(object{"kind": "lost", "app": "pay"})
		b.paid("LOST000001", b.newUser(), 1)
		b.clock.advance(25 * time.Hour)
		b.settle("d1", "lost")
		if n := len(b.product.got()); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
	t.Run("delayed", func(t *testing.T) {
		b := newBench(t)
		b.fault(object{"kind": "delayed", "app": "pay", "endpoint": "TRANSACTION.SUCCESS", "times": -1})
		b.paid("DELAY00001", b.newUser(), 1)
		b.clock.advance(9*time.Minute + 59*time.Second)
		b.settle("d1", "pending")
		b.clock.advance(time.Second)
		b.settle("d1", "delivered")
		b.verifyPlatform(b.product.got()[0].header, b.product.got()[0].body)
	})
	t.Run("nth and times", func(t *testing.T) {
		b := newBench(t)
		path := b.follower()
		b.fault(object{"kind": "lost", "endpoint": "text", "nth": 2, "times": 2})
		var got []string
		for range 4 {
			got = append(got, send(b, path)["state"].(string))
		}
		if want := []string{"delivered", "lost", "lost", "delivered"}; !slices.Equal(got, want) {
			t.Errorf("= %v, want %v", got, want)
		}
	})

	// Pushes a careful product refuses: the genuine one follows, and accepting the
	// forged one is a problem.
	for _, kind := range []string{"tampered_signature", "plaintext", "expired_timestamp", "foreign_appid", "malformed_ciphertext", "oversized", "extra_fields"} {
		t.Run(kind, func(t *testing.T) {
			b := newBench(t)
			path := b.follower()
			b.fault(object{"kind": kind, "app": "oa", "endpoint": "text"})
			b.product.answer(func(n int, _ productCall) (int, string) {
				if n == 1 {
					return 403, ""
				}
				return 200, "success"
			})
			d := send(b, path)
			if d["state"] != "retrying" || d["attempts"].([]any)[0].(object)["fault"] != kind {
				t.Fatalf("= %v", d)
			}
			c := b.product.got()[0]
			q := c.query
			var outer map[string]string
			if len(c.body) < 1<<20 {
				var err error
				if outer, err = flatten(c.body); err != nil {
					t.Fatal(err)
				}
			}
			signed := pushSignature(b.acc.OA.Token, q.Get("timestamp"), q.Get("nonce"), outer["Encrypt"]) == q.Get("msg_signature")
			_, openErr := openPush(b.Sim.acc.oaKey, outer["Encrypt"], b.acc.OA.AppID)
			switch kind {
			case "tampered_signature":
				if signed || openErr != nil {
					t.Error("the signature fits, or the body was touched")
				}
			case "plaintext":
				if q.Get("encrypt_type") != "" || outer["Content"] != "hi" {
					t.Errorf("query %v, body %s", q, c.body)
				}
			case "expired_timestamp":
				if q.Get("timestamp") != fmt.Sprint(testStart.Add(-10*time.Minute).Unix()) || !signed {
					t.Errorf("timestamp %s, signed %v", q.Get("timestamp"), signed)
				}
			case "foreign_appid", "malformed_ciphertext":
				if !signed || openErr == nil {
					t.Errorf("signed %v, opens: %v", signed, openErr)
				}
			case "oversized":
				if len(c.body) < 1<<20 {
					t.Errorf("%d bytes", len(c.body))
				}
			case "extra_fields":
				if clear := decodePush(t, b.acc.OA.EncodingAESKey, b.acc.OA.Token, b.acc.OA.AppID, c); !strings.Contains(clear, "UnknownField") {
					t.Errorf("= %s", clear)
				}
			}
			b.clock.advance(5 * time.Second)
			b.settle(d["id"], "delivered")
			if e := b.readPush(b.product.got()[1]); e.Content != "hi" {
				t.Errorf("the genuine one = %+v", e)
			}
		})
	}
	t.Run("a forged push accepted", func(t *testing.T) {
		b := newBench(t)
		path := b.follower()
		b.fault(object{"kind": "tampered_signature", "app": "oa"})
		if d := send(b, path); d["problem"] == nil {
			t.Errorf("= %v", d)
		}
	})
}

func TestNoticeFaults(t *testing.T) {
	for _, kind := range []string{"tampered_signature", "signtest", "wrong_serial", "expired_timestamp", "malformed_ciphertext",
		"foreign_mchid", "foreign_appid", "amount_mismatch", "extra_fields", "oversized"} {
		t.Run(kind, func(t *testing.T) {
			b := newBench(t)
			b.fault(object{"kind": kind, "app": "pay"})
			b.product.answer(func(n int, _ productCall) (int, string) {
				if n == 1 {
					return 401, ""
				}
				return 204, ""
			})
			b.paid("FAULT00001", b.newUser(), 100)
			c := b.product.got()[0]
			signed := b.platformVerifies(c.header, c.body) == nil
			stale := c.header.Get("Wechatpay-Timestamp") != fmt.Sprint(testStart.Unix())
			switch kind {
			case "tampered_signature", "wrong_serial":
				if signed {
					t.Error("it verifies")
				}
			case "signtest":
				if !strings.HasPrefix(c.header.Get("Wechatpay-Signature"), "WECHATPAY/SIGNTEST/") {
					t.Errorf("signature = %.30s", c.header.Get("Wechatpay-Signature"))
				}
			case "expired_timestamp":
				if !signed || !stale {
					t.Errorf("signed %v, stale %v", signed, stale)
				}
			case "malformed_ciphertext":
				var n struct {
					Resource struct{ Ciphertext, Nonce string }
				}
				if err := json.Unmarshal(c.body, &n); err != nil {
					t.Fatal(err)
				}
				if _, err := openAEAD(b.acc.Merchant.APIv3Key, n.Resource.Nonce, "transaction", n.Resource.Ciphertext); err == nil || !signed {
					t.Errorf("signed %v, opens %v", signed, err == nil)
				}
			default:
				tx := b.readNotice(c.body)
				changed := map[string]bool{
					"foreign_mchid":   tx["mchid"] != b.acc.Merchant.MchID,
					"foreign_appid":   tx["appid"] != b.acc.Mini.AppID,
					"amount_mismatch": tx["amount"].(object)["total"].(json.Number) == "101",
					"extra_fields":    tx["unknown_field"] != nil,
					"oversized":       len(c.body) > 1<<20,
				}
				for k, is := range changed {
					if is != (k == kind) {
						t.Errorf("%s = %v", k, is)
					}
				}
				if !signed {
					t.Error("not signed rightly")
				}
			}
			b.clock.advance(15 * time.Second)
			b.settle("d1", "delivered")
			if tx := b.readNotice(b.product.got()[1].body); tx["out_trade_no"] != "FAULT00001" || tx["amount"].(object)["total"].(json.Number) != "100" {
				t.Errorf("the genuine one = %v", tx)
			}
			b.verifyPlatform(b.product.got()[1].header, b.product.got()[1].body)
		})
	}
	t.Run("a probe accepted", func(t *testing.T) {
		b := newBench(t)
		b.fault(object{"kind": "signtest", "app": "pay"})
		b.paid("FAULT00002", b.newUser(), 100)
		if d := b.settle("d1", "delivered"); d["problem"] == nil {
			t.Errorf("= %v", d)
		}
	})
	t.Run("signed with the certificate", func(t *testing.T) {
		b := newBench(t)
		b.ctl("POST", "/_sim/settings", object{"notify_serial": "certificate"})
		b.paid("FAULT00003", b.newUser(), 100)
		c := b.product.got()[0]
		if c.header.Get("Wechatpay-Serial") != b.acc.Platform.CertificateSerial {
			t.Errorf("serial = %s", c.header.Get("Wechatpay-Serial"))
		}
		b.verifyPlatform(c.header, c.body)
	})
}

func TestAnswerFaults(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	body := prepayBody(b, "ANSWER0001", u["mini_openid"].(string), 100)
	ask := func(client *http.Client) (*http.Response, error) {
		r, err := http.NewRequest("POST", b.api+jsapi, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", b.authorization("POST", jsapi, body))
		return client.Do(r)
	}
	orders := func() int { return len(b.ctl("GET", "/_sim/orders", nil)["orders"].([]any)) }

	t.Run("reset", func(t *testing.T) {
		b.fault(object{"kind": "reset", "app": "pay", "endpoint": "/v3/pay/transactions/*"})
		if resp, err := ask(b.client); err == nil {
			resp.Body.Close()
			t.Errorf("answered %d", resp.StatusCode)
		}
		if n := orders(); n != 0 {
			t.Errorf("%d orders made", n)
		}
	})
	t.Run("timeout after the order was made", func(t *testing.T) {
		b.fault(object{"kind": "timeout_after", "app": "pay", "delay_ms": 30000})
		impatient := &http.Client{Transport: b.client.Transport, Timeout: 50 * time.Millisecond}
		if resp, err := ask(impatient); err == nil {
			resp.Body.Close()
			t.Errorf("answered %d", resp.StatusCode)
		}
		if n := orders(); n != 1 {
			t.Errorf("%d orders made, want 1", n)
		}
	})
	t.Run("latency", func(t *testing.T) {
		b.fault(object{"kind": "latency", "app": "pay", "delay_ms": 60})
		began := time.Now()
		resp, err := ask(b.client)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if took := time.Since(began); took < 60*time.Millisecond || resp.StatusCode != 200 {
			t.Errorf("answered %d after %v", resp.StatusCode, took)
		}
	})
	for _, tt := range []struct {
		fault  object
		status int
		code   any
	}{
		{object{"kind": "bad_gateway"}, 502, nil},
		{object{"kind": "busy"}, 500, "SYSTEM_ERROR"},
		{object{"kind": "quota"}, 429, "FREQUENCY_LIMITED"},
		{object{"kind": "error", "status": 403, "code": "NO_AUTH", "message": "没有权限"}, 403, "NO_AUTH"},
	} {
		tt.fault["app"] = "pay"
		b.fault(tt.fault)
		if status, out, _ := b.pay("POST", jsapi, body); status != tt.status || out["code"] != tt.code {
			t.Errorf("%v = %d %v", tt.fault, status, out)
		}
	}
	t.Run("no_prepay_id", func(t *testing.T) {
		b.fault(object{"kind": "no_prepay_id", "app": "pay"})
		if status, out, _ := b.pay("POST", jsapi, body); status != 200 || len(out) != 0 {
			t.Errorf("= %d %v", status, out)
		}
	})
	t.Run("bad_signature", func(t *testing.T) {
		b.fault(object{"kind": "bad_signature", "app": "pay"})
		resp, err := ask(b.client)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(raw), "prepay_id") || b.platformVerifies(resp.Header, raw) == nil {
			t.Errorf("%s, %v: it verifies", raw, err)
		}
	})
	t.Run("an end to all of them", func(t *testing.T) {
		if status, out, _ := b.pay("POST", jsapi, body); status != 200 || out["prepay_id"] == nil {
			t.Errorf("= %d %v", status, out)
		}
	})

	for _, tt := range []struct {
		fault object
		code  int
	}{
		{object{"kind": "busy"}, -1}, {object{"kind": "quota"}, 45009},
		{object{"kind": "error", "code": "40164", "message": "invalid ip 127.0.0.1, not in whitelist"}, 40164},
	} {
		tt.fault["app"], tt.fault["endpoint"] = "oa", "/cgi-bin/user/info"
		b.fault(tt.fault)
		if got := b.tokenCode(b.token(kindOA)); got != tt.code {
			t.Errorf("%v: %d", tt.fault, got)
		}
	}
}

func TestTokenRevoked(t *testing.T) {
	b := newBench(t)
	old := b.token(kindOA)
	b.fault(object{"kind": "token_revoked", "app": "oa", "endpoint": "/cgi-bin/user/info"})
	for i := range 2 {
		if got := b.tokenCode(old); got != 40001 {
			t.Errorf("ask %d with a revoked token: %d", i+1, got)
		}
	}
	fresh := b.token(kindOA)
	if fresh == old || b.tokenCode(fresh) != 40003 {
		t.Error("stable_token did not replace a revoked token")
	}
	b.fault(object{"kind": "token_revoked", "app": "oa", "endpoint": "/cgi-bin/user/info", "stuck": true})
	b.tokenCode(fresh)
	if again := b.token(kindOA); again != fresh || b.tokenCode(again) != 40001 {
		t.Error("a stuck token was replaced without force_refresh")
	}
}

// Every fault kind is reachable by the control API and by no other name.
func TestFaultsAreChecked(t *testing.T) {
	b := newBench(t)
	for _, kind := range append(slices.Clone(answerFaults), pushFaults...) {
		f := object{"kind": kind}
		if kind == faultError {
			f["code"] = "1"
		}
		b.fault(f)
	}
	for _, bad := range []object{
		{"kind": "surprise"}, {"kind": "error"}, {"kind": "lost", "app": "x"}, {"kind": "lost", "nth": -1},
		{"kind": "latency", "delay_ms": 60001}, {"kind": "lost", "surprise": 1}, {"kind": "error", "code": "1", "status": 99},
	} {
		if status, out := b.ctlAny("POST", "/_sim/faults", bad); status != 400 {
			t.Errorf("%v = %d %v", bad, status, out)
		}
	}
	if n := len(b.ctl("GET", "/_sim/faults", nil)["faults"].([]any)); n != len(answerFaults)+len(pushFaults) {
		t.Errorf("%d faults kept", n)
	}
	b.ctl("DELETE", "/_sim/faults/f1", nil)
	b.ctl("DELETE", "/_sim/faults", nil)
	if n := len(b.ctl("GET", "/_sim/faults", nil)["faults"].([]any)); n != 0 {
		t.Errorf("%d faults left", n)
	}
}
