package coupons

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/messages"
)

// maxBatch is how many claims share one transaction at most: larger batches gain little and make the first caller of
// each wait longer.
const maxBatch = 512

// Members is what coupons need of the members: LockTx takes the lock on a member's row and fails for one who does not exist.
type Members interface {
	LockTx(ctx context.Context, tx *db.Tx, id model.MemberID) error
}

// People finds many members at once, as members.Service does.
type People interface {
	SelectTx(ctx context.Context, tx *db.Tx, f members.Filter, after model.MemberID, limit int) ([]model.MemberID, error)
	CountTx(ctx context.Context, tx *db.Tx, f members.Filter) (n int64, highest model.MemberID, err error)
	ByPhonesTx(ctx context.Context, tx *db.Tx, phones []string) ([]model.MemberID, error)
	KnownTx(ctx context.Context, tx *db.Tx, ids []model.MemberID) (map[model.MemberID]bool, error)
}

// Outbox queues messages, as messages.Service does.
type Outbox interface {
	EnqueueTx(ctx context.Context, tx *db.Tx, m messages.Message) (fresh bool, err error)
}

// Deps is what the service needs. DB, Members and Log are required.
type Deps struct {
	DB      *db.DB
	Members Members
	Log     *slog.Logger
	// Queue ends locks at their time; nil leaves that to whoever looks at the coupon next.
	Queue *jobs.Queue
	// People is needed by bulk issues, Messages by reminders; both with Queue. Page is what a reminder opens; it may be empty.
	People   People
	Messages Outbox
	Page     string
	// Birthdays is needed by rules for birthdays, with Queue.
	Birthdays Birthdays
	// Audiences knows who belongs to an audience that is not everyone; nil means nobody does.
	Audiences Audiences
	// Early returns how much sooner claim windows open for those members whose paid card says so; nil means for nobody.
	Early func(ctx context.Context, tx *db.Tx, members []model.MemberID) (map[model.MemberID]time.Duration, error)
	// MemberPrice returns the share that a member's price takes off goods; nil means nothing.
	MemberPrice func(ctx context.Context, tx *db.Tx, m model.MemberID, at time.Time) (model.BasisPoints, error)
	// FreeFreight tells whether a member's paid card bears the freight of an order now; nil means never.
	FreeFreight func(ctx context.Context, tx *db.Tx, m model.MemberID, at time.Time) (bool, error)
}

// Service keeps coupons. It is safe for concurrent use.
type Service struct {
	db      *db.DB
	members Members
	log     *slog.Logger
	claims  *db.Group[model.PublicID, Claim, Coupon]
	links   *db.Group[model.PublicID, linkClaim, Coupon]
	queue   *jobs.Queue

	people    People
	birthdays Birthdays
	messages  Outbox
	page      string
	// audiences, memberPrice and freeFreight are asked of those who know; each may be nil.
	audiences   Audiences
	memberPrice func(context.Context, *db.Tx, model.MemberID, time.Time) (model.BasisPoints, error)
	freeFreight func(context.Context, *db.Tx, model.MemberID, time.Time) (bool, error)
	early       func(context.Context, *db.Tx, []model.MemberID) (map[model.MemberID]time.Duration, error)
	terms       sync.Map // model.CouponTermsID -> *Conditions
	// firsts holds, by model.CouponTemplateID, whether the last batch had first claims only: a hint for speed, see batch.lookUp.
	firsts sync.Map
}

// New returns the service.
func New(d Deps) *Service {
	s := &Service{db: d.DB, members: d.Members, log: d.Log, queue: d.Queue, audiences: d.Audiences, memberPrice: d.MemberPrice, freeFreight: d.FreeFreight, early: d.Early,
		people: d.People, birthdays: d.Birthdays, messages: d.Messages, page: d.Page}
	s.claims = db.NewGroup(d.DB, maxBatch, s.decideClaims)
	s.links = db.NewGroup(d.DB, maxBatch, s.decideLinkClaims)
	if d.Queue != nil {
		jobs.Handle(d.Queue, lockEnds, s.endLock)
	}
	return s
}
