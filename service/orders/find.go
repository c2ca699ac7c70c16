package orders

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/earning"
)

// View is an order as staff see it.
type View struct {
	ID                                                      model.OrderID
	Source, Number                                          string
	Member                                                  model.MemberID
	Kind                                                    model.OrderKind
	State                                                   model.OrderState
	Origin                                                  model.OrderOrigin
	PaidAt                                                  time.Time
	GoodsFen, FreightFen, DiscountFen, PaidFen, RefundedFen model.Fen
	PointsEarned                                            model.Points
	Coupon                                                  *CouponOutcome  // nil when the order brought none
	More                                                    []CouponOutcome // of the coupons that it brought beside that one
	CouponCode                                              string
	Lines                                                   []Line
	Earned                                                  []earning.Part // how PointsEarned came about, step by step
	RecordedAt                                              time.Time
}

// Order returns an order with its lines, or ErrUnknown.
func (s *Service) Order(ctx context.Context, id model.OrderID) (v View, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		v, err = s.OrderTx(ctx, tx, id)
		return err
	})
	return v, err
}

// OrderTx is Order in a given transaction.
func (s *Service) OrderTx(ctx context.Context, tx *db.Tx, id model.OrderID) (View, error) {
	return s.whole(ctx, tx, func() (model.Order, error) { return orderByID(tx, id) })
}

// Find returns an order by its number in a source, or ErrUnknown.
func (s *Service) Find(ctx context.Context, source, number string) (v View, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		v, err = s.FindTx(ctx, tx, source, number)
		return err
	})
	return v, err
}

// FindTx is Find in a given transaction.
func (s *Service) FindTx(ctx context.Context, tx *db.Tx, source, number string) (View, error) {
	return s.whole(ctx, tx, func() (model.Order, error) { return orderByNumber(tx, source, number) })
}

func (s *Service) whole(ctx context.Context, tx *db.Tx, read func() (model.Order, error)) (View, error) {
	o, err := read()
	if db.IsNotFound(err) {
		return View{}, ErrUnknown
	}
	if err != nil {
		return View{}, fmt.Errorf("read an order: %w", err)
	}
	lines, err := linesOf(tx, o.ID)
	if err != nil {
		return View{}, fmt.Errorf("read the lines of order %d: %w", o.ID, err)
	}
	more, err := moreCoupons(tx, o.ID)
	if err != nil {
		return View{}, fmt.Errorf("read the coupons of order %d: %w", o.ID, err)
	}
	earned, err := s.Earning.FiredForTx(ctx, tx, earnSource(o.ID))
	if err != nil {
		return View{}, err
	}
	outcome := result(o, more, false)
	return View{
		ID: o.ID, Source: o.Source, Number: o.Number, Member: o.MemberID, Kind: o.Kind, State: o.State, Origin: o.Origin,
		PaidAt: o.PaidAt.UTC(), GoodsFen: o.GoodsFen, FreightFen: o.FreightFen, DiscountFen: o.DiscountFen, PaidFen: o.PaidFen,
		RefundedFen: o.RefundedFen, PointsEarned: o.PointsEarned, Coupon: outcome.Coupon, More: outcome.More, CouponCode: o.CouponCode,
		Lines: lines, Earned: earned, RecordedAt: o.RecordedAt.UTC(),
	}, nil
}
