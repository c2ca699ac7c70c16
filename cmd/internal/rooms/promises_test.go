package rooms

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"huitou/cmd/internal/app"
	"huitou/handler/web"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/kv"
)

// go test ./cmd/internal/rooms -update writes the promises anew; the diff is the change that clients will see.
var update = flag.Bool("update", false, "write the golden files")

// golden compares text with a committed file.
func golden(t *testing.T, name string, text []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, text) {
		t.Errorf("%s differs from what was promised. If the change is meant, run: go test ./cmd/internal/rooms -update\n%s", path, firstDifference(string(want), string(text)))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "", ""
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\n  was %s\n  is  %s", i+1, a, b)
		}
	}
	return ""
}

// whole builds the program on an empty database, without WeChat.
func whole(t *testing.T) *app.App {
	t.Helper()
	a, err := app.New(t.Context(), app.Settings{
		DB: db.Options{Driver: db.SQLite, Path: filepath.Join(t.TempDir(), "huitou.db")}, KV: kv.NewMemory(kv.MemoryOptions{Now: time.Now}),
		Now: time.Now, Log: slog.New(slog.DiscardHandler), Version: "dev", PhoneKey: make([]byte, 32),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// Codes are stable: clients branch on them.
func TestFaultCodesAreKept(t *testing.T) {
	whole(t) // every package that declares faults is linked in
	var b strings.Builder
	for _, f := range fault.All() {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", f.Code, f.Kind, f.Chinese, f.English)
		if f.Chinese == "" || f.English == "" {
			t.Errorf("%s has no sentence in one of the languages", f.Code)
		}
	}
	golden(t, "faults.tsv", []byte(b.String()))
}

// The description of the API is committed, so that a change of it is seen.
func TestOpenAPIIsKept(t *testing.T) {
	text, err := whole(t).Routes.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := indent(&pretty, text); err != nil {
		t.Fatal(err)
	}
	golden(t, "openapi.json", pretty.Bytes())
}

// Every route and who may call it (threats T9, T10): the list is committed, and no route stands outside of it.
func TestRoutesAndPoliciesAreKept(t *testing.T) {
	a := whole(t)
	var lines []string
	declared := map[string]bool{}
	for _, r := range a.Routes.List() {
		lines = append(lines, fmt.Sprintf("%-6s %-45s %s", r.Method, r.Path, r.Policy))
		declared[r.Method+" "+echoPath(r.Path)] = true
	}
	// What stands beside the typed routes: callbacks prove themselves by signatures, the others tell nothing.
	open := []string{"GET /healthz", "GET /readyz", "GET /docs", "GET /docs/*", "GET /openapi.json", "GET /openapi.yaml", "GET /openapi-3.0.json", "GET /openapi-3.0.yaml",
		// pages, which ask for the session and the permission themselves (handler/console)
		"GET /",                                                  // says what answers here
		"GET /s/:token", "POST /s/:token", "GET /s/assets/:file", // a survey, opened by its link
		"GET /p/:token", "GET /p/:token/code.png", // the official account's code, opened by the card in a parcel
		"GET /console/tasks", "POST /console/tasks/:id/take", "POST /console/tasks/:id/phone", "POST /console/tasks/:id/close",
		"GET /console/why", "POST /console/why", "GET /console/why/:id",
		"GET /console", "GET /console/sign-in", "POST /console/sign-in", "POST /console/sign-out", "POST /console/coupons", "POST /console/verifications", "GET /console/verifications/:id", "POST /console/verifications/:id/undo", "GET /console/assets/:file"}
	for _, r := range a.Echo.Routes() {
		name := r.Method + " " + r.Path
		if !declared[name] && !slices.Contains(open, name) {
			t.Errorf("%s is served without a policy", name)
		}
	}
	slices.Sort(lines)
	golden(t, "routes.txt", []byte(strings.Join(lines, "\n")+"\n"))
	for _, r := range a.Routes.List() {
		anyone := r.Policy == web.Anyone.String()
		if anyone && r.Operation != "sign-in" && r.Operation != "staff-sign-in" {
			t.Errorf("%s %s may be called by anyone", r.Method, r.Path)
		}
		if r.Method == "GET" && strings.Contains(r.Path, "pay") {
			t.Errorf("%s looks like a payment by GET (newbee-mall, youlai-mall)", r.Path)
		}
	}
}

// echoPath turns huma's {id} into Echo's :id.
func echoPath(p string) string {
	parts := strings.Split(p, "/")
	for i, s := range parts {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			parts[i] = ":" + strings.TrimSuffix(name, "}")
		}
	}
	return strings.Join(parts, "/")
}

func indent(to *bytes.Buffer, text []byte) error {
	if err := json.Indent(to, text, "", " "); err != nil {
		return err
	}
	return to.WriteByte('\n')
}
