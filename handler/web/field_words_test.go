package web_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"huitou/handler/web"
	"huitou/model/fault"
)

// kinds has a field for every rule that our declarations use.
type kinds struct {
	Size int    `query:"size" minimum:"1" maximum:"5"`
	Sure bool   `query:"sure"`
	Key  string `header:"X-Key" required:"true"`
	Body struct {
		Name  string    `json:"name" minLength:"2" maxLength:"4"`
		Code  string    `json:"code,omitempty" pattern:"^[0-9]+$"`
		Kind  string    `json:"kind,omitempty" enum:"amount,percent"`
		Fen   int64     `json:"fen,omitempty" minimum:"0" maximum:"10"`
		Lines []string  `json:"lines,omitempty" minItems:"1" maxItems:"2" uniqueItems:"true" nullable:"false"`
		At    time.Time `json:"at,omitzero"`
		Day   string    `json:"day,omitempty" format:"date"`
		On    bool      `json:"on,omitempty"`
		Own   string    `json:"own,omitempty" doc:"the service refuses it with these words"`
	}
}

// The sentences are huma's own: when it changes them, this test says so.
func TestReasonsOfFieldsAreChinese(t *testing.T) {
	e := web.Server{Now: func() time.Time { return start }, Log: slog.New(slog.DiscardHandler)}.New()
	r := web.NewRoutes(e, "test", web.Auth{}, func() time.Time { return start }, slog.New(slog.DiscardHandler))
	web.Post(r, "/kinds", web.Anyone, web.Doc{ID: "kinds", Summary: "s", Tag: "t", Errors: []*fault.Fault{fault.ErrInvalid}}, func(_ context.Context, in *kinds) (*made, error) {
		return nil, fault.InvalidFields([]fault.Field{{Name: "own", Reason: in.Body.Own}})
	})
	const noKey = "?size=1" // the header is left out
	ask := func(query, body, language string) (string, []any) {
		t.Helper()
		req := httptest.NewRequest(http.MethodPost, "/kinds"+query, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept-Language", language)
		if query != noKey {
			req.Header.Set("X-Key", "k")
		}
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, req)
		var p web.Problem
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil || p.Code != fault.ErrInvalid.Code {
			t.Fatalf("%s %s: %d %s, %v", query, body, rec.Code, rec.Body, err)
		}
		list, _ := p.More["fields"].([]any)
		return rec.Body.String(), list
	}
	for _, c := range []struct{ query, body, rule, chinese string }{
		{noKey, `{"name":"ab"}`, "required", "缺少此参数"},
		{"?size=9", `{"name":"ab"}`, "maximum", "不能大于 5"},
		{"?size=x", `{"name":"ab"}`, "type", "须是整数"},
		{"?sure=x", `{"name":"ab"}`, "type", "须是 true 或 false"},
		{"", `{}`, "required", "缺少 name"},
		{"", `{"name":"a"}`, "min_length", "至少 2 个字"},
		{"", `{"name":"abcde"}`, "max_length", "最多 4 个字"},
		{"", `{"name":7}`, "type", "须是文字"},
		{"", `{"name":"ab","code":"x"}`, "pattern", "格式不对,须符合 ^[0-9]+$"},
		{"", `{"name":"ab","kind":"x"}`, "enum", "只能是 amount、percent"},
		{"", `{"name":"ab","fen":-1}`, "minimum", "不能小于 0"},
		{"", `{"name":"ab","fen":11}`, "maximum", "不能大于 10"},
		{"", `{"name":"ab","fen":1.5}`, "type", "须是整数"},
		{"", `{"name":"ab","lines":[]}`, "min_items", "至少 1 项"},
		{"", `{"name":"ab","lines":["a","b","c"]}`, "max_items", "最多 2 项"},
		{"", `{"name":"ab","lines":["a","a"]}`, "unique", "不能有重复"},
		{"", `{"name":"ab","lines":"a"}`, "type", "须是列表"},
		{"", `{"name":"ab","at":"now"}`, "format", "须是时间,如 2026-11-21T12:00:00+08:00"},
		{"", `{"name":"ab","day":"now"}`, "format", "须是日期,如 2026-11-21"},
		{"", `{"name":"ab","on":"yes"}`, "type", "须是 true 或 false"},
		{"", `{"name":"ab","share":1}`, "unknown", "没有这个字段"},
		{"", `{"name":"ab","own":"1 to 80 characters"}`, "length", "须 1 至 80 个字"},
		{"", `{"name":"ab","own":"must be at most 40 characters"}`, "max_length", "最多 40 个字"},
		{"", `{"name":"ab","own":"at most 64 printable ASCII characters"}`, "max_length", "最多 64 个英文字母、数字或符号"},
		{"", `{"name":"ab","own":"1 to 64 printable ASCII characters"}`, "length", "须 1 至 64 个英文字母、数字或符号"},
		{"", `{"name":"ab","own":"must say why, in at most 200 characters"}`, "required", "请写明原因,最多 200 个字"},
		{"", `{"name":"ab","own":"-5 to 100"}`, "range", "须在 -5 到 100 之间"},
		{"", `{"name":"ab","own":"store, staff or campaign"}`, "enum", "只能是 store、staff 或 campaign"},
		{"", `{"name":"ab","own":"{name} is not one of [{number} {goods}]"}`, "enum", "{name} 不在可用的之中:{number} {goods}"},
		{"", `{"name":"ab","own":"a day, 2027-01-01"}`, "format", "须是日期,如 2027-01-01"},
	} {
		text, list := ask(c.query, c.body, "zh-CN")
		if len(list) != 1 {
			t.Errorf("%s %s: %s", c.query, c.body, text)
			continue
		}
		if f := list[0].(map[string]any); f["rule"] != c.rule || f["reason"] != c.chinese || f["field"] == "" {
			t.Errorf("%s %s: %v, want %s %q", c.query, c.body, f, c.rule, c.chinese)
		}
		text, list = ask(c.query, c.body, "en-GB")
		if f := list[0].(map[string]any); f["rule"] != c.rule || strings.ContainsFunc(f["reason"].(string), func(r rune) bool { return r > 127 }) {
			t.Errorf("%s %s in English: %s", c.query, c.body, text)
		}
	}
	// What no rule knows stays as the service said it, without a code.
	_, list := ask("", `{"name":"ab","own":"check-ins have a door of their own"}`, "")
	if f := list[0].(map[string]any); f["rule"] != nil || f["reason"] != "check-ins have a door of their own" {
		t.Errorf("a reason of no known kind: %v", f)
	}
}
