package wechat_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"huitou/wechat"
)

func TestHTTPClientSendsWeChatsTrafficToTheTarget(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Method+" "+r.Host+r.RequestURI+" "+string(body))
	}))
	defer srv.Close()
	target, _ := url.Parse(srv.URL)
	client := wechat.NewHTTPClient(wechat.HTTPOptions{Target: target})
	defer client.CloseIdleConnections()

	for _, host := range []string{wechat.APIHost, wechat.PayHost, wechat.MPHost} {
		resp, err := client.Post("https://"+host+"/a%7Cb/c?x=1%26y&z=", "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if want := "POST " + host + "/a%7Cb/c?x=1%26y&z= body"; string(got) != want {
			t.Errorf("target saw %q, want %q", got, want)
		}
	}
	if resp, err := client.Get("https://example.com/"); err == nil {
		_ = resp.Body.Close()
		t.Error("a simulated WeChat let a call to another host out")
	}
}

func TestHTTPClientBoundsTimeSizeAndRedirects(t *testing.T) {
	stop := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", func(http.ResponseWriter, *http.Request) { <-stop })
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 4096))
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/big", http.StatusFound)
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	defer close(stop)
	target, _ := url.Parse(srv.URL)
	client := wechat.NewHTTPClient(wechat.HTTPOptions{Target: target, Timeout: 200 * time.Millisecond, MaxBody: 1024})
	defer client.CloseIdleConnections()

	if resp, err := client.Get("https://" + wechat.APIHost + "/slow"); err == nil {
		_ = resp.Body.Close()
		t.Error("a silent server was waited for")
	}
	resp, err := client.Get("https://" + wechat.APIHost + "/big")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	var tooLarge *http.MaxBytesError
	if !errors.As(err, &tooLarge) || len(got) > 1024 {
		t.Errorf("read %d bytes, %v; want MaxBytesError", len(got), err)
	}
	resp, err = client.Get("https://" + wechat.APIHost + "/away")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusFound {
		t.Errorf("a redirect was followed to status %d", resp.StatusCode)
	}
}
