package mall

import (
	"log/slog"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/coupons"
	"huitou/service/points"
)

// maxBatch is how many redemptions share one transaction at most.
const maxBatch = 256

// Deps is what the mall needs. All are required, except Log.
type Deps struct {
	DB      *db.DB
	Points  *points.Service
	Coupons *coupons.Service
	Log     *slog.Logger
}

// Service is the mall. It is safe for concurrent use.
type Service struct {
	d       Deps
	redeems *db.Group[model.PublicID, Redeem, Redemption]
}

// New returns the mall.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{d: d}
	s.redeems = db.NewGroup(d.DB, maxBatch, s.decide)
	return s
}
