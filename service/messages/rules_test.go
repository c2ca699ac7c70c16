package messages

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"huitou/model"
	"huitou/wechat"
)

func TestClientMsgIDIsStable(t *testing.T) {
	// It must never change: a row that was sent by an older version is repeated under the same id.
	if got := clientMsgID("visit:1:1"); got != "6159709ff21776d83199511f0b756748" {
		t.Errorf("clientMsgID = %q", got)
	}
	if clientMsgID("visit:1:1") == clientMsgID("visit:1:2") {
		t.Error("two keys share an id")
	}
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int64]time.Duration{0: 5 * time.Second, 1: 5 * time.Second, 2: 15 * time.Second, 3: 45 * time.Second,
		6: 1215 * time.Second, 7: 30 * time.Minute, 1000: 30 * time.Minute} {
		if got := backoff(n); got != want {
			t.Errorf("backoff(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestQuotaReset(t *testing.T) {
	tests := []struct{ now, want string }{
		{"2026-11-21T12:00:00+08:00", "2026-11-22T00:05:00+08:00"},
		{"2026-11-21T23:59:59+08:00", "2026-11-22T00:05:00+08:00"},
		{"2026-11-22T00:00:00+08:00", "2026-11-23T00:05:00+08:00"},
		{"2026-11-21T17:00:00Z", "2026-11-23T00:05:00+08:00"}, // already the 22nd in Shanghai
		{"2026-12-31T23:00:00+08:00", "2027-01-01T00:05:00+08:00"},
	}
	for _, tt := range tests {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := quotaReset(now).In(model.Shanghai).Format(time.RFC3339); got != tt.want {
			t.Errorf("quotaReset(%s) = %s, want %s", tt.now, got, tt.want)
		}
	}
}

// Only what proves that nothing was sent may be tried again without a doubt.
func TestAnswered(t *testing.T) {
	send := "/cgi-bin/message/template/send"
	tests := []struct {
		err  error
		want bool
	}{
		{&wechat.Error{Code: -1, Endpoint: send}, true},
		{fmt.Errorf("wrapped: %w", &wechat.Error{Code: 43004}), true},
		{&wechat.DataError{}, true},
		{&wechat.TransportError{Endpoint: send, Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, true},
		{&wechat.TransportError{Endpoint: "/cgi-bin/stable_token", Err: context.DeadlineExceeded}, true},
		{&wechat.TransportError{Endpoint: send, Err: &net.OpError{Op: "read", Err: errors.New("reset")}}, false},
		{&wechat.TransportError{Endpoint: send, HTTPStatus: 502, Err: errors.New("bad gateway")}, false},
		{context.DeadlineExceeded, false},
		{context.Canceled, false},
		{errNoMsgID, false},
		{errors.New("anything"), false},
	}
	for _, tt := range tests {
		if got := answered(tt.err); got != tt.want {
			t.Errorf("answered(%v) = %v, want %v", tt.err, got, tt.want)
		}
	}
}

func TestEnded(t *testing.T) {
	for status, want := range map[string]model.MessageState{
		"success": model.MessageDelivered, " Success ": model.MessageDelivered,
		"failed:user block": model.MessageBlocked, "failed: user block": model.MessageBlocked, "failed:userblock": model.MessageBlocked,
		"failed: system failed": model.MessageFailed, "failed:systemfailed": model.MessageFailed, "": model.MessageFailed, "news": model.MessageFailed,
	} {
		if got, reason := ended(status); got != want || (got != model.MessageDelivered) != (reason != "") {
			t.Errorf("ended(%q) = %s %q, want %s", status, got, reason, want)
		}
	}
}

func TestWord(t *testing.T) {
	f := Form{ID: "T", Fields: map[string]string{"thing1": "goods", "amount2": "amount", "character_string3": "number", "time4": "at"}, Cut: []string{"thing1"}}
	data := map[string]string{"goods": "一款名字长得超过微信二十个字符限制的明前龙井茶叶礼盒", "amount": "128.00元", "number": "T2026", "at": "2026年11月21日 12:00", "unused": "x"}
	m := model.Message{MessageKey: "k", ClientMsgID: "c", Channel: model.ChannelOATemplate}
	got, err := word(m, f, data)
	if err != nil || len(got.fields) != 4 || got.fields["thing1"] != "一款名字长得超过微信二十个字符限制的明…" || got.fields["amount2"] != "128.00元" || got.clientMsgID != "c" {
		t.Errorf("word = %+v, %v", got, err)
	}
	var refused *wechat.DataError
	f.Cut = nil
	if _, err := word(m, f, data); !errors.As(err, &refused) {
		t.Errorf("a text that is too long for a field that may not be cut gives %v, want a *wechat.DataError", err)
	}
	f.Cut = []string{"thing1"}
	delete(data, "amount")
	if _, err := word(m, f, data); !errors.As(err, &refused) {
		t.Errorf("a missing text gives %v, want a *wechat.DataError", err)
	}
	m.Channel = model.ChannelCustomerService
	got, err = word(m, Form{Text: "订单{number}已签收"}, data)
	if err != nil || got.text != "订单T2026已签收" || got.clientMsgID == "c" {
		t.Errorf("word = %+v, %v", got, err)
	}
	if _, err := word(m, Form{Text: "{gone}"}, data); !errors.As(err, &refused) {
		t.Errorf("a missing text gives %v, want a *wechat.DataError", err)
	}
}

func TestFill(t *testing.T) {
	data := map[string]string{"a": "{b}", "b": "2", "empty": ""}
	for in, want := range map[string][2]string{
		"":          {"", ""},
		"plain":     {"plain", ""},
		"x{a}y{b}z": {"x{b}y2z", ""}, // what is filled in is not read again
		"{":         {"{", ""},
		"}{":        {"}{", ""},
		"}{b}":      {"}2", ""},
		"{gone}{b}": {"2", "gone"},
		"{empty}":   {"", "empty"},
		"{a}{":      {"{b}{", ""},
		"中文{b}元":    {"中文2元", ""},
	} {
		if got, missing := fill(in, data); got != want[0] || missing != want[1] {
			t.Errorf("fill(%q) = %q, %q; want %q", in, got, missing, want)
		}
	}
}
