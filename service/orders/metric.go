package orders

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// GoodsMoney returns, in fen, what members paid for goods since an instant: without freight, and without what was refunded. Those who
// bought nothing are missing. It is the metric of the tiers by money.
func GoodsMoney(_ context.Context, tx *db.Tx, of []model.MemberID, since time.Time) (map[model.MemberID]int64, error) {
	sums, err := goodsMoney(tx, of, since)
	if err != nil {
		return nil, fmt.Errorf("sum the goods of %d members: %w", len(of), err)
	}
	return sums, nil
}
