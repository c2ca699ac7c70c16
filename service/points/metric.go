package points

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// EarnedSince returns the points that members earned with orders and actions since an instant, less what was clawed back. What they
// spent, or what expired, does not count. What was earned in an account that went into a member's is his. Those who earned nothing are
// missing. It is the metric of the tiers by points.
func EarnedSince(_ context.Context, tx *db.Tx, of []model.MemberID, since time.Time) (map[model.MemberID]int64, error) {
	holder := make(map[model.MemberID]model.MemberID, len(of)) // of an account, by account
	for _, m := range of {
		holder[m] = m
	}
	accounts := slices.Clone(of)
	for last := of; len(last) > 0; {
		came, err := mergedInto(tx, last)
		if err != nil {
			return nil, fmt.Errorf("look up the accounts that went into %d others: %w", len(last), err)
		}
		last = nil
		for _, m := range came {
			if holder[m.FromMember] == 0 {
				holder[m.FromMember] = holder[m.ToMember]
				last = append(last, m.FromMember)
			}
		}
		accounts = append(accounts, last...)
	}
	each, err := earnedSince(tx, accounts, since)
	if err != nil {
		return nil, fmt.Errorf("sum the earned points of %d members: %w", len(of), err)
	}
	sums := make(map[model.MemberID]int64, len(of))
	for account, n := range each {
		sums[holder[account]] += n
	}
	return sums, nil
}
