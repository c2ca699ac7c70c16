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
	"huitou/service/surveys"
	"huitou/service/tasks"
	"huitou/wechat"
)

// OA is what aftersale needs of the official account, as oa.Client has it.
type OA interface {
	CreateQR(ctx context.Context, scene string, ttl time.Duration) (wechat.QRCode, error)
	UserInfo(ctx context.Context, openID string) (wechat.Follower, error)
}

// Deps is what aftersale needs.
type Deps struct {
	DB       *db.DB
	OA       OA
	OAAppID  string
	Orders   *orders.Service
	Members  *members.Service
	Messages *messages.Service
	Surveys  *surveys.Service
	Tasks    *tasks.Service
	Queue    *jobs.Queue
	// SurveyURL is where a survey's link leads, without its token: "https://shop.example/s/".
	SurveyURL string
	Texts     Texts // zero fields mean the defaults
	Log       *slog.Logger
}

// Texts are the words that followers see.
type Texts struct {
	Welcome      string // to a new follower
	ParcelFollow string // to a new follower who scanned a parcel code
	ParcelScan   string // to a follower who scanned one
	Advice       string // how to use the goods; the text "advice" of visits that have none of their own
}

var defaultTexts = Texts{
	Welcome:      "感谢关注!在这里可以查积分、用优惠券。有任何问题,直接回复就能找到我们。",
	ParcelFollow: "感谢关注!包裹里的商品有任何问题,直接回复就能找到我们。",
	ParcelScan:   "收到!包裹里的商品有任何问题,直接回复就能找到我们。",
	Advice:       "使用前请阅读说明,有问题随时联系我们",
}

// Service follows sales up. It is safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service {
	fill := func(s *string, byDefault string) {
		if *s == "" {
			*s = byDefault
		}
	}
	fill(&d.Texts.Welcome, defaultTexts.Welcome)
	fill(&d.Texts.ParcelFollow, defaultTexts.ParcelFollow)
	fill(&d.Texts.ParcelScan, defaultTexts.ParcelScan)
	fill(&d.Texts.Advice, defaultTexts.Advice)
	return &Service{d}
}

// Register subscribes to the official account's events.
func (s *Service) Register(v *callbacks.Service) {
	v.On(callbacks.OA, wechat.EventSubscribe, s.OnScan)
	v.On(callbacks.OA, wechat.EventScan, s.OnScan)
	v.On(callbacks.OA, wechat.EventUnsubscribe, s.OnUnsubscribe)
}
