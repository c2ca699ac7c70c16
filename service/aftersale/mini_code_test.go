package aftersale_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	qr "github.com/skip2/go-qrcode"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/aftersale"
	"huitou/wechat"
)

// program is a mini-program: no two of its codes are the same, and they are the same in every run.
type program struct {
	mu     sync.Mutex
	asked  []wechat.MiniCode
	left   int                          // calls of this minute
	dies   int                          // at this call, once
	answer func() (wechat.Image, error) // instead of a picture
}

func (p *program) MiniCode(_ context.Context, in wechat.MiniCode) (wechat.Image, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dies--; p.dies == 0 {
		panic("killed")
	}
	if p.left--; p.left < 0 {
		return wechat.Image{}, &wechat.Error{Code: 45009, Message: "quota"}
	}
	if p.answer != nil {
		return p.answer()
	}
	p.asked = append(p.asked, in)
	if in.Width == 280 {
		return wechat.Image{Type: "image/jpeg", Bytes: fmt.Appendf(bytes.Clone(small()), "no. %d", len(p.asked))}, nil
	}
	file, err := codeOf(fmt.Sprintf("https://mp.weixin.qq.com/a/~%022d", len(p.asked)), in.Width)
	return wechat.Image{Type: "image/jpeg", Bytes: file}, err
}

// small is a code as it is on sheets.
var small = sync.OnceValue(func() []byte {
	file, err := codeOf("https://mp.weixin.qq.com/a/~0123456789012345678901", 280)
	if err != nil {
		panic(err)
	}
	return file
})

func codeOf(says string, width int) ([]byte, error) {
	q, err := qr.New(says, qr.Medium)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = jpeg.Encode(&b, q.Image(width), nil)
	return b.Bytes(), err
}

// A sheet of the mini-program's codes: a worker that dies and a minute's quota stop it for a while, no picture is asked for twice, the file has
// every picture as WeChat drew it, and after 30 days they are gone.
func TestSheetOfMiniCodes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.mini.left, w.mini.dies = 70, 31
		refs := w.numbered(75)
		refs = append(refs, aftersale.OrderRef{Source: "shop", Number: "nobody"}, refs[0])
		v := w.sheet(aftersale.NewSheet{Orders: refs, Code: model.SheetMini})
		w.run()
		if v = w.sheetNow(v.ID); v.State != model.SheetWorking || len(w.mini.asked) != 30 || w.count("parcel_sheet_pictures") != 30 {
			t.Errorf("the worker died at its 31st picture: %+v after %d, %d stored", v, len(w.mini.asked), w.count("parcel_sheet_pictures"))
		}
		w.sound()
		clock.Advance(time.Minute)
		w.run()
		if v = w.sheetNow(v.ID); v.State != model.SheetWorking || v.Reason != aftersale.ErrMiniQuota.Code || len(w.mini.asked) != 70 {
			t.Errorf("while the quota is used up: %+v after %d", v, len(w.mini.asked))
		}
		if _, err := w.s.SheetFile(t.Context(), v.ID); !errors.Is(err, aftersale.ErrSheetNotReady) {
			t.Errorf("file before the time: %v", err)
		}
		w.sound()
		w.mini.left = 1000
		clock.Advance(time.Minute)
		w.run()
		if v = w.sheetNow(v.ID); v.State != model.SheetReady || v.Ready != 75 || v.Refused != 2 || v.Reason != "" {
			t.Errorf("after it: %+v", v)
		}
		scenes := map[string]bool{}
		for _, in := range w.mini.asked {
			scenes[in.Scene] = true
			if in.Page != "pages/parcel" || in.Width != 280 {
				t.Fatalf("asked for %+v", in)
			}
		}
		if len(scenes) != 75 || len(w.mini.asked) != 75 {
			t.Errorf("%d calls for %d scenes, want one for each of 75", len(w.mini.asked), len(scenes))
		}
		if c := w.code("P75"); !scenes[c.Scene] {
			t.Errorf("the scene of P75, %s, was not asked for", c.Scene)
		}
		file, err := w.s.SheetFile(t.Context(), v.ID)
		if err != nil {
			t.Fatal(err)
		}
		var pictures []model.ParcelSheetPicture
		w.do(func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Order("card_id").Find(&pictures).Error })
		at := 0
		for i, p := range pictures {
			next := bytes.Index(file[at:], p.Picture)
			if next < 0 {
				t.Fatalf("the picture of card %d is not in the file, or not in its place", i+1)
			}
			at += next + len(p.Picture)
		}
		clock.Advance(time.Hour)
		if later, err := w.s.SheetFile(t.Context(), v.ID); err != nil || !bytes.Equal(later, file) {
			t.Errorf("the file differs an hour later: %v", err)
		}
		purge := func() {
			t.Helper()
			if err := w.s.PurgePictures(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.sound()
		}
		clock.Set(v.CreatedAt.Add(30*24*time.Hour - time.Second))
		young := w.sheet(aftersale.NewSheet{Orders: refs[:2], Code: model.SheetMini})
		w.run()
		purge()
		if n := w.count("parcel_sheet_pictures"); n != 77 {
			t.Errorf("%d pictures before the time, want 77", n)
		}
		clock.Advance(time.Second)
		purge()
		if n := w.count("parcel_sheet_pictures"); n != 2 {
			t.Errorf("%d pictures after 30 days, want the two of the young sheet", n)
		}
		if _, err := w.s.SheetFile(t.Context(), v.ID); !errors.Is(err, aftersale.ErrSheetOld) {
			t.Errorf("file after 30 days: %v, want %v", err, aftersale.ErrSheetOld)
		}
		if _, err := w.s.SheetFile(t.Context(), young.ID); err != nil {
			t.Errorf("the young sheet: %v", err)
		}
	})
}

// What WeChat refuses for good fails the sheet and says why; what it does not answer, or answers with something else than a picture, is asked
// for again for a day.
func TestMiniCodesThatWeChatRefuses(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	refs := w.numbered(1)
	for _, tt := range []struct {
		name   string
		answer func() (wechat.Image, error)
		want   *fault.Fault
		fails  bool
	}{
		{"a picture beyond all measure", func() (wechat.Image, error) {
			var b bytes.Buffer
			err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 280, 280)), nil)
			return wechat.Image{Type: "image/jpeg", Bytes: append(b.Bytes(), make([]byte, 512<<10)...)}, err
		}, aftersale.ErrQR, false},
		{"page unpublished", func() (wechat.Image, error) { return wechat.Image{}, &wechat.Error{Code: 41030} }, aftersale.ErrMiniPage, true},
		{"no right", func() (wechat.Image, error) { return wechat.Image{}, &wechat.Error{Code: 48001} }, aftersale.ErrQR, true},
		{"busy", func() (wechat.Image, error) { return wechat.Image{}, &wechat.Error{Code: -1} }, aftersale.ErrQR, false},
		{"no answer", func() (wechat.Image, error) {
			return wechat.Image{}, &wechat.TransportError{Endpoint: "/wxa/getwxacodeunlimit", Err: context.DeadlineExceeded}
		}, aftersale.ErrQR, false},
		{"half a picture", func() (wechat.Image, error) {
			return wechat.Image{Type: "image/jpeg", Bytes: []byte("\xff\xd8\xff\xe0")}, nil
		}, aftersale.ErrQR, false},
		{"another size", func() (wechat.Image, error) {
			var b bytes.Buffer
			err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 280, 300)), nil)
			return wechat.Image{Type: "image/jpeg", Bytes: b.Bytes()}, err
		}, aftersale.ErrQR, false},
		{"quota", func() (wechat.Image, error) { return wechat.Image{}, &wechat.Error{Code: 45009} }, aftersale.ErrMiniQuota, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.mini.answer = tt.answer
			_, err := w.s.Card(t.Context(), aftersale.PrintCard{MakeParcelCode: aftersale.MakeParcelCode{Staff: 7, Source: "shop", Number: "P1"},
				Code: model.SheetMini, Design: cardDesign})
			if f := fault.Of(err); f == nil || f.Code != tt.want.Code {
				t.Errorf("one card: %v, want %s", err, tt.want.Code)
			}
			v := w.sheet(aftersale.NewSheet{Orders: refs, Code: model.SheetMini})
			w.run()
			if got := w.sheetNow(v.ID); (got.State == model.SheetFailed) != tt.fails || got.Reason != tt.want.Code {
				t.Errorf("%+v, want reason %s, failed %v", got, tt.want.Code, tt.fails)
			}
			w.sound()
			if tt.fails {
				return
			}
			w.mini.answer = nil
			clock.Advance(2 * time.Minute)
			w.run()
			if got := w.sheetNow(v.ID); got.State != model.SheetReady || got.Ready != 1 {
				t.Errorf("when WeChat draws again: %+v", got)
			}
			w.sound()
		})
	}
	if _, err := w.s.MakeSheet(t.Context(), aftersale.NewSheet{Staff: 7, Orders: slices.Repeat(refs, 1001), Code: model.SheetMini, Design: cardDesign}); !errors.Is(err, aftersale.ErrSheetLarge) {
		t.Errorf("1,001 cards: %v, want %v", err, aftersale.ErrSheetLarge)
	}
}

// One card has the picture that WeChat drew for the parcel's scene, on sheets' cards and on labels.
func TestOneCardWithAMiniCode(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.numbered(1)
	for layout, box := range map[string]int{"a4x10": 46, "label": 60} {
		for _, dpi := range []int{203, 300} {
			b, err := w.s.Card(t.Context(), aftersale.PrintCard{MakeParcelCode: aftersale.MakeParcelCode{Staff: 7, Source: "shop", Number: "P1"},
				Code: model.SheetMini, Layout: layout, DPI: dpi, Design: cardDesign})
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			code := img.(*image.Gray).SubImage(image.Rect(0, 0, img.Bounds().Dx()*box/100, img.Bounds().Dy()))
			bits, err := gozxing.NewBinaryBitmapFromImage(code)
			if err != nil {
				t.Fatal(err)
			}
			says, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
			if err != nil || says.GetText() != fmt.Sprintf("https://mp.weixin.qq.com/a/~%022d", len(w.mini.asked)) {
				t.Errorf("%s at %d dpi: %v, %v", layout, dpi, says, err)
			}
		}
	}
	want := wechat.MiniCode{Scene: w.code("P1").Scene, Page: "pages/parcel", Width: 430}
	if slices.ContainsFunc(w.mini.asked, func(in wechat.MiniCode) bool { return in != want }) || len(w.mini.asked) != 4 {
		t.Errorf("asked for %+v", w.mini.asked)
	}
	if n := w.count("parcel_codes"); n != 1 {
		t.Errorf("%d codes", n)
	}
	w.sound()
}

// Two programs at one sheet: each card has one picture, and the figures hold.
func TestMiniSheetByTwoAtOnce(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			clock, opts := dbtest.NewClock(), dbtest.Empty(t, driver)
			a, b := newWorld(t, dbtest.Reopen(t, opts, clock), clock), newWorld(t, dbtest.Reopen(t, opts, clock), clock)
			v := a.sheet(aftersale.NewSheet{Orders: a.numbered(60), Code: model.SheetMini})
			a.do(func(_ context.Context, tx *db.Tx) error { // the same work a second time
				return tx.Gorm().Exec(`INSERT INTO jobs (kind, args, state, run_at, created_at, attempts, last_error)
					SELECT kind, args, state, run_at, created_at, attempts, last_error FROM jobs WHERE kind = 'aftersale.sheet' AND state = 'waiting'`).Error
			})
			var wg sync.WaitGroup
			wg.Go(a.run)
			wg.Go(b.run)
			wg.Wait()
			a.run()
			if v := a.sheetNow(v.ID); v.State != model.SheetReady || v.Ready != 60 || a.count("parcel_sheet_pictures") != 60 {
				t.Errorf("%+v with %d pictures", v, a.count("parcel_sheet_pictures"))
			}
			a.sound()
		})
	}
}

func TestMiniSheetInvariantsSeeCorruption(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	refs := w.numbered(3)
	w.sheet(aftersale.NewSheet{Orders: append(refs, aftersale.OrderRef{Source: "shop", Number: "x"}), Code: model.SheetMini})
	w.sheet(aftersale.NewSheet{Orders: refs})
	w.run()
	w.sound()
	for _, corrupt := range []string{
		`DELETE FROM parcel_sheet_pictures WHERE card_id = (SELECT MIN(card_id) FROM parcel_sheet_pictures)`,
		`UPDATE parcel_sheet_pictures SET sheet_id = 2`,
		`UPDATE parcel_sheet_pictures SET card_id = card_id + 1000`,
		`UPDATE parcel_sheets SET code = 'mini'`,
		`UPDATE parcel_sheets SET code = 'link'`,
		`UPDATE parcel_sheets SET purged_at = created_at`,
		`UPDATE parcel_sheets SET purged_at = created_at, finished_at = NULL WHERE code = 'mini'`,
		`INSERT INTO parcel_sheet_pictures (card_id, sheet_id, picture, made_at) SELECT c.id, c.sheet_id, x'00', s.created_at
		 FROM parcel_sheet_cards c JOIN parcel_sheets s ON s.id = c.sheet_id WHERE c.refusal <> ''`,
	} {
		if seen := w.corrupted(corrupt, aftersale.Invariants()); !slices.Contains(seen, "sheets.pictures") {
			t.Errorf("%s: broken %v, want sheets.pictures among them", corrupt, seen)
		}
	}
	w.sound()
}

// BenchmarkMiniSheet1000 makes the largest sheet of the mini-program's codes, with pictures as large as WeChat's, and tells how long each step
// takes, how large the file is, and how much more memory drawing it took at its peak.
//
//	go test ./service/aftersale -run XXX -bench MiniSheet1000 -benchtime 1x
func BenchmarkMiniSheet1000(b *testing.B) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		b.Run(string(driver), func(b *testing.B) {
			for b.Loop() {
				clock := dbtest.NewClock()
				w := newWorld(b, dbtest.Open(b, driver, clock), clock)
				var big bytes.Buffer
				q, err := qr.New("p_01234567890123456789", qr.Medium)
				if err != nil {
					b.Fatal(err)
				}
				if err := jpeg.Encode(&big, q.Image(280), &jpeg.Options{Quality: 97}); err != nil {
					b.Fatal(err)
				}
				w.mini.answer = func() (wechat.Image, error) { return wechat.Image{Type: "image/jpeg", Bytes: big.Bytes()}, nil }
				in := aftersale.NewSheet{Staff: 7, Orders: w.numbered(aftersale.MaxMiniSheet), Code: model.SheetMini, Design: cardDesign}
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
				making := peakOf(func() { step("pictures", func() error { _, err := w.q.RunDue(context.Background()); return err }) })
				peak := peakOf(func() {
					step("file", func() (err error) { file, err = w.s.SheetFile(context.Background(), sheet.ID); return err })
				})
				b.ReportMetric(float64(big.Len())/(1<<10), "KiB/picture")
				b.ReportMetric(float64(len(file))/(1<<20), "MiB/file")
				b.ReportMetric(float64(making)/(1<<20), "MiB/peak-pictures")
				b.ReportMetric(float64(peak)/(1<<20), "MiB/peak-file")
				b.ReportMetric(0, "ns/op")
				if v := w.sheetNow(sheet.ID); v.Ready != aftersale.MaxMiniSheet {
					b.Fatal(fmt.Sprint(v))
				}
			}
		})
	}
}
