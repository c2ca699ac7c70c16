package coupons_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/random"
	"huitou/service/coupons"
)

// callers is the number of shoppers who claim at the same time.
const callers = 512

var drivers = []db.Driver{db.SQLite, db.MySQL}

// BenchmarkClaim is the way of the product: claims of one hot template, each by another member with a key of his own.
func BenchmarkClaim(b *testing.B) {
	for _, driver := range drivers {
		b.Run(string(driver), func(b *testing.B) {
			d := dbtest.Open(b, driver, dbtest.NewClock())
			s := service(d)
			id := active(b, s, tenOff())
			stampede(b, func(m model.MemberID) error {
				_, err := s.Claim(ctx, coupons.Claim{Member: m, Template: id, Key: key(m, "bench-key-0001")})
				return err
			})
			sound(b, d)
		})
	}
}

// BenchmarkClaimPlain is the reference that issue 2 names: one GORM transaction for each claim, with SELECT … FOR UPDATE.
func BenchmarkClaimPlain(b *testing.B) {
	for _, driver := range drivers {
		b.Run(string(driver), func(b *testing.B) {
			d := dbtest.Open(b, driver, dbtest.NewClock())
			id := active(b, service(d), tenOff())
			stampede(b, func(m model.MemberID) error { return plainClaim(d, m, id) })
			sound(b, d)
		})
	}
}

// BenchmarkClaimSoldOut is the crowd that comes too late.
func BenchmarkClaimSoldOut(b *testing.B) {
	for _, driver := range drivers {
		b.Run(string(driver), func(b *testing.B) {
			d := dbtest.Open(b, driver, dbtest.NewClock())
			s := service(d)
			n := tenOff()
			n.Total = 1
			id := active(b, s, n)
			if _, err := claim(s, 1, id); err != nil {
				b.Fatal(err)
			}
			stampede(b, func(m model.MemberID) error {
				_, err := s.Claim(ctx, coupons.Claim{Member: m + 1, Template: id, Key: key(m, "bench-key-0001")})
				if !errors.Is(err, coupons.ErrSoldOut) {
					return errors.Join(errors.New("not sold out"), err)
				}
				return nil
			})
		})
	}
}

// stampede runs b.N claims by as many members through 512 callers and reports the rate and the waiting times.
func stampede(b *testing.B, claim func(model.MemberID) error) {
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range callers {
		wg.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(b.N) {
					return
				}
				start := time.Now()
				if err := claim(model.MemberID(i)); err != nil {
					b.Errorf("claim %d: %v", i, err)
					return
				}
				took[i-1] = time.Since(start)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds())/1000, "p99-ms")
}

func plainClaim(d *db.DB, m model.MemberID, id model.PublicID) error {
	return d.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		var t model.CouponTemplate
		if err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("public_id = ?", id).Take(&t).Error; err != nil {
			return err
		}
		var n int64
		if err := tx.Gorm().Model(&model.Coupon{}).Where("template_id = ? AND member_id = ?", t.ID, m).Count(&n).Error; err != nil {
			return err
		}
		if n >= t.PerMember || (t.Total >= 0 && t.Claimed >= t.Total) {
			return coupons.ErrSoldOut
		}
		slot := n + 1
		if err := tx.Gorm().Create(&model.Coupon{
			PublicID: model.PublicID(random.ID()), Code: random.Digits(16), TemplateID: t.ID, MemberID: m, Slot: &slot, Channel: model.ChannelClaim,
			CouponTerms: t.CouponTerms, UsableFrom: tx.Now, UsableUntil: tx.Now.Add(time.Hour), State: model.CouponIssued, IssuedAt: tx.Now,
		}).Error; err != nil {
			return err
		}
		return tx.Gorm().Model(&model.CouponTemplate{}).Where("id = ?", t.ID).Update("claimed", t.Claimed+1).Error
	})
}
