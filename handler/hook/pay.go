package hook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"huitou/service/callbacks"
	"huitou/service/payments"
	"huitou/wechat"
)

// Notices verifies and opens notices of WeChat Pay, as pay.Client does.
type Notices interface {
	ParseNotice(ctx context.Context, header http.Header, body []byte) (wechat.PayNotice, error)
}

// PayDeps is what the callback of WeChat Pay needs.
type PayDeps struct {
	MchID    string
	Notices  Notices
	Vault    *callbacks.Service
	Payments *payments.Service
	// Refused counts what was turned away, by reason: forged, probe, serial, stale, too_large, key, malformed. May be nil.
	Refused func(reason string)
	Log     *slog.Logger
}

// payTime bounds storing and crediting one notice; WeChat waits five seconds.
const payTime = 4 * time.Second

// Pay answers the notices of WeChat Pay about payments and refunds; what a notice is about stands in it, not in its address. It looks at nothing before the signature over the raw bytes is proven. An
// authentic notice is kept in the vault and applied; it is acknowledged with 204 only once both stand in the database,
// also when it does not fit its order, since sending it again would not make it fit. Anything that fails on our side is a
// 500, so that WeChat sends it again. What is not proven gets 401 and leaves nothing behind but a count.
func Pay(d PayDeps) echo.HandlerFunc { return d.handle }

func (d PayDeps) handle(c echo.Context) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxBody))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			err = wechat.ErrTooLarge
		}
		return d.refuse(c, err)
	}
	// WeChat hanging up must not undo what it is about to send again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), payTime)
	defer cancel()
	notice, err := d.Notices.ParseNotice(ctx, c.Request().Header, body)
	if err != nil {
		return d.refuse(c, err)
	}
	if err := d.take(ctx, notice); err != nil {
		d.Log.ErrorContext(ctx, "pay notice was not taken", "notice", notice.ID, "event", notice.EventType, "err", err)
		return c.JSON(http.StatusInternalServerError, failure)
	}
	return c.NoContent(http.StatusNoContent)
}

// take keeps a notice and applies it. A copy is applied as well: the first one may have been kept and not applied.
func (d PayDeps) take(ctx context.Context, n wechat.PayNotice) error {
	id, fresh, err := d.Vault.Receive(ctx, callbacks.Received{
		App: d.MchID, Channel: callbacks.Pay, DedupeKey: noticeKey(n), Raw: n.Raw, Verdict: callbacks.VerdictOK,
	})
	if err != nil {
		return err
	}
	if n.Refund != nil {
		out, err := d.Payments.ApplyRefund(ctx, *n.Refund, payments.Notify)
		if err != nil {
			return err
		}
		d.Log.InfoContext(ctx, "refund notice", "callback", id, "fresh", fresh, "verdict", out.Verdict, "refund", out.Refund.ID)
		return nil
	}
	if n.Transaction == nil {
		// Families that we do not use stay in the vault.
		d.Log.InfoContext(ctx, "pay notice kept", "callback", id, "fresh", fresh, "event", n.EventType)
		return nil
	}
	out, err := d.Payments.Apply(ctx, *n.Transaction, payments.Notify)
	if err != nil {
		return err
	}
	d.Log.InfoContext(ctx, "pay notice", "callback", id, "fresh", fresh, "verdict", out.Verdict, "pay_order", out.Order.ID)
	return nil
}

// noticeKey is the same for every delivery of one event and for nothing else.
func noticeKey(n wechat.PayNotice) string {
	h := sha256.New()
	h.Write([]byte(n.ID + "\n" + n.EventType + "\n"))
	h.Write(n.Raw)
	return hex.EncodeToString(h.Sum(nil))
}

// failure is the body that WeChat's documentation asks for; it reads the status only.
var failure = map[string]string{"code": "FAIL", "message": "失败"}

func (d PayDeps) refuse(c echo.Context, err error) error {
	status, reason, level := http.StatusUnauthorized, "forged", slog.LevelWarn
	switch {
	case errors.Is(err, wechat.ErrProbe):
		reason, level = "probe", slog.LevelDebug // WeChat looks whether we check
	case errors.Is(err, wechat.ErrSerial):
		reason = "serial"
	case errors.Is(err, wechat.ErrSignature):
	case errors.Is(err, wechat.ErrStale):
		// Signed by WeChat and out of our time: a replay, or our clock is wrong and every payment will be refused.
		reason, level = "stale", slog.LevelError
	case errors.Is(err, wechat.ErrTooLarge):
		status, reason = http.StatusRequestEntityTooLarge, "too_large"
	case errors.Is(err, wechat.ErrDecrypt):
		// Signed by WeChat, closed to our APIv3 key: it was changed on one side. WeChat sends it again once it is mended.
		status, reason, level = http.StatusInternalServerError, "key", slog.LevelError
	case errors.Is(err, wechat.ErrMalformed):
		status, reason, level = http.StatusBadRequest, "malformed", slog.LevelError
	default:
		status, reason = http.StatusBadRequest, "unreadable"
	}
	if d.Refused != nil {
		d.Refused(reason)
	}
	d.Log.Log(c.Request().Context(), level, "pay notice refused", "reason", reason)
	return c.JSON(status, failure)
}
