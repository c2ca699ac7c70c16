package wechat

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Defaults of NewHTTPClient.
const (
	DefaultConnect = time.Second
	DefaultTimeout = 5 * time.Second
	DefaultMaxBody = 1 << 20
)

// HTTPOptions configures NewHTTPClient. The zero value talks to WeChat itself.
type HTTPOptions struct {
	// Target, when set, receives every request instead of WeChat: scheme and host are
	// taken from it, the rest of the request and its Host header stay. Requests to hosts
	// that are not WeChat's are then refused, so that a simulated shop never calls out.
	Target *url.URL
	// Timeout bounds one request including its body, Connect the connection and, apart,
	// the TLS handshake. Zero means the defaults.
	Timeout time.Duration
	Connect time.Duration
	// MaxBody bounds a response in bytes; reading beyond it is an error. Zero means
	// DefaultMaxBody.
	MaxBody int64
	// MaxConns bounds the connections per host; zero means 64.
	MaxConns int
}

// Hosts of WeChat that the adapters call.
const (
	APIHost = "api.weixin.qq.com"
	PayHost = "api.mch.weixin.qq.com"
	MPHost  = "mp.weixin.qq.com"
)

// NewHTTPClient returns the client through which all calls to WeChat go. It follows no
// redirect: a query may carry a secret, and WeChat's interfaces do not redirect.
func NewHTTPClient(opt HTTPOptions) *http.Client {
	if opt.Timeout <= 0 {
		opt.Timeout = DefaultTimeout
	}
	if opt.Connect <= 0 {
		opt.Connect = DefaultConnect
	}
	if opt.MaxBody <= 0 {
		opt.MaxBody = DefaultMaxBody
	}
	if opt.MaxConns <= 0 {
		opt.MaxConns = 64
	}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: opt.Connect, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    opt.Connect,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxConnsPerHost:        opt.MaxConns,
		MaxIdleConnsPerHost:    opt.MaxConns,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	var next http.RoundTripper = transport
	if opt.Target != nil {
		transport.Proxy = nil
		next = &redirected{target: opt.Target, next: next}
	}
	return &http.Client{
		Timeout:   opt.Timeout,
		Transport: &bounded{max: opt.MaxBody, next: next},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// redirected sends WeChat's traffic to another server.
type redirected struct {
	target *url.URL
	next   http.RoundTripper
}

func (t *redirected) RoundTrip(req *http.Request) (*http.Response, error) {
	switch req.URL.Host {
	case APIHost, PayHost, MPHost:
	default:
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, fmt.Errorf("host %q is not WeChat's, and WeChat is simulated", req.URL.Host)
	}
	out := req.Clone(req.Context())
	out.Host = req.URL.Host
	out.URL.Scheme, out.URL.Host = t.target.Scheme, t.target.Host
	return t.next.RoundTrip(out)
}

func (t *redirected) CloseIdleConnections() { closeIdle(t.next) }

// bounded ends response bodies at max bytes with an error.
type bounded struct {
	max  int64
	next http.RoundTripper
}

func (t *bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, t.max)
	}
	return resp, err
}

func (t *bounded) CloseIdleConnections() { closeIdle(t.next) }

func closeIdle(next http.RoundTripper) {
	if c, ok := next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
