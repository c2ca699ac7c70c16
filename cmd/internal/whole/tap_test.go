package whole

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// exchange is one request and its answer as they went over the wire.
type exchange struct {
	method string
	target *url.URL
	header http.Header
	body   []byte
	status int
	reply  http.Header
	answer []byte
}

// tap is a proxy that keeps what passes.
type tap struct {
	url  string
	mu   sync.Mutex
	kept []exchange
}

func newTap(t *testing.T, target string) *tap {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	p := &tap{}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host // the Host header stays: the simulator goes by it
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(res *http.Response) error {
			answer, err := io.ReadAll(res.Body)
			if err != nil {
				return err
			}
			res.Body = io.NopCloser(bytes.NewReader(answer))
			x, ok := res.Request.Context().Value(exchangeKey{}).(exchange)
			if !ok {
				return nil
			}
			x.status, x.reply, x.answer = res.StatusCode, res.Header.Clone(), answer
			p.mu.Lock()
			defer p.mu.Unlock()
			p.kept = append(p.kept, x)
			return nil
		},
		// A torn connection must reach the other side as one.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		x := exchange{method: r.Method, target: r.URL, header: r.Header.Clone(), body: body}
		proxy.ServeHTTP(w, r.WithContext(withExchange(r.Context(), x)))
	}))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	p.url = server.URL
	return p
}

// exchanges returns what passed so far.
func (p *tap) exchanges() []exchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]exchange(nil), p.kept...)
}
