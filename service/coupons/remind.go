package coupons

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/messages"
)

const (
	// remindAhead is how long before their end coupons are called to mind.
	remindAhead = 7 * 24 * time.Hour
	// remindBatch is how many members one transaction of the reminders serves.
	remindBatch = 200
	// TemplateExpiring is our name of the digest's message template. Its values: name, count, until, hint.
	TemplateExpiring = "coupons.expiring"
)

// remind queues one digest for every member some of whose coupons end soon: one per member and week, whatever the number of
// coupons and of runs. It works in batches with a checkpoint per business day, so that a process that is killed goes on where it was.
// It runs in the morning: a notice at night wakes people.
func (s *Service) remind(ctx context.Context) error {
	for {
		more, err := s.remindBatch(ctx)
		if err != nil || !more {
			return err
		}
	}
}

func (s *Service) remindBatch(ctx context.Context) (more bool, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		more = false
		day, err := lockReminderDay(tx, model.DayOf(tx.Now, model.Shanghai))
		if err != nil {
			return fmt.Errorf("lock the reminders of the day: %w", err)
		}
		if day.DoneAt != nil {
			return nil
		}
		due, err := expiringAfter(tx, day.Cursor, tx.Now.Add(remindAhead), remindBatch)
		if err != nil {
			return fmt.Errorf("look for coupons that end soon: %w", err)
		}
		for _, d := range due {
			fresh, err := s.messages.EnqueueTx(ctx, tx, d.message(tx.Now, s.page))
			if err != nil {
				return fmt.Errorf("remind member %d: %w", d.Member, err)
			}
			if fresh {
				day.Members++
			}
			day.Cursor = d.Member
		}
		if more = len(due) == remindBatch; !more {
			day.DoneAt = &tx.Now
		}
		if err := keepReminderDay(tx, day); err != nil {
			return fmt.Errorf("keep the checkpoint of the reminders: %w", err)
		}
		return nil
	})
	return more, err
}

// expiring is what of a member's coupons ends soon.
type expiring struct {
	Member model.MemberID
	Count  int64
	Name   string    // of the one that ends first
	Until  time.Time // its end, exclusive
}

// message is the digest. Its key is the member and the ISO week in the shop's zone, so that nobody is reminded twice in a week.
func (e expiring) message(now time.Time, page string) messages.Message {
	year, week := now.In(model.Shanghai).ISOWeek()
	return messages.Message{
		Key:    fmt.Sprintf("coupons.expiring:%d:%d-W%02d", e.Member, year, week),
		Member: e.Member, Template: TemplateExpiring, URL: page,
		Data: map[string]string{
			"name":  e.Name,
			"count": strconv.FormatInt(e.Count, 10),
			// The end is exclusive: what ends at midnight is good for the day before.
			"until": e.Until.Add(-time.Second).In(model.Shanghai).Format("2006年01月02日 15:04"),
			"hint":  "优惠券即将到期,请及时使用",
		},
	}
}
