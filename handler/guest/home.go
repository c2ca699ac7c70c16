package guest

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// Home adds the page of the bare address: it says what answers here, and where staff and those who write programs go on. It tells nothing of
// the shop, since anybody sees it.
func Home(e *echo.Echo, assets, console, docs string) {
	e.GET("/", guard(func(x echo.Context) error {
		x.Response().Header().Set("Content-Type", "text/html; charset=utf-8")
		x.Response().WriteHeader(http.StatusOK)
		return templates.ExecuteTemplate(x.Response(), "home.html", struct{ Title, Assets, Console, Docs string }{"回头 Huitou", assets, console, docs})
	}))
}
