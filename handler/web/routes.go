package web

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"huitou/model/fault"
)

// maxBody bounds a JSON body; routes that need more say so.
const maxBody = 64 << 10

// Doc describes a route for people.
type Doc struct {
	// ID is the stable name of the operation, "claim-coupon".
	ID, Summary, Tag string
	// Status of success; 0 means 200.
	Status int
	// Known is the status of success when what was sent was known already, of routes that tell; 0 means Status.
	Known int
	// Errors are the faults that clients should expect here.
	Errors []*fault.Fault
	// MaxBody in bytes; 0 means 64 KiB.
	MaxBody int64
	// Produces is the media type of a success that is not JSON, "text/csv"; its Body is a []byte.
	Produces string
}

// Route is one line of the list of routes.
type Route struct{ Method, Path, Policy, Operation string }

// Routes declares typed routes below a common prefix. Derived with Under it shares everything else.
type Routes struct {
	prefix string
	api    huma.API
	auth   Auth
	now    func() time.Time
	log    *slog.Logger
	list   *[]Route
	names  *schemaNames
	limits limits
}

// NewRoutes returns the routes of a server.
func NewRoutes(e *echo.Echo, version string, auth Auth, now func() time.Time, log *slog.Logger) *Routes {
	cfg := huma.DefaultConfig("Huitou 回头", version)
	cfg.CreateHooks = nil // no $schema links in bodies: clients compare them
	cfg.DocsPath = ""     // see Docs; huma's page loads its code from other people's servers
	cfg.OpenAPIPath = "/openapi"
	cfg.SchemasPath = ""
	cfg.RejectUnknownQueryParameters = true
	cfg.Info.Description = "积分、优惠券、付费会员与售后回访。金额以分计(_fen),积分为整数,时刻为 RFC 3339,日期为 2006-01-02(Asia/Shanghai)。" +
		" 错误为 RFC 9457 文档,code 稳定不变。"
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"shopper": {Type: "http", Scheme: "bearer", Description: "小程序会话:POST /api/v1/sessions"},
		"staff":   {Type: "http", Scheme: "bearer", Description: "员工会话:POST /admin/v1/sessions"},
		"shop": {Type: "apiKey", In: "header", Name: HeaderShopSignature, Description: "店铺系统签名:hex(HMAC-SHA256(secret, METHOD\\nPATH?QUERY\\nTIMESTAMP\\nhex(SHA-256(body))\\n)),另附 " +
			HeaderShopKey + " 与 " + HeaderShopTimestamp + "(Unix 秒)"},
	}
	names := &schemaNames{byType: map[reflect.Type]string{}, taken: map[string]bool{}}
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", names.of)
	return &Routes{api: humaecho.New(e, cfg), auth: auth, now: now, log: log, list: new([]Route), names: names, limits: newLimits()}
}

// Under returns routes below a further prefix.
func (r *Routes) Under(prefix string) *Routes {
	c := *r
	c.prefix += prefix
	return &c
}

// List returns all declared routes.
func (r *Routes) List() []Route { return slices.Clone(*r.list) }

// OpenAPI returns the description of all routes as JSON.
func (r *Routes) OpenAPI() ([]byte, error) { return r.api.OpenAPI().MarshalJSON() }

// Get declares a route that reads.
func Get[I, O any](r *Routes, path string, p Policy, d Doc, h func(ctx context.Context, in *I) (*O, error)) {
	register(r, http.MethodGet, path, p, d, h)
}

// Post declares a route that makes or does something.
func Post[I, O any](r *Routes, path string, p Policy, d Doc, h func(ctx context.Context, in *I) (*O, error)) {
	register(r, http.MethodPost, path, p, d, h)
}

// Put declares a route that replaces something.
func Put[I, O any](r *Routes, path string, p Policy, d Doc, h func(ctx context.Context, in *I) (*O, error)) {
	register(r, http.MethodPut, path, p, d, h)
}

// Patch declares a route that changes something.
func Patch[I, O any](r *Routes, path string, p Policy, d Doc, h func(ctx context.Context, in *I) (*O, error)) {
	register(r, http.MethodPatch, path, p, d, h)
}

// Delete declares a route that ends something.
func Delete[I, O any](r *Routes, path string, p Policy, d Doc, h func(ctx context.Context, in *I) (*O, error)) {
	register(r, http.MethodDelete, path, p, d, h)
}

func register[I, O any](r *Routes, method, path string, p Policy, d Doc, h func(ctx context.Context, in *I) (*O, error)) {
	full := r.prefix + path
	if p.name == "" {
		panic(fmt.Sprintf("web: %s %s has no policy", method, full))
	}
	if d.ID == "" || d.Summary == "" || d.Tag == "" {
		panic(fmt.Sprintf("web: %s %s is not described", method, full))
	}
	op := huma.Operation{
		OperationID: d.ID, Method: method, Path: full, Summary: d.Summary, Tags: []string{d.Tag},
		DefaultStatus: d.Status, Errors: statuses(p, d.Errors, hasBody[I]()), Description: describe(p, d.Errors),
		MaxBodyBytes: maxBody, BodyReadTimeout: 10 * time.Second,
		Middlewares: huma.Middlewares{r.guard(p, d.ID)},
	}
	if d.Produces != "" {
		op.Responses = map[string]*huma.Response{strconv.Itoa(cmp.Or(d.Status, http.StatusOK)): {
			Content: map[string]*huma.MediaType{d.Produces: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}}
	}
	if d.MaxBody > 0 {
		op.MaxBodyBytes = d.MaxBody
	}
	if p.scheme != "" {
		op.Security = []map[string][]string{{p.scheme: {}}}
	}
	r.names.audience = audience(r.prefix)
	huma.Register(r.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, r.refuse(ctx, err)
		}
		return out, nil
	})
	if d.Known != 0 {
		answers := operationAt(r.api.OpenAPI().Paths[full], method).Responses
		answers[strconv.Itoa(d.Known)] = answers[strconv.Itoa(d.Status)]
	}
	*r.list = append(*r.list, Route{method, full, p.name, d.ID})
}

// schemaNames names the schemas of the OpenAPI document. Packages may have types of one name; the later one gets its audience in
// front: SignInRequestBody, AdminSignInRequestBody.
type schemaNames struct {
	audience string
	byType   map[reflect.Type]string
	taken    map[string]bool
}

func (n *schemaNames) of(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name, known := n.byType[t]; known {
		return name
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if n.taken[name] {
		name = n.audience + name
	}
	for base, i := name, 2; n.taken[name]; i++ {
		name = base + strconv.Itoa(i)
	}
	n.byType[t], n.taken[name] = name, true
	return name
}

// audience is the first part of a prefix with a capital: "/admin/v1" -> "Admin".
func audience(prefix string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(prefix, "/"), "/")
	if first == "" {
		return ""
	}
	return strings.ToUpper(first[:1]) + first[1:]
}

// guard finds out who calls before anything of the request is read, and refuses who may not.
func (r *Routes) guard(p Policy, operation string) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		c, err := r.authenticate(hc, p, operation)
		ctx := withLanguage(hc.Context(), hc.Header("Accept-Language"))
		if err == nil && !r.limits.allow(p, c) {
			err = errRate
		}
		if err != nil {
			r.write(hc, r.refuse(ctx, err))
			return
		}
		ctx = context.WithValue(ctx, callerKey{}, c)
		next(&answering{humaContext: huma.WithContext(hc, ctx), caller: c})
	}
}

// humaContext has a name of its own, since a field called Context would hide the method.
type humaContext = huma.Context

// answering adds the headers that depend on what the handler found.
type answering struct {
	humaContext
	caller *caller
}

// Unwrap lets the adapter find its own context.
func (a *answering) Unwrap() huma.Context { return a.humaContext }

// SetStatus is called once the handler is done and before the body is written.
func (a *answering) SetStatus(code int) {
	if a.caller.replayed {
		a.SetHeader("Idempotency-Replayed", "true")
	}
	a.humaContext.SetStatus(code)
}

func (r *Routes) write(hc huma.Context, p *Problem) {
	for name, values := range p.GetHeaders() {
		hc.SetHeader(name, values[0])
	}
	hc.SetHeader("Content-Type", p.ContentType(""))
	hc.SetStatus(p.Status)
	if err := r.api.Marshal(hc.BodyWriter(), "application/json", p); err != nil {
		r.log.Debug("write a refusal", "err", err)
	}
}

// refuse turns an error of a service into a problem document and logs what is ours to mend.
func (r *Routes) refuse(ctx context.Context, err error) *Problem {
	p := problemOf(err, language(ctx))
	p.ID = requestID(ctx)
	if p.Status >= http.StatusInternalServerError {
		r.log.ErrorContext(ctx, "request failed", "request", p.ID, "code", p.Code, "err", err)
	}
	return p
}

// hasBody tells whether an input takes a body.
func hasBody[I any]() bool {
	_, has := reflect.TypeFor[I]().FieldByName("Body")
	return has
}

func operationAt(p *huma.PathItem, method string) *huma.Operation {
	return map[string]*huma.Operation{
		http.MethodGet: p.Get, http.MethodPost: p.Post, http.MethodPut: p.Put, http.MethodPatch: p.Patch, http.MethodDelete: p.Delete,
	}[method]
}

// statuses are all that a refusal on this route may have.
func statuses(p Policy, faults []*fault.Fault, body bool) []int {
	set := map[int]bool{http.StatusBadRequest: true, http.StatusServiceUnavailable: true}
	if p.scheme != Shop.scheme { // see limits
		set[http.StatusTooManyRequests] = true
	}
	if body {
		set[http.StatusRequestEntityTooLarge], set[http.StatusUnsupportedMediaType] = true, true
	}
	if p.scheme != "" {
		set[http.StatusUnauthorized] = true
	}
	if p.permission != "" {
		set[http.StatusForbidden] = true
	}
	for _, f := range faults {
		set[status[f.Kind]] = true
	}
	out := make([]int, 0, len(set))
	for s := range set {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func describe(p Policy, faults []*fault.Fault) string {
	s := "Policy: " + p.name + "."
	for _, f := range faults {
		s += "\n- `" + f.Code + "` (" + strconv.Itoa(status[f.Kind]) + ") " + f.Chinese + " / " + f.English
	}
	return s
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
