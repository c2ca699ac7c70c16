package whole

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"huitou/cmd/internal/app"
	"huitou/model/db"
)

// oddValues replace each field in turn. They are JSON as it is sent, also where it is none.
var oddValues = []string{
	`null`, `true`, `[]`, `{}`, `""`, `" "`, `"5"`, `"５"`, `"x"`, `5`, `-1`, `0`, `-0`, `1e3`, `1.5`, `1E400`, `NaN`, `0x10`, `007`,
	`2147483648`, `-2147483649`, `9007199254740991`, `9007199254740993`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775809`,
	`1000000001`, `10000000000000000000000000000000000000000`,
	`"\u0000"`, `"\ud800"`, `"a\r\nSet-Cookie: a=b"`, `"' OR '1'='1"`, `"=1+1"`, `"<script>alert(1)</script>"`, `"2026-02-30"`, `"2026-13-01T00:00:00Z"`,
	`"` + strings.Repeat("长", 3000) + `"`, `[[[[[[[[1]]]]]]]]`,
}

// inputTest sends requests and judges the answers.
type inputTest struct {
	*furnished
	t     *testing.T
	doc   document
	state *state
	sent  int
	taken int
	// seen are the kinds of answers that were held against the document: it takes its time.
	seen map[string]bool
}

// judge makes a call and holds the answer against what every refusal promises: a status of the client's fault, a problem document
// with a stable code, no byte of the database changed. mustFail says that nothing but a refusal will do.
func (in *inputTest) judge(o operation, what string, c call, quiet []string, mustFail bool) {
	in.t.Helper()
	in.sent++
	a, err := in.ask(c)
	line := fmt.Sprintf("%s (%s)", o.OperationID, what)
	if err != nil {
		in.t.Errorf("%s: %v", line, err)
		return
	}
	tables := slices.DeleteFunc(in.state.changed(), func(table string) bool { return slices.Contains(quiet, table) })
	switch {
	case a.status < 300 && mustFail:
		in.t.Errorf("%s was taken: %d %s", line, a.status, clip(a.body))
	case a.status < 300:
		in.taken++
	case a.status < 400 || a.status >= 500:
		in.t.Errorf("%s answered %d %s", line, a.status, clip(a.body))
	case a.problem.Code == "" || a.problem.Status != a.status || a.header.Get("Content-Type") != "application/problem+json":
		in.t.Errorf("%s answered %d %s %s, want a problem document", line, a.status, a.header.Get("Content-Type"), clip(a.body))
	case len(tables) > 0:
		in.t.Errorf("%s was refused with %s and changed %v", line, a.problem.Code, tables)
	}
	if a.status < 300 || a.status >= 400 {
		in.documented(o, line, c, a)
	}
}

// ask makes a call, and waits where there is more to send than one caller may at once.
func (in *inputTest) ask(c call) (answer, error) {
	in.t.Helper()
	for {
		a, err := in.send(in.request(in.t, c))
		if err != nil || a.problem.Code != "http.rate" {
			return a, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// documented holds an answer against the OpenAPI document.
func (in *inputTest) documented(o operation, line string, c call, a answer) {
	in.t.Helper()
	if kind := fmt.Sprint(o.OperationID, a.status, a.problem.Code); in.seen[kind] {
		return
	} else if in.seen != nil {
		in.seen[kind] = true
	}
	target, err := url.Parse(in.url + c.path)
	if err != nil || len(c.path) > 2000 {
		return
	}
	op, err := in.doc.fits(exchange{method: c.method, target: target, header: http.Header{}, status: a.status, reply: a.header, answer: a.body})
	if err != nil && op == o.OperationID {
		in.t.Errorf("%s answered %d %s, which is not documented: %v", line, a.status, a.problem.Code, err)
	}
}

// T7, T8: every field of every body, and every parameter, with everything that does not belong there.
func TestT7T8BadInput(t *testing.T) {
	t.Parallel()
	s := startAs(t, db.SQLite, app.RoleAPI, memory) // no job may change the database meanwhile
	f := furnish(t, s)
	in := &inputTest{furnished: f, t: t, doc: s.document(t), state: s.watch(t), seen: map[string]bool{}}
	samples := f.samples()
	for _, o := range in.doc.operations() {
		sample, known := samples[o.OperationID]
		if !known {
			t.Errorf("%s (%s %s) has no sample", o.OperationID, o.method, o.path)
			continue
		}
		delete(samples, o.OperationID)
		in.parameters(o, sample)
		if o.bodySchema() != nil {
			in.fields(o, sample)
			in.bodies(o, sample)
			in.massAssignment(o, sample)
		} else if o.method == http.MethodPost {
			c := in.good(o, sample)
			c.body = map[string]any{"member_id": 1}
			in.judge(o, "a body where none belongs", c, nil, false)
		}
		if o.idempotent() {
			in.keys(o, sample)
		}
	}
	for op := range samples {
		t.Errorf("there is a sample for %s, which is no operation", op)
	}
	t.Logf("%d requests, %d of them taken", in.sent, in.taken)
	if in.sent < 1000 || in.taken > in.sent/3 {
		t.Errorf("%d requests were sent and %d taken; that proves little", in.sent, in.taken)
	}
	in.audit(t, "staff.hashes", "staff.trail") // see addManagers
}

// good is a call that would be taken.
func (in *inputTest) good(o operation, s sample) call {
	c := in.as(o)
	for name, value := range s.path {
		c.path = strings.ReplaceAll(c.path, "{"+name+"}", value)
	}
	if s.query != "" {
		c.path += "?" + s.query
	}
	if s.body != nil {
		c.body = s.body(in.t)
	}
	return c
}

// place is where the odd value goes.
const place = `"@@here@@"`

// fields replaces every field of the body, at any depth, by every odd value, and leaves each one out.
func (in *inputTest) fields(o operation, s sample) {
	in.t.Helper()
	schema := o.bodySchema()
	var paths [][]any
	var find func(at []any, v any)
	find = func(at []any, v any) {
		if len(at) > 0 {
			paths = append(paths, slices.Clone(at))
		}
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				find(append(at, name), v[name])
			}
		case []any:
			for i := range v {
				find(append(at, i), v[i])
			}
		}
	}
	find(nil, plain(in.t, s.body(in.t)))
	for nth, at := range paths {
		what := strings.Trim(fmt.Sprint(at), "[]")
		field, required := fieldAt(schema, at)
		for i, odd := range oddValues {
			if raceDetector && (nth+i)%3 != 0 {
				continue // each value still meets every third field
			}
			c := in.good(o, s)
			body := replaced(in.t, plain(in.t, c.body), at, odd)
			c.body = body
			// A sample is good except for this field, so that what the field's schema refuses must be refused. Numbers are written
			// without an exponent, although the schema would have 1e3. A field that need not be there may also be null.
			var value any
			mustFail := json.Unmarshal([]byte(odd), &value) != nil || !valid(field, value)
			switch {
			case odd == `1e3` && field.Type.Is("integer"):
				mustFail = true
			case odd == `null` && !required:
				mustFail = false
			}
			in.judge(o, what+" = "+clip([]byte(odd)), c, s.quiet, mustFail)
		}
		c := in.good(o, s)
		body := plain(in.t, c.body)
		remove(body, at)
		c.body = body
		in.judge(o, what+" left out", c, s.quiet, required)
	}
}

// bodies sends what is no body of the operation at all.
func (in *inputTest) bodies(o operation, s sample) {
	in.t.Helper()
	encoded, err := json.Marshal(s.body(in.t))
	if err != nil {
		in.t.Fatal(err)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(encoded)
	w.Close()
	inside := func(field string) []byte { return append(append([]byte(field), ','), encoded[1:]...) }
	type odd struct {
		what   string
		body   []byte
		header map[string]string
	}
	odds := []odd{
		{"nothing", []byte{}, nil}, {"null", []byte("null"), nil}, {"a list", []byte("[]"), nil}, {"a text", []byte(`"x"`), nil}, {"a number", []byte("5"), nil},
		{"an empty object", []byte("{}"), nil}, {"half of it", encoded[:len(encoded)/2], nil}, {"twice", append(slices.Clone(encoded), encoded...), nil},
		{"no JSON", []byte("<xml><a>1</a></xml>"), nil}, {"a form", []byte("a=1&b=2"), map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		{"text/plain", encoded, map[string]string{"Content-Type": "text/plain"}}, {"XML by its type", encoded, map[string]string{"Content-Type": "application/xml"}},
		{"multipart", encoded, map[string]string{"Content-Type": "multipart/form-data; boundary=x"}}, {"CBOR", encoded, map[string]string{"Content-Type": "application/cbor"}},
		{"gzip", packed.Bytes(), map[string]string{"Content-Encoding": "gzip"}}, {"UTF-16", []byte("\xff\xfe{\x00}\x00"), nil}, {"broken UTF-8", []byte("{\"a\":\"\xff\xfe\"}"), nil},
		{"deep lists", bytes.Repeat([]byte("["), 20_000), nil}, {"deep objects", bytes.Repeat([]byte(`{"a":`), 10_000), nil},
		{"an unknown field", inside(`{"debug":true`), nil}, {"a deep unknown field", inside(`{"debug":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000)), nil},
		{"__proto__", inside(`{"__proto__":{"role":"owner"}`), nil}, {"many fields", inside("{" + manyFields), nil},
		{"2 MiB", inside(`{"padding":"` + strings.Repeat("a", 2<<20) + `"`), nil},
	}
	for _, odd := range odds {
		c := in.good(o, s)
		c.body, c.header = odd.body, odd.header
		in.judge(o, odd.what, c, s.quiet, true)
	}
}

var manyFields = func() string {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, `"f%d":1,`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}()

// massAssignment adds every column of every table to every object of the body. Each one that is no field of the API is refused
// by name.
func (in *inputTest) massAssignment(o operation, s sample) {
	in.t.Helper()
	var add func(schema *openapi3.Schema, at []any, v any)
	add = func(schema *openapi3.Schema, at []any, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, v := range v {
				if p := schema.Properties[name]; p != nil {
					add(p.Value, append(slices.Clone(at), name), v)
				}
			}
			c := in.good(o, s)
			body := plain(in.t, c.body)
			object := dig(body, at).(map[string]any)
			var strange []string
			for _, column := range in.state.columns() {
				if schema.Properties[column] == nil {
					object[column], strange = 1, append(strange, column)
				}
			}
			c.body = body
			a, err := in.ask(c)
			if err != nil {
				in.t.Errorf("%s %v: %v", o.OperationID, at, err)
				return
			}
			if len(strange) < 100 || a.status != http.StatusBadRequest || a.problem.Code != "input.invalid" {
				in.t.Errorf("%s %v: %d columns as fields answered %d %s", o.OperationID, at, len(strange), a.status, clip(a.body))
			}
			for _, column := range strange {
				if !bytes.Contains(a.body, []byte("."+column+`"`)) {
					in.t.Errorf("%s %v: column %s was not refused", o.OperationID, at, column)
				}
			}
			if tables := in.state.changed(); len(tables) > 0 {
				in.t.Errorf("%s %v: columns as fields changed %v", o.OperationID, at, tables)
			}
		case []any:
			for i := range v {
				add(schema.Items.Value, append(slices.Clone(at), i), v[i])
			}
		}
	}
	add(o.bodySchema(), nil, plain(in.t, s.body(in.t)))
}

// parameters sends odd values for every parameter of path and query, and parameters that do not exist.
func (in *inputTest) parameters(o operation, s sample) {
	in.t.Helper()
	odd := []string{
		"0", "-1", "1.5", "1e3", "2147483648", "9007199254740993", "9223372036854775807", "9223372036854775808", "５", " ", "null", "true", "[]",
		"..", "../../me", "%00", "%", "' OR '1'='1", "1;DROP TABLE members", "a\r\nX: y", strings.ToUpper(absent[:23]) + "A", absent[:23], absent + "0",
		strings.Repeat("9", 3000), "2026-02-30", "2026-3-1", "❤",
	}
	for _, ref := range o.Parameters {
		p := ref.Value
		for _, value := range odd {
			what := p.In + " " + p.Name + " = " + clip([]byte(strconv.Quote(value)))
			c := in.good(o, s)
			switch p.In {
			case "path":
				// No such thing exists, whatever the form; the numbers of members and orders are small here.
				c.path = strings.ReplaceAll(o.path, "{"+p.Name+"}", url.PathEscape(value))
				in.judge(o, what, c, s.quiet, true)
			case "query":
				q, err := url.ParseQuery(s.query)
				if err != nil {
					in.t.Fatal(err)
				}
				q.Set(p.Name, value)
				c.path = o.path + "?" + q.Encode()
				in.judge(o, what, c, s.quiet, p.Schema.Value.Type.Is("integer") && !decimal(value))
			}
		}
		if p.In == "query" && p.Required {
			c := in.good(o, s)
			q, err := url.ParseQuery(s.query)
			if err != nil {
				in.t.Fatal(err)
			}
			q.Del(p.Name)
			c.path = o.path + "?" + q.Encode()
			in.judge(o, p.Name+" left out", c, s.quiet, true)
		}
	}
	c := in.good(o, s)
	c.path += map[bool]string{true: "&", false: "?"}[strings.Contains(c.path, "?")] + "member_id_=1"
	if s.body == nil && s.fresh == nil {
		in.judge(o, "an unknown parameter", c, s.quiet, true)
	}
}

func decimal(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

// keys sends odd idempotency keys.
func (in *inputTest) keys(o operation, s sample) {
	in.t.Helper()
	for _, key := range []string{"", "short", strings.Repeat("k", 129), "with blanks in it", "' OR '1'='1", "键键键键键键键键", "semi;colon;key"} {
		c := in.good(o, s)
		c.key = key
		in.judge(o, fmt.Sprintf("key %q", key), c, s.quiet, true)
	}
}

// plain is a value as JSON decodes it, and a copy.
func plain(t *testing.T, v any) any {
	t.Helper()
	text, ok := v.([]byte)
	if !ok {
		var err error
		if text, err = json.Marshal(v); err != nil {
			t.Fatal(err)
		}
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func dig(v any, at []any) any {
	for _, step := range at {
		switch step := step.(type) {
		case string:
			v = v.(map[string]any)[step]
		case int:
			v = v.([]any)[step]
		}
	}
	return v
}

// replaced is the JSON of a value in which one place holds raw text instead.
func replaced(t *testing.T, v any, at []any, raw string) []byte {
	t.Helper()
	switch parent := dig(v, at[:len(at)-1]).(type) {
	case map[string]any:
		parent[at[len(at)-1].(string)] = strings.Trim(place, `"`)
	case []any:
		parent[at[len(at)-1].(int)] = strings.Trim(place, `"`)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(text, []byte(place), []byte(raw), 1)
}

// remove takes one field, or all of a list, out of a value.
func remove(v any, at []any) {
	switch parent := dig(v, at[:len(at)-1]).(type) {
	case map[string]any:
		delete(parent, at[len(at)-1].(string))
	case []any:
		parent[at[len(at)-1].(int)] = map[string]any{}
	}
}

// fieldAt is the schema of a place, and whether the place must be filled.
func fieldAt(s *openapi3.Schema, at []any) (field *openapi3.Schema, required bool) {
	for _, step := range at {
		switch step := step.(type) {
		case string:
			required = slices.Contains(s.Required, step)
			s = s.Properties[step].Value
		case int:
			required = true
			s = s.Items.Value
		}
	}
	return s, required
}
