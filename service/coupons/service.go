package coupons

import (
	"context"
	"log/slog"

	"huitou/model"
	"huitou/model/db"
)

// maxBatch is how many claims share one transaction at most: larger batches gain little and make the first caller of
// each wait longer.
const maxBatch = 512

// Members is what coupons need of the members: LockTx takes the lock on a member's row and fails for one who does not exist.
type Members interface {
	LockTx(ctx context.Context, tx *db.Tx, id model.MemberID) error
}

// Deps is what the service needs. All are required.
type Deps struct {
	DB      *db.DB
	Members Members
	Log     *slog.Logger
}

// Service keeps coupons. It is safe for concurrent use.
type Service struct {
	db      *db.DB
	members Members
	log     *slog.Logger
	claims  *db.Group[model.PublicID, Claim, Coupon]
}

// New returns the service.
func New(d Deps) *Service {
	s := &Service{db: d.DB, members: d.Members, log: d.Log}
	s.claims = db.NewGroup(d.DB, maxBatch, s.decideClaims)
	return s
}
