package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"huitou/wechat"
)

func TestErrorClass(t *testing.T) {
	tests := []struct {
		code int
		want wechat.Class
	}{
		{-1, wechat.ClassRetry},
		{40001, wechat.ClassToken}, {40014, wechat.ClassToken}, {42001, wechat.ClassToken},
		{40003, wechat.ClassRecipient}, {43004, wechat.ClassRecipient},
		{43101, wechat.ClassConsent},
		{45009, wechat.ClassQuota}, {45011, wechat.ClassQuota}, {44990, wechat.ClassQuota},
		{45015, wechat.ClassWindow}, {45047, wechat.ClassWindow},
		{40029, wechat.ClassCode}, {40163, wechat.ClassCode}, {41008, wechat.ClassCode},
		{40226, wechat.ClassDenied}, {87014, wechat.ClassDenied},
		{40013, wechat.ClassConfig}, {40125, wechat.ClassConfig}, {40164, wechat.ClassConfig},
		{48001, wechat.ClassConfig}, {40037, wechat.ClassConfig},
		{47001, wechat.ClassBug}, {47003, wechat.ClassBug}, {41030, wechat.ClassBug},
		{10060001, wechat.ClassRetry}, {10060031, wechat.ClassRecipient},
		{99999, wechat.ClassUnknown}, {0, wechat.ClassUnknown},
	}
	for _, tt := range tests {
		e := &wechat.Error{Code: tt.code, Endpoint: "/cgi-bin/message/template/send"}
		if got := e.Class(); got != tt.want {
			t.Errorf("class of %d = %s, want %s", tt.code, got, tt.want)
		}
	}
	// The same code from the token endpoint is a wrong secret.
	secret := &wechat.Error{Code: 40001, Endpoint: "/cgi-bin/stable_token"}
	if got := secret.Class(); got != wechat.ClassConfig {
		t.Errorf("class of 40001 at the token endpoint = %s, want config", got)
	}
}

func TestClassOf(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want wechat.Class
	}{
		{"a wrapped refusal", fmt.Errorf("send: %w", &wechat.Error{Code: 43101}), wechat.ClassConsent},
		{"no answer", fmt.Errorf("send: %w", &wechat.TransportError{Err: errors.New("reset")}), wechat.ClassRetry},
		{"a deadline", fmt.Errorf("send: %w", context.DeadlineExceeded), wechat.ClassRetry},
		{"bad template data", wechat.CheckTemplateData(nil), wechat.ClassBug},
		{"a busy pay server", &wechat.PayError{HTTPStatus: 503}, wechat.ClassRetry},
		{"a pay limit", &wechat.PayError{HTTPStatus: 429}, wechat.ClassQuota},
		{"a pay signature", &wechat.PayError{HTTPStatus: 401, Code: "SIGN_ERROR"}, wechat.ClassConfig},
		{"something else", errors.New("no idea"), wechat.ClassUnknown},
		{"nothing", nil, wechat.ClassUnknown},
	}
	for _, tt := range tests {
		if got := wechat.ClassOf(tt.err); got != tt.want {
			t.Errorf("%s: class %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestSentinelsAreTheirKind(t *testing.T) {
	tests := []struct {
		err, kind error
		is        bool
	}{
		{wechat.ErrProbe, wechat.ErrSignature, true},
		{wechat.ErrSerial, wechat.ErrSignature, true},
		{wechat.ErrDecrypt, wechat.ErrMalformed, true},
		{wechat.ErrStale, wechat.ErrSignature, false},
		{wechat.ErrPlaintext, wechat.ErrSignature, false},
		{wechat.ErrSignature, wechat.ErrProbe, false},
	}
	for _, tt := range tests {
		if errors.Is(tt.err, tt.kind) != tt.is {
			t.Errorf("errors.Is(%v, %v) = %v", tt.err, tt.kind, !tt.is)
		}
	}
}

func TestPayErrorCodesIgnoreUnderscores(t *testing.T) {
	e := &wechat.PayError{HTTPStatus: 400, Code: "ORDERPAID"}
	if !e.HasCode(wechat.PayOrderClosed, wechat.PayOrderPaid) {
		t.Error("ORDERPAID is not ORDER_PAID")
	}
	if e.HasCode(wechat.PayOrderNotExist) || (&wechat.PayError{}).HasCode("") {
		t.Error("an other or empty code matched")
	}
	for status, want := range map[int]bool{400: false, 401: false, 403: false, 404: false, 429: true, 500: true, 503: true} {
		if got := (&wechat.PayError{HTTPStatus: status}).Retryable(); got != want {
			t.Errorf("HTTP %d retryable = %v, want %v", status, got, want)
		}
	}
}
