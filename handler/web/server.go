package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"huitou/model/fault"
	"huitou/model/random"
)

// Server settings that hold for every audience.
type Server struct {
	// TrustedProxies are the networks whose X-Forwarded-For is believed. Empty means that the connection's own address counts:
	// Echo's default would believe anybody (threat T31, reliability.md E14).
	TrustedProxies []*net.IPNet
	Log            *slog.Logger
	Now            func() time.Time
}

// New returns an Echo with our error form, request ids, panic recovery, the access log and safe headers; routes are added by
// the caller. It never decompresses bodies (threat T20, E15).
func (s Server) New() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect()
	if len(s.TrustedProxies) > 0 {
		opts := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
		for _, n := range s.TrustedProxies {
			opts = append(opts, echo.TrustIPRange(n))
		}
		e.IPExtractor = echo.ExtractIPFromXFFHeader(opts...)
	}
	e.HTTPErrorHandler = s.errorHandler
	e.Use(s.envelope)
	return e
}

// HTTP returns the net/http server with the time-outs that slow clients meet (threat T20).
func HTTP(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
}

// envelope wraps every request: an id, safe headers, recovery from panics, one line in the log.
func (s Server) envelope(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		started := s.Now()
		id := random.ID()
		req := c.Request()
		c.SetRequest(req.WithContext(context.WithValue(req.Context(), requestIDKey{}, id)))
		h := c.Response().Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if h.Get("Content-Security-Policy") == "" {
			h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.Log.ErrorContext(c.Request().Context(), "handler panicked", "request", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				c.Error(errInternal)
				err = nil
			}
			level := slog.LevelInfo
			if c.Response().Status < 400 && quiet(req.URL.Path) {
				level = slog.LevelDebug
			}
			s.Log.LogAttrs(c.Request().Context(), level, "request", slog.String("request", id), slog.String("method", req.Method),
				slog.String("route", c.Path()), slog.Int("status", c.Response().Status), slog.Duration("took", s.Now().Sub(started)),
				slog.Int64("bytes", c.Response().Size))
		}()
		if err := next(c); err != nil {
			c.Error(err)
		}
		return nil
	}
}

// quiet paths are asked for every few seconds by machines.
func quiet(path string) bool { return path == "/healthz" || path == "/readyz" || path == "/metrics" }

// errorHandler answers what no route answered.
func (s Server) errorHandler(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	var he *echo.HTTPError
	if errors.As(err, &he) {
		switch he.Code {
		case http.StatusNotFound:
			err = errNoRoute
		case http.StatusMethodNotAllowed:
			err = errMethod
		case http.StatusRequestEntityTooLarge:
			err = errBodySize
		case http.StatusTooManyRequests:
			err = errRate
		}
	}
	p := problemOf(err, c.Request().Header.Get("Accept-Language"))
	p.ID = requestID(c.Request().Context())
	if fault.Of(err) == nil {
		s.Log.ErrorContext(c.Request().Context(), "request failed", "request", p.ID, "err", err)
	}
	c.Response().Header().Set("Content-Type", p.ContentType(""))
	if err := c.JSON(p.Status, p); err != nil {
		s.Log.Debug("write a refusal", "err", err)
	}
}

type (
	requestIDKey struct{}
	languageKey  struct{}
)

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

func withLanguage(ctx context.Context, acceptLanguage string) context.Context {
	return context.WithValue(ctx, languageKey{}, acceptLanguage)
}

func language(ctx context.Context) string {
	l, _ := ctx.Value(languageKey{}).(string)
	return l
}

func clientIP(hc huma.Context) string { return humaecho.Unwrap(hc).RealIP() }

// Docs serves the interactive description of the API at path, from files inside the program.
func Docs(e *echo.Echo, path string, files http.FileSystem) {
	e.GET(path, func(c echo.Context) error {
		return c.Redirect(http.StatusFound, strings.TrimSuffix(path, "/")+"/index.html")
	})
	h := http.StripPrefix(path, http.FileServer(files))
	e.GET(path+"/*", func(c echo.Context) error {
		// The page of Swagger UI sets styles by script and holds its pictures as data URLs; it runs no inline script once
		// the initializer is a file of its own.
		c.Response().Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'")
		if strings.HasSuffix(c.Request().URL.Path, "/swagger-initializer.js") {
			return c.Blob(http.StatusOK, "text/javascript; charset=utf-8", []byte(docsScript))
		}
		h.ServeHTTP(c.Response(), c.Request())
		return nil
	})
}

const docsScript = `window.onload = function () {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl], layout: "StandaloneLayout", validatorUrl: null
  });
};
`
