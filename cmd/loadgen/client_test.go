package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestClientReadsWhatAServerAnswers is against net/http, whose parsing of the handwritten request is part of the test.
func TestClientReadsWhatAServerAnswers(t *testing.T) {
	replies := map[string]struct {
		status int
		body   string
	}{
		"granted": {201, `{"id":"0123456789abcdefghjkmnpq","code":"1234567890123456"}` + "\n"},
		"refused": {409, `{"type":"about:blank","status":409,"code":"coupons.sold_out","detail":"已抢光"}`},
		"failed":  {500, `{"code":"internal"}`},
		"long":    {201, `{"id":"0123456789abcdefghjkmnpq","name":"` + strings.Repeat("长", 9000) + `"}`},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /claims", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key") != key(7) || r.ContentLength != 0 {
			t.Errorf("key %q, length %d", r.Header.Get("Idempotency-Key"), r.ContentLength)
		}
		reply := replies[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		w.Header().Set("Content-Length", strconv.Itoa(len(reply.body)))
		w.WriteHeader(reply.status)
		io.WriteString(w, reply.body)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: mux}
	go server.Serve(l)
	defer server.Close()
	c, err := dial(l.Addr().String(), "/claims", time.Now().Add(10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for token, want := range map[string]answer{
		"granted": {shopper: 7, status: 201, coupon: "0123456789abcdefghjkmnpq"},
		"refused": {shopper: 7, status: 409, code: "coupons.sold_out"},
		"failed":  {shopper: 7, status: 500, code: "internal"},
		"long":    {shopper: 7, status: 201, coupon: "0123456789abcdefghjkmnpq"},
	} {
		for range 2 { // the connection stays open
			if got, err := c.claim(7, token); err != nil || got != want {
				t.Errorf("%s: claim = %+v, %v, want %+v", token, got, err, want)
			}
		}
	}
}

func TestClientTellsBrokenAnswers(t *testing.T) {
	for name, reply := range map[string]string{
		"closed at once":    "",
		"cut in the status": "HTTP/1.1 2",
		"cut in the body":   "HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{\"id\":\"",
		"no length":         "HTTP/1.1 201 Created\r\n\r\n{}",
		"two answers":       "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\nHTTP/1.1 204 No Content\r\n",
		"endless":           "HTTP/1.1 201 Created\r\nContent-Length: 99999999\r\n\r\n",
		"an endless head":   "HTTP/1.1 201 Created\r\nX: " + strings.Repeat("x", 1<<18),
		"a bad length":      "HTTP/1.1 201 Created\r\nContent-Length: -1\r\n\r\n",
		"not HTTP":          "SSH-2.0-OpenSSH_9.2\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = http.ReadRequest(bufio.NewReader(conn))
					fmt.Fprint(conn, reply)
					conn.Close()
				}
			}()
			c, err := dial(l.Addr().String(), "/claims", time.Now().Add(10*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			got, err := c.claim(1, "token")
			if err != nil {
				t.Fatalf("connect anew: %v", err)
			}
			if got.status != 0 || got.acknowledged() || got.refused() {
				t.Errorf("claim = %+v, want an unknown outcome", got)
			}
		})
	}
}
