package console_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"huitou/model/db"
)

// T25: every page that changes something, the ones that will be added too, refuses what another site sends, what has no token, and what a
// form of another type smuggles in; and none of them can be reached by GET.
func TestT25EveryFormOfTheConsole(t *testing.T) {
	c := open(t)
	c.signIn(t, "clerk")
	token := fields(c.ask(t, "GET", "/console", nil, nil))
	posts := map[string]bool{}
	for _, r := range c.h.(*echo.Echo).Routes() {
		if r.Method == http.MethodPost {
			posts[strings.ReplaceAll(strings.ReplaceAll(r.Path, ":id", "1"), ":file", "x")] = true
		} else if r.Method != http.MethodGet {
			t.Errorf("%s %s: forms send GET and POST only", r.Method, r.Path)
		}
	}
	if len(posts) < 8 {
		t.Fatalf("only %d forms were found", len(posts))
	}
	before := c.kept(t)
	for path := range posts {
		for what, header := range map[string]map[string]string{
			"another site":                  {"Sec-Fetch-Site": "cross-site"},
			"a sibling site":                {"Sec-Fetch-Site": "same-site"},
			"an old browser, another site":  {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
			"an old browser, no origin":     {"Sec-Fetch-Site": "", "Origin": "null"},
			"another site, JSON as text":    {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
			"another site, with every good": {"Sec-Fetch-Site": "cross-site", "Origin": "https://shop.example"},
		} {
			if rec := c.ask(t, "POST", path, token, header); rec.Code != http.StatusForbidden {
				t.Errorf("POST %s from %s: %d", path, what, rec.Code)
			}
		}
		if rec := c.ask(t, "POST", path, with(token, "token", ""), nil); rec.Code != http.StatusForbidden {
			t.Errorf("POST %s without a token: %d", path, rec.Code)
		}
		if rec := c.ask(t, "POST", path, token, map[string]string{"Content-Type": "text/plain"}); rec.Code != http.StatusForbidden {
			t.Errorf("POST %s as plain text: %d", path, rec.Code)
		}
	}
	if after := c.kept(t); after != before {
		t.Errorf("refused forms changed something: before\n%s\nafter\n%s", before, after)
	}
}

// kept is everything in the tables that forms write to.
func (c *counter) kept(t *testing.T) (text string) {
	t.Helper()
	err := c.d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error {
		for _, table := range []string{"coupons", "coupon_verifications", "staff_tasks", "audit_trail", "staff_sessions"} {
			var rows []map[string]any
			if err := tx.Gorm().Table(table).Order("id").Find(&rows).Error; err != nil {
				return err
			}
			text += fmt.Sprintln(table, rows)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
