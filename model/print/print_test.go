package print_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	qr "github.com/skip2/go-qrcode"

	"huitou/model/print"
	"huitou/model/print/font"
)

var (
	shop = print.Design{Shop: "回头茶铺", Title: "扫码联系我们", Hint: "使用、保养、售后,关注公众号后直接回复即可。"}
	made = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
)

// many returns cards whose links are as long as real ones.
func many(n int) []print.Card {
	list := make([]print.Card, n)
	for i := range list {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		token := fmt.Sprintf("%x", sum)[:20]
		list[i] = print.Card{Says: "https://shop.example.com/p/" + token, Token: token, Order: fmt.Sprintf("2026%08d", i)}
	}
	return list
}

// read decodes a QR code as a phone would.
func read(t *testing.T, img image.Image) string {
	t.Helper()
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	found, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		t.Errorf("no phone reads this: %v", err)
		return ""
	}
	return found.GetText()
}

func decoded(t *testing.T, b []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// What a label says is the link, in every layout and resolution; the code is 25 mm wide, and its quiet zone is empty.
func TestLabelsSayTheirLink(t *testing.T) {
	for _, l := range print.Layouts {
		for _, dpi := range print.Resolutions {
			t.Run(fmt.Sprint(l.Name, " ", dpi), func(t *testing.T) {
				c := many(8)[7]
				b, err := print.PNG(l, shop, c, dpi)
				if err != nil {
					t.Fatal(err)
				}
				img := decoded(t, b)
				if says := read(t, img); says != c.Says {
					t.Errorf("says %q, want %q", says, c.Says)
				}
				dots := func(mm float64) int { return int(mm * float64(dpi) / 25.4) }
				if size := img.Bounds().Size(); size.X < dots(l.Width) || size.Y < dots(l.Height) {
					t.Errorf("%v dots for %.0f x %.0f mm", size, l.Width, l.Height)
				}
				dark := codeBounds(img, dots(print.Box(l)))
				if dark.Dx() < dots(25) || dark.Dx() != dark.Dy() {
					t.Errorf("the code is %d x %d dots, want a square of 25 mm, %d dots", dark.Dx(), dark.Dy(), dots(25))
				}
				module := dark.Dx() / 33 // links of this length make a code of 33 modules
				if zone := dark.Inset(-4 * module); !zone.In(img.Bounds()) || !light(img, zone, dark) {
					t.Errorf("the quiet zone %v around %v of %v is not empty", zone, dark, img.Bounds())
				}
			})
		}
	}
}

// codeBounds is where it is dark left of x.
func codeBounds(img image.Image, x int) (r image.Rectangle) {
	for py := range img.Bounds().Dy() {
		for px := range x {
			if img.At(px, py) == (color.Gray{}) {
				r = r.Union(image.Rect(px, py, px+1, py+1))
			}
		}
	}
	return r
}

// light reports whether nothing is drawn in a rectangle outside of another.
func light(img image.Image, in, out image.Rectangle) bool {
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if !image.Pt(x, y).In(out) && img.At(x, y) != (color.Gray{Y: 255}) {
				return false
			}
		}
	}
	return true
}

// What a printer makes of a sheet: rendered by another program, cards say their own link.
func TestSheetsAsPrinted(t *testing.T) {
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		t.Skip("pdftoppm (poppler-utils) is not installed; TestSheetsHaveTheirModules checks the same from the document itself")
	}
	cards := many(22)
	for _, l := range print.Layouts {
		t.Run(l.Name, func(t *testing.T) {
			cards := cards[:min(len(cards), l.PerPage()+1)]
			var b bytes.Buffer
			if err := print.PDF(t.Context(), &b, l, shop, cards, made); err != nil {
				t.Fatal(err)
			}
			drawn := rendered(t, b.Bytes())
			if len(drawn) != 2 {
				t.Fatalf("%d pages for %d cards, want 2", len(drawn), len(cards))
			}
			for _, i := range []int{l.PerPage() - 1, l.PerPage()} { // the last one is on the next page
				if says := read(t, cut(drawn[i/l.PerPage()], l, i%l.PerPage(), 150)); says != cards[i].Says {
					t.Errorf("card %d says %q, want %q", i, says, cards[i].Says)
				}
			}
		})
	}
}

// cut returns the n-th card of a page, as scissors would along its marks.
func cut(page image.Image, l print.Layout, n int, dpi float64) image.Image {
	dots := func(mm float64) int { return int(mm * dpi / 25.4) }
	left := (page.Bounds().Dx() - dots(l.Width*float64(l.Columns))) / 2
	top := (page.Bounds().Dy() - dots(l.Height*float64(l.Rows))) / 2
	at := image.Pt(left+n%l.Columns*dots(l.Width), top+n/l.Columns*dots(l.Height))
	card := image.NewGray(image.Rect(0, 0, dots(l.Width), dots(l.Height)))
	draw.Draw(card, card.Bounds(), page, at, draw.Src)
	return card
}

// The rectangles in the document, drawn without any renderer, make the code.
func TestSheetsHaveTheirModules(t *testing.T) {
	for i, c := range many(10) {
		img := drawn(t, print.Rectangles(t, c.Says))
		if says := read(t, img); says != c.Says {
			t.Errorf("card %d says %q, want %q", i, says, c.Says)
		}
	}
}

// drawn paints rectangles of modules, eight dots each. None may lie on another.
func drawn(t *testing.T, list [][4]int) image.Image {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 41*8, 41*8))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for _, r := range list {
		at := image.Rect((4+r[0])*8, (4+r[1])*8, (4+r[0]+r[2])*8, (4+r[1]+r[3])*8)
		for _, corner := range []image.Point{at.Min, at.Max.Sub(image.Pt(1, 1))} {
			if img.GrayAt(corner.X, corner.Y).Y == 0 {
				t.Fatalf("rectangle %v lies on another", r)
			}
		}
		draw.Draw(img, at, image.Black, image.Point{}, draw.Src)
	}
	return img
}

// The same cards make the same document, on several goroutines at once; the font that they share stays as it is.
func TestSheetsAreTheSameEveryTime(t *testing.T) {
	l, _ := print.LayoutOf("a4x10")
	before := sha256.Sum256(font.File)
	docs := make([][]byte, 4)
	done := make(chan error)
	for i := range docs {
		go func() {
			var b bytes.Buffer
			err := print.PDF(t.Context(), &b, l, shop, many(11), made)
			docs[i] = b.Bytes()
			done <- err
		}()
	}
	for range docs {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for i, doc := range docs {
		if !bytes.Equal(doc, docs[0]) {
			t.Errorf("document %d differs", i)
		}
	}
	if sha256.Sum256(font.File) != before {
		t.Error("the font was changed")
	}
	if !bytes.HasPrefix(docs[0], []byte("%PDF-")) || len(docs[0]) > 200_000 {
		t.Errorf("%d bytes that begin with %q; want a PDF with a part of the font only", len(docs[0]), docs[0][:8])
	}
}

func TestDesignsThatCannotBePrinted(t *testing.T) {
	tests := []struct {
		name   string
		design print.Design
		layout string
		field  string // "" when it can
		reason string
	}{
		{"as usual", shop, "a4x10", "", ""},
		{"as usual, small", shop, "a4x21", "", ""},
		{"as usual, on labels", shop, "label", "", ""},
		{"without a hint", print.Design{Shop: "茶", Title: "扫码"}, "label", "", ""},
		{"rare hanzi", print.Design{Shop: "喆堃昇茶铺", Title: "扫码", Hint: "龘"}, "a4x10", "", ""},
		{"English", print.Design{Shop: "Huitou & Sons", Title: "Scan for help", Hint: "Care, use, repairs: we answer."}, "a4x21", "", ""},
		{"a picture of a heart", print.Design{Shop: "茶铺", Title: "扫码❤️", Hint: ""}, "a4x10", "title", "❤"},
		{"an emoji", print.Design{Shop: "茶铺😀", Title: "扫码"}, "a4x10", "shop", "😀"},
		{"a control", print.Design{Shop: "茶铺", Title: "扫\n码"}, "a4x10", "title", `\n`},
		{"text that runs backwards", print.Design{Shop: "茶铺", Title: "扫码", Hint: "a\u202eb"}, "a4x10", "hint", "202e"},
		{"a long title", print.Design{Shop: "茶铺", Title: strings.Repeat("长", 60)}, "a4x10", "title", "too long"},
		{"a long word", print.Design{Shop: strings.Repeat("w", 40), Title: "扫码"}, "label", "shop", "too long"},
		{"a long hint", print.Design{Shop: "茶铺", Title: "扫码", Hint: strings.Repeat("长", 120)}, "a4x21", "hint", "too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, ok := print.LayoutOf(tt.layout)
			if !ok {
				t.Fatalf("no layout %s", tt.layout)
			}
			list := tt.design.Problems(l)
			if tt.field == "" {
				if len(list) > 0 {
					t.Errorf("%v", list)
				}
				return
			}
			if len(list) != 1 || list[0].Field != tt.field || !strings.Contains(list[0].Reason, tt.reason) {
				t.Errorf("%v, want %s: …%s…", list, tt.field, tt.reason)
			}
			if err := print.PDF(t.Context(), &bytes.Buffer{}, l, tt.design, many(1), made); err == nil {
				t.Error("PDF printed it all the same")
			}
			if _, err := print.PNG(l, tt.design, many(1)[0], 203); err == nil {
				t.Error("PNG printed it all the same")
			}
		})
	}
}

// Hanzi part anywhere but before a closing sign; words stay whole.
func TestLinesBreak(t *testing.T) {
	tests := []struct {
		text  string
		width float64
		want  []string
	}{
		{"使用保养", 2, []string{"使用", "保养"}},
		{"使用。保养", 2, []string{"使", "用。", "保养"}},
		{"call us now", 4, []string{"call us", "now"}},
		{"订单2026号", 3.5, []string{"订单", "2026号"}},
		{"wwwwwwwwww", 2, nil},
		{"", 2, []string{""}},
	}
	for _, tt := range tests {
		if got := print.Wrap(tt.text, tt.width); !slices.Equal(got, tt.want) {
			t.Errorf("%q in %.1f: %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}

// An order's number may hold anything; what cannot be printed is shown as such and stops nothing.
func TestOrdersWithStrangeNumbers(t *testing.T) {
	var cards []print.Card
	for _, number := range []string{"", "订单❤️😀", strings.Repeat("9", 64), "\x00\xff"} {
		cards = append(cards, print.Card{Says: "https://shop.example.com/p/x", Token: "x", Order: number})
	}
	for _, l := range print.Layouts {
		if err := print.PDF(t.Context(), &bytes.Buffer{}, l, shop, cards, made); err != nil {
			t.Errorf("%s: %v", l.Name, err)
		}
	}
}

var drawnCodes = map[string][]byte{} // by what they say; drawing takes longest

// drawnCode is what another program draws: a code with its margin, 280 pixels wide.
func drawnCode(t testing.TB, says string) []byte {
	t.Helper()
	if file, ok := drawnCodes[says]; ok {
		return file
	}
	q, err := qr.New(says, qr.Medium)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, q.Image(280), &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	drawnCodes[says] = b.Bytes()
	return b.Bytes()
}

// A sheet of pictures, as another program renders it: each card has its own picture, in its place, and the words beside it. The document is
// the same every time.
func TestSheetsOfPictures(t *testing.T) {
	cards := many(22)
	for _, l := range print.Layouts {
		t.Run(l.Name, func(t *testing.T) {
			cards := cards[:min(len(cards), l.PerPage()+1)]
			asked := 0
			write := func() []byte {
				var b bytes.Buffer
				err := print.PicturePDF(t.Context(), &b, l, shop, cards, made, func(i int) (print.Picture, error) {
					asked++
					return print.ReadPicture(drawnCode(t, cards[i].Says))
				})
				if err != nil {
					t.Fatal(err)
				}
				return b.Bytes()
			}
			file := write()
			if asked != len(cards) {
				t.Errorf("asked for %d pictures of %d cards", asked, len(cards))
			}
			if l.Name == "label" && !bytes.Equal(write(), file) {
				t.Error("another document the second time")
			}
			if _, err := exec.LookPath("pdftoppm"); err != nil {
				t.Skip("pdftoppm (poppler-utils) is not installed")
			}
			drawn := rendered(t, file)
			if len(drawn) != 2 {
				t.Fatalf("%d pages for %d cards, want 2", len(drawn), len(cards))
			}
			for _, i := range []int{0, l.PerPage() - 1, l.PerPage()} {
				if says := read(t, cut(drawn[i/l.PerPage()], l, i%l.PerPage(), 150)); says != cards[i].Says {
					t.Errorf("card %d says %q, want %q", i, says, cards[i].Says)
				}
			}
		})
	}
}

// rendered returns the pages of a document as another program draws them, 150 dots an inch.
func rendered(t *testing.T, file []byte) (pages []image.Image) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "cards.pdf")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("pdftoppm", "-gray", "-r", "150", "-png", name, filepath.Join(dir, "page")).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("pdftoppm: %v %s", err, out)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "page*.png"))
	slices.Sort(names)
	for _, name := range names {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, decoded(t, page))
	}
	return pages
}

// The document itself holds: every offset leads to its object, every picture is there byte for byte.
func TestPicturesInTheDocument(t *testing.T) {
	cards := many(12)
	var b bytes.Buffer
	err := print.PicturePDF(t.Context(), &b, print.Layouts[0], shop, cards, made, func(i int) (print.Picture, error) { return print.ReadPicture(drawnCode(t, cards[i].Says)) })
	if err != nil {
		t.Fatal(err)
	}
	doc := b.Bytes()
	for i, c := range cards {
		if !bytes.Contains(doc, append([]byte("stream\n"), drawnCode(t, c.Says)...)) {
			t.Errorf("the picture of card %d is not in the document", i)
		}
	}
	update := doc[bytes.LastIndex(doc, []byte("\nxref\n"))+1:]
	var first, n, at int
	lines := strings.Split(string(update), "\n")
	if _, err := fmt.Sscanf(lines[2], "%d", &at); err != nil || !bytes.HasPrefix(doc[at:], []byte("2 0 obj\n")) {
		t.Errorf("%q leads to %.20q, %v", lines[2], doc[at:], err)
	}
	if _, err := fmt.Sscanf(lines[3], "%d %d", &first, &n); err != nil || n != len(cards) {
		t.Fatalf("%q, %v; want %d pictures", lines[3], err, len(cards))
	}
	for i := range n {
		if _, err := fmt.Sscanf(lines[4+i], "%d", &at); err != nil || !bytes.HasPrefix(doc[at:], fmt.Appendf(nil, "%d 0 obj\n", first+i)) {
			t.Errorf("%q leads to %.20q, %v", lines[4+i], doc[at:], err)
		}
	}
}

func TestPicturesOnLabels(t *testing.T) {
	c := many(1)[0]
	for i, l := range print.Layouts {
		for _, dpi := range print.Resolutions[i%2 : 1+i%2] {
			b, err := print.PicturePNG(l, shop, c, drawnCode(t, c.Says), dpi)
			if err != nil {
				t.Fatal(err)
			}
			if says := read(t, decoded(t, b)); says != c.Says {
				t.Errorf("%s at %d dpi says %q", l.Name, dpi, says)
			}
		}
	}
}

func TestPicturesThatCannotBePrinted(t *testing.T) {
	square := func(w, h int) []byte {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	whole := drawnCode(t, "x")
	for name, file := range map[string][]byte{
		"nothing": nil, "an error": []byte(`{"errcode":41030}`), "half": whole[:len(whole)/2], "large": append(bytes.Clone(whole), make([]byte, print.MaxPicture)...),
		"tiny": square(100, 100), "huge": square(1300, 1300), "not square": square(280, 300),
	} {
		if err := print.WholePicture(file); err == nil {
			t.Errorf("%s: taken", name)
		}
		if _, err := print.PicturePNG(print.Layouts[0], shop, many(1)[0], file, 203); err == nil {
			t.Errorf("%s: drawn", name)
		}
	}
	if err := print.WholePicture(square(280, 280)); err != nil {
		t.Errorf("a gray picture: %v", err)
	}
}

func BenchmarkSheet5000(b *testing.B) {
	l, cards := print.Layouts[0], many(5000)
	for b.Loop() {
		var out bytes.Buffer
		if err := print.PDF(b.Context(), &out, l, shop, cards, made); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(out.Len())/(1<<20), "MiB/file")
	}
	b.ReportAllocs()
}
