package aftersale_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/aftersale"
	"huitou/service/members"
	"huitou/wechat"
)

// Visitors of a printed link cost one call to WeChat, on two instances and however many come at once, and the next one 29 days later.
func TestPictureIsAskedForOnce(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			clock, opts := dbtest.NewClock(), dbtest.Empty(t, driver)
			a, b := newWorld(t, dbtest.Reopen(t, opts, clock), clock), newWorld(t, dbtest.Reopen(t, opts, clock), clock)
			b.wechat = a.wechat
			b.s.OA = a.wechat
			a.order("T1", members.Ref{Phone: "13800138000"})
			token := a.code("T1").Token
			calls := func() int { a.wechat.mu.Lock(); defer a.wechat.mu.Unlock(); return len(a.wechat.qrs) }
			crowd := func() (urls map[string]int) {
				var (
					wg sync.WaitGroup
					mu sync.Mutex
				)
				urls = map[string]int{}
				for i := range 16 {
					wg.Go(func() {
						p, err := []*world{a, b}[i%2].s.Picture(context.Background(), token)
						for tries := 0; errors.Is(err, aftersale.ErrQR) && tries < 20; tries++ { // a slow machine; the page asks again as well
							p, err = []*world{a, b}[i%2].s.Picture(context.Background(), token)
						}
						if err != nil {
							t.Errorf("Picture: %v", err)
						}
						mu.Lock()
						defer mu.Unlock()
						urls[p.URL]++
					})
				}
				wg.Wait()
				return urls
			}
			clock.Advance(29*24*time.Hour - time.Second)
			if urls := crowd(); calls() != 1 || len(urls) != 1 {
				t.Errorf("after 29 days less a second: %d calls, pictures %v; want the first one", calls(), urls)
			}
			clock.Advance(2 * time.Second)
			if crowd(); calls() != 2 { // those who come meanwhile see the old one, which still works
				t.Errorf("after 29 days: %d calls, want one more", calls())
			}
			clock.Advance(30 * 24 * time.Hour)
			if urls := crowd(); calls() != 3 || len(urls) != 1 {
				t.Errorf("without a picture that works: %d calls, pictures %v; want one more call and one picture for all", calls(), urls)
			}
			if p, err := b.s.ReadyPicture(t.Context(), token); err != nil || !p.ExpiresAt.Equal(clock.Now().Add(30*24*time.Hour)) {
				t.Errorf("the stored picture: %+v, %v", p, err)
			}
			a.sound()
		})
	}
}

func TestPictureWhileWeChatRefuses(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.order("T1", members.Ref{Phone: "13800138000"})
	code := w.code("T1")
	calls := 0
	w.s.OA = refusing{w.wechat, &calls}
	look := func() (aftersale.Picture, error) { return w.s.Picture(context.Background(), code.Token) }

	clock.Advance(29*24*time.Hour + time.Hour) // the old picture works for 23 hours more
	for range 3 {
		if p, err := look(); err != nil || p.URL != code.URL {
			t.Errorf("while the old picture works: %+v, %v", p, err)
		}
	}
	if calls != 1 {
		t.Errorf("asked %d times, want once and then a pause", calls)
	}
	clock.Advance(24 * time.Hour) // and now it does not
	if _, err := look(); !errors.Is(err, aftersale.ErrQR) || calls != 2 {
		t.Errorf("without a picture: %v after %d calls, want %v after 2", err, calls, aftersale.ErrQR)
	}
	if _, err := w.s.ReadyPicture(t.Context(), code.Token); !errors.Is(err, aftersale.ErrQR) {
		t.Errorf("ReadyPicture: %v, want %v", err, aftersale.ErrQR)
	}
	w.s.OA = w.wechat
	clock.Advance(16 * time.Second)
	if p, err := look(); err != nil || p.URL == code.URL {
		t.Errorf("after the pause, with WeChat: %+v, %v; want a new picture", p, err)
	}
	w.sound()
}

// Somebody was killed between taking the claim and asking: the next one asks when the claim has run out.
func TestPictureAfterAKill(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.order("T1", members.Ref{Phone: "13800138000"})
	code := w.code("T1")
	clock.Advance(40 * 24 * time.Hour)
	w.do(func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Exec("UPDATE parcel_codes SET asking_until = ?", tx.Now.Add(15*time.Second)).Error
	})
	clock.Advance(15 * time.Second)
	if p, err := w.s.Picture(t.Context(), code.Token); err != nil || p.URL == code.URL {
		t.Errorf("%+v, %v; want a new picture", p, err)
	}
}

// T33: no token but a parcel's opens anything, and none asks WeChat.
func TestT33UnknownCards(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.order("T1", members.Ref{Phone: "13800138000"})
	token := w.code("T1").Token
	for _, wrong := range []string{"", token[:19], token + "0", strings.ToUpper(token), "p_" + token[2:], "00000000000000000000", "' OR token <> '"} {
		if _, err := w.s.Picture(t.Context(), wrong); !errors.Is(err, aftersale.ErrNoCard) {
			t.Errorf("%q: %v, want %v", wrong, err, aftersale.ErrNoCard)
		}
		if _, err := w.s.ReadyPicture(t.Context(), wrong); !errors.Is(err, aftersale.ErrNoCard) {
			t.Errorf("%q: %v, want %v", wrong, err, aftersale.ErrNoCard)
		}
	}
	if len(w.wechat.qrs) != 1 {
		t.Errorf("%d calls, want the one of the code", len(w.wechat.qrs))
	}
}

// refusing is an account whose day's quota is used up.
type refusing struct {
	*account
	calls *int
}

func (r refusing) CreateQR(context.Context, string, time.Duration) (wechat.QRCode, error) {
	*r.calls++
	return wechat.QRCode{}, &wechat.Error{Code: 45009, Message: "quota"}
}
