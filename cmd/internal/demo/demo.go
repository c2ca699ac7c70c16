package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/labstack/echo/v4"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/demoshop"
	"huitou/model"
	"huitou/model/random"
	"huitou/service/staff"
)

// StaffName is the sign-in name of the demo shop's owner. The password is made at the first start.
const StaffName = "dianzhang"

// Logins are what a person, and the tour, need to look around. They open nothing but this demo.
type Logins struct {
	Simulator     string `json:"simulator"` // page and control API of the simulated WeChat
	StaffName     string `json:"staff_name"`
	StaffPassword string `json:"staff_password"`
	IngestKey     string `json:"ingest_key"`
	IngestSecret  string `json:"ingest_secret"`
}

// Kept returns the logins of a data folder, made at its first use.
func Kept(dir string) (Logins, error) {
	path := filepath.Join(dir, "demo.json")
	var l Logins
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		if err := json.Unmarshal(text, &l); err != nil {
			return l, fmt.Errorf("read %s: %w", path, err)
		}
		return l, nil
	case !errors.Is(err, os.ErrNotExist):
		return l, fmt.Errorf("read the demo's logins: %w", err)
	}
	l = Logins{StaffName: StaffName, StaffPassword: random.ID()[:16], IngestKey: "demo-shop", IngestSecret: random.Token()}
	if text, err = json.MarshalIndent(l, "", "  "); err != nil {
		return l, err
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return l, fmt.Errorf("keep the demo's logins: %w", err)
	}
	return l, nil
}

// Prepare migrates and, when the shop is empty, makes its owner and fills it.
func Prepare(ctx context.Context, a *app.App, l Logins, o demoshop.Options) error {
	if err := a.DB.Migrate(ctx); err != nil {
		return err
	}
	switch _, err := a.Staff.Named(ctx, l.StaffName); {
	case err == nil:
		return nil // filled at an earlier start
	case !errors.Is(err, staff.ErrUnknown):
		return err
	}
	// The owner is made last: a start that was broken off is begun anew in a new folder, and never half used.
	shop := demoshop.Generate(o)
	if err := Seed(ctx, a, shop, commandLine); err != nil {
		return err
	}
	_, err := a.Staff.Add(ctx, staff.Add{Name: l.StaffName, DisplayName: "店长", Password: l.StaffPassword, Role: staff.Owner})
	return err
}

// commandLine is who sets up the shop: nobody of the staff.
const commandLine model.StaffID = 0

// Publish adds GET /demo.json with the logins, for callers on this machine only.
func Publish(a *app.App, l Logins) {
	a.Echo.GET("/demo.json", func(c echo.Context) error {
		// A page of the open net that a browser here was tricked into asking for this address (DNS rebinding) names another host,
		// and a proxy on this machine says for whom it asks.
		if !loopback(c.Request().RemoteAddr) || !loopback(c.Request().Host) || c.Request().Header.Get(echo.HeaderXForwardedFor) != "" {
			return echo.ErrNotFound
		}
		return c.JSON(http.StatusOK, l)
	})
}

// loopback tells whether an address or a Host header names this machine itself.
func loopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// LocalOnly refuses requests that name another host than this machine, for pages that ask nobody for a password.
func LocalOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.Host) {
			http.Error(w, "this page answers on this machine only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Shopper makes a customer on the simulated WeChat, signs him in and returns his bearer token. Everything must be serving.
func Shopper(ctx context.Context, a *app.App, control, nickname string) (token string, err error) {
	var user struct {
		ID string `json:"id"`
	}
	if err := post(ctx, control+"/_sim/users", map[string]string{"nickname": nickname}, &user); err != nil {
		return "", err
	}
	var login struct {
		Code string `json:"js_code"`
	}
	if err := post(ctx, control+"/_sim/users/"+user.ID+"/login", struct{}{}, &login); err != nil {
		return "", err
	}
	s, err := a.Members.SignIn(ctx, login.Code)
	if err != nil {
		return "", fmt.Errorf("sign the demo's shopper in: %w", err)
	}
	return s.Token, nil
}

func post(ctx context.Context, url string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the simulator: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the simulator: %s answered %s", url, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(out)
}
