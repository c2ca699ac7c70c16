package whole

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"huitou/cmd/internal/demo"
	"huitou/model/db"
)

// From the printed card to the follow, as a phone does it: what the card says is opened, what the page shows is scanned, and WeChat tells us of
// the parcel's scan. Half a year later the same card works still.
func TestPrintedCardLeadsToTheFollow(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner, p := s.owner(t), s.shopper(t)
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("CARD-1", p.phone, 100_00)}, nil)
	order := map[string]any{"source": demo.Source, "number": "CARD-1"}
	card := map[string]any{"source": demo.Source, "number": "CARD-1", "shop": "茶铺", "title": "扫码联系我们"}
	link := readCode(t, s.must(t, call{method: "POST", path: "/admin/v1/parcel-cards", token: owner, body: card}, nil).body)
	path, ok := strings.CutPrefix(link, s.settings.PublicURL)
	if !ok || !strings.HasPrefix(path, "/p/") {
		t.Fatalf("the card says %s", link)
	}
	var code struct {
		Ticket, URL string
		Scans       int64
	}
	scan := func(want int64) {
		t.Helper()
		page := s.must(t, call{method: "GET", path: path}, nil)
		if body := string(page.body); strings.Contains(body, "CARD-1") || strings.Contains(body, p.phone) {
			t.Errorf("the page tells of the order: %s", body)
		}
		says := readCode(t, s.must(t, call{method: "GET", path: path + "/code.png"}, nil).body)
		s.must(t, call{method: "POST", path: "/admin/v1/parcel-codes", token: owner, body: order}, &code)
		if says != code.URL {
			t.Fatalf("the page's picture says %s, want %s", says, code.URL)
		}
		s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/scan", map[string]any{"ticket": says}, nil) // the long press
		eventually(t, "the scan is counted", func() error {
			if s.must(t, call{method: "POST", path: "/admin/v1/parcel-codes", token: owner, body: order}, &code); code.Scans != want {
				return fmt.Errorf("%d scans, want %d", code.Scans, want)
			}
			return nil
		})
	}
	scan(1)
	first := code.Ticket
	s.clock.Advance(180 * 24 * time.Hour)
	owner = s.owner(t)
	scan(2)
	if code.Ticket == first {
		t.Error("the picture is half a year old")
	}
	if a := s.do(t, call{method: "GET", path: "/p/00000000000000000000"}); a.status != http.StatusNotFound {
		t.Errorf("a guessed card: %d", a.status)
	}
}

// The mini-program's code on a card and on a sheet, from the press to the phone: what WeChat drew opens the mini-program with the parcel's scene,
// its receiver sees his order, and staff find the order by the number on the card.
func TestPrintedMiniCodeLeadsToTheMiniProgram(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner, p := s.owner(t), s.shopper(t)
	var orders []any
	for _, number := range []string{"MINI-1", "MINI-2", "MINI-3"} {
		s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order(number, p.phone, 100_00)}, nil)
		orders = append(orders, map[string]any{"source": demo.Source, "number": number})
	}
	card := s.must(t, call{method: "POST", path: "/admin/v1/parcel-cards", token: owner,
		body: map[string]any{"source": demo.Source, "number": "MINI-1", "code": "mini", "shop": "茶铺", "title": "扫码查看订单"}}, nil)
	if img, err := png.DecodeConfig(bytes.NewReader(card.body)); err != nil || img.Width < 400 {
		t.Fatalf("the card: %+v, %v", img, err)
	}
	var opened struct{ Scene string }
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/open", map[string]string{"url": s.doors(t)[0].URL}, &opened)
	told := s.must(t, call{method: "POST", path: "/api/v1/scans", token: p.token, body: map[string]string{"scene": opened.Scene}}, nil)
	if body := string(told.body); !strings.Contains(body, `"MINI-1"`) {
		t.Errorf("the mini-program is told %s", body)
	}
	var found struct{ Orders []struct{ Number string } }
	s.must(t, call{method: "GET", path: "/admin/v1/parcel-codes?token_prefix=" + strings.ToUpper(opened.Scene[2:6]) + "-" + strings.ToUpper(opened.Scene[6:10]), token: owner}, &found)
	if len(found.Orders) != 1 || found.Orders[0].Number != "MINI-1" {
		t.Errorf("by the card's number: %+v", found)
	}

	before := len(s.doors(t))
	var sheet struct{ ID, State, Code string }
	s.must(t, call{method: "POST", path: "/admin/v1/parcel-sheets", token: owner, key: newKey(),
		body: map[string]any{"orders": orders, "code": "mini", "shop": "茶铺", "title": "扫码查看订单"}}, &sheet)
	eventually(t, "the sheet is ready", func() error {
		if s.must(t, call{method: "GET", path: "/admin/v1/parcel-sheets/" + sheet.ID, token: owner}, &sheet); sheet.State != "ready" {
			return fmt.Errorf("it is %s", sheet.State)
		}
		return nil
	})
	file := s.must(t, call{method: "GET", path: "/admin/v1/parcel-sheets/" + sheet.ID + "/file", token: owner}, nil)
	if n := bytes.Count(file.body, []byte("/DCTDecode")); !bytes.HasPrefix(file.body, []byte("%PDF-")) || n != 3 || len(s.doors(t)) != before+3 {
		t.Errorf("%d pictures in the file, %d calls; want 3 and 3", n, len(s.doors(t))-before)
	}
	s.settled(t)
	s.audit(t)
}

// readCode decodes a QR code. It does not look for it, as a phone does: that fails for one code in a hundred, where a camera looks again.
func readCode(t *testing.T, picture []byte) string {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X > size.Y { // a label of 60 mm, with words beside the 36 mm of the code
		alone := image.NewGray(image.Rect(0, 0, size.X*36/60, size.Y))
		draw.Draw(alone, alone.Bounds(), img, image.Point{}, draw.Src)
		img = alone
	}
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	found, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		t.Fatalf("no phone reads this: %v", err)
	}
	return found.GetText()
}
