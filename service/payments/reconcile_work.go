package payments

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
)

const jobBill = "payments.bill"

type billArgs struct {
	Day model.Day `json:"day"`
}

func (r *Reconciliation) register() {
	jobs.Handle(r.queue, jobBill, r.work)
	// WeChat has bills from 10:00 on; a quarter of an hour later the rush is over.
	r.queue.Every("payments.bills", jobs.DailyAt(10, 15, model.Shanghai), r.Schedule)
}

// Schedule makes a job for every day that is due, so that each has its own retries.
func (r *Reconciliation) Schedule(ctx context.Context) error {
	days, err := r.Due(ctx)
	if err != nil {
		return err
	}
	return r.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		today := model.DayOf(tx.Now, model.Shanghai)
		for _, day := range days {
			job := jobs.Job{Kind: jobBill, Args: billArgs{day}, Key: fmt.Sprintf("bill:%s:on:%s", day, today)}
			if _, err := r.queue.Insert(ctx, tx, job); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Reconciliation) work(ctx context.Context, in billArgs) error {
	_, err := r.Day(ctx, in.Day)
	switch {
	case errors.Is(err, ErrBillEarly):
		return jobs.Snooze(billReadyAt(in.Day).Sub(r.db.Now()))
	case errors.Is(err, ErrBillOld):
		return jobs.Cancel("WeChat does not keep the bill of " + in.Day.String() + " any more")
	}
	return err
}
