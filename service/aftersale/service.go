package aftersale

import (
	"context"
	"log/slog"
	"time"

	"huitou/model/db"
	"huitou/service/callbacks"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/messages"
	"huitou/service/orders"
	"huitou/service/qrcodes"
	"huitou/service/surveys"
	"huitou/service/tasks"
	"huitou/wechat"
)

// OA is what aftersale needs of the official account, as oa.Client has it.
type OA interface {
	CreateQR(ctx context.Context, scene string, ttl time.Duration) (wechat.QRCode, error)
	UserInfo(ctx context.Context, openID string) (wechat.Follower, error)
}

// Mini is what aftersale needs of the mini-program, as mini.Client has it.
type Mini interface {
	MiniCode(ctx context.Context, in wechat.MiniCode) (wechat.Image, error)
}

// Deps is what aftersale needs.
type Deps struct {
	DB       *db.DB
	OA       OA
	OAAppID  string
	Mini     Mini
	MiniPage qrcodes.MiniPage // which a scan of the mini-program's code opens
	Orders   *orders.Service
	Members  *members.Service
	Messages *messages.Service
	Surveys  *surveys.Service
	Tasks    *tasks.Service
	Queue    *jobs.Queue
	// SurveyURL is where a survey's link leads, without its token: "https://shop.example/s/".
	SurveyURL string
	// ParcelURL is where a printed card's link leads, without its token: "https://shop.example/p/".
	ParcelURL string
	Texts     Texts // zero fields mean the defaults
	Log       *slog.Logger
}

// Texts are words for messages that have none of their own.
type Texts struct {
	Advice string // how to use the goods; the text "advice" of visits
}

var defaultTexts = Texts{
	Advice: "使用前请阅读说明,有问题随时联系我们",
}

// Service follows sales up. It is safe for concurrent use.
type Service struct {
	Deps
	printing chan struct{} // held by who draws a sheet
}

// New returns the service.
func New(d Deps) *Service {
	if d.Texts.Advice == "" {
		d.Texts = defaultTexts
	}
	return &Service{Deps: d, printing: make(chan struct{}, 1)}
}

// Register subscribes to the official account's events.
func (s *Service) Register(v *callbacks.Service) {
	v.On(callbacks.OA, wechat.EventSubscribe, s.OnScan)
	v.On(callbacks.OA, wechat.EventScan, s.OnScan)
	v.On(callbacks.OA, wechat.EventUnsubscribe, s.OnUnsubscribe)
}
