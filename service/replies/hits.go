package replies

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/wechat"
)

// keepHits is how long single hits are kept: as long as the pushes themselves, which may be gone over again as long.
const keepHits = 90 * 24 * time.Hour

// Count notes which rule a push was an occasion for. It watches pushes, and may be told of one several times.
func (s *Service) Count(ctx context.Context, p wechat.Push) error {
	c, from, err := s.choose(ctx, p)
	switch {
	case err != nil:
		return err
	case from.err != nil:
		return from.err // here there is time to find out what was scanned
	case c.rule.ID == 0 || p.DedupeKey == "":
		return nil
	}
	return s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		at := p.CreatedAt
		if at.IsZero() {
			at = tx.Now
		}
		at = at.UTC().Truncate(time.Microsecond)
		hit := model.ReplyHit{DedupeKey: p.DedupeKey, RuleID: c.rule.ID, Day: model.DayOf(at, model.Shanghai), At: at}
		fresh, err := tx.Insert(&hit)
		if err != nil {
			return fmt.Errorf("note a hit of reply %d: %w", c.rule.ID, err)
		}
		if !fresh {
			return nil
		}
		return addHit(tx, hit.RuleID, hit.Day)
	})
}

// DayHits is how often a reply was the one on a day.
type DayHits struct {
	Rule model.PublicID
	Name string
	Day  model.Day
	Hits int64
}

// maxDays bounds a report.
const maxDays = 92

// Hits returns the counts of the days [from, to], also of replies that ended since. It returns fault.ErrInvalid for more than 92 days.
func (s *Service) Hits(ctx context.Context, from, to model.Day) (list []DayHits, err error) {
	if days := to.Sub(from); from.IsZero() || to.IsZero() || days < 0 || days >= maxDays {
		return nil, fault.InvalidFields([]fault.Field{{Name: "to", Reason: fmt.Sprintf("not before from, and at most %d days", maxDays)}})
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		list, err = hitsOf(tx, from, to)
		return err
	})
	return list, err
}

// purge deletes old hits in small transactions; the counts of days stay.
func (s *Service) purge(ctx context.Context) error {
	const batch = 1000
	for {
		var n int64
		err := s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			n, err = deleteHits(tx, model.DayOf(tx.Now.Add(-keepHits), model.Shanghai), batch)
			return err
		})
		if err != nil || n < batch {
			return err
		}
	}
}
