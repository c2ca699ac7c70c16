package hook

import (
	"context"
	"log/slog"

	"github.com/labstack/echo/v4"

	"huitou/service/callbacks"
	"huitou/wechat"
)

// OADeps is what the official account's callback needs.
type OADeps struct {
	AppID string
	Codec Codec
	Vault *callbacks.Service
	// Reply returns what the person sees at once, such as a welcome. It only reads, and has replyTime. Nil means: nothing.
	Reply  func(ctx context.Context, p wechat.Push) (wechat.Reply, error)
	Counts Counts
	Log    *slog.Logger
}

// OA answers GET (the check of the address) and POST (pushes) of the official account. Forged, stale and, where encryption
// is configured, plaintext messages get 403 and leave no trace; oversized ones 413. An authentic one is stored and then answered 200
// with "success" or the encrypted passive reply, also when it cannot be read, because sending it again cannot help. A
// repeated delivery gets the first one's answer. When it cannot be stored the answer is 500, so that WeChat sends it again.
func OA(d OADeps) echo.HandlerFunc {
	return account{
		appID: d.AppID, channel: callbacks.OA, codec: d.Codec, vault: d.Vault, reply: d.Reply, counts: d.Counts, log: d.Log,
	}.handle
}
