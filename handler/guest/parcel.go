package guest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/time/rate"

	"huitou/model/fault"
	"huitou/model/print"
	"huitou/service/aftersale"
)

// Parcels is what the page of a parcel's card needs of aftersale.Service.
type Parcels interface {
	Picture(ctx context.Context, token string) (aftersale.Picture, error)
	ReadyPicture(ctx context.Context, token string) (aftersale.Picture, error)
}

// modulePixels makes the code about 300 pixels wide, and small enough to be sent at once.
const modulePixels = 8

// ParcelRoutes adds the page that the code on a parcel's card opens, below prefix, "/p/": the official account's code to follow or to
// scan. assets is where Routes put its files.
func ParcelRoutes(e *echo.Echo, prefix, assets string, s Parcels) {
	p := &parcel{s, prefix, assets}
	// A family behind one address may open its parcels at once; who tries tokens gets nowhere, and slowly.
	few := middleware.RateLimiterWithConfig(middleware.RateLimiterConfig{
		Store: middleware.NewRateLimiterMemoryStoreWithConfig(middleware.RateLimiterMemoryStoreConfig{
			Rate: rate.Limit(10), Burst: 120, ExpiresIn: 3 * time.Minute,
		}),
		IdentifierExtractor: func(x echo.Context) (string, error) { return x.RealIP(), nil },
		DenyHandler: func(x echo.Context, _ string, _ error) error {
			return p.later(x, http.StatusTooManyRequests, "访问太频繁,请稍后再试")
		},
	})
	e.GET(prefix+":token", guard(few(p.page)))
	e.GET(prefix+":token/code.png", guard(few(p.code)))
}

type parcel struct {
	parcels        Parcels
	prefix, assets string
}

// card is what the page shows. Nothing of it tells of the order.
type card struct {
	Title, Assets, Image string
	Retry                int // seconds until the page asks again by itself; 0: not
}

func (p *parcel) page(x echo.Context) error {
	_, err := p.parcels.Picture(x.Request().Context(), x.Param("token"))
	switch f := fault.Of(err); {
	case err == nil:
		return show(x, http.StatusOK, card{Title: "扫码关注,售后无忧", Assets: p.assets, Image: p.prefix + x.Param("token") + "/code.png"})
	case errors.Is(err, aftersale.ErrNoCard):
		return show(x, http.StatusNotFound, card{Title: "链接无效或已失效", Assets: p.assets})
	case f != nil && f.Kind == fault.Unavailable:
		return p.later(x, http.StatusServiceUnavailable, "二维码正在准备,请稍候")
	}
	return err
}

// later shows a page that asks again by itself.
func (p *parcel) later(x echo.Context, status int, title string) error {
	const seconds = 10
	x.Response().Header().Set("Retry-After", "10")
	return show(x, status, card{Title: title, Assets: p.assets, Retry: seconds})
}

// code is the picture of the page. It has an address of its own, because WeChat reads a code by a long press most surely from a picture that has
// one. It never calls WeChat.
func (p *parcel) code(x echo.Context) error {
	pic, err := p.parcels.ReadyPicture(x.Request().Context(), x.Param("token"))
	if fault.Of(err) != nil {
		return x.NoContent(http.StatusNotFound)
	}
	if err != nil {
		return err
	}
	img, err := print.Code(pic.URL, modulePixels)
	if err != nil {
		return err
	}
	return x.Blob(http.StatusOK, "image/png", img)
}

func show(x echo.Context, status int, c card) error {
	h := x.Response().Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	x.Response().WriteHeader(status)
	return templates.ExecuteTemplate(x.Response(), "parcel.html", c)
}
