package aftersale_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/aftersale"
)

// BenchmarkSheet5000 makes a sheet of as many cards as one may have, from the request to the file, and tells how long each step takes, how
// large the file is, and how much more memory drawing it took at its peak.
//
//	go test ./service/aftersale -run XXX -bench Sheet5000 -benchtime 1x
func BenchmarkSheet5000(b *testing.B) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		b.Run(string(driver), func(b *testing.B) {
			for b.Loop() {
				sheet5000(b, driver)
			}
		})
	}
}

func sheet5000(b *testing.B, driver db.Driver) {
	clock := dbtest.NewClock()
	w := newWorld(b, dbtest.Open(b, driver, clock), clock)
	w.s.ParcelURL = "https://shop.example.com/p/"
	in := aftersale.NewSheet{Staff: 7, Orders: w.numbered(aftersale.MaxSheet), Design: cardDesign}
	step := func(name string, do func() error) {
		b.Helper()
		from := time.Now()
		if err := do(); err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		b.ReportMetric(float64(time.Since(from).Milliseconds()), "ms/"+name)
	}
	var (
		sheet aftersale.Sheet
		file  []byte
	)
	step("ask", func() (err error) { sheet, err = w.s.MakeSheet(context.Background(), in); return err })
	step("codes", func() error { _, err := w.q.RunDue(context.Background()); return err })
	peak := peakOf(func() {
		step("file", func() (err error) { file, err = w.s.SheetFile(context.Background(), sheet.ID); return err })
	})
	b.ReportMetric(float64(len(file))/(1<<20), "MiB/file")
	b.ReportMetric(float64(peak)/(1<<20), "MiB/peak")
	b.ReportMetric(0, "ns/op")
	if v := w.sheetNow(sheet.ID); v.Ready != aftersale.MaxSheet {
		b.Fatal(fmt.Sprint(v))
	}
}

// peakOf returns how much more of the heap was in use at the worst moment of f than before.
func peakOf(f func()) uint64 {
	var (
		now  runtime.MemStats
		most atomic.Uint64
		stop = make(chan struct{})
		done = make(chan struct{})
	)
	runtime.GC()
	runtime.ReadMemStats(&now)
	before := now.HeapInuse
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(stop)
	<-done
	return most.Load() - min(before, most.Load())
}
