package guest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"huitou/handler/guest"
	"huitou/service/aftersale"
)

const (
	onCard  = "0123456789abcdefghjk"
	follows = "http://weixin.qq.com/q/02abcDEF"
)

// cards is one parcel's code.
type cards struct{ fail error }

func (c cards) Picture(_ context.Context, token string) (aftersale.Picture, error) {
	if token != onCard {
		return aftersale.Picture{}, aftersale.ErrNoCard
	}
	return aftersale.Picture{URL: follows, ExpiresAt: time.Unix(2e9, 0)}, c.fail
}

func (c cards) ReadyPicture(ctx context.Context, token string) (aftersale.Picture, error) {
	return c.Picture(ctx, token)
}

func visit(t *testing.T, e *echo.Echo, path string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	h := rec.Header()
	csp := h.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") ||
		h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || h.Get("X-Robots-Tag") != "noindex" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: headers %v", path, h)
	}
	if body := rec.Body.String(); strings.Contains(body, "<script") || strings.Contains(body, "style=") {
		t.Errorf("%s: scripts or inline styles: %s", path, body)
	}
	return rec
}

// read decodes a QR code as a phone would.
func read(t *testing.T, picture []byte) string {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	found, err := qrcode.NewQRCodeReader().Decode(bits, nil)
	if err != nil {
		t.Fatalf("no phone reads this: %v", err)
	}
	return found.GetText()
}

func TestCardByItsLink(t *testing.T) {
	e := echo.New()
	guest.ParcelRoutes(e, "/p/", "/s/assets", cards{})
	rec := visit(t, e, "/p/"+onCard)
	if body := rec.Body.String(); rec.Code != http.StatusOK || !strings.Contains(body, `src="/p/`+onCard+`/code.png"`) || !strings.Contains(body, "长按图片") ||
		!strings.Contains(body, `href="/s/assets/guest.css"`) || strings.Contains(body, "refresh") {
		t.Errorf("%d %s", rec.Code, body)
	}
	rec = visit(t, e, "/p/"+onCard+"/code.png")
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/png" {
		t.Fatalf("the picture: %d %v", rec.Code, rec.Header())
	}
	if says := read(t, rec.Body.Bytes()); says != follows {
		t.Errorf("the picture says %q, want %q", says, follows)
	}
}

// T33: a guessed link looks the same whatever is wrong with it.
func TestT33GuessedCards(t *testing.T) {
	e := echo.New()
	guest.ParcelRoutes(e, "/p/", "/s/assets", cards{})
	first := ""
	for _, token := range []string{"x", onCard[:19], onCard + "a", strings.ToUpper(onCard), "%27%20OR%201=1", strings.Repeat("a", 5000)} {
		rec := visit(t, e, "/p/"+token)
		if first == "" {
			first = rec.Body.String()
		}
		if rec.Code != http.StatusNotFound || rec.Body.String() != first {
			t.Errorf("%.20s: %d %s", token, rec.Code, rec.Body)
		}
		if rec := visit(t, e, "/p/"+token+"/code.png"); rec.Code != http.StatusNotFound || rec.Body.Len() != 0 {
			t.Errorf("the picture of %.20s: %d %s", token, rec.Code, rec.Body)
		}
	}
}

func TestCardWhileWeChatIsDown(t *testing.T) {
	e := echo.New()
	guest.ParcelRoutes(e, "/p/", "/s/assets", cards{fail: aftersale.ErrQR.Because(errors.New("secret reason"))})
	rec := visit(t, e, "/p/"+onCard)
	if body := rec.Body.String(); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" ||
		!strings.Contains(body, `http-equiv="refresh"`) || !strings.Contains(body, "重试") || strings.Contains(body, "secret") || strings.Contains(body, "<img") {
		t.Errorf("%d %s", rec.Code, body)
	}
}

// T31: who tries many tokens is slowed down; another address is not.
func TestT31CardsAreLimitedPerAddress(t *testing.T) {
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	guest.ParcelRoutes(e, "/p/", "/s/assets", cards{})
	from := func(ip string, i int) int {
		req := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/p/%020d", i), nil)
		req.RemoteAddr = ip + ":1234"
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, req)
		if rec.Code == http.StatusTooManyRequests && (rec.Header().Get("Cache-Control") != "no-store" || !strings.Contains(rec.Body.String(), "太频繁")) {
			t.Errorf("refused with %v %s", rec.Header(), rec.Body)
		}
		return rec.Code
	}
	last := 0
	for i := range 5000 {
		if last = from("203.0.113.7", i); last == http.StatusTooManyRequests {
			break
		}
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("5,000 tries at once, the last answered %d", last)
	}
	if code := from("203.0.113.8", 1); code != http.StatusNotFound {
		t.Errorf("a neighbour: %d", code)
	}
}
