package messages

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/wechat"
)

// ChannelOATemplate is a service notice of the official account.
const ChannelOATemplate = "oa_template"

// Sender sends service notices, as oa.Client does.
type Sender interface {
	SendTemplate(ctx context.Context, m wechat.TemplateMessage) (msgID string, err error)
}

// Followers knows who follows the official account, as members.Service does.
type Followers interface {
	FollowerTx(ctx context.Context, tx *db.Tx, id model.MemberID) (openID string, following bool, err error)
	UnfollowTx(ctx context.Context, tx *db.Tx, openID string, at time.Time) error
}

// Template is how one of our templates is set up in the merchant's official account.
type Template struct {
	ID string // WeChat's template id
	// Fields maps WeChat's field ("thing1") to our name of the value ("goods").
	Fields map[string]string
}

// Deps is what the outbox needs.
type Deps struct {
	DB        *db.DB
	Jobs      *jobs.Queue
	Sender    Sender
	Followers Followers
	Templates map[string]Template // by our name; a message without one is suppressed
	Log       *slog.Logger
}

// Service is the outbox. It is safe for concurrent use.
type Service struct {
	Deps
	// quotaUntil, in microseconds since 1970, is a hint of this process that the day's quota is used up, so that other messages
	// need not find out by a call each.
	quotaUntil atomic.Int64
}

// New returns an outbox.
func New(d Deps) *Service { return &Service{Deps: d} }

// Register gives the queue its worker. Call it once, before the queue runs.
func (s *Service) Register() { jobs.Handle(s.Jobs, kindSend, s.send) }
