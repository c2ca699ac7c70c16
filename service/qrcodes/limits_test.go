package qrcodes_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/fault"
	"huitou/service/qrcodes"
	"huitou/service/staff"
)

// clerk is somebody who has codes of himself only.
func (w *world) clerk() (qrcodes.By, func() (qrcodes.Code, error)) {
	w.t.Helper()
	id, err := w.staff.Add(w.t.Context(), staff.Add{Name: "mei", DisplayName: "小梅", Password: "Xq7-vierzig-Kraniche", Role: staff.Clerk})
	w.ok(err)
	by := qrcodes.By{Staff: id}
	return by, func() (qrcodes.Code, error) {
		return w.s.Make(w.t.Context(), qrcodes.NewCode{By: by, Kind: model.QRStaff, Name: "小梅", Ref: strconv.FormatInt(int64(id), 10), TTL: 10 * day})
	}
}

// WeChat's calls are the whole shop's: one clerk has fifty codes, and does not get others by stopping them. A manager is not bounded.
func TestAClerkHasFiftyCodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		by, another := w.clerk()
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			made []qrcodes.Code
		)
		first, err := another()
		w.ok(err)
		for range 60 {
			wg.Go(func() {
				c, err := another()
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made = append(made, c)
				} else if f := fault.Of(err); f == nil || f.Code != qrcodes.ErrMany.Code || fmt.Sprint(f.Detail["most"]) != "50" {
					t.Errorf("make: %v", err)
				}
			})
		}
		wg.Wait()
		if len(made) != 49 || w.wechat.times() != 50 {
			t.Fatalf("%d more made with %d calls, want 49 with 50", len(made), w.wechat.times())
		}
		_, err = w.s.Stop(t.Context(), by, first.ID)
		w.ok(err)
		_, err = another()
		isFault(t, "after one was stopped", err, qrcodes.ErrMany)
		w.clock.Advance(25 * time.Hour)
		_, err = another() // the next day the one that was stopped is forgotten
		w.ok(err)
		_, err = another()
		isFault(t, "while fifty live", err, qrcodes.ErrMany)
		w.code("前台")
		w.clock.Advance(11 * day)
		_, err = another()
		w.ok(err)
		w.sound()
	})
}

// Renewing a code again and again, or looking at one of a second's life, asks WeChat once a minute.
func TestAPictureIsRenewedOnceAMinute(t *testing.T) {
	w := sqlite(t)
	ctx := t.Context()
	by, another := w.clerk()
	c, err := another()
	w.ok(err)
	_, err = w.s.Renew(ctx, by, c.ID)
	isFault(t, "at once", err, qrcodes.ErrOften)
	w.clock.Advance(time.Minute)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := w.s.Renew(ctx, by, c.ID); err != nil && fault.Of(err) == nil {
				t.Errorf("renew: %v", err)
			}
		})
	}
	wg.Wait()
	if n := w.wechat.times(); n != 2 {
		t.Errorf("WeChat was asked %d times, want twice", n)
	}
	if _, err := w.s.Renew(ctx, manager, c.ID); err != nil {
		t.Errorf("a manager: %v", err)
	}

	short, err := w.s.Make(ctx, qrcodes.NewCode{By: manager, Kind: model.QRStore, Name: "大屏", Ref: "S-001", TTL: time.Second})
	w.ok(err)
	before := w.wechat.times()
	w.clock.Advance(2 * time.Second)
	_, err = w.s.AccountPicture(ctx, short.ID, 430)
	isFault(t, "a short life", err, qrcodes.ErrOften)
	w.clock.Advance(time.Minute)
	_, err = w.s.AccountPicture(ctx, short.ID, 430)
	if err != nil || w.wechat.times() != before+1 {
		t.Errorf("a minute later: %v after %d more", err, w.wechat.times()-before)
	}
}

// The mini-program's picture is drawn once for all who look at it within ten minutes, and in a few widths only.
func TestAMiniPictureIsKept(t *testing.T) {
	w := sqlite(t)
	ctx := t.Context()
	c, other := w.code("前台"), w.code("门口")
	drawn := func() int { return len(w.wechat.minis) }
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if img, err := w.s.MiniPicture(ctx, c.ID, 430); err != nil || string(img.Bytes) != "\xff\xd8\xff"+c.Scene {
				t.Errorf("%q, %v", img.Bytes, err)
			}
		})
	}
	wg.Wait()
	if drawn() != 1 {
		t.Errorf("drawn %d times for eight who look", drawn())
	}
	for i := range 7 {
		_, err := w.s.MiniPicture(ctx, c.ID, 500+i)
		w.ok(err)
	}
	_, err := w.s.MiniPicture(ctx, c.ID, 600)
	isFault(t, "a ninth width", err, qrcodes.ErrOften)
	if _, err := w.s.MiniPicture(ctx, c.ID, 430); err != nil || drawn() != 8 {
		t.Errorf("the first one: %v after %d", err, drawn())
	}
	if img, err := w.s.MiniPicture(ctx, other.ID, 430); err != nil || string(img.Bytes) != "\xff\xd8\xff"+other.Scene {
		t.Errorf("another code: %q, %v", img.Bytes, err)
	}
	w.clock.Advance(10 * time.Minute)
	if _, err := w.s.MiniPicture(ctx, c.ID, 600); err != nil || drawn() != 10 {
		t.Errorf("afterwards: %v after %d", err, drawn())
	}
}
