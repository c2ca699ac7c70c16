package earning

import (
	"context"
	"log/slog"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/points"
)

// Deps is what the service needs. Card, CheckIn, Tier and Expires may be nil.
type Deps struct {
	DB      *db.DB
	Members interface {
		LockTx(ctx context.Context, tx *db.Tx, id model.MemberID) error
	}
	Points *points.Service
	Log    *slog.Logger
	// PerYuan is the shop's own ratio: points for one yuan of paid goods, 0 to 1000.
	PerYuan int64
	// CostPerHundred is what a hundred points cost the shop, in fen; for dry runs.
	CostPerHundred model.Fen
	// Card returns the rate of a member's paid card at an instant; nil means the whole for everybody.
	Card func(ctx context.Context, tx *db.Tx, m model.MemberID, at time.Time) (model.BasisPoints, error)
	// CheckIn returns the rate by which a member's paid card multiplies the points of check-ins at an instant; nil means the whole for everybody.
	CheckIn func(ctx context.Context, tx *db.Tx, m model.MemberID, at time.Time) (model.BasisPoints, error)
	// Tier returns the rank of a member's tier at an instant (0 is none) and its rate; nil means that there are no tiers.
	Tier func(ctx context.Context, tx *db.Tx, m model.MemberID, at time.Time) (rank int64, rate model.BasisPoints, err error)
	// Expires returns the end of points that become spendable at an instant, zero for never; nil means never. It is for actions: orders
	// have their own.
	Expires func(from time.Time) time.Time
}

// Service works out what is earned. It is safe for concurrent use.
type Service struct{ d Deps }

// New returns the service.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Expires == nil {
		d.Expires = func(time.Time) time.Time { return time.Time{} }
	}
	return &Service{d}
}

// standing is what a member is when he buys.
type standing struct {
	rank       int64 // of the tier; 0 is none
	tier, card model.BasisPoints
}

func (s *Service) standing(ctx context.Context, tx *db.Tx, m model.MemberID, at time.Time) (st standing, err error) {
	st = standing{tier: model.WholeBP, card: model.WholeBP}
	if s.d.Tier != nil {
		if st.rank, st.tier, err = s.d.Tier(ctx, tx, m, at); err != nil {
			return st, err
		}
	}
	if s.d.Card != nil {
		st.card, err = s.d.Card(ctx, tx, m, at)
	}
	return st, err
}
