package guest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"huitou/handler/guest"
	"huitou/model/fault"
	"huitou/service/surveys"
)

const (
	payload = `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	good    = "k8Vq2mZr5Tn9Lw3Bc7Yd1Hf6Jg4Ps0uAaBbCcDdEeFf"
)

// kept is one survey in memory.
type kept struct {
	given []surveys.Given
	n     int
	fail  error
}

func (k *kept) ByToken(_ context.Context, token string) (surveys.Invitation, error) {
	if token != good {
		return surveys.Invitation{}, surveys.ErrUnknown
	}
	return surveys.Invitation{Points: 50, Survey: surveys.Survey{Name: payload, Intro: payload, Questions: []surveys.Question{
		{Kind: surveys.Score, Ask: payload, Required: true, Most: 10}, {Kind: surveys.Score, Ask: "几颗星", Most: 5},
		{Kind: surveys.Choice, Ask: "完好吗", Options: []surveys.Option{{Text: payload}, {Text: "破损"}}}, {Kind: surveys.Text, Ask: "想说的话", Most: 200},
	}}}, nil
}

func (k *kept) Answer(_ context.Context, in surveys.Answer) (surveys.Thanks, error) {
	switch {
	case k.fail != nil:
		return surveys.Thanks{}, k.fail
	case in.Token != good:
		return surveys.Thanks{}, surveys.ErrUnknown
	case k.n > 0:
		return surveys.Thanks{}, surveys.ErrAnswered
	case len(in.Given) == 0 || in.Given[0].Number == nil:
		return surveys.Thanks{}, fault.InvalidFields([]fault.Field{{Name: "answers[1]", Reason: "must be answered"}})
	}
	k.given, k.n = in.Given, k.n+1
	return surveys.Thanks{Points: 50}, nil
}

func ask(t *testing.T, k *kept, method, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	e := echo.New()
	guest.Routes(e, "/s/", k)
	req := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, req)
	h := rec.Header()
	if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script") || strings.Contains(csp, "unsafe") ||
		h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s %s: headers %v", method, path, h)
	}
	if body := rec.Body.String(); strings.Contains(body, "<script") || strings.Contains(body, "<img") || strings.Contains(body, "style=") {
		t.Errorf("%s %s: not escaped or inline: %s", method, path, body)
	}
	return rec
}

func TestSurveyByItsLink(t *testing.T) {
	k := &kept{}
	page := ask(t, k, "GET", "/s/"+good, nil)
	body := page.Body.String()
	if page.Code != http.StatusOK || strings.Count(body, `type="radio"`) != 11+5+2 || !strings.Contains(body, "50 积分,与填写内容无关") || !strings.Contains(body, `action="/s/`+good+`"`) {
		t.Fatalf("the page: %d %s", page.Code, body)
	}
	if rec := ask(t, k, "POST", "/s/"+good, url.Values{"q4": {payload}}); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "&lt;script&gt;") {
		t.Errorf("without the required one: %d %s", rec.Code, rec.Body)
	}
	form := url.Values{"q1": {"3"}, "q2": {"x"}, "q3": {"2"}, "q4": {"a\r\n" + payload}, "q5": {"1"}, "member_id": {"7"}}
	if rec := ask(t, k, "POST", "/s/"+good, form); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "已赠送 50 积分") {
		t.Errorf("answered: %d %s", rec.Code, rec.Body)
	}
	if len(k.given) != 4 || *k.given[0].Number != 3 || k.given[1].Number != nil || *k.given[2].Number != 2 || k.given[3].Text != "a\n"+payload {
		t.Errorf("kept %+v", k.given)
	}
	if rec := ask(t, k, "POST", "/s/"+good, form); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "已收到") || k.n != 1 {
		t.Errorf("tapped twice: %d %s", rec.Code, rec.Body)
	}
	if rec := ask(t, k, "GET", "/s/assets/guest.css", nil); rec.Code != http.StatusOK {
		t.Errorf("the style: %d", rec.Code)
	}
}

// T9: a wrong link looks the same whatever is wrong with it, and answers nothing.
func TestT9WrongLinks(t *testing.T) {
	k := &kept{}
	first := ""
	for _, token := range []string{"x", good[:42], good + "A", strings.ToUpper(good), "%27%20OR%201=1", strings.Repeat("a", 5000)} {
		for _, method := range []string{"GET", "POST"} {
			rec := ask(t, k, method, "/s/"+token, url.Values{"q1": {"9"}})
			if first == "" {
				first = rec.Body.String()
			}
			if rec.Code != http.StatusNotFound || rec.Body.String() != first {
				t.Errorf("%s %.20s: %d %s", method, token, rec.Code, rec.Body)
			}
		}
	}
	if k.n != 0 {
		t.Error("something was answered")
	}
}

// T20: a form of megabytes is refused; what the service refuses is said in words.
func TestRefusals(t *testing.T) {
	if rec := ask(t, &kept{}, "POST", "/s/"+good, url.Values{"q4": {strings.Repeat("长", 100_000)}}); rec.Code != http.StatusBadRequest {
		t.Errorf("a huge form: %d", rec.Code)
	}
	for err, want := range map[error]int{surveys.ErrExpired: http.StatusConflict, fault.New(fault.Unavailable, "test.busy", "忙", "busy"): http.StatusServiceUnavailable,
		errors.New("broken"): http.StatusInternalServerError} {
		if rec := ask(t, &kept{fail: err}, "POST", "/s/"+good, url.Values{"q1": {"9"}}); rec.Code != want || strings.Contains(rec.Body.String(), "broken") {
			t.Errorf("%v: %d %s", err, rec.Code, rec.Body)
		}
	}
}

// The bare address says what answers, to anybody, and nothing else.
func TestHome(t *testing.T) {
	e := echo.New()
	guest.Home(e, "/s/assets", "/console", "/docs")
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	body := rec.Body.String()
	if rec.Code != http.StatusOK || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") ||
		!strings.Contains(rec.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	for _, part := range []string{`href="/console"`, `href="/docs"`, `href="/s/assets/guest.css"`, "店员入口"} {
		if !strings.Contains(body, part) {
			t.Errorf("no %s in %s", part, body)
		}
	}
	rec = httptest.NewRecorder()
	if e.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", nil)); rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST = %d", rec.Code)
	}
}
