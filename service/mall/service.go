package mall

import (
	"context"
	"log/slog"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/sealed"
	"huitou/service/coupons"
	"huitou/service/jobs"
	"huitou/service/payments"
	"huitou/service/points"
)

// maxBatch is how many redemptions share one transaction at most.
const maxBatch = 256

// Deps is what the mall needs. DB, Points and Coupons are required; without one of the others the gifts that need it cannot be made.
type Deps struct {
	DB      *db.DB
	Points  *points.Service
	Coupons *coupons.Service
	Log     *slog.Logger

	// Payments takes the cash part of gifts; Queue ends redemptions that nobody pays for.
	Payments *payments.Service
	Queue    *jobs.Queue
	// Key is 32 bytes from which the keys for addresses and codes are derived.
	Key []byte
	// Members takes the lock on a member's row, which comes before the lock on his points where days of membership are given.
	Members interface {
		LockTx(ctx context.Context, tx *db.Tx, id model.MemberID) error
	}
	// GiveDays gives days of membership, once for a source. A fault other than Unavailable means that this member cannot have them,
	// and that nothing was changed.
	GiveDays func(ctx context.Context, tx *db.Tx, d Days) error
	// AtLeast returns those of some members who stand on a level of the free tiers or above it.
	AtLeast func(ctx context.Context, tx *db.Tx, level model.PublicID, of []model.MemberID) (map[model.MemberID]bool, error)
	// Early returns how much sooner the windows of gifts open for those members whose paid card says so; nil means for nobody.
	Early func(ctx context.Context, tx *db.Tx, members []model.MemberID) (map[model.MemberID]time.Duration, error)
}

// Days is days of membership for a member.
type Days struct {
	Member model.MemberID
	Plan   model.PublicID
	Days   int64
	Source string
}

// Service is the mall. It is safe for concurrent use.
type Service struct {
	d       Deps
	seal    sealed.Box
	redeems *db.Group[model.PublicID, Redeem, Redemption]
}

// New returns the mall and registers its worker with the queue. The reaction to payments.Paid is Confirm; cmd subscribes it, so
// that all reactions stand on one page.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{d: d, seal: sealed.NewBox(d.Key, "huitou mall seal", "huitou mall index")}
	s.redeems = db.NewGroup(d.DB, maxBatch, s.decide)
	if d.Queue != nil {
		jobs.Handle(d.Queue, jobExpire, s.expire)
	}
	return s
}

// Work puts what runs by the clock on the timetable.
func (s *Service) Work(q *jobs.Queue) {
	q.Every("mall.arrived", jobs.Interval(time.Hour), s.CompleteArrived)
}
