package oa

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/basic"

	"huitou/wechat"
	"huitou/wechat/internal/api"
)

const qrPath = "/cgi-bin/qrcode/create"

// CreateQR makes a scene code. ttl 0 makes a permanent one, of which an account can make
// 100,000 in all and delete none; otherwise ttl is a second to 30 days. The scene is 1 to
// 64 characters and comes back in the push when someone scans the code.
func (c *Client) CreateQR(ctx context.Context, scene string, ttl time.Duration) (wechat.QRCode, error) {
	if len(scene) == 0 || len(scene) > wechat.MaxScene {
		return wechat.QRCode{}, fmt.Errorf("scene of %d bytes, may have 1 to %d", len(scene), wechat.MaxScene)
	}
	if ttl != 0 && (ttl < time.Second || ttl > wechat.MaxQRTTL) {
		return wechat.QRCode{}, fmt.Errorf("QR code life of %s, may be 0 or %s to %s", ttl, time.Second, wechat.MaxQRTTL)
	}
	req := basic.NewLimitQrRequest(scene)
	if ttl > 0 {
		req = basic.NewTmpQrRequest(ttl, scene)
	}
	out, err := api.Post[basic.Ticket](ctx, c.api, qrPath, req)
	if err != nil {
		return wechat.QRCode{}, err
	}
	if out.Ticket == "" || out.URL == "" {
		return wechat.QRCode{}, api.Malformed(qrPath, "ticket or url")
	}
	return wechat.QRCode{
		Ticket:    out.Ticket,
		URL:       out.URL,
		ImageURL:  c.images + "/cgi-bin/showqrcode?ticket=" + url.QueryEscape(out.Ticket),
		ExpiresIn: time.Duration(out.ExpireSeconds) * time.Second,
	}, nil
}
