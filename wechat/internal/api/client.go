package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"huitou/model/kv"
	"huitou/wechat"
)

const (
	base       = "https://" + wechat.APIHost
	maxBody    = 1 << 20 // of an answer; the interfaces used here answer a few KiB
	maxMessage = 300     // bytes kept of an errmsg
)

// Config is what a Client needs. All fields are required, except that Log and Force may be nil.
type Config struct {
	AppID  string
	Secret wechat.Secret
	HTTP   *http.Client
	KV     kv.Store
	Now    func() time.Time
	Log    *slog.Logger
	// Force takes one forced refresh of the token from a budget that all instances share, and reports whether there was one.
	// Nil means a budget of this process and, as far as it answers, of KV.
	Force func(ctx context.Context) (bool, error)
}

// Validate reports every missing field.
func (c Config) Validate() error {
	var errs []error
	for name, missing := range map[string]bool{
		"AppID": c.AppID == "", "Secret": c.Secret == "", "HTTP": c.HTTP == nil,
		"KV": c.KV == nil, "Now": c.Now == nil,
	} {
		if missing {
			errs = append(errs, fmt.Errorf("wechat api: %s is missing", name))
		}
	}
	return errors.Join(errs...)
}

// Client calls api.weixin.qq.com in the name of one app. It is safe for concurrent use.
type Client struct {
	appID  string
	secret wechat.Secret
	http   *http.Client
	now    func() time.Time
	log    *slog.Logger
	tokens *tokens
}

// New returns a client, or every fault of its configuration.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Client{
		appID:  cfg.AppID,
		secret: cfg.Secret,
		http:   cfg.HTTP,
		now:    cfg.Now,
		log:    cfg.Log.With("wechat_app", cfg.AppID),
	}
	c.tokens = newTokens(c, cfg.KV)
	c.tokens.force = cfg.Force
	return c, nil
}

// AppID returns the app in whose name the client calls.
func (c *Client) AppID() string { return c.appID }

// Post calls an endpoint that wants the access token and a JSON body.
func Post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	raw, err := encode(body)
	if err != nil {
		var none T
		return none, fmt.Errorf("encode request to %s: %w", path, err)
	}
	return withToken[T](ctx, c, path, nil, raw)
}

// Get calls an endpoint that wants the access token and a query.
func Get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	return withToken[T](ctx, c, path, query, nil)
}

// GetWithSecret calls an endpoint that identifies the app by appid and secret in the query.
func GetWithSecret[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	q := cloneQuery(query)
	q.Set("appid", c.appID)
	q.Set("secret", c.secret.Reveal())
	return call[T](ctx, c, path, q, nil, c.secret.Reveal())
}

// withToken makes the call, and once more with another token if the first was refused.
func withToken[T any](ctx context.Context, c *Client, path string, query url.Values, body []byte) (T, error) {
	return withTokenAs(ctx, c, path, query, body, decode[T])
}

// withTokenAs is withToken with a way of its own to read the answer.
func withTokenAs[T any](ctx context.Context, c *Client, path string, query url.Values, body []byte, read answer[T]) (T, error) {
	var none T
	for attempt := 1; ; attempt++ {
		token, err := c.tokens.Token(ctx)
		if err != nil {
			return none, fmt.Errorf("token for %s: %w", path, err)
		}
		q := cloneQuery(query)
		q.Set("access_token", token)
		out, err := callAs(ctx, c, path, q, body, token, read)
		var refused *wechat.Error
		if !errors.As(err, &refused) || refused.Class() != wechat.ClassToken {
			return out, err
		}
		c.tokens.Invalidate(ctx, token)
		if attempt == 2 {
			return none, err
		}
	}
}

// answer makes something of a body that came with status 200. hide is kept out of every error.
type answer[T any] func(path string, raw []byte, hide string) (T, error)

// call makes one request and decodes its answer: errcode first, then T. hide is kept out of
// every error.
func call[T any](ctx context.Context, c *Client, path string, query url.Values, body []byte, hide string) (T, error) {
	return callAs(ctx, c, path, query, body, hide, decode[T])
}

func callAs[T any](ctx context.Context, c *Client, path string, query url.Values, body []byte, hide string, read answer[T]) (T, error) {
	var out T
	method, reader := http.MethodGet, io.Reader(nil)
	if body != nil {
		method, reader = http.MethodPost, bytes.NewReader(body)
	}
	target := base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, reader)
	if err != nil {
		// The text of err would carry the URL.
		return out, &wechat.TransportError{Endpoint: path, Err: errors.New("request cannot be built")}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return out, &wechat.TransportError{Endpoint: path, Err: withoutURL(err)}
	}
	defer resp.Body.Close()
	raw, err := readBounded(resp.Body)
	if err != nil {
		return out, &wechat.TransportError{Endpoint: path, HTTPStatus: resp.StatusCode, Err: withoutURL(err)}
	}
	if resp.StatusCode != http.StatusOK {
		return out, &wechat.TransportError{Endpoint: path, HTTPStatus: resp.StatusCode, Err: errUnexpectedStatus}
	}
	return read(path, raw, hide)
}

func decode[T any](path string, raw []byte, hide string) (out T, err error) {
	if err := refusal(path, raw, hide); err != nil {
		return out, err
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, &wechat.TransportError{Endpoint: path, HTTPStatus: http.StatusOK, Err: errNotJSON}
	}
	return out, nil
}

var (
	errUnexpectedStatus = errors.New("unexpected status")
	errNotJSON          = errors.New("answer is not the JSON expected")
	errAnswerTooLarge   = errors.New("answer is too large")
)

// Malformed is the error of an answer that lacks what it must have.
func Malformed(path, what string) error {
	return &wechat.TransportError{Endpoint: path, HTTPStatus: http.StatusOK, Err: errors.New("answer without " + what)}
}

// refusal returns the *wechat.Error an answer stands for, or nil.
func refusal(path string, raw []byte, hide string) error {
	var head struct {
		Code    int    `json:"errcode"`
		Message string `json:"errmsg"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return &wechat.TransportError{Endpoint: path, HTTPStatus: http.StatusOK, Err: errNotJSON}
	}
	if head.Code == 0 {
		return nil
	}
	msg, rid := splitRequestID(head.Message)
	if hide != "" {
		msg = strings.ReplaceAll(msg, hide, "[redacted]")
	}
	if len(msg) > maxMessage {
		msg = strings.ToValidUTF8(msg[:maxMessage], "")
	}
	return &wechat.Error{Code: head.Code, Message: msg, RequestID: rid, Endpoint: path}
}

var requestID = regexp.MustCompile(`\s*rid: ([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})\s*$`)

func splitRequestID(msg string) (text, rid string) {
	if m := requestID.FindStringSubmatchIndex(msg); m != nil {
		return msg[:m[0]], msg[m[2]:m[3]]
	}
	return msg, ""
}

// withoutURL unwraps the *url.Error of net/http, whose text has the whole URL with token or
// secret in it.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func readBounded(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxBody {
		return nil, errAnswerTooLarge
	}
	return raw, nil
}

// encode keeps <, > and & as they are: WeChat shows \u003c literally in some messages.
func encode(body any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimRight(buf.Bytes(), "\n"), nil
}

func cloneQuery(q url.Values) url.Values {
	out := make(url.Values, len(q)+2)
	for k, v := range q {
		out[k] = v
	}
	return out
}
