package mini

import (
	"context"

	"huitou/wechat"
	"huitou/wechat/internal/api"
)

const subscribePath = "/cgi-bin/message/subscribe/send"

// SendSubscribe sends a subscribe message, which uses up one consent: without one it is a *wechat.Error of ClassConsent.
// WeChat does not tell repetitions from new ones. msgID may be empty.
func (c *Client) SendSubscribe(ctx context.Context, in wechat.SubscribeMessage) (msgID string, err error) {
	return api.SendSubscribe(ctx, c.api, subscribePath, in)
}
