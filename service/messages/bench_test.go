package messages_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/jobs"
	"huitou/service/messages"
	"huitou/wechat"
)

// wire is a platform that answers at once.
type wire struct {
	sent   atomic.Int64
	poison func(m wechat.TemplateMessage) bool
}

func (w *wire) SendTemplate(_ context.Context, m wechat.TemplateMessage) (string, error) {
	if w.poison != nil && w.poison(m) {
		panic("poison")
	}
	return strconv.FormatInt(7_000_000_000_000_000_000+w.sent.Add(1), 10), nil
}

// pending stores n queued messages as EnqueueTx would.
func pending(tb testing.TB, d *db.DB, from, n int, due time.Time) {
	tb.Helper()
	stored(tb, d, from, n, due, func(*model.Message) {})
}

// stored stores n messages, a thousand in a statement, as fit leaves them.
func stored(tb testing.TB, d *db.DB, from, n int, due time.Time, fit func(*model.Message)) {
	tb.Helper()
	lane := model.LaneOf(model.ChannelOATemplate, model.PurposeService)
	for n > 0 {
		rows := make([]model.Message, min(n, 1000))
		for i := range rows {
			from++
			rows[i] = model.Message{
				MessageKey: fmt.Sprintf("bench:%d", from), MemberID: model.MemberID(from%2000 + 1), Purpose: model.PurposeService, Channels: string(model.ChannelOATemplate),
				Channel: model.ChannelOATemplate, Template: "visit1", Data: `{"goods":"明前龙井","number":"T20261121001"}`, State: model.MessageQueued,
				ClientMsgID: fmt.Sprintf("%032d", from), DueAt: &due, Lane: &lane, CreatedAt: due,
			}
			fit(&rows[i])
		}
		n -= len(rows)
		if err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Create(&rows).Error }); err != nil {
			tb.Fatal(err)
		}
	}
}

// ended adds as many messages that have ended, which always lie beside the ones that wait.
func ended(tb testing.TB, d *db.DB, from, to int) {
	tb.Helper()
	const off = 50_000_000
	stored(tb, d, off+from, to-from, dbtest.Start, func(m *model.Message) { m.State, m.DueAt, m.Lane = model.MessageDelivered, nil, nil })
}

func benchService(d *db.DB, w *wire) (*jobs.Queue, *messages.Service) {
	q := jobs.New(d, slog.New(slog.DiscardHandler))
	s := messages.New(messages.Deps{DB: d, Jobs: q, Sender: w, Followers: newFans(2000), Templates: templates, Log: slog.New(slog.DiscardHandler)})
	s.Register()
	return q, s
}

// eachDatabase opens new databases for a benchmark.
func eachDatabase(b *testing.B, f func(b *testing.B, d *db.DB)) {
	b.Run("sqlite", func(b *testing.B) {
		d, _ := dbtest.SQLite(b)
		f(b, d)
	})
	if os.Getenv("TEST_MYSQL_DSN") != "" {
		b.Run("mysql", func(b *testing.B) {
			d, _ := dbtest.MySQL(b)
			f(b, d)
		})
	}
}

// drain runs the queue until n messages were accepted or given up, and returns how long that took.
func drain(b *testing.B, d *db.DB, q *jobs.Queue, n int64) time.Duration {
	b.Helper()
	ctx, stop := context.WithCancel(context.Background())
	started, ended := time.Now(), make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	for {
		var left int64
		err := d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Model(&model.Message{}).Where("state IN ? AND attempts = 0", []model.MessageState{model.MessageQueued, model.MessageSending}).Count(&left).Error
		})
		if err != nil {
			b.Fatal(err)
		}
		if left == 0 {
			break
		}
		if time.Since(started) > 5*time.Minute {
			b.Fatalf("%d of %d left after five minutes", left, n)
		}
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(started)
	stop()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	return took
}

// BenchmarkDrain says how many messages leave in a second when the platform answers at once, clean and with one poisoned message in a
// hundred: go test -run - -bench Drain -benchtime 1x ./service/messages
func BenchmarkDrain(b *testing.B) {
	const n = 5000
	eachDatabase(b, func(b *testing.B, d *db.DB) {
		base := 0
		for _, poisoned := range []bool{false, true} {
			b.Run(map[bool]string{false: "clean", true: "poison"}[poisoned], func(b *testing.B) {
				var took time.Duration
				for b.Loop() {
					w := &wire{}
					if poisoned {
						w.poison = func(m wechat.TemplateMessage) bool { id, _ := strconv.Atoi(m.ClientMsgID); return id%100 == 0 }
					}
					q, _ := benchService(d, w)
					pending(b, d, base, n, dbtest.Start)
					base += n
					took += drain(b, d, q, n)
				}
				b.ReportMetric(float64(n)*float64(b.N)/took.Seconds(), "msgs/s")
			})
		}
	})
}

// BenchmarkNextBatch compares what finding the next batch of due messages costs with 10,000 pending and with very many; as many have
// ended. HUITOU_PENDING sets how many (default 100,000; the figure, at most 1.2 times, is for 1,000,000):
// HUITOU_PENDING=1000000 go test -run - -bench NextBatch -benchtime 1000x -timeout 30m ./service/messages
func BenchmarkNextBatch(b *testing.B) {
	most := 100_000
	if n, err := strconv.Atoi(os.Getenv("HUITOU_PENDING")); err == nil && n > 0 {
		most = n
	}
	eachDatabase(b, func(b *testing.B, few *db.DB) {
		many, _ := dbtest.SQLite(b)
		if few.Driver() == db.MySQL {
			many, _ = dbtest.MySQL(b)
		}
		var find [2]func() time.Duration
		for i, d := range []*db.DB{few, many} {
			n := []int{10_000, most}[i]
			pending(b, d, 0, n, dbtest.Start.Add(-time.Hour))
			ended(b, d, 0, n)
			_, s := benchService(d, &wire{})
			find[i] = func() time.Duration {
				began := time.Now()
				if n, err := s.FindBatch(context.Background(), model.ChannelOATemplate, 200); err != nil || n != 200 {
					b.Fatal(n, err)
				}
				return time.Since(began)
			}
		}
		var took [2][]time.Duration
		for b.Loop() { // in turns, so that what else the machine does meets both
			for i := range find {
				took[i] = append(took[i], find[i]())
			}
		}
		median := func(list []time.Duration) float64 {
			slices.Sort(list)
			return float64(list[len(list)/2])
		}
		b.ReportMetric(median(took[0])/1e3, "µs/10000")
		b.ReportMetric(median(took[1])/1e3, fmt.Sprintf("µs/%d", most))
		b.ReportMetric(median(took[1])/median(took[0]), "ratio")
	})
}
