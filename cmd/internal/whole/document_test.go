package whole

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// document is the OpenAPI document that the running shop serves.
type document struct {
	*openapi3.T
	router routers.Router
}

// The document says of files only that they are there.
func init() {
	for _, kind := range []string{"application/pdf", "image/png"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.FileBodyDecoder)
	}
}

func (s *shop) document(t *testing.T) document {
	t.Helper()
	a := s.must(t, call{method: "GET", path: "/openapi.json"}, nil)
	doc, err := openapi3.NewLoader().LoadFromData(a.body)
	if err != nil {
		t.Fatalf("read the OpenAPI document: %v", err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatalf("the OpenAPI document is not valid: %v", err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return document{doc, router}
}

// errNoOperation is what fits says of an exchange that the document does not cover.
var errNoOperation = errors.New("no operation")

// fits tells whether an exchange is as the document says: a known operation, a documented status, a body that fits.
func (d document) fits(x exchange) (operation string, err error) {
	req, err := http.NewRequest(x.method, x.target.String(), bytes.NewReader(x.body))
	if err != nil {
		return "", err
	}
	req.Header = x.header
	route, params, err := d.router.FindRoute(req)
	if err != nil {
		return "", errNoOperation
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 x.status, Header: x.reply, Body: io.NopCloser(bytes.NewReader(x.answer)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n") // the schema follows
		return route.Operation.OperationID, errors.New(first)
	}
	return route.Operation.OperationID, nil
}

// operation is one line of the document.
type operation struct {
	method, path string
	*openapi3.Operation
}

// operations returns all of the document, in order.
func (d document) operations() []operation {
	var all []operation
	for _, path := range d.Paths.InMatchingOrder() {
		for method, op := range d.Paths.Value(path).Operations() {
			all = append(all, operation{method, path, op})
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return bytes.Compare([]byte(a.path+a.method), []byte(b.path+b.method)) })
	return all
}

// idempotent tells whether the operation takes a client's key.
func (o operation) idempotent() bool {
	return o.Parameters.GetByInAndName("header", "Idempotency-Key") != nil
}

// bodySchema is the schema of the JSON body, nil without one.
func (o operation) bodySchema() *openapi3.Schema {
	if o.RequestBody == nil {
		return nil
	}
	return o.RequestBody.Value.Content.Get("application/json").Schema.Value
}

// valid tells whether a value fits a schema.
func valid(s *openapi3.Schema, value any) bool {
	return s.VisitJSON(value, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation()) == nil
}
