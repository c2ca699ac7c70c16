package memberships

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/messages"
	"huitou/service/payments"
	"huitou/service/points"
)

// Purpose is the purpose of our orders at payments.
const Purpose = "membership"

// Members locks a member's account; members.Service does.
type Members interface {
	LockTx(ctx context.Context, tx *db.Tx, id model.MemberID) error
}

// People says who a member's person is; members.Service does.
type People interface {
	PersonTx(ctx context.Context, tx *db.Tx, id model.MemberID) (members.Person, error)
	// BirthdaysOn returns at most limit members who have their birthday on a day, in the order of their ids from the one after after.
	BirthdaysOn(ctx context.Context, day model.Day, after model.MemberID, limit int) ([]model.MemberID, error)
}

// Points gives points and takes them back; points.Service does.
type Points interface {
	EarnTx(ctx context.Context, tx *db.Tx, in points.Earn) (entry model.PointsEntry, fresh bool, err error)
	ClawbackTx(ctx context.Context, tx *db.Tx, in points.Clawback) (out points.Clawed, fresh bool, err error)
}

// Coupons gives the coupons of a cycle and takes them back; coupons.Service does.
type Coupons interface {
	IssueTx(ctx context.Context, tx *db.Tx, in coupons.Issue) (coupons.Coupon, error)
	// VoidTx takes unused coupons back; busy ones are held by an order or by an offer to a friend.
	VoidTx(ctx context.Context, tx *db.Tx, ids []model.PublicID) (voided, busy int, err error)
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
	People   People
	Points   Points
	// PointsExpire returns the end of points that become spendable at an instant, zero for never; nil means never.
	PointsExpire func(from time.Time) time.Time
	// PointsCost is what a hundred points are worth to a member, in fen: what the extra points of a card count as saved.
	PointsCost model.Fen
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
	people   People
	points   Points
	expire   func(from time.Time) time.Time
	cost     model.Fen
	page     string
}

// New returns the service and registers its worker with the queue. The reaction to payments.Paid is Activate; cmd subscribes
// it, so that all reactions stand on one page.
func New(d Deps) *Service {
	s := &Service{
		db: d.DB, members: d.Members, payments: d.Payments, coupons: d.Coupons, messages: d.Messages,
		queue: d.Queue, facts: d.Facts, log: d.Log, people: d.People, points: d.Points, expire: d.PointsExpire, cost: d.PointsCost, page: d.Page,
	}
	if s.expire == nil {
		s.expire = func(time.Time) time.Time { return time.Time{} }
	}
	jobs.Handle(d.Queue, jobCycle, s.grantCycle)
	return s
}

// Our names of the templates of messages.
const (
	TemplateActivated = "membership.activated" // plan, number, price, from, until, at
	TemplateRenewed   = "membership.renewed"   // the same
	TemplateEnding    = "membership.ending"    // plan, until, days, saved, hint
	TemplateEnded     = "membership.ended"     // the same
	TemplateRefunded  = "membership.refunded"  // plan, number, amount, until, at
)

// Activated is the fact that a purchase or a code became time of membership.
type Activated struct {
	Order  model.MembershipOrderID `json:"order"`          // 0 for a code
	Number model.PublicID          `json:"number"`         // of the order
	Code   model.MembershipCodeID  `json:"code,omitempty"` // 0 for an order
	Member model.MemberID          `json:"member"`
	Plan   model.PlanID            `json:"plan"`
	Period model.MembershipID      `json:"period"`
	From   model.Day               `json:"from"`
	To     model.Day               `json:"to"` // exclusive; model.Forever for a lifetime
}

// FactName names the kind of fact.
func (Activated) FactName() string { return "memberships.activated" }

// FactKey names this one.
func (a Activated) FactKey() string {
	if a.Code != 0 {
		return fmt.Sprintf("membership:code:%d:activated", a.Code)
	}
	return orderKey(a.Order) + ":activated"
}

func orderKey(id model.MembershipOrderID) string {
	return "membership:" + strconv.FormatInt(int64(id), 10)
}
