package memberships

import (
	"context"
	"log/slog"
	"strconv"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/messages"
	"huitou/service/payments"
)

// Purpose is the purpose of our orders at payments.
const Purpose = "membership"

// Members locks a member's account; members.Service does.
type Members interface {
	LockTx(ctx context.Context, tx *db.Tx, id model.MemberID) error
}

// Coupons gives the coupons of a cycle; coupons.Service does.
type Coupons interface {
	IssueTx(ctx context.Context, tx *db.Tx, in coupons.Issue) (coupons.Coupon, error)
}

// Messages tells the member; messages.Service does.
type Messages interface {
	EnqueueTx(ctx context.Context, tx *db.Tx, m messages.Message) (fresh bool, err error)
}

// Deps is what the service needs.
type Deps struct {
	DB       *db.DB
	Members  Members
	Payments *payments.Service
	Coupons  Coupons
	Messages Messages
	Queue    *jobs.Queue
	Facts    *facts.Log
	Log      *slog.Logger
	// Page is the page of the mini-program or site that the message opens; may be empty.
	Page string
}

// Service sells and keeps memberships.
type Service struct {
	db       *db.DB
	members  Members
	payments *payments.Service
	coupons  Coupons
	messages Messages
	queue    *jobs.Queue
	facts    *facts.Log
	log      *slog.Logger
	page     string
}

// New returns the service and registers its worker with the queue. The reaction to payments.Paid is Activate; cmd subscribes
// it, so that all reactions stand on one page.
func New(d Deps) *Service {
	s := &Service{
		db: d.DB, members: d.Members, payments: d.Payments, coupons: d.Coupons, messages: d.Messages,
		queue: d.Queue, facts: d.Facts, log: d.Log, page: d.Page,
	}
	jobs.Handle(d.Queue, jobCycle, s.grantCycle)
	return s
}

// Activated is the fact that a purchase became time of membership.
type Activated struct {
	Order  model.MembershipOrderID `json:"order"`
	Number model.PublicID          `json:"number"`
	Member model.MemberID          `json:"member"`
	Plan   model.PlanID            `json:"plan"`
	Period model.MembershipID      `json:"period"`
	From   model.Day               `json:"from"`
	To     model.Day               `json:"to"` // exclusive; model.Forever for a lifetime
}

// FactName names the kind of fact.
func (Activated) FactName() string { return "memberships.activated" }

// FactKey names this one.
func (a Activated) FactKey() string { return orderKey(a.Order) + ":activated" }

func orderKey(id model.MembershipOrderID) string {
	return "membership:" + strconv.FormatInt(int64(id), 10)
}
