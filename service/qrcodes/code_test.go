package qrcodes_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/qrcodes"
	"huitou/service/staff"
	"huitou/wechat"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"))
}

func TestMakeAndLookUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		in := qrcodes.NewCode{By: manager, Kind: model.QRStore, Name: "前台", Ref: "S-001", TTL: 30 * day, Key: db.Key{Scope: "t", Key: "first-key"}}
		c, err := w.s.Make(ctx, in)
		w.ok(err)
		if c.Replayed || c.URL == "" || c.ImageURL == "" || c.ExpiresAt == nil || !c.ExpiresAt.Equal(w.clock.Now().Add(30*day)) || c.CreatedBy != manager.Staff {
			t.Errorf("made %+v", c)
		}
		if !regexp.MustCompile(`^q_[0-9a-z]{20}$`).MatchString(c.Scene) || len(c.Scene) > wechat.MaxMiniScene {
			t.Errorf("scene %q does not serve both apps", c.Scene)
		}
		again, err := w.s.Make(ctx, in)
		w.ok(err)
		if again.ID != c.ID || !again.Replayed || w.wechat.times() != 1 {
			t.Errorf("repeated: %+v after %d pictures", again, w.wechat.times())
		}
		in.Name = "二楼"
		_, err = w.s.Make(ctx, in)
		isFault(t, "another code under the same key", err, db.ErrKeyReused)

		src, ok, err := w.s.Source(ctx, c.Scene)
		if err != nil || !ok || src.Kind != model.QRStore || src.Name != "前台" || src.Ref != "S-001" || src.ID == 0 {
			t.Errorf("source %+v, %t, %v", src, ok, err)
		}
		for _, scene := range []string{"", "q_", "p_" + c.Scene[2:], c.Scene[:21], c.Scene + "0", strings.ToUpper(c.Scene), "q_" + strings.Repeat("0", 20), "q_' OR 1=1 -- 0000000"} {
			if src, ok, err := w.s.Source(ctx, scene); ok || err != nil || src != (qrcodes.Source{}) {
				t.Errorf("source of %q: %+v, %t, %v", scene, src, ok, err)
			}
		}
		if got, err := w.s.One(ctx, c.ID); err != nil || got.Scene != c.Scene {
			t.Errorf("one: %+v, %v", got, err)
		}
		_, err = w.s.One(ctx, "unknown")
		isFault(t, "one", err, qrcodes.ErrUnknown)
		w.sound()
	})
}

func TestBadCodesAreRefused(t *testing.T) {
	w := sqlite(t)
	good := qrcodes.NewCode{By: manager, Kind: model.QRStore, Name: "前台", Ref: "S-001", TTL: day}
	with := func(f func(*qrcodes.NewCode)) qrcodes.NewCode { c := good; f(&c); return c }
	for name, tt := range map[string]struct {
		in    qrcodes.NewCode
		field string
	}{
		"no kind":                {with(func(c *qrcodes.NewCode) { c.Kind = "" }), "kind"},
		"a parcel's":             {with(func(c *qrcodes.NewCode) { c.Kind = "parcel" }), "kind"},
		"no name":                {with(func(c *qrcodes.NewCode) { c.Name = "" }), "name"},
		"an address":             {with(func(c *qrcodes.NewCode) { c.Name = "www.evil.com 领10元" }), "name"},
		"a hidden address":       {with(func(c *qrcodes.NewCode) { c.Name = "ｅｖｉｌ。ru" }), "name"},
		"a promise":              {with(func(c *qrcodes.NewCode) { c.Name = "领10元" }), "name"},
		"a reward":               {with(func(c *qrcodes.NewCode) { c.Kind, c.Ref, c.Name = model.QRCampaign, "双十一", "关注有礼" }), "name"},
		"a turned name":          {with(func(c *qrcodes.NewCode) { c.Name = "前\u202e台" }), "name"},
		"a line separator":       {with(func(c *qrcodes.NewCode) { c.Name = "前\u2028台" }), "name"},
		"an invisible name":      {with(func(c *qrcodes.NewCode) { c.Name = "\u200b" }), "name"},
		"an invisible campaign":  {with(func(c *qrcodes.NewCode) { c.Kind, c.Ref = model.QRCampaign, "双\u200b十一" }), "ref"},
		"a blank name":           {with(func(c *qrcodes.NewCode) { c.Name = "  " }), "name"},
		"a long name":            {with(func(c *qrcodes.NewCode) { c.Name = strings.Repeat("名", 31) }), "name"},
		"a name of two lines":    {with(func(c *qrcodes.NewCode) { c.Name = "前\n台" }), "name"},
		"a name that is no text": {with(func(c *qrcodes.NewCode) { c.Name = "\xff" }), "name"},
		"no store":               {with(func(c *qrcodes.NewCode) { c.Ref = "" }), "ref"},
		"a store with a blank":   {with(func(c *qrcodes.NewCode) { c.Ref = "S 1" }), "ref"},
		"a Chinese store":        {with(func(c *qrcodes.NewCode) { c.Ref = "一号店" }), "ref"},
		"a long store":           {with(func(c *qrcodes.NewCode) { c.Ref = strings.Repeat("9", 65) }), "ref"},
		"nobody of staff":        {with(func(c *qrcodes.NewCode) { c.Kind, c.Ref = model.QRStaff, "99" }), "ref"},
		"staff without a number": {with(func(c *qrcodes.NewCode) { c.Kind, c.Ref = model.QRStaff, "mei" }), "ref"},
		"staff written oddly":    {with(func(c *qrcodes.NewCode) { c.Kind, c.Ref = model.QRStaff, "007" }), "ref"},
		"staff below nought":     {with(func(c *qrcodes.NewCode) { c.Kind, c.Ref = model.QRStaff, "-7" }), "ref"},
		"no campaign":            {with(func(c *qrcodes.NewCode) { c.Kind, c.Ref = model.QRCampaign, "" }), "ref"},
		"a long campaign":        {with(func(c *qrcodes.NewCode) { c.Kind, c.Ref = model.QRCampaign, strings.Repeat("双", 41) }), "ref"},
		"no life":                {with(func(c *qrcodes.NewCode) { c.TTL = 0 }), "ttl_seconds"},
		"less than a second":     {with(func(c *qrcodes.NewCode) { c.TTL = 999 * time.Millisecond }), "ttl_seconds"},
		"a second and a half":    {with(func(c *qrcodes.NewCode) { c.TTL = 1500 * time.Millisecond }), "ttl_seconds"},
		"below nought":           {with(func(c *qrcodes.NewCode) { c.TTL = -time.Second }), "ttl_seconds"},
		"31 days":                {with(func(c *qrcodes.NewCode) { c.TTL = 31 * day }), "ttl_seconds"},
		"for ever and a day":     {with(func(c *qrcodes.NewCode) { c.Permanent = true }), "ttl_seconds"},
	} {
		_, err := w.s.Make(t.Context(), tt.in)
		f := fault.Of(err)
		if f == nil || !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if list := fmt.Sprint(f.Detail["fields"]); strings.Count(list, "field:") != 1 || !strings.Contains(list, "field:"+tt.field+" ") {
			t.Errorf("%s: fields %v, want %s", name, list, tt.field)
		}
	}
	if n := w.wechat.times(); n != 0 {
		t.Errorf("WeChat was asked %d times", n)
	}
	for name, c := range map[string]qrcodes.NewCode{
		"one second":     with(func(c *qrcodes.NewCode) { c.TTL = time.Second }),
		"30 days":        with(func(c *qrcodes.NewCode) { c.TTL = 30 * day }),
		"the longest":    with(func(c *qrcodes.NewCode) { c.Name, c.Ref = strings.Repeat("名", 30), strings.Repeat("~", 64) }),
		"a campaign":     with(func(c *qrcodes.NewCode) { c.Kind, c.Ref = model.QRCampaign, strings.Repeat("双", 40) }),
		"one for always": with(func(c *qrcodes.NewCode) { c.Permanent, c.TTL = true, 0 }),
	} {
		if _, err := w.s.Make(t.Context(), c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.sound()
}

func sqlite(t *testing.T) *world {
	d, clock := dbtest.SQLite(t)
	return newWorld(t, d, clock, &weChat{}, 0)
}

// Whoever does not manage codes has temporary codes of himself only.
func TestStaffMakeCodesOfThemselves(t *testing.T) {
	w := sqlite(t)
	ctx := t.Context()
	account := func(name string) model.StaffID {
		id, err := w.staff.Add(ctx, staff.Add{Name: name, DisplayName: "小梅", Password: "Xq7-vierzig-Kraniche", Role: staff.Clerk})
		w.ok(err)
		return id
	}
	mei, lin := account("mei"), account("lin")
	ref := func(id model.StaffID) string { return strconv.FormatInt(int64(id), 10) }
	own := qrcodes.NewCode{By: qrcodes.By{Staff: mei}, Kind: model.QRStaff, Name: "小梅", Ref: ref(mei), TTL: day}
	c, err := w.s.Make(ctx, own)
	w.ok(err)

	for name, in := range map[string]qrcodes.NewCode{
		"somebody else's": {By: own.By, Kind: model.QRStaff, Name: "小林", Ref: ref(lin), TTL: day},
		"a store's":       {By: own.By, Kind: model.QRStore, Name: "前台", Ref: "S-001", TTL: day},
		"a campaign's":    {By: own.By, Kind: model.QRCampaign, Name: "双十一", Ref: "双十一", TTL: day},
		"a permanent one": {By: own.By, Kind: model.QRStaff, Name: "小梅", Ref: ref(mei), Permanent: true},
	} {
		_, err := w.s.Make(ctx, in)
		isFault(t, name, err, qrcodes.ErrNotYours)
	}
	if n := w.wechat.times(); n != 1 {
		t.Errorf("WeChat was asked %d times", n)
	}
	other := qrcodes.By{Staff: lin}
	_, err = w.s.Rename(ctx, other, c.ID, "小林")
	isFault(t, "rename somebody else's", err, qrcodes.ErrNotYours)
	_, err = w.s.Stop(ctx, other, c.ID)
	isFault(t, "stop somebody else's", err, qrcodes.ErrNotYours)
	store := w.code("前台")
	_, err = w.s.Stop(ctx, own.By, store.ID)
	isFault(t, "stop a store's", err, qrcodes.ErrNotYours)

	got, err := w.s.Rename(ctx, own.By, c.ID, "梅姐")
	if err != nil || got.Name != "梅姐" {
		t.Errorf("rename: %+v, %v", got, err)
	}
	_, err = w.s.Rename(ctx, own.By, c.ID, " ")
	isFault(t, "rename to nothing", err, fault.ErrInvalid)
	_, err = w.s.Rename(ctx, own.By, c.ID, "www.evil.com 领10元")
	isFault(t, "rename to an address", err, fault.ErrInvalid)
	_, err = w.s.Rename(ctx, own.By, c.ID, "领10元")
	isFault(t, "rename to a promise", err, fault.ErrInvalid)
	if got, err = w.s.Stop(ctx, manager, c.ID); err != nil || got.StoppedAt == nil {
		t.Errorf("stop: %+v, %v", got, err)
	}
	w.ok(w.staff.Disable(ctx, manager.Staff, lin))
	_, err = w.s.Make(ctx, qrcodes.NewCode{By: manager, Kind: model.QRStaff, Name: "小林", Ref: ref(lin), TTL: day})
	isFault(t, "a code of somebody who has left", err, fault.ErrInvalid)

	var trail []string
	w.ok(w.d.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Model(&model.AuditEntry{}).Where("action LIKE 'qrcodes.%'").Order("id").Pluck("action", &trail).Error
	}))
	if got := strings.Join(trail, " "); got != "qrcodes.make qrcodes.make qrcodes.rename qrcodes.stop" {
		t.Errorf("trail: %s", got)
	}
}

func TestATemporaryPictureIsMadeAnew(t *testing.T) {
	w := sqlite(t)
	ctx := t.Context()
	c, err := w.s.Make(ctx, qrcodes.NewCode{By: manager, Kind: model.QRCampaign, Name: "大屏", Ref: "双十一", TTL: time.Hour})
	w.ok(err)
	w.clock.Advance(time.Hour - time.Second)
	img, err := w.s.AccountPicture(ctx, c.ID, 300)
	if err != nil || img.Type != "image/png" || !strings.HasPrefix(string(img.Bytes), "\x89PNG") || w.wechat.times() != 1 {
		t.Errorf("a picture that lives: %q, %v after %d", img.Type, err, w.wechat.times())
	}
	w.clock.Advance(time.Second)
	next, err := w.s.AccountPicture(ctx, c.ID, 300)
	w.ok(err)
	got, err := w.s.One(ctx, c.ID)
	w.ok(err)
	if string(next.Bytes) == string(img.Bytes) || got.URL == c.URL || !got.ExpiresAt.Equal(w.clock.Now().Add(time.Hour)) {
		t.Errorf("a picture that is over was shown again: %+v", got)
	}
	if w.wechat.asked[0] != c.Scene || w.wechat.asked[1] != c.Scene || len(w.wechat.asked) != 2 {
		t.Errorf("pictures of %v, want two of %s", w.wechat.asked, c.Scene)
	}
	w.clock.Advance(30 * time.Minute)
	renewed, err := w.s.Renew(ctx, manager, c.ID) // half its life is left
	if err != nil || renewed.Scene != c.Scene || renewed.URL == got.URL || !renewed.ExpiresAt.Equal(w.clock.Now().Add(time.Hour)) {
		t.Errorf("renewed: %+v, %v", renewed, err)
	}
	_, err = w.s.Renew(ctx, qrcodes.By{Staff: 8}, c.ID)
	isFault(t, "renew a campaign's", err, qrcodes.ErrNotYours)
	poster, err := w.s.Make(ctx, qrcodes.NewCode{By: manager, Kind: model.QRCampaign, Name: "海报", Ref: "双十一", Permanent: true})
	w.ok(err)
	if same, err := w.s.Renew(ctx, manager, poster.ID); err != nil || same.URL != poster.URL || w.wechat.times() != 4 {
		t.Errorf("a permanent one: %+v, %v after %d", same, err, w.wechat.times())
	}
	w.clock.Advance(2 * time.Hour)
	w.wechat.refuse(&wechat.Error{Code: 45009, Message: "reach max api daily quota limit"})
	_, err = w.s.AccountPicture(ctx, c.ID, 300)
	isFault(t, "quota", err, qrcodes.ErrQuota)
	w.sound()
}

func TestMiniPicture(t *testing.T) {
	w := sqlite(t)
	c := w.code("前台")
	img, err := w.s.MiniPicture(t.Context(), c.ID, 430)
	want := wechat.MiniCode{Scene: c.Scene, Page: "pages/store", Env: "trial", Unchecked: true, Width: 430}
	if err != nil || img.Type != "image/jpeg" || len(w.wechat.minis) != 1 || w.wechat.minis[0] != want {
		t.Errorf("%+v, %v, asked for %+v", img, err, w.wechat.minis)
	}
	w.clock.Advance(10 * time.Minute) // it is no longer kept
	for err, want := range map[error]error{
		&wechat.Error{Code: 45009}:                         qrcodes.ErrQuota,
		&wechat.Error{Code: 40001}:                         qrcodes.ErrPicture,
		&wechat.Error{Code: 41030}:                         qrcodes.ErrPicture,
		&wechat.TransportError{Err: errors.New("timeout")}: qrcodes.ErrPicture,
		context.DeadlineExceeded:                           qrcodes.ErrPicture,
	} {
		w.wechat.refuse(err)
		_, got := w.s.MiniPicture(t.Context(), c.ID, 430)
		isFault(t, err.Error(), got, want)
	}
	_, err = w.s.MiniPicture(t.Context(), "unknown", 430)
	isFault(t, "a code that is not there", err, qrcodes.ErrUnknown)
}

// A code whose picture WeChat did not make is there; the same request goes on with it.
func TestMakeGoesOnAfterAFaultOfWeChat(t *testing.T) {
	for name, refusal := range map[string]error{
		"daily quota":   &wechat.Error{Code: 45009},
		"dead token":    &wechat.Error{Code: 40001},
		"system busy":   &wechat.Error{Code: -1},
		"time-out":      &wechat.TransportError{Err: context.DeadlineExceeded},
		"broken answer": &wechat.TransportError{HTTPStatus: 502, Err: errors.New("unexpected status")},
	} {
		t.Run(name, func(t *testing.T) {
			w := sqlite(t)
			for i, permanent := range []bool{false, true} {
				in := qrcodes.NewCode{By: manager, Kind: model.QRStore, Name: "前台", Ref: "S-001", Permanent: permanent, Key: db.Key{Scope: "t", Key: fmt.Sprint("key-", permanent)}}
				if !permanent {
					in.TTL = day
				}
				w.wechat.refuse(refusal)
				_, err := w.s.Make(t.Context(), in)
				want := error(qrcodes.ErrPicture)
				if wechat.ClassOf(refusal) == wechat.ClassQuota {
					want = qrcodes.ErrQuota
				}
				isFault(t, "while WeChat is down", err, want)
				w.sound()
				w.wechat.refuse(nil)
				c, err := w.s.Make(t.Context(), in)
				if err != nil || c.URL == "" || (c.ExpiresAt == nil) != permanent {
					t.Errorf("afterwards: %+v, %v", c, err)
				}
				list, _, err := w.s.List(t.Context(), qrcodes.Filter{}, db.Page{})
				if err != nil || len(list) != i+1 {
					t.Errorf("%d codes, %v; want %d", len(list), err, i+1)
				}
				w.sound()
			}
		})
	}
}

// The account's stock of permanent pictures is ours to guard: WeChat is not asked for one too many, however many ask at once, and
// what it may have made stays counted.
func TestPermanentPicturesRunOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		wc := &weChat{}
		a, b := newWorld(t, d, clock, wc, 5), newWorld(t, d, clock, wc, 5) // two instances
		permanent := func(w *world, key string) error {
			_, err := w.s.Make(context.Background(), qrcodes.NewCode{By: manager, Kind: model.QRStore, Name: "前台", Ref: "S-001", Permanent: true, Key: db.Key{Scope: "t", Key: key}})
			return err
		}
		wc.refuse(&wechat.Error{Code: 40013, Message: "invalid appid"})
		isFault(t, "refused", permanent(a, "refused-1"), qrcodes.ErrPicture) // given back
		wc.refuse(&wechat.TransportError{Err: context.DeadlineExceeded})
		isFault(t, "no answer", permanent(a, "lost-1"), qrcodes.ErrPicture) // stays counted
		wc.refuse(nil)
		a.sound()

		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			made int
		)
		for i := range 12 {
			w := a
			if i%2 == 1 {
				w = b
			}
			wg.Go(func() {
				err := permanent(w, fmt.Sprint("race-", i))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made++
				case !errors.Is(err, qrcodes.ErrPermanentFull):
					t.Errorf("make: %v", err)
				}
			})
		}
		wg.Wait()
		if made != 4 || wc.times() != 2+4 {
			t.Errorf("%d made with %d calls, want 4 with 6", made, wc.times())
		}
		err := permanent(a, "refused-1") // its code is there, but no picture is left for it
		isFault(t, "nothing left", err, qrcodes.ErrPermanentFull)
		if f := fault.Of(err); f == nil || fmt.Sprint(f.Detail["limit"]) != "5" {
			t.Errorf("detail %v", f)
		}
		list, _, err := a.s.List(t.Context(), qrcodes.Filter{}, db.Page{Limit: 100})
		if err != nil || len(list) != 2+4 {
			t.Errorf("%d codes, %v: a code without a picture to have was kept", len(list), err)
		}
		if _, err := a.s.Make(t.Context(), qrcodes.NewCode{By: manager, Kind: model.QRStore, Name: "临时", Ref: "S-001", TTL: day}); err != nil {
			t.Errorf("a temporary one: %v", err)
		}
		a.sound()
	})
}

func TestAStoppedCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.code("前台")
		late := w.push(wechat.EventSubscribe, "o-late", c.Scene) // happened before the stop, told after it
		w.clock.Advance(time.Minute)
		stopped, err := w.s.Stop(ctx, manager, c.ID)
		w.ok(err)
		if stopped.StoppedAt == nil {
			t.Error("not stopped")
		}
		again, err := w.s.Stop(ctx, manager, c.ID)
		if err != nil || !again.StoppedAt.Equal(*stopped.StoppedAt) {
			t.Errorf("stopped twice: %+v, %v", again, err)
		}
		if src, ok, err := w.s.Source(ctx, c.Scene); ok || err != nil || src != (qrcodes.Source{}) {
			t.Errorf("source %+v, %t, %v", src, ok, err)
		}
		_, err = w.s.AccountPicture(ctx, c.ID, 430)
		isFault(t, "picture", err, qrcodes.ErrStopped)
		_, err = w.s.MiniPicture(ctx, c.ID, 430)
		isFault(t, "mini picture", err, qrcodes.ErrStopped)
		_, err = w.s.Renew(ctx, manager, c.ID)
		isFault(t, "renew", err, qrcodes.ErrStopped)
		_, err = w.s.Stop(ctx, manager, "unknown")
		isFault(t, "stop nothing", err, qrcodes.ErrUnknown)

		w.receive(late)
		w.told(wechat.EventSubscribe, "o-new", c.Scene)
		w.told(wechat.EventScan, "o-new", c.Scene)
		w.want(c, model.QRCounts{Scans: 3, Scanners: 2, Follows: 1})
		w.sound()
	})
}

func TestList(t *testing.T) {
	w := sqlite(t)
	ctx := t.Context()
	for i := range 5 {
		w.code(fmt.Sprint("店 ", i))
	}
	_, err := w.s.Make(ctx, qrcodes.NewCode{By: manager, Kind: model.QRCampaign, Name: "海报", Ref: "双十一", TTL: day})
	w.ok(err)
	names := func(f qrcodes.Filter, p db.Page) (string, string) {
		list, next, err := w.s.List(ctx, f, p)
		w.ok(err)
		var out []string
		for _, c := range list {
			out = append(out, c.Name)
		}
		return strings.Join(out, ","), next
	}
	first, next := names(qrcodes.Filter{}, db.Page{Limit: 4})
	second, end := names(qrcodes.Filter{}, db.Page{Limit: 4, Cursor: next})
	if first != "海报,店 4,店 3,店 2" || second != "店 1,店 0" || end != "" {
		t.Errorf("pages %q, %q, then %q", first, second, end)
	}
	if got, _ := names(qrcodes.Filter{Kind: model.QRCampaign}, db.Page{}); got != "海报" {
		t.Errorf("campaigns: %s", got)
	}
	if got, _ := names(qrcodes.Filter{Ref: "双十一"}, db.Page{}); got != "海报" {
		t.Errorf("by ref: %s", got)
	}
	list, _, err := w.s.List(ctx, qrcodes.Filter{Kind: model.QRCampaign}, db.Page{})
	w.ok(err)
	_, err = w.s.Stop(ctx, manager, list[0].ID)
	w.ok(err)
	if got, _ := names(qrcodes.Filter{Kind: model.QRCampaign}, db.Page{}); got != "" {
		t.Errorf("after the stop: %s", got)
	}
	if got, _ := names(qrcodes.Filter{Kind: model.QRCampaign, Stopped: true}, db.Page{}); got != "海报" {
		t.Errorf("with those that were stopped: %s", got)
	}
	_, _, err = w.s.List(ctx, qrcodes.Filter{}, db.Page{Cursor: "x"})
	isFault(t, "cursor", err, db.ErrCursor)
}
