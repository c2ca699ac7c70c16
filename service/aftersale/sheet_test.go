package aftersale_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/aftersale"
	"huitou/service/members"
	"huitou/service/orders"
	"huitou/wechat"
)

var cardDesign = aftersale.Design{Shop: "回头茶铺", Title: "扫码联系我们", Hint: "使用、保养、售后,关注公众号后直接回复即可。"}

// numbered adds orders P1, P2, … of one member.
func (w *world) numbered(n int) (refs []aftersale.OrderRef) {
	w.t.Helper()
	first := w.order("P1", members.Ref{Phone: "13800138000"})
	rows := make([]model.Order, 0, n)
	for i := range n {
		o := first
		o.ID, o.Number = 0, fmt.Sprintf("P%d", i+1)
		if i > 0 {
			rows = append(rows, o)
		}
		refs = append(refs, aftersale.OrderRef{Source: "shop", Number: o.Number})
	}
	if len(rows) > 0 {
		w.do(func(_ context.Context, tx *db.Tx) error { return tx.Gorm().CreateInBatches(rows, 500).Error })
	}
	return refs
}

func (w *world) sheet(in aftersale.NewSheet) aftersale.Sheet {
	w.t.Helper()
	in.Staff, in.Design = 7, cardDesign
	v, err := w.s.MakeSheet(context.Background(), in)
	if err != nil {
		w.t.Fatalf("MakeSheet: %v", err)
	}
	return v
}

func (w *world) sheetNow(id model.PublicID) aftersale.Sheet {
	w.t.Helper()
	v, err := w.s.Sheet(context.Background(), id)
	if err != nil {
		w.t.Fatalf("Sheet: %v", err)
	}
	return v
}

// A sheet of links needs no WeChat; what cannot have a card is listed with its reason, and the rest is printed.
func TestSheetOfLinks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.s.ParcelURL = "https://shop.example/p/"
		w.wechat.qrErr = errors.New("no WeChat")
		refs := w.numbered(1203)
		w.do(func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec("UPDATE orders SET kind = 'membership' WHERE number = 'P3'").Error
		})
		in := aftersale.NewSheet{Orders: slices.Concat(refs, []aftersale.OrderRef{{Source: "shop", Number: "nobody"}, {Source: "other", Number: "P1"}, refs[0]}),
			Key: db.Key{Scope: "staff:7", Key: "k1"}}
		v := w.sheet(in)
		if again := w.sheet(in); again.ID != v.ID || !again.Replayed {
			t.Errorf("asked twice: %+v", again)
		}
		if v.State != model.SheetQueued || v.Total != 1206 || v.Refused != 1 {
			t.Errorf("made: %+v", v)
		}
		if _, err := w.s.SheetFile(t.Context(), v.ID); !errors.Is(err, aftersale.ErrSheetNotReady) {
			t.Errorf("file before the time: %v", err)
		}
		w.sound()
		w.run()
		if v = w.sheetNow(v.ID); v.State != model.SheetReady || v.Ready != 1202 || v.Refused != 4 || v.FinishedAt == nil {
			t.Errorf("done: %+v", v)
		}
		list, next, err := w.s.Refusals(t.Context(), v.ID, db.Page{Limit: 3})
		if err != nil || next == "" {
			t.Errorf("refusals: next %q, %v", next, err)
		}
		rest, next, err := w.s.Refusals(t.Context(), v.ID, db.Page{Limit: 3, Cursor: next})
		want := []aftersale.Refusal{{Line: 1206, OrderRef: refs[0], Why: "parcels.twice"}, {Line: 1205, OrderRef: aftersale.OrderRef{Source: "other", Number: "P1"}, Why: orders.ErrUnknown.Code},
			{Line: 1204, OrderRef: aftersale.OrderRef{Source: "shop", Number: "nobody"}, Why: orders.ErrUnknown.Code}, {Line: 3, OrderRef: refs[2], Why: aftersale.ErrNoParcel.Code}}
		if err != nil || next != "" || !slices.Equal(append(list, rest...), want) {
			t.Errorf("refusals %+v %+v, next %q, %v; want %+v", list, rest, next, err, want)
		}
		if len(w.wechat.qrs) != 0 || w.count("parcel_codes") != 1202 || w.count("audit_trail") != 1 {
			t.Errorf("%d calls, %d codes, %d trail entries; want 0, 1202, 1", len(w.wechat.qrs), w.count("parcel_codes"), w.count("audit_trail"))
		}
		// A second sheet of the same orders has the same codes.
		again := w.sheet(aftersale.NewSheet{Orders: refs[10:20]})
		w.run()
		file, err := w.s.SheetFile(t.Context(), again.ID)
		if err != nil || !bytes.HasPrefix(file, []byte("%PDF-")) {
			t.Fatalf("file: %d bytes, %v", len(file), err)
		}
		clock.Advance(time.Hour)
		if later, err := w.s.SheetFile(t.Context(), again.ID); err != nil || !bytes.Equal(later, file) {
			t.Errorf("the file differs an hour later: %v", err)
		}
		if w.count("parcel_codes") != 1202 {
			t.Errorf("%d codes after a second sheet", w.count("parcel_codes"))
		}
		if all, _, err := w.s.Sheets(t.Context(), db.Page{}); err != nil || len(all) != 2 || all[1].ID != v.ID {
			t.Errorf("sheets %+v, %v", all, err)
		}
		w.sound()
	})
}

// A sheet of the account's own codes needs one call for each; a worker that dies and a quota that is used up stop it for a while, and what was
// made stays.
func TestSheetOfPictures(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	oa := &rationed{account: w.wechat, left: 70, dies: 31}
	w.s.OA = oa
	v := w.sheet(aftersale.NewSheet{Orders: w.numbered(120), Code: model.SheetAccount})
	w.run()
	if v = w.sheetNow(v.ID); v.State != model.SheetWorking || v.Ready != 0 || len(w.wechat.qrs) != 30 {
		t.Errorf("the worker died at its 31st picture: %+v after %d", v, len(w.wechat.qrs))
	}
	w.sound()
	clock.Advance(time.Minute)
	w.run()
	if v = w.sheetNow(v.ID); v.State != model.SheetWorking || v.Ready != 50 || v.Reason != aftersale.ErrQR.Code {
		t.Errorf("while the quota is used up: %+v", v)
	}
	w.sound()
	oa.left = 1000
	clock.Advance(11 * time.Minute)
	w.run()
	if v = w.sheetNow(v.ID); v.State != model.SheetReady || v.Ready != 120 || v.Reason != "" {
		t.Errorf("after it: %+v", v)
	}
	if len(w.wechat.qrs) != 120 {
		t.Errorf("%d pictures, want one of each parcel: what was made before the pause must be kept", len(w.wechat.qrs))
	}
	if slices.Sort(w.wechat.qrs); len(slices.Compact(w.wechat.qrs)) != 120 {
		t.Error("a parcel had two pictures made")
	}
	if _, err := w.s.SheetFile(t.Context(), v.ID); err != nil {
		t.Errorf("file: %v", err)
	}
	clock.Advance(26 * 24 * time.Hour)
	if _, err := w.s.SheetFile(t.Context(), v.ID); !errors.Is(err, aftersale.ErrSheetOld) {
		t.Errorf("file after 26 days: %v, want %v", err, aftersale.ErrSheetOld)
	}
	w.sound()
}

func TestSheetsThatFail(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	refs := w.numbered(2)
	none := w.sheet(aftersale.NewSheet{Orders: []aftersale.OrderRef{{Source: "shop", Number: "x"}, {Source: "shop", Number: "y"}}})
	w.wechat.qrErr = &wechat.Error{Code: 48001}
	denied := w.sheet(aftersale.NewSheet{Orders: refs[:1], Code: model.SheetAccount})
	w.run()
	w.wechat.qrErr = &wechat.TransportError{Endpoint: "/cgi-bin/qrcode/create", Err: context.DeadlineExceeded}
	down := w.sheet(aftersale.NewSheet{Orders: refs[1:], Code: model.SheetAccount})
	for range 25 {
		w.run()
		if v := w.sheetNow(down.ID); v.State != model.SheetWorking && clock.Now().Sub(v.CreatedAt) < 24*time.Hour {
			t.Fatalf("after %s: %+v", clock.Now().Sub(v.CreatedAt), v)
		}
		clock.Advance(time.Hour)
	}
	for v, reason := range map[model.PublicID]string{none.ID: "parcels.none", denied.ID: aftersale.ErrQR.Code, down.ID: aftersale.ErrQR.Code} {
		if got := w.sheetNow(v); got.State != model.SheetFailed || got.Reason != reason {
			t.Errorf("%+v, want failed: %s", got, reason)
		}
		if _, err := w.s.SheetFile(t.Context(), v); !errors.Is(err, aftersale.ErrSheetNotReady) {
			t.Errorf("file: %v", err)
		}
	}
	w.sound()
}

// Two programs at one sheet (the first one's lease ran out), and staff who make a code of the same orders: each order has one code, and the figures hold.
func TestSheetByTwoAtOnce(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			clock, opts := dbtest.NewClock(), dbtest.Empty(t, driver)
			a, b := newWorld(t, dbtest.Reopen(t, opts, clock), clock), newWorld(t, dbtest.Reopen(t, opts, clock), clock)
			refs := a.numbered(60)
			for _, kind := range []model.ParcelSheetCode{model.SheetLink, model.SheetAccount} {
				v := a.sheet(aftersale.NewSheet{Orders: refs, Code: kind})
				a.do(func(_ context.Context, tx *db.Tx) error { // the same work a second time
					return tx.Gorm().Exec(`INSERT INTO jobs (kind, args, state, run_at, created_at, attempts, last_error)
						SELECT kind, args, state, run_at, created_at, attempts, last_error FROM jobs WHERE kind = 'aftersale.sheet' AND state = 'waiting'`).Error
				})
				var wg sync.WaitGroup
				wg.Go(a.run)
				wg.Go(b.run)
				wg.Go(func() { a.code("P7"); b.code("P53") })
				wg.Wait()
				a.run()
				if v := a.sheetNow(v.ID); v.State != model.SheetReady || v.Ready != 60 {
					t.Errorf("%+v", v)
				}
			}
			if n := a.count("parcel_codes"); n != 60 {
				t.Errorf("%d codes for 60 orders", n)
			}
			a.sound()
		})
	}
}

func TestSheetsThatAreRefused(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	refs := w.numbered(1)
	with := func(change func(*aftersale.NewSheet)) aftersale.NewSheet {
		in := aftersale.NewSheet{Staff: 7, Orders: refs, Design: cardDesign}
		change(&in)
		return in
	}
	tests := []struct {
		name string
		in   aftersale.NewSheet
		want error
		says string
	}{
		{"no orders", with(func(in *aftersale.NewSheet) { in.Orders = nil }), fault.ErrInvalid, "orders"},
		{"too many", with(func(in *aftersale.NewSheet) { in.Orders = slices.Repeat(refs, 5001) }), fault.ErrInvalid, "orders"},
		{"no number", with(func(in *aftersale.NewSheet) { in.Orders = []aftersale.OrderRef{{Source: "shop"}} }), fault.ErrInvalid, "orders[0]"},
		{"another code", with(func(in *aftersale.NewSheet) { in.Code = "permanent" }), fault.ErrInvalid, "code"},
		{"another layout", with(func(in *aftersale.NewSheet) { in.Layout = "a3" }), fault.ErrInvalid, "layout"},
		{"no shop", with(func(in *aftersale.NewSheet) { in.Shop = "" }), fault.ErrInvalid, "shop"},
		{"a letter without glyph", with(func(in *aftersale.NewSheet) { in.Title = "扫码🎁" }), fault.ErrInvalid, "🎁"},
		{"lines", with(func(in *aftersale.NewSheet) { in.Hint = "一\n二" }), fault.ErrInvalid, "hint"},
		{"too long for small cards", with(func(in *aftersale.NewSheet) { in.Layout, in.Hint = "a4x21", strings.Repeat("长", 80) }), fault.ErrInvalid, "hint"},
		{"reward for following", with(func(in *aftersale.NewSheet) { in.Title = "关注公众号送红包" }), aftersale.ErrPolicy, "title"},
		{"gift for following", with(func(in *aftersale.NewSheet) { in.Title = "关注有礼" }), aftersale.ErrPolicy, "title"},
		{"coupon for a contact", with(func(in *aftersale.NewSheet) { in.Hint = "添加微信领券" }), aftersale.ErrPolicy, "hint"},
		{"title of blanks", with(func(in *aftersale.NewSheet) { in.Title = "  " }), fault.ErrInvalid, "title"},
		{"reward in the next line", with(func(in *aftersale.NewSheet) { in.Title, in.Hint = "扫码关注公众号", "立领5元优惠券" }), aftersale.ErrPolicy, "title+hint"},
		{"reward for praise", with(func(in *aftersale.NewSheet) { in.Hint = "五星好评返现金" }), aftersale.ErrPolicy, "hint"},
		{"reward for praise, disguised", with(func(in *aftersale.NewSheet) { in.Hint = "好 评·返 现金" }), aftersale.ErrPolicy, "hint"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.s.MakeSheet(t.Context(), tt.in)
			if !errors.Is(err, tt.want) || !strings.Contains(fmt.Sprint(fault.Of(err).Detail), tt.says) {
				t.Errorf("%v %+v, want %v about %s", err, fault.Of(err), tt.want, tt.says)
			}
			if tt.in.Code == "" && len(tt.in.Orders) == 1 && tt.in.Orders[0].Number != "" {
				_, err = w.s.Card(t.Context(), aftersale.PrintCard{MakeParcelCode: aftersale.MakeParcelCode{Staff: 7, Source: "shop", Number: "P1"}, Layout: tt.in.Layout, Design: tt.in.Design})
				if !errors.Is(err, tt.want) {
					t.Errorf("one card: %v, want %v", err, tt.want)
				}
			}
		})
	}
	if n := w.count("parcel_sheets") + w.count("parcel_codes") + w.count("jobs"); n != 0 {
		t.Errorf("%d rows after refusals", n)
	}
	if _, err := w.s.Sheet(t.Context(), "nosuchsheet"); !errors.Is(err, aftersale.ErrSheetUnknown) {
		t.Errorf("unknown: %v", err)
	}
	if _, _, err := w.s.Refusals(t.Context(), "nosuchsheet", db.Page{}); !errors.Is(err, aftersale.ErrSheetUnknown) {
		t.Errorf("unknown: %v", err)
	}
}

// One card for a printer of labels says the link without WeChat, or the account's code.
func TestOneCard(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.s.ParcelURL = "https://shop.example/p/"
	w.numbered(1)
	says := func(in aftersale.PrintCard, box int) string { // box is the code's part of the card's width, in percent
		t.Helper()
		in.MakeParcelCode, in.Design = aftersale.MakeParcelCode{Staff: 7, Source: "shop", Number: "P1"}, cardDesign
		b, err := w.s.Card(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		// The code without the words beside it, and where it is: a reader that looks for it fails for one code in a hundred, where a camera looks again.
		code := image.NewGray(image.Rect(0, 0, img.Bounds().Dx()*box/100, img.Bounds().Dy()))
		draw.Draw(code, code.Bounds(), img, image.Point{}, draw.Src)
		bits, err := gozxing.NewBinaryBitmapFromImage(code)
		if err != nil {
			t.Fatal(err)
		}
		found, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
		if err != nil {
			t.Fatalf("no phone reads this: %v", err)
		}
		return found.GetText()
	}
	w.wechat.qrErr = errors.New("no WeChat")
	link := says(aftersale.PrintCard{}, 60)
	w.wechat.qrErr = nil
	if code := w.code("P1"); link != "https://shop.example/p/"+code.Token {
		t.Errorf("says %q, want the link of %s", link, code.Token)
	}
	if code := w.code("P1"); says(aftersale.PrintCard{Code: model.SheetAccount, Layout: "a4x10", DPI: 300}, 46) != code.URL {
		t.Errorf("does not say %s", code.URL)
	}
	if _, err := w.s.Card(t.Context(), aftersale.PrintCard{Design: cardDesign, DPI: 72}); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("72 dots: %v", err)
	}
	w.sound()
}

func TestSheetInvariantsSeeCorruption(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	refs := w.numbered(2)
	w.sheet(aftersale.NewSheet{Orders: append(refs, aftersale.OrderRef{Source: "shop", Number: "x"})})
	w.run()
	w.sheet(aftersale.NewSheet{Orders: refs})
	w.sound()
	for _, tt := range []struct{ want, corrupt string }{
		{"sheets.counts", `UPDATE parcel_sheets SET ready = ready - 1 WHERE state = 'ready'`},
		{"sheets.counts", `DELETE FROM parcel_sheet_cards WHERE refusal <> ''`},
		{"sheets.counts", `UPDATE parcel_sheets SET cleared_at = created_at WHERE finished_at IS NULL`},
		{"sheets.counts", `UPDATE parcel_sheet_cards SET parcel_code_id = NULL WHERE position = 1`},
		{"sheets.states", `UPDATE parcel_sheets SET finished_at = NULL`},
		{"sheets.states", `UPDATE parcel_sheets SET state = 'failed' WHERE state = 'ready'`},
		{"sheets.states", `UPDATE parcel_sheets SET state = 'printed'`},
		{"sheets.cards", `UPDATE parcel_sheet_cards SET number = 'P2' WHERE position = 1 AND parcel_code_id IS NOT NULL`},
		{"sheets.cards", `DELETE FROM parcel_codes`},
		{"sheets.jobs", `DELETE FROM jobs`},
	} {
		if seen := w.corrupted(tt.corrupt, aftersale.Invariants()); !slices.Contains(seen, tt.want) {
			t.Errorf("%s: broken %v, want %s among them", tt.corrupt, seen, tt.want)
		}
	}
	w.run()
	w.sound()
}

// rationed is an account with a number of calls left.
type rationed struct {
	*account
	left int
	dies int // at this call, once
}

func (r *rationed) CreateQR(ctx context.Context, scene string, ttl time.Duration) (wechat.QRCode, error) {
	if r.dies--; r.dies == 0 {
		panic("killed")
	}
	if r.left--; r.left < 0 {
		return wechat.QRCode{}, &wechat.Error{Code: 45009, Message: "quota"}
	}
	return r.account.CreateQR(ctx, scene, ttl)
}
