package oa

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"huitou/model/kv"
	"huitou/wechat"
	"huitou/wechat/internal/api"
)

// Config is what a Client needs; only Log, Force and Images may be empty.
type Config struct {
	AppID  string
	Secret wechat.Secret
	HTTP   *http.Client // see wechat.NewHTTPClient
	KV     kv.Store
	Now    func() time.Time
	Log    *slog.Logger
	// Force takes one forced refresh of the access token from a budget that all instances share; nil means one of this process.
	Force func(ctx context.Context) (bool, error)

	// Images is the scheme and host that browsers load QR pictures from. Empty means
	// WeChat's; a simulated shop names its simulator, since no transport of ours sees
	// what a browser asks for.
	Images string
}

// Client speaks for one official account. It is safe for concurrent use.
type Client struct {
	api    *api.Client
	images string
}

// New returns a client, or every fault of its configuration. It makes no call.
func New(cfg Config) (*Client, error) {
	c, err := api.New(api.Config{
		AppID: cfg.AppID, Secret: cfg.Secret, HTTP: cfg.HTTP, KV: cfg.KV, Now: cfg.Now, Log: cfg.Log, Force: cfg.Force,
	})
	if err != nil {
		return nil, err
	}
	if cfg.Images == "" {
		cfg.Images = "https://" + wechat.MPHost
	}
	return &Client{api: c, images: strings.TrimRight(cfg.Images, "/")}, nil
}

// AppID returns the account's app id.
func (c *Client) AppID() string { return c.api.AppID() }
