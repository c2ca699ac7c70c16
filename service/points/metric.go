package points

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// EarnedSince returns the points that members earned with orders and actions since an instant, less what was clawed back. What they
// spent, or what expired, does not count. Those who earned nothing are missing. It is the metric of the tiers by points.
func EarnedSince(_ context.Context, tx *db.Tx, of []model.MemberID, since time.Time) (map[model.MemberID]int64, error) {
	sums, err := earnedSince(tx, of, since)
	if err != nil {
		return nil, fmt.Errorf("sum the earned points of %d members: %w", len(of), err)
	}
	return sums, nil
}
