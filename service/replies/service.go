package replies

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/kv"
	"huitou/service/callbacks"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/orders"
	"huitou/service/points"
	"huitou/service/qrcodes"
	"huitou/wechat"
)

// Codes knows what codes are for, as qrcodes.Service does.
type Codes interface {
	// Source tells which code a scene is of; ok is false when it is none of these.
	Source(ctx context.Context, scene string) (src qrcodes.Source, ok bool, err error)
	// One returns a code by its id, or qrcodes.ErrUnknown.
	One(ctx context.Context, id model.PublicID) (qrcodes.Code, error)
}

// Parcels knows the codes of parcels, as aftersale.Service does.
type Parcels interface {
	IsParcel(ctx context.Context, scene string) (bool, error)
}

// Account is the official account as far as its menu goes; oa.Client is one.
type Account interface {
	// Menu returns the menu that WeChat has; ok is false when there is none.
	Menu(ctx context.Context) (menu []wechat.MenuButton, ok bool, err error)
	CreateMenu(ctx context.Context, menu []wechat.MenuButton) error
}

// Deps is what replies need.
type Deps struct {
	DB      *db.DB
	KV      kv.Store
	Members *members.Service
	Orders  *orders.Service
	Points  *points.Service
	Codes   Codes
	Parcels Parcels
	Account Account
	Queue   *jobs.Queue
	// OAAppID is the account in whose chat the replies appear, MiniAppID the shop's own mini-program.
	OAAppID, MiniAppID string
	// Shop is the shop's name for {shop}; empty means "本店".
	Shop string
	// PublicURL is our own address. Links in replies may lead to its host, and to those of LinkHosts.
	PublicURL string
	LinkHosts []string
	// WantedMenu is the menu that the settings want; empty means that they have none.
	WantedMenu []wechat.MenuButton
	Log        *slog.Logger // nil discards
}

// Service chooses replies. It is safe for concurrent use.
type Service struct {
	Deps
	hosts     []string // that links may lead to
	plainHost string   // the one of them that has no https: a demo on this machine
	books     books
}

// New returns the service.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Shop == "" {
		d.Shop = "本店"
	}
	s := &Service{Deps: d, hosts: []string{articleHost}}
	s.books.turn = make(chan struct{}, 1)
	if u, err := url.Parse(d.PublicURL); err == nil && u.Host != "" {
		s.hosts = append(s.hosts, strings.ToLower(u.Host))
		if u.Scheme == "http" {
			s.plainHost = u.Host
		}
	}
	for _, h := range d.LinkHosts {
		s.hosts = append(s.hosts, strings.ToLower(h))
	}
	return s
}

// Register has pushes counted and old counts tidied. Call it once, before the queue runs.
func (s *Service) Register(v *callbacks.Service) {
	for _, topic := range []string{"event:subscribe", "event:SCAN", "event:CLICK", "message:text", "message:voice", "message:image", "message:video",
		"message:shortvideo", "message:location", "message:link"} {
		v.Watch(callbacks.OA, topic, s.Count)
	}
	s.Queue.Every("replies.purge", jobs.DailyAt(3, 50, model.Shanghai), s.purge)
}

// Bounds of the waiting, see the package's text.
const (
	freshFor = 2 * time.Second
	staleFor = 10 * time.Minute
	loadTime = 400 * time.Millisecond
	lookTime = 800 * time.Millisecond
)
