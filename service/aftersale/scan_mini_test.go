package aftersale_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/aftersale"
	"huitou/service/members"
	"huitou/wechat"
)

// A parcel's code that was scanned in the mini-program is told by whoever holds the phone: the order's member sees his order and has his
// visit, once; anybody else has counted, and no more.
func TestParcelScannedInTheMiniProgram(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		o := w.order("T1", members.Ref{AppID: miniApp, OpenID: "mini-1"})
		other := w.order("T2", members.Ref{AppID: miniApp, OpenID: "mini-2"})
		c := w.code("T1")
		scan := func(m model.MemberID, scene string) (aftersale.Parcel, error) {
			return w.s.ScanMini(t.Context(), aftersale.MiniScan{Member: m, Scene: scene})
		}
		for range 2 { // somebody else's parcel
			if p, err := scan(other.MemberID, c.Scene); err != nil || p != (aftersale.Parcel{}) {
				t.Errorf("a stranger sees %+v, %v", p, err)
			}
		}
		if n := w.count("visits"); n != 0 {
			t.Errorf("a stranger's scan planned %d visits", n)
		}
		w.counted("T1", 1, 0)
		for range 3 {
			if p, err := scan(o.MemberID, c.Scene); err != nil || p != (aftersale.Parcel{Own: true, Source: "shop", Number: "T1"}) {
				t.Errorf("the receiver sees %+v, %v", p, err)
			}
		}
		w.counted("T1", 2, 0)
		if n := w.count("visits"); n != 1 {
			t.Errorf("%d visits, want one", n)
		}
		clock.Set(model.DayOf(clock.Now(), model.Shanghai).AddDays(1).Start(model.Shanghai))
		if _, err := scan(o.MemberID, c.Scene); err != nil {
			t.Error(err)
		}
		w.counted("T1", 3, 0)
		w.push(wechat.EventSubscribe, "oa-9", c.Scene) // in the official account it still means the same
		w.counted("T1", 4, 1)
		if n := w.count("visits"); n != 1 {
			t.Errorf("%d visits, want one", n)
		}

		for _, scene := range []string{"", "p_", "p_" + strings.Repeat("0", 20), "q_" + c.Token, c.Scene + "0"} {
			if _, err := scan(o.MemberID, scene); !errors.Is(err, aftersale.ErrNoCard) {
				t.Errorf("scene %q: %v", scene, err)
			}
		}
		offline := w.order("T3", members.Ref{Source: "shop", External: "C-3"})
		if _, err := scan(offline.MemberID, c.Scene); !errors.Is(err, members.ErrUnknown) {
			t.Errorf("somebody who was never in the mini-program: %v", err)
		}
		w.sound()
	})
}

// The mini-program may tell a scan twice at once.
func TestParcelScannedManyTimesAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		o := w.order("T1", members.Ref{AppID: miniApp, OpenID: "mini-1"})
		c := w.code("T1")
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if p, err := w.s.ScanMini(t.Context(), aftersale.MiniScan{Member: o.MemberID, Scene: c.Scene}); err != nil || !p.Own {
					t.Errorf("%+v, %v", p, err)
				}
			})
		}
		wg.Wait()
		w.counted("T1", 1, 0)
		if n := w.count("visits"); n != 1 {
			t.Errorf("%d visits, want one", n)
		}
		w.sound()
	})
}
