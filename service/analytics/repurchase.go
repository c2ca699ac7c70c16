package analytics

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Report holds both repurchase rates of one window; the package comment defines them.
type Report struct {
	From         model.Day `json:"from"`
	To           model.Day `json:"to"` // the first day after the window
	Zone         string    `json:"zone"`
	AsOf         time.Time `json:"as_of"`
	Buyers       int64     `json:"buyers"`        // customers with an effective order in the window
	RepeatBuyers int64     `json:"repeat_buyers"` // those of them with two or more
	UserRate     float64   `json:"user_rate"`     // RepeatBuyers / Buyers, 0 to 1
	Orders       int64     `json:"orders"`        // effective orders in the window
	RepeatOrders int64     `json:"repeat_orders"` // those that were not their customer's first in the window
	OrderRate    float64   `json:"order_rate"`    // RepeatOrders / Orders, 0 to 1
}

// Repurchase returns both rates of the days from (included) to to (not included) in the shop's zone. It returns ErrDay,
// ErrRangeEmpty or ErrRangeTooLong for a window that cannot be.
func (s *Service) Repurchase(ctx context.Context, from, to model.Day) (Report, error) {
	if err := checkWindow(from, to); err != nil {
		return Report{}, err
	}
	zone := model.Shanghai
	var r Report
	err := s.db.Snapshot(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := frequencies(ctx, tx, from.Start(zone), to.Start(zone))
		if err != nil {
			return fmt.Errorf("count the orders from %s to %s: %w", from, to, err)
		}
		r = repurchase(list)
		r.AsOf = tx.Now
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	r.From, r.To, r.Zone = from, to, zone.String()
	return r, nil
}
