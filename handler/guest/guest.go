package guest

import (
	"context"
	"embed"
	"html/template"
	"io/fs"
	"net/http"

	"github.com/labstack/echo/v4"

	"huitou/service/surveys"
)

// Surveys is what the pages need of surveys.Service.
type Surveys interface {
	ByToken(ctx context.Context, token string) (surveys.Invitation, error)
	Answer(ctx context.Context, in surveys.Answer) (surveys.Thanks, error)
}

// maxForm bounds a form in bytes: ten answers of a thousand characters, escaped.
const maxForm = 128 << 10

//go:embed pages/*.html
var pages embed.FS

//go:embed assets
var assets embed.FS

var templates = template.Must(template.New("").ParseFS(pages, "pages/*.html"))

// Routes adds the pages: the survey of a link below prefix, "/s/".
func Routes(e *echo.Echo, prefix string, s Surveys) {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	g := &guest{s, prefix}
	e.GET(prefix+":token", guard(g.ask))
	e.POST(prefix+":token", guard(g.answer))
	e.GET(prefix+"assets/:file", guard(func(x echo.Context) error { return echo.StaticFileHandler(x.Param("file"), files)(x) }))
}

// guard sets the headers of every answer.
func guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(x echo.Context) error {
		h := x.Response().Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex")
		if req := x.Request(); req.Method == http.MethodPost {
			req.Body = http.MaxBytesReader(x.Response(), req.Body, maxForm)
			if err := req.ParseForm(); err != nil {
				return render(x, http.StatusBadRequest, "over.html", page{Title: "表单无法读取"})
			}
		}
		return next(x)
	}
}

func render(x echo.Context, status int, name string, p page) error {
	x.Response().Header().Set("Content-Type", "text/html; charset=utf-8")
	x.Response().WriteHeader(status)
	return templates.ExecuteTemplate(x.Response(), name, p)
}
