package jobs

import (
	"context"
	"time"

	"huitou/model"
)

type task struct {
	name string
	next func(after time.Time) time.Time
}

func (t task) kind() string { return "timetable." + t.name }

// Every registers a periodic task. next returns the first run after an instant; runs that were missed happen once. Of several
// processes one runs it. Register before Run.
func (q *Queue) Every(name string, next func(after time.Time) time.Time, work func(ctx context.Context) error) {
	t := task{name, next}
	q.tasks = append(q.tasks, t)
	Handle(q, t.kind(), func(ctx context.Context, _ struct{}) error { return work(ctx) })
}

// Interval is a next for Every: whole multiples of d.
func Interval(d time.Duration) func(time.Time) time.Time {
	return func(after time.Time) time.Time { return after.Truncate(d).Add(d) }
}

// DailyAt is a next for Every: each business day at that hour and minute of the shop's zone.
func DailyAt(hour, minute int, zone *time.Location) func(time.Time) time.Time {
	return func(after time.Time) time.Time {
		day := model.DayOf(after, zone)
		at := func(d model.Day) time.Time {
			return d.Start(zone).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
		}
		if t := at(day); t.After(after) {
			return t
		}
		return at(day.AddDays(1))
	}
}

// keepTimetable inserts a job for every periodic task whose time has come.
func (q *Queue) keepTimetable(ctx context.Context) error {
	now := q.db.Now()
	q.timetable.Lock()
	defer q.timetable.Unlock()
	for _, t := range q.tasks {
		if q.upcoming[t.name].After(now) {
			continue // known without asking the database
		}
		due, err := q.nextRun(ctx, t.name, t.next(now))
		if err != nil {
			return err
		}
		if due.After(now) {
			q.upcoming[t.name] = due
			continue
		}
		if err := q.advance(ctx, t, due, t.next(now)); err != nil {
			return err
		}
	}
	return nil
}

// KeepTidy registers the task that deletes jobs that ended well more than 30 days ago. Dead and cancelled ones stay.
func (q *Queue) KeepTidy() {
	q.Every("jobs.purge", Interval(time.Hour), func(ctx context.Context) error {
		for {
			n, err := q.purge(ctx, q.db.Now().Add(-30*24*time.Hour), 1000)
			if err != nil || n < 1000 {
				return err
			}
		}
	})
}
