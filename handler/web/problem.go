package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"huitou/model/fault"
)

// Problem is the body of every refusal: RFC 9457 with our stable code.
type Problem struct {
	Type   string         `json:"type" doc:"always about:blank; branch on code" example:"about:blank"`
	Title  string         `json:"title" doc:"the HTTP status in words"`
	Status int            `json:"status" doc:"the HTTP status"`
	Code   string         `json:"code" doc:"stable code of the refusal" example:"coupons.sold_out"`
	Detail string         `json:"detail" doc:"a sentence for people, Chinese or English by Accept-Language"`
	More   map[string]any `json:"more,omitempty" doc:"figures and fields that explain this one case; input.invalid has fields: [{field, reason, rule}], reason by Accept-Language, rule a stable code of common kinds: required, type, length, min_length, max_length, range, minimum, maximum, enum, pattern, format, min_items, max_items, unique, multiple, unknown"`
	ID     string         `json:"request_id,omitempty" doc:"name of the request in our logs"`
}

// Error returns the code.
func (p *Problem) Error() string { return p.Code }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders tells when to come back, where that is known.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		h.Set("Retry-After", "1")
		if s, ok := p.More["retry_after_s"]; ok {
			h.Set("Retry-After", fmt.Sprint(s))
		}
	}
	return h
}

// ContentType makes JSON a problem document.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// status is the one table from kinds of faults to HTTP.
var status = map[fault.Kind]int{
	fault.Invalid:         http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Mismatch:        http.StatusUnprocessableEntity,
	fault.TooMany:         http.StatusTooManyRequests,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Internal:        http.StatusInternalServerError,
}

// The faults of HTTP itself.
var (
	errInternal        = fault.New(fault.Internal, "internal", "服务器内部错误", "an internal error; its request_id is in our log")
	errTimeout         = fault.New(fault.Unavailable, "timeout", "处理超时,请用同一请求重试", "the request took too long; repeat it with the same key")
	errNoRoute         = fault.New(fault.NotFound, "http.not_found", "没有这个地址", "there is no such address")
	errMethod          = fault.New(fault.Invalid, "http.method", "不支持该请求方法", "the method is not allowed here")
	errBody            = fault.New(fault.Invalid, "http.body", "请求体无法解析", "the body cannot be read")
	errBodySize        = fault.New(fault.TooLarge, "http.body_size", "请求体过大", "the body is too large")
	errMediaType       = fault.New(fault.Invalid, "http.media_type", "请求体须为 JSON", "the body must be application/json")
	errUnauthenticated = fault.New(fault.Unauthenticated, "session.required", "请先登录", "sign in first")
	errForbidden       = fault.New(fault.Forbidden, "permission.denied", "没有操作权限", "your role does not allow this")
	errRate            = fault.New(fault.TooMany, "http.rate", "操作太频繁,请稍后再试", "too many requests, try again later")
)

// problemOf turns an error into the document that leaves the house.
func problemOf(err error, language string) *Problem {
	f := fault.Of(err)
	switch {
	case f != nil:
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		f = errTimeout
	default:
		f = errInternal
	}
	code := status[f.Kind]
	if f == errMethod {
		code = http.StatusMethodNotAllowed
	} else if f == errMediaType {
		code = http.StatusUnsupportedMediaType
	}
	p := &Problem{Type: "about:blank", Title: http.StatusText(code), Status: code, Code: f.Code, Detail: f.Chinese, More: inWords(f.Detail, english(language))}
	if english(language) {
		p.Detail = f.English
	}
	return p
}

// english reports whether the first language that a client asks for is English. Chinese is the default.
func english(acceptLanguage string) bool {
	first, _, _ := strings.Cut(acceptLanguage, ",")
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(first)), "en")
}

func init() {
	// huma's own refusals (validation, body size, media type) take our form. This is a package variable of huma, set once.
	huma.NewErrorWithContext = func(ctx huma.Context, code int, msg string, errs ...error) huma.StatusError {
		language := ""
		if ctx != nil {
			language = ctx.Header("Accept-Language")
		}
		p := problemOf(humaFault(code, msg, errs), language)
		if ctx != nil {
			p.ID = requestID(ctx.Context())
		}
		return p
	}
	huma.NewError = func(code int, msg string, errs ...error) huma.StatusError {
		return problemOf(humaFault(code, msg, errs), "")
	}
}

// humaFault names a refusal that huma made before a handler ran. huma also comes by here with errors of handlers that are no
// StatusError; ours always are.
func humaFault(code int, msg string, errs []error) error {
	switch code {
	case http.StatusUnprocessableEntity:
		return fault.InvalidFields(fieldsOf(errs))
	case http.StatusBadRequest:
		if len(errs) > 0 {
			return fault.InvalidFields(fieldsOf(errs))
		}
		return errBody
	case http.StatusRequestEntityTooLarge:
		return errBodySize
	case http.StatusUnsupportedMediaType, http.StatusNotAcceptable:
		return errMediaType
	case http.StatusRequestTimeout:
		return errTimeout
	}
	return errInternal.Because(errors.New(msg))
}

func fieldsOf(errs []error) []fault.Field {
	fields := make([]fault.Field, 0, len(errs))
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			detail := d.ErrorDetail()
			fields = append(fields, fault.Field{Name: detail.Location, Reason: detail.Message})
			continue
		}
		fields = append(fields, fault.Field{Name: "", Reason: err.Error()})
	}
	if len(fields) == 0 {
		fields = append(fields, fault.Field{Name: "body", Reason: "cannot be read"})
	}
	return fields
}
