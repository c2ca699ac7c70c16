package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"huitou/model/kv"
	"huitou/wechat"
)

func TestCallsCarryTokenBodyAndQuery(t *testing.T) {
	clock := newClock()
	_, client := newFake(t)
	c := newClient(t, client, memory(clock), clock.Now)

	posted, err := Post[echo](t.Context(), c, "/cgi-bin/echo", map[string]string{"a": "<回头 & more>"})
	if err != nil || posted.Body != `{"a":"<回头 & more>"}` {
		t.Errorf("Post = %+v, %v", posted, err)
	}
	query := url.Values{"x": {"a&access_token=evil"}}
	got, err := Get[echo](t.Context(), c, "/cgi-bin/echo", query)
	if err != nil || got.X != "a&access_token=evil" {
		t.Errorf("Get = %+v, %v", got, err)
	}
	if len(query) != 1 {
		t.Errorf("the caller's query was changed: %v", query)
	}
}

func TestAnswersThatCannotBeRead(t *testing.T) {
	tests := []struct {
		name   string
		answer func(w http.ResponseWriter)
		status int
	}{
		{"a proxy's page", func(w http.ResponseWriter) { w.WriteHeader(502); _, _ = io.WriteString(w, "<html>") }, 502},
		{"a page with status 200", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>") }, 200},
		{"nothing", func(http.ResponseWriter) {}, 200},
		{"another type", func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"body":[1]}`) }, 200},
		{"a list", func(w http.ResponseWriter) { _, _ = io.WriteString(w, `[]`) }, 200},
		{"a flood", func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, maxBody+10)) }, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock := newClock()
			fake, client := newFake(t)
			fake.answer = func(w http.ResponseWriter, _ *http.Request) { tt.answer(w) }
			c := newClient(t, client, memory(clock), clock.Now)

			_, err := Post[echo](t.Context(), c, "/cgi-bin/echo", map[string]string{})
			var broken *wechat.TransportError
			if !errors.As(err, &broken) || broken.HTTPStatus != tt.status || broken.Endpoint != "/cgi-bin/echo" {
				t.Fatalf("error = %#v, want a TransportError with status %d", err, tt.status)
			}
			if _, _, calls := fake.counts(); calls != 1 {
				t.Errorf("%d calls: a call whose outcome is unknown was repeated", calls)
			}
		})
	}
}

// Errors end in logs and job tables: neither the token nor the secret may be in any.
func TestErrorsCarryNoSecret(t *testing.T) {
	clock := newClock()
	fake, client := newFake(t)
	c := newClient(t, client, memory(clock), clock.Now)
	token, err := c.tokens.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	var failures []error
	fail := func(answer func(w http.ResponseWriter, r *http.Request)) {
		fake.answer = answer
		_, err := Post[echo](t.Context(), c, "/cgi-bin/echo", map[string]string{})
		_, err2 := GetWithSecret[echo](t.Context(), c, "/sns/echo", url.Values{"js_code": {"code-of-someone"}})
		failures = append(failures, err, err2)
	}
	fail(func(w http.ResponseWriter, r *http.Request) { // echoes the whole request
		w.WriteHeader(500)
		_, _ = io.WriteString(w, r.RequestURI)
	})
	fail(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"errcode":47001,"errmsg":"bad `+r.URL.Query().Get("access_token")+r.URL.Query().Get("secret")+` rid: 63c0e1a2-1b2c3d4e-5f60718a"}`)
	})
	fail(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
	})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = GetWithSecret[echo](gone, c, "/sns/echo", nil)
	failures = append(failures, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call = %v, want context.Canceled inside", err)
	}

	for _, err := range failures {
		if err == nil {
			t.Fatal("a call that had to fail did not")
		}
		for _, secret := range []string{token, testSecret.Reveal(), "code-of-someone", "access_token=", "http"} {
			if strings.Contains(strings.ReplaceAll(err.Error(), "HTTP", ""), secret) {
				t.Errorf("%q is in: %v", secret, err)
			}
		}
	}
	var refused *wechat.Error
	if !errors.As(failures[2], &refused) || refused.RequestID != "63c0e1a2-1b2c3d4e-5f60718a" ||
		refused.Message != "bad [redacted]" {
		t.Errorf("refusal = %#v", failures[2])
	}
}

func TestNewReportsEveryFault(t *testing.T) {
	_, err := New(Config{})
	for _, field := range []string{"AppID", "Secret", "HTTP", "KV", "Now"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not in: %v", field, err)
		}
	}
}

// deadStore is a kv that never answers.
type deadStore struct{ kv.Store }

func (deadStore) Get(context.Context, string) (string, bool, error) {
	return "", false, kv.ErrUnavailable
}
func (deadStore) Set(context.Context, string, string, time.Duration) error { return kv.ErrUnavailable }
func (deadStore) SetNX(context.Context, string, string, time.Duration) (bool, error) {
	return false, kv.ErrUnavailable
}
func (deadStore) Release(context.Context, string, string) error { return kv.ErrUnavailable }
func (deadStore) CompareAndDelete(context.Context, string, string) (bool, error) {
	return false, kv.ErrUnavailable
}
func (deadStore) Incr(context.Context, string, time.Duration) (int64, error) {
	return 0, kv.ErrUnavailable
}
