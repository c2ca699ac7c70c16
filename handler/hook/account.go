package hook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/labstack/echo/v4"

	"huitou/service/callbacks"
	"huitou/wechat"
)

// Codec verifies, opens and seals callbacks, as oa.Callback and mini.Callback do.
type Codec interface {
	VerifyURL(query url.Values) (echo string, err error)
	Open(query url.Values, body []byte) (wechat.Push, error)
	Seal(p wechat.Push, r wechat.Reply) (contentType string, body []byte, err error)
}

// WeChat waits five seconds. What we do in them, at worst, must fit with room for the network.
const (
	answerTime = 3500 * time.Millisecond // for everything; what is not stored by then is answered 500
	replyTime  = 1500 * time.Millisecond // of it, for the passive reply
	maxBody    = 64 << 10                // pictures are addresses; a compatible-mode push is three times a plain one
)

// Counts are told what somebody should look at. Any of them may be nil.
type Counts struct {
	Refused    func(reason string)  // what was not let in: signature, stale, plaintext, too_large, slow, unreadable
	Unreadable func(verdict string) // what is WeChat's, is kept and has no effect: malformed, unopenable
}

func count(f func(string), word string) {
	if f != nil {
		f(word)
	}
}

// account is the callback address of one official account or mini-program.
type account struct {
	appID   string
	channel callbacks.Channel
	codec   Codec
	vault   *callbacks.Service
	reply   func(ctx context.Context, p wechat.Push) (wechat.Reply, error)
	counts  Counts
	log     *slog.Logger
}

func (a account) handle(c echo.Context) error {
	if c.Request().Method == http.MethodGet {
		return a.verify(c)
	}
	return a.receive(c)
}

// verify answers the check that WeChat makes when the address is entered in its console.
func (a account) verify(c echo.Context) error {
	text, err := a.codec.VerifyURL(c.QueryParams())
	if err != nil {
		return a.refuse(c, err)
	}
	return c.String(http.StatusOK, text)
}

func (a account) receive(c echo.Context) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxBody))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			err = wechat.ErrTooLarge
		}
		return a.refuse(c, err)
	}
	push, err := a.codec.Open(c.QueryParams(), body)
	verdict := ""
	switch {
	case err == nil:
		verdict = callbacks.VerdictOK
	case errors.Is(err, wechat.ErrDecrypt):
		verdict = callbacks.VerdictUnopenable
	case errors.Is(err, wechat.ErrMalformed):
		verdict = callbacks.VerdictMalformed
	default:
		return a.refuse(c, err)
	}
	// WeChat hanging up must not undo what it is about to send again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), answerTime)
	defer cancel()
	in := callbacks.Received{App: a.appID, Channel: a.channel, Verdict: verdict, Raw: push.Body, DedupeKey: push.DedupeKey}
	if verdict == callbacks.VerdictOK {
		in.Topic, in.OpenID, in.Reply = callbacks.Topic(push), push.OpenID, a.replyTo(ctx, push)
	} else {
		a.log.ErrorContext(ctx, "callback cannot be read", "app", a.appID, "verdict", verdict, "err", err)
		count(a.counts.Unreadable, verdict)
		if in.Raw == nil {
			in.Raw = body
		}
	}
	return a.store(ctx, c, push, in)
}

// store keeps the callback and answers it.
func (a account) store(ctx context.Context, c echo.Context, push wechat.Push, in callbacks.Received) error {
	id, fresh, err := a.vault.Receive(ctx, in)
	if err != nil {
		a.log.ErrorContext(ctx, "callback was not stored", "app", a.appID, "topic", in.Topic, "err", err)
		return c.NoContent(http.StatusInternalServerError)
	}
	a.log.InfoContext(ctx, "callback received", "app", a.appID, "callback", id, "topic", in.Topic, "fresh", fresh, "verdict", in.Verdict)
	reply := in.Reply
	if !fresh && in.Verdict == callbacks.VerdictOK {
		if reply, err = a.vault.ReplyTo(ctx, id); err != nil {
			a.log.ErrorContext(ctx, "stored reply is not at hand", "callback", id, "err", err)
			reply = wechat.Reply{}
		}
	}
	if reply == (wechat.Reply{}) {
		return received(c, push)
	}
	contentType, sealed, err := a.codec.Seal(push, reply)
	if err != nil {
		a.log.ErrorContext(ctx, "reply cannot be sealed", "callback", id, "err", err)
		return success(c)
	}
	return c.Blob(http.StatusOK, contentType, sealed)
}

// replyTo asks for the passive reply. It is worth waiting for only for a moment; without it the person sees nothing at once,
// and everything else happens all the same.
func (a account) replyTo(ctx context.Context, p wechat.Push) wechat.Reply {
	if a.reply == nil {
		return wechat.Reply{}
	}
	ctx, cancel := context.WithTimeout(ctx, replyTime)
	defer cancel()
	reply, err := a.reply(ctx, p)
	if err != nil {
		a.log.WarnContext(ctx, "no passive reply", "app", a.appID, "topic", callbacks.Topic(p), "err", err)
		return wechat.Reply{}
	}
	return reply
}

func success(c echo.Context) error { return c.String(http.StatusOK, "success") }

// received says that a push is kept. Those about goods of virtual payment want it said in their own words; WeChat sends them again otherwise.
func received(c echo.Context, p wechat.Push) error {
	if p.Event != wechat.EventDeliverGoods {
		return success(c)
	}
	if p.Envelope.Format == wechat.FormatXML {
		return c.Blob(http.StatusOK, echo.MIMEApplicationXML, []byte("<xml><ErrCode>0</ErrCode><ErrMsg><![CDATA[success]]></ErrMsg></xml>"))
	}
	return c.JSONBlob(http.StatusOK, []byte(`{"ErrCode":0,"ErrMsg":"success"}`))
}

// refuse turns away what is not proven to be WeChat's. Nothing is stored; the reason is counted.
func (a account) refuse(c echo.Context, err error) error {
	status, reason := http.StatusForbidden, "signature"
	switch {
	case errors.Is(err, wechat.ErrSignature):
	case errors.Is(err, wechat.ErrStale):
		reason = "stale"
	case errors.Is(err, wechat.ErrPlaintext):
		reason = "plaintext"
	case errors.Is(err, wechat.ErrTooLarge):
		status, reason = http.StatusRequestEntityTooLarge, "too_large"
	case errors.Is(err, os.ErrDeadlineExceeded):
		status, reason = http.StatusRequestTimeout, "slow"
	default:
		status, reason = http.StatusBadRequest, "unreadable"
	}
	count(a.counts.Refused, reason)
	if reason == "stale" {
		// A clock of ours that is wrong looks the same as a replay, and loses every push: somebody has to look. The error names both times.
		a.log.ErrorContext(c.Request().Context(), "callback refused; is our clock right?", "app", a.appID, "reason", reason, "err", err)
	} else {
		a.log.WarnContext(c.Request().Context(), "callback refused", "app", a.appID, "reason", reason)
	}
	return c.NoContent(status)
}
