// Package app ties the rooms together: it makes every service, says who reacts to what, declares every route and starts and stops
// the whole in order. The program is a value that a test can start.
//
// It owns wiring only. A rule that is found here is in the wrong room.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"huitou/handler/ops"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/kv"
	"huitou/service/jobs"
	"huitou/service/messages"
	"huitou/service/messages/sms"
	"huitou/service/orders"
	"huitou/service/points"
	"huitou/service/qrcodes"
	"huitou/wechat"
)

// Role says which part of the work a process does.
type Role string

// The roles: requests, jobs, or both.
const (
	RoleAll    Role = "all"
	RoleAPI    Role = "api"
	RoleWorker Role = "worker"
)

// Settings are everything that a running Huitou needs, already checked.
type Settings struct {
	DB             db.Options
	KV             kv.Store
	Now            func() time.Time
	Log            *slog.Logger
	Version        string
	PublicURL      string // how WeChat reaches us, without a slash at the end
	TrustedProxies []*net.IPNet
	PhoneKey       []byte // 32 bytes
	OA, Mini       Account
	Merchant       Merchant
	Virtual        Virtual
	RefundAlone    model.Fen // what one person may give back in a day; 0 = 500 yuan
	// MiniPage is where the mini-program's pictures of QR codes lead. PermanentCodes is how many permanent codes the official account may
	// make; 0 = all that WeChat allows.
	MiniPage       qrcodes.MiniPage
	PermanentCodes int64
	// Simulator is where a simulated WeChat stands; nil means WeChat itself.
	Simulator *url.URL
	Shops     map[string]web.ShopKey // by key id
	Earning   orders.Rules
	// Adjust bounds corrections of points by staff; the zero value stands for the defaults.
	Adjust points.AdjustRules
	// PointsCost is what a hundred points cost the shop.
	PointsCost model.Fen
	Templates  map[string]messages.Template
	// Messages are the shop's limits; the zero value stands for the defaults. SMS sends texts; nil: none are sent.
	Messages messages.Rules
	SMS      sms.Sender
	// Shop is the shop's name in replies; LinkHosts are hosts beside PublicURL's to which replies may lead; Menu is the official account's.
	Shop      string
	LinkHosts []string
	Menu      []wechat.MenuButton
}

// Account is an official account or a mini-program.
type Account struct {
	AppID                  string
	Secret                 wechat.Secret
	Token                  wechat.Secret
	AESKey, PreviousAESKey wechat.Secret
	Mode, Format           string
}

// App is a Huitou that can be started.
type App struct {
	Services
	Settings Settings
	DB       *db.DB
	Queue    *jobs.Queue
	Echo     *echo.Echo
	Routes   *web.Routes
	Health   *ops.Health

	refusals *ops.Refusals
}

// New opens the database and builds everything. It neither migrates nor listens. Close the App when done.
func New(ctx context.Context, s Settings) (*App, error) {
	s.DB.Now, s.DB.Log = s.Now, s.Log
	d, err := db.Open(ctx, s.DB)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	a := &App{Settings: s, DB: d}
	if err := a.build(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return a, nil
}

// Close closes what New opened. Settings.KV belongs to the caller.
func (a *App) Close() error { return a.DB.Close() }
