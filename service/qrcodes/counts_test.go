package qrcodes_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/members"
	"huitou/service/qrcodes"
	"huitou/wechat"
)

// The life of a person who comes, goes and comes back, and what two codes may say of it.
func TestAFollowIsCreditedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		door, desk := w.code("门口"), w.code("收银台")
		step := func(e wechat.Event, openID, scene string) {
			t.Helper()
			w.clock.Advance(time.Minute)
			w.told(e, openID, scene)
		}
		step(wechat.EventSubscribe, "o1", door.Scene)
		w.want(door, model.QRCounts{Scans: 1, Scanners: 1, Follows: 1})
		step(wechat.EventScan, "o1", door.Scene)
		step(wechat.EventScan, "o1", desk.Scene)
		w.want(door, model.QRCounts{Scans: 2, Scanners: 1, Follows: 1})
		w.want(desk, model.QRCounts{Scans: 1, Scanners: 1})
		step(wechat.EventUnsubscribe, "o1", "")
		w.want(door, model.QRCounts{Scans: 2, Scanners: 1, Follows: 1, Lost: 1})
		step(wechat.EventSubscribe, "o1", desk.Scene) // back by another code: its return, and lost no longer
		w.want(door, model.QRCounts{Scans: 2, Scanners: 1, Follows: 1})
		w.want(desk, model.QRCounts{Scans: 2, Scanners: 1, Returns: 1})
		step(wechat.EventUnsubscribe, "o1", "")
		step(wechat.EventSubscribe, "o1", "") // back by a search
		w.want(door, model.QRCounts{Scans: 2, Scanners: 1, Follows: 1})
		step(wechat.EventUnsubscribe, "o1", "")
		step(wechat.EventSubscribe, "o1", door.Scene)
		w.want(door, model.QRCounts{Scans: 3, Scanners: 1, Follows: 1, Returns: 1})

		step(wechat.EventSubscribe, "o2", "") // came without a code first: nobody's follow
		step(wechat.EventUnsubscribe, "o2", "")
		step(wechat.EventSubscribe, "o2", desk.Scene)
		w.want(desk, model.QRCounts{Scans: 3, Scanners: 2, Returns: 2})
		step(wechat.EventSubscribe, "o3", "q_"+strings.Repeat("z", 20)) // no code of ours
		step(wechat.EventScan, "o3", "p_"+strings.Repeat("z", 20))
		w.want(desk, model.QRCounts{Scans: 3, Scanners: 2, Returns: 2})
		w.sound()
	})
}

// A push that WeChat repeats, and facts that are told again and in the wrong order, change nothing.
func TestRepetitionsCountOnce(t *testing.T) {
	w := sqlite(t)
	ctx := t.Context()
	c := w.code("门口")
	follow := w.push(wechat.EventSubscribe, "o1", c.Scene)
	p, err := reader{}.Read(follow)
	w.ok(err)
	w.receive(follow)
	w.receive(follow)
	w.ok(w.s.OnScan(ctx, p)) // a watch may be told before and after
	w.run()
	w.ok(w.s.OnScan(ctx, p))
	first := w.clock.Now()
	w.clock.Advance(time.Minute)
	w.told(wechat.EventUnsubscribe, "o1", "")
	w.want(c, model.QRCounts{Scans: 1, Scanners: 1, Follows: 1, Lost: 1})

	identity := w.identity("o1").ID
	w.ok(w.s.OnFollowed(ctx, members.Followed{Identity: identity, Scene: c.Scene, First: true, At: first})) // late: he is gone by now
	w.ok(w.s.OnUnfollowed(ctx, members.Unfollowed{Identity: identity, At: w.clock.Now()}))
	w.ok(w.s.OnUnfollowed(ctx, members.Unfollowed{Identity: identity + 1000}))
	w.want(c, model.QRCounts{Scans: 1, Scanners: 1, Follows: 1, Lost: 1})
	w.sound()
}

// A follow that is told after the person has left is a follow that was lost.
func TestALeaveToldBeforeItsFollow(t *testing.T) {
	w := sqlite(t)
	ctx := t.Context()
	c := w.code("门口")
	at := w.clock.Now()
	w.ok(w.d.Do(ctx, func(ctx context.Context, tx *db.Tx) error { // as if both facts still waited
		if _, err := w.members.FollowTx(ctx, tx, members.Follow{OpenID: "o1", Scene: c.Scene, At: at}); err != nil {
			return err
		}
		return w.members.UnfollowTx(ctx, tx, "o1", at.Add(time.Second))
	}))
	identity := w.identity("o1").ID
	w.ok(w.s.OnUnfollowed(ctx, members.Unfollowed{Identity: identity, At: at.Add(time.Second)}))
	w.ok(w.s.OnFollowed(ctx, members.Followed{Identity: identity, Scene: c.Scene, First: true, At: at}))
	w.run()
	w.want(c, model.QRCounts{Follows: 1, Lost: 1})
	w.sound()
}

func TestScansOfTheMiniProgram(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.code("门口")
		mei, lin := w.shopper("m-mei"), w.shopper("m-lin")
		scan := func(m model.MemberID, scene string) error {
			kind, err := w.s.ScanMini(ctx, qrcodes.MiniScan{Member: m, Scene: scene})
			if err == nil && kind != model.QRStore {
				t.Errorf("kind %q", kind)
			}
			return err
		}
		for range 3 {
			w.ok(scan(mei, c.Scene))
		}
		w.ok(scan(lin, c.Scene))
		w.want(c, model.QRCounts{MiniScans: 2, MiniScanners: 2})
		w.clock.Set(model.DayOf(w.clock.Now(), model.Shanghai).AddDays(1).Start(model.Shanghai))
		w.ok(scan(mei, c.Scene))
		w.want(c, model.QRCounts{MiniScans: 3, MiniScanners: 2})
		_, err := w.s.Stop(ctx, manager, c.ID)
		w.ok(err)
		w.ok(scan(lin, c.Scene))
		w.want(c, model.QRCounts{MiniScans: 4, MiniScanners: 2})

		for _, scene := range []string{"", "q_", "p_" + c.Scene[2:], "q_" + strings.Repeat("0", 20), c.Scene + "x"} {
			isFault(t, scene, scan(mei, scene), qrcodes.ErrUnknown)
		}
		w.told(wechat.EventSubscribe, "o-fan", "")
		isFault(t, "somebody who was never there", scan(w.identity("o-fan").MemberID, c.Scene), qrcodes.ErrNotShopper)
		w.sound()
	})
}

func TestStatistics(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.code("门口")
		noon := model.NewDay(2026, 11, 20).Start(model.Shanghai).Add(12 * time.Hour)
		for i, hours := range []int{0, 6, 11, 12, 36} { // 12:00, 18:00, 23:00 and midnight, then noon of the day after
			w.clock.Set(noon.Add(time.Duration(hours) * time.Hour))
			w.told(wechat.EventSubscribe, fmt.Sprint("o", i), c.Scene)
		}
		w.clock.Set(noon.Add(60 * time.Hour)) // midnight again
		w.told(wechat.EventUnsubscribe, "o0", "")
		w.told(wechat.EventScan, "o1", c.Scene)

		from, to := model.NewDay(2026, 11, 20), model.NewDay(2026, 11, 24)
		st, err := w.s.Statistics(ctx, c.ID, from, to)
		w.ok(err)
		want := []model.QRCounts{{Scans: 3, Scanners: 3, Follows: 3, Lost: 1}, {Scans: 1, Scanners: 1, Follows: 1}, {Scans: 1, Scanners: 1, Follows: 1}, {Scans: 1}}
		got := []model.QRCounts{}
		for i, d := range st.Days {
			if d.Day != from.AddDays(i) {
				t.Errorf("day %d is %s", i, d.Day)
			}
			got = append(got, d.QRCounts)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || st.Sum != st.Code.QRCounts || st.Sum != (model.QRCounts{Scans: 6, Scanners: 5, Follows: 5, Lost: 1}) {
			t.Errorf("days %+v, sum %+v; want %+v", got, st.Sum, want)
		}
		var csv bytes.Buffer
		w.ok(st.WriteCSV(&csv))
		wantCSV := "\ufeff日期,扫码次数,扫码人数,新关注,新关注中已取关,回流关注,小程序扫码次数,小程序扫码人数\r\n2026-11-20,3,3,3,1,0,0,0\r\n2026-11-21,1,1,1,0,0,0,0\r\n" +
			"2026-11-22,1,1,1,0,0,0,0\r\n2026-11-23,1,0,0,0,0,0,0\r\n合计,6,5,5,1,0,0,0\r\n"
		if csv.String() != wantCSV {
			t.Errorf("csv:\n%s", csv.String())
		}
		part, err := w.s.Statistics(ctx, c.ID, model.Day{}, model.Day{})
		if err != nil || len(part.Days) != 30 || part.To != model.DayOf(w.clock.Now(), model.Shanghai).AddDays(1) {
			t.Errorf("without days: %d, %v", len(part.Days), err)
		}
		for name, span := range map[string][2]model.Day{"backwards": {to, from}, "no day": {to, to}, "too long": {to.AddDays(-367), to}} {
			_, err := w.s.Statistics(ctx, c.ID, span[0], span[1])
			isFault(t, name, err, fault.ErrInvalid)
		}
		if st, err := w.s.Statistics(ctx, c.ID, to.AddDays(-366), to); err != nil || len(st.Days) != 366 {
			t.Errorf("a year: %d, %v", len(st.Days), err)
		}
		_, err = w.s.Statistics(ctx, "unknown", from, to)
		isFault(t, "unknown", err, qrcodes.ErrUnknown)
	})
}

// Two instances with their workers, sixty-four people at one code, every push delivered twice to each.
func TestManyFollowersOfOneCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		a := newWorld(t, d, clock, &weChat{}, 0)
		b := newWorld(t, d, clock, a.wechat, 0)
		c := a.code("门口")
		ctx, stop := context.WithCancel(t.Context())
		var workers sync.WaitGroup
		for _, w := range []*world{a, b} {
			workers.Go(func() {
				if err := w.q.Run(ctx); err != nil && ctx.Err() == nil {
					t.Errorf("work: %v", err)
				}
			})
		}
		const people = 64
		var wg sync.WaitGroup
		for i := range people {
			body := a.push(wechat.EventSubscribe, fmt.Sprint("o", i), c.Scene)
			for _, w := range []*world{a, b, a, b} {
				wg.Go(func() { w.receive(body) })
			}
		}
		wg.Wait()
		deadline := time.Now().Add(20 * time.Second)
		for a.counts(c).Follows < people && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		stop()
		workers.Wait()
		a.run()
		a.want(c, model.QRCounts{Scans: people, Scanners: people, Follows: people})
		a.sound()
	})
}

func TestInvariantsTrip(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, err := w.s.Make(t.Context(), qrcodes.NewCode{By: manager, Kind: model.QRStore, Name: "前台", Ref: "S-001", Permanent: true})
		w.ok(err)
		w.told(wechat.EventSubscribe, "o1", c.Scene)
		w.sound()
		for id, ruin := range map[string]string{
			"qrcodes.days":        `UPDATE qr_days SET scans = scans + 1`,
			"qrcodes.missing_day": `DELETE FROM qr_days`,
			"qrcodes.counts":      `UPDATE qr_codes SET follows = follows + 1`,
			"qrcodes.rows":        `UPDATE qr_follows SET identity_id = 999, first_of = 999`,
			"qrcodes.following":   `UPDATE member_openids SET following = FALSE`,
			"qrcodes.permanent":   `UPDATE qr_accounts SET permanent = permanent - 1`,
		} {
			var broken []string
			mended := errors.New("as it was")
			err := w.d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Gorm().Exec(ruin).Error; err != nil {
					return err
				}
				for _, inv := range qrcodes.Invariants() {
					if inv.ID != id {
						continue
					}
					if broken, err = inv.Check(ctx, tx); err != nil {
						return err
					}
				}
				return mended
			})
			if !errors.Is(err, mended) || len(broken) == 0 {
				t.Errorf("%s after %s: %v, %v", id, ruin, broken, err)
			}
		}
		w.sound()
	})
}
