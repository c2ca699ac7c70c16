package jobs_test

import (
	"context"
	"sync/atomic"
	"testing"

	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/jobs"
)

// Jobs that do nothing, one after another as a running process works them: what the queue itself costs.
func BenchmarkRun(b *testing.B) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		b.Run(string(driver), func(b *testing.B) {
			d := dbtest.Open(b, driver, dbtest.NewClock())
			q := jobs.New(d, quiet())
			var done atomic.Int64
			ended := make(chan struct{})
			jobs.Handle(q, "nothing", func(context.Context, note) error {
				if done.Add(1) == int64(b.N) {
					close(ended)
				}
				return nil
			})
			for left := b.N; left > 0; left -= min(left, 1000) {
				err := d.Do(b.Context(), func(ctx context.Context, tx *db.Tx) error {
					for range min(left, 1000) {
						if _, err := q.Insert(ctx, tx, jobs.Job{Kind: "nothing", Args: note{}}); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			ctx, stop := context.WithCancel(b.Context())
			over := make(chan error, 1)
			b.ResetTimer()
			go func() { over <- q.Run(ctx) }()
			<-ended
			b.StopTimer()
			stop()
			if err := <-over; err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
	}
}
