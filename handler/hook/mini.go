package hook

import (
	"log/slog"

	"github.com/labstack/echo/v4"

	"huitou/service/callbacks"
)

// MiniDeps is what the mini-program's callback needs.
type MiniDeps struct {
	AppID  string
	Codec  Codec
	Vault  *callbacks.Service
	Counts Counts
	Log    *slog.Logger
}

// Mini answers the mini-program's pushes as OA does those of the official account, in XML or JSON, and never with more
// than "success": a mini-program has no passive replies.
func Mini(d MiniDeps) echo.HandlerFunc {
	return account{appID: d.AppID, channel: callbacks.Mini, codec: d.Codec, vault: d.Vault, counts: d.Counts, log: d.Log}.handle
}
