package tiers

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/messages"
)

// Metric sums what members earned since an instant; those with nothing may be missing. At most a thousand members are asked for.
type Metric func(ctx context.Context, tx *db.Tx, of []model.MemberID, since time.Time) (map[model.MemberID]int64, error)

// Members is who the members are; members.Service does.
type Members interface {
	LockTx(ctx context.Context, tx *db.Tx, id model.MemberID) error
	// FindTx returns members.ErrUnknown for nobody.
	FindTx(ctx context.Context, tx *db.Tx, ref members.Ref) (model.MemberID, error)
	// IDsAfterTx returns the ids of at most limit members, ascending, from after on.
	IDsAfterTx(ctx context.Context, tx *db.Tx, after model.MemberID, limit int) ([]model.MemberID, error)
}

// Messages tells the member; messages.Service does.
type Messages interface {
	EnqueueTx(ctx context.Context, tx *db.Tx, m messages.Message) (fresh bool, err error)
}

// Deps is what the service needs. All but Page are required.
type Deps struct {
	DB       *db.DB
	Members  Members
	Messages Messages
	Facts    *facts.Log
	// Metrics sums each metric from the capability that owns it.
	Metrics map[model.TierMetric]Metric
	Log     *slog.Logger
	// Page is the page that the warning opens; may be empty.
	Page string
}

// Service keeps the levels of members. It is safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Work puts the nightly evaluation on the timetable, in the quiet hour.
func (s *Service) Work(q *jobs.Queue) {
	q.Every("tiers.evaluate", jobs.DailyAt(3, 20, model.Shanghai), func(ctx context.Context) error {
		_, err := s.Evaluate(ctx)
		return err
	})
}

// Reached is the fact that a member reached a level by the metric for the first time. It happens once for ever for each member and level.
type Reached struct {
	Member model.MemberID    `json:"member"`
	Level  model.TierLevelID `json:"level"`
	Name   string            `json:"name"`
	Rank   int               `json:"rank"`           // from 1, the lowest
	Gift   model.PublicID    `json:"gift,omitempty"` // template of the coupon that the shop promised; may be empty
	At     time.Time         `json:"at"`
}

// FactName names the kind of fact.
func (Reached) FactName() string { return "tiers.reached" }

// FactKey names this one.
func (r Reached) FactKey() string { return r.Source() + ":reached" }

// Source is the natural key of what the level gives, "tier:12:3".
func (r Reached) Source() string { return fmt.Sprintf("tier:%d:%d", r.Member, r.Level) }

// sum returns the metric of members since the beginning of a day.
func (s *Service) sum(ctx context.Context, tx *db.Tx, metric model.TierMetric, of []model.MemberID, since model.Day) (map[model.MemberID]int64, error) {
	f := s.Metrics[metric]
	if f == nil {
		return nil, fmt.Errorf("tiers: nobody sums the metric %s", metric)
	}
	sums, err := f(ctx, tx, of, since.Start(model.Shanghai))
	if err != nil {
		return nil, fmt.Errorf("sum the %s of %d members: %w", metric, len(of), err)
	}
	for m, n := range sums {
		sums[m] = max(n, 0) // what was clawed back may have been earned before the window
	}
	return sums, nil
}
