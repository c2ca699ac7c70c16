package points

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
)

// sweepSize is how many accounts one transaction of the sweep settles.
const sweepSize = 200

// Work puts the ledger's work on the timetable: once an hour, lots that are due become active or expire. Nothing that
// members see waits for it, since every command settles what it touches; the sweep writes the entries of those who do nothing.
func (s *Service) Work(q *jobs.Queue) {
	q.Every("points.settle", jobs.Interval(time.Hour), s.SettleDue)
}

// SettleDue settles every account that is due now, in bounded transactions. It can be stopped at any instant and goes on where
// it was, and several may run at once. Accounts that cannot be settled are passed over and named in the error.
func (s *Service) SettleDue(ctx context.Context) error {
	var (
		now    = s.d.DB.Now()
		due    time.Time // where we are, in the order of (due_at, member_id)
		member model.MemberID
		errs   []error
	)
	for {
		var rows []model.PointsAccount
		err := s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			rows, err = dueAccounts(tx, now, due, member, sweepSize)
			return err
		})
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("find accounts that are due: %w", err))...)
		}
		if len(rows) == 0 {
			return errors.Join(errs...)
		}
		last := rows[len(rows)-1]
		due, member = last.DueAt, last.MemberID
		members := make([]model.MemberID, len(rows))
		for i, r := range rows {
			members[i] = r.MemberID
		}
		if s.settleMembers(ctx, members) == nil {
			continue
		}
		for _, m := range members { // one that is broken must not keep the others back
			if err := s.settleMembers(ctx, []model.MemberID{m}); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				errs = append(errs, fmt.Errorf("settle member %d: %w", m, err))
			}
		}
	}
}

func (s *Service) settleMembers(ctx context.Context, members []model.MemberID) error {
	return s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		b, err := open(tx, members, false)
		if err != nil {
			return err
		}
		return b.write()
	})
}
