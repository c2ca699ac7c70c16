package console

import (
	"context"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"huitou/model"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/members"
	"huitou/service/staff"
	"huitou/service/tasks"
)

// Coupons, Members, Staff and Tasks are what the pages need of the services.
type (
	Coupons interface {
		Show(ctx context.Context, in coupons.At) (coupons.Shown, error)
		Verify(ctx context.Context, in coupons.Verify) (coupons.Verification, error)
		Undo(ctx context.Context, in coupons.Undo) (coupons.Verification, error)
		Verification(ctx context.Context, id model.PublicID) (coupons.Verification, error)
	}
	Members interface {
		Member(ctx context.Context, id model.MemberID) (members.View, error)
	}
	Tasks interface {
		Waiting(ctx context.Context, by model.StaffID, limit int) ([]tasks.Task, error)
		Take(ctx context.Context, by model.StaffID, id model.TaskID) (tasks.Task, error)
		Close(ctx context.Context, in tasks.Close) (tasks.Task, error)
		Phone(ctx context.Context, by model.StaffID, id model.TaskID) (string, error)
	}
	Staff interface {
		SignIn(ctx context.Context, name, password, ip string) (staff.Session, error)
		SignOut(ctx context.Context, token string) error
		Authenticate(ctx context.Context, token string) (staff.Actor, error)
	}
)

// Deps is what the pages need; all are required.
type Deps struct {
	Coupons Coupons
	Members Members
	Staff   Staff
	Tasks   Tasks
	Visits  Visits
	Now     func() time.Time
	// Allow tells whether a member of staff may ask for one more page now, AllowLookUp whether for one more person (threat T31).
	Allow, AllowLookUp func(model.StaffID) bool
}

// maxForm bounds a form in bytes.
const maxForm = 8 << 10

//go:embed pages/*.html
var pages embed.FS

//go:embed assets
var assets embed.FS

var templates = template.Must(template.New("").Funcs(words).ParseFS(pages, "pages/*.html"))

type console struct {
	Deps
	origin *http.CrossOriginProtection
}

// Routes adds the pages below /console.
func Routes(e *echo.Echo, d Deps) {
	c := &console{d, http.NewCrossOriginProtection()}
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	for _, r := range []struct {
		method, path string
		h            echo.HandlerFunc
	}{
		{http.MethodGet, "", c.signedIn(c.home)},
		{http.MethodGet, "/sign-in", c.signInPage},
		{http.MethodPost, "/sign-in", c.signIn},
		{http.MethodPost, "/sign-out", c.signedIn(c.signOut)},
		{http.MethodPost, "/coupons", c.signedIn(c.show)},
		{http.MethodPost, "/verifications", c.signedIn(c.verify)},
		{http.MethodGet, "/verifications/:id", c.signedIn(c.result)},
		{http.MethodPost, "/verifications/:id/undo", c.signedIn(c.undo)},
		{http.MethodGet, "/tasks", c.worker(c.tasks)},
		{http.MethodPost, "/tasks/:id/take", c.worker(c.takeTask)},
		{http.MethodPost, "/tasks/:id/phone", c.worker(c.taskPhone)},
		{http.MethodPost, "/tasks/:id/close", c.worker(c.closeTask)},
		{http.MethodGet, "/why", c.reader(c.whyPage)},
		{http.MethodPost, "/why", c.reader(c.findWhy)},
		{http.MethodGet, "/why/:id", c.reader(c.showWhy)},
		{http.MethodGet, "/assets/:file", func(x echo.Context) error { return echo.StaticFileHandler(x.Param("file"), files)(x) }},
	} {
		e.Add(r.method, "/console"+r.path, c.guard(r.h))
	}
}

// guard sets the headers of every answer and lets no form of another site through.
func (c *console) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(x echo.Context) error {
		h := x.Response().Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
		h.Set("Referrer-Policy", "same-origin") // with no-referrer browsers send Origin: null for our own forms
		h.Set("Cache-Control", "no-store")
		req := x.Request()
		if err := c.origin.Check(req); err != nil {
			return c.refuse(x, http.StatusForbidden, "请求来自其他网站,已拒绝")
		}
		if req.Method == http.MethodPost {
			req.Body = http.MaxBytesReader(x.Response(), req.Body, maxForm)
			if err := req.ParseForm(); err != nil {
				return c.refuse(x, http.StatusBadRequest, "表单无法读取")
			}
		}
		return next(x)
	}
}

// page is what every page knows.
type page struct {
	Title string
	Staff string // display name; empty when nobody is signed in
	Token string // of forms
	Error string
	Now   time.Time

	Name string // typed on the sign-in page
	Form form
	// Coupon is shown before it is taken, Holder whose it is, Done afterwards.
	Coupon *coupons.Shown
	Holder members.View
	Done   *coupons.Verification

	Tasks []taskCard
	Why   *whyCard
}

func (c *console) render(x echo.Context, status int, name string, p page) error {
	p.Now = c.Now()
	x.Response().Header().Set("Content-Type", "text/html; charset=utf-8")
	x.Response().WriteHeader(status)
	return templates.ExecuteTemplate(x.Response(), name, p)
}

func (c *console) refuse(x echo.Context, status int, sentence string) error {
	return c.render(x, status, "refused.html", page{Title: "无法继续", Error: sentence})
}

// sentence returns a refusal in words and its status; ok is false for what is no refusal.
func sentence(err error) (text string, status int, ok bool) {
	f := fault.Of(err)
	if f == nil {
		return "", 0, false
	}
	status = http.StatusConflict
	switch f.Kind {
	case fault.NotFound:
		status = http.StatusNotFound
	case fault.TooMany:
		status = http.StatusTooManyRequests
	case fault.Invalid:
		status = http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		status = http.StatusUnauthorized
	case fault.Forbidden:
		status = http.StatusForbidden
	case fault.Unavailable:
		status = http.StatusServiceUnavailable
	}
	return explain(f), status, true
}
