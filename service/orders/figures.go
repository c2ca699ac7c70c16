package orders

import (
	"context"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/members"
	"huitou/service/tiers"
)

// Tiers moves members between levels; tiers.Service does.
type Tiers interface {
	OrderPaidTx(ctx context.Context, tx *db.Tx, m model.MemberID) error
	OrderRefundedTx(ctx context.Context, tx *db.Tx, in tiers.Refund) error
}

// bought adds a goods order to its member's figures, which may lift his level.
func (s *Service) bought(ctx context.Context, tx *db.Tx, o model.Order) error {
	if err := s.Members.RecordOrderTx(ctx, tx, o.MemberID, o.PaidFen, o.PaidAt); err != nil || s.Tiers == nil {
		return err
	}
	return s.Tiers.OrderPaidTx(ctx, tx, o.MemberID)
}

// gaveBack corrects a member's figures after a refund of a goods order, and tells how much of what earned his level went back.
func (s *Service) gaveBack(ctx context.Context, tx *db.Tx, o model.Order, r model.OrderRefund, now members.OrderFigures) error {
	if err := s.Members.CorrectFiguresTx(ctx, tx, now); err != nil || s.Tiers == nil {
		return err
	}
	return s.Tiers.OrderRefundedTx(ctx, tx, tiers.Refund{Member: o.MemberID, PaidAt: o.PaidAt, Goods: r.GoodsFen, Points: r.Points})
}
