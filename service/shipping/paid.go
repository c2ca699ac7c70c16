package shipping

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/service/payments"
)

// OnPaid makes the row of a paid order and the job that tells WeChat about it. It reacts to payments.Paid and has its effect once.
func (s *Service) OnPaid(ctx context.Context, p payments.Paid) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err := s.payments.OrderTx(ctx, tx, p.PayOrder)
		if err != nil {
			return err
		}
		return s.begin(ctx, tx, o)
	})
}

// Sweep makes the rows of paid orders that have none.
func (s *Service) Sweep(ctx context.Context) error {
	const many = 200
	for {
		n := 0
		err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			orders, err := paidWithoutRow(tx, tx.Now.Add(-sweepBack), many)
			n = len(orders)
			if err != nil {
				return err
			}
			for _, o := range orders {
				if err := s.begin(ctx, tx, o); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n < many {
			return err
		}
	}
}

func (s *Service) begin(ctx context.Context, tx *db.Tx, o model.PayOrder) error {
	if o.Channel != model.ChannelJSAPI || o.TransactionID == nil || o.PaidAt == nil {
		return nil
	}
	row := model.Shipping{
		PayOrderID: o.ID, TransactionID: *o.TransactionID, State: model.ShippingWaiting, PaidAt: *o.PaidAt, CreatedAt: tx.Now,
	}
	isNew, err := tx.Insert(&row)
	if err != nil || !isNew {
		return err
	}
	_, err = s.queue.Insert(ctx, tx, jobs.Job{Kind: jobTell, Args: tellArgs{o.ID}, Key: fmt.Sprintf("shipping:%d", o.ID)})
	return err
}
