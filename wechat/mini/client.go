package mini

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"huitou/model/kv"
	"huitou/wechat"
	"huitou/wechat/internal/api"
)

// Config is what a Client needs; only Log and Force may be nil.
type Config struct {
	AppID  string
	Secret wechat.Secret
	HTTP   *http.Client // see wechat.NewHTTPClient
	KV     kv.Store
	Now    func() time.Time
	Log    *slog.Logger
	// Force takes one forced refresh of the access token from a budget that all instances share; nil means one of this process.
	Force func(ctx context.Context) (bool, error)
}

// Client speaks for one mini-program. It is safe for concurrent use.
type Client struct {
	api *api.Client
	now func() time.Time
}

// New returns a client, or every fault of its configuration. It makes no call.
func New(cfg Config) (*Client, error) {
	c, err := api.New(api.Config(cfg))
	if err != nil {
		return nil, err
	}
	return &Client{api: c, now: cfg.Now}, nil
}

// AppID returns the mini-program's app id.
func (c *Client) AppID() string { return c.api.AppID() }

// codes are what wx.login and the phone button hand to the client; anything else is
// somebody trying the query string.
var codes = regexp.MustCompile(`^[0-9A-Za-z_-]{1,128}$`)

// checkCode refuses an impossible code in WeChat's own words, without asking WeChat.
func checkCode(endpoint, code string) error {
	if codes.MatchString(code) {
		return nil
	}
	return &wechat.Error{Code: 40029, Message: "code is malformed", Endpoint: endpoint}
}
