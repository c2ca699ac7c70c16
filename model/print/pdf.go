package print

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"huitou/model/print/font"
)

// points of a millimetre.
const points = 72 / 25.4

// PDF writes cards on as many pages as they need. made is the document's date; the same input gives the same bytes. A design with
// Problems is an error, and so is the end of ctx.
func PDF(ctx context.Context, w io.Writer, l Layout, d Design, cards []Card, made time.Time) error {
	doc, err := compose(ctx, l, d, cards, made, (*sheet).modules)
	if err != nil {
		return err
	}
	if err := doc.Output(w); err != nil {
		return fmt.Errorf("write %d cards as PDF: %w", len(cards), err)
	}
	return nil
}

// compose makes the document of cards; code draws the code of the i-th one at (x, y), the upper left corner of its card.
func compose(ctx context.Context, l Layout, d Design, cards []Card, made time.Time, code func(s *sheet, i int, c Card, x, y float64) error) (*fpdf.Fpdf, error) {
	lines, problems := d.place(l)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %s", problems[0].Field, problems[0].Reason)
	}
	width, height := l.page()
	doc := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: width, Ht: height}})
	doc.SetCreationDate(made)
	doc.SetModificationDate(made)
	doc.SetCatalogSort(true)
	doc.SetProducer("Huitou", true)
	doc.SetTitle(d.Shop+" "+d.Title, true)
	doc.SetMargins(0, 0, 0)
	doc.SetAutoPageBreak(false, 0)
	doc.AddUTF8FontFromBytes("cards", "", font.File)
	s := sheet{doc: doc, l: l, height: height}
	s.left, s.top = l.corner()
	for i, c := range cards {
		if i%l.PerPage() == 0 {
			if err := ctx.Err(); err != nil { // nobody waits for it any more
				return nil, err
			}
			s.page()
		}
		n := i % l.PerPage()
		x, y := s.left+float64(n%l.Columns)*l.Width, s.top+float64(n/l.Columns)*l.Height
		if err := code(&s, i, c, x, y); err != nil {
			return nil, err
		}
		s.words(x, y, lines, c)
	}
	return doc, nil
}

// sheet is a document in the making.
type sheet struct {
	doc               *fpdf.Fpdf
	l                 Layout
	left, top, height float64
	raw               bytes.Buffer
}

// page begins a page, with the marks along which it is cut.
func (s *sheet) page() {
	s.doc.AddPage()
	if s.l.alone() {
		return
	}
	const away, long = 1.0, 4.0
	right, bottom := s.left+float64(s.l.Columns)*s.l.Width, s.top+float64(s.l.Rows)*s.l.Height
	s.doc.SetLineWidth(0.1)
	s.doc.SetDrawColor(0, 0, 0)
	for i := range s.l.Columns + 1 {
		x := s.left + float64(i)*s.l.Width
		s.doc.Line(x, s.top-away-long, x, s.top-away)
		s.doc.Line(x, bottom+away, x, bottom+away+long)
	}
	for i := range s.l.Rows + 1 {
		y := s.top + float64(i)*s.l.Height
		s.doc.Line(s.left-away-long, y, s.left-away, y)
		s.doc.Line(right+away, y, right+away+long, y)
	}
}

// words writes what stands beside the code of a card.
func (s *sheet) words(x, y float64, lines []line, c Card) {
	for _, list := range [][]line{lines, s.l.own(c)} {
		for _, t := range list {
			s.doc.SetFont("cards", "", t.size)
			s.doc.Text(x+t.x, y+t.y, t.text)
		}
	}
}

// modules draws the code of what a card says.
func (s *sheet) modules(_ int, c Card, x, y float64) error {
	m, err := modules(c.Says)
	if err != nil {
		return err
	}
	s.code(m, x+(s.l.box-s.l.code)/2, y+(s.l.Height-s.l.code)/2)
	return nil
}

// code draws the modules as one path, so that no renderer shows seams between them.
func (s *sheet) code(m [][]bool, x, y float64) {
	module := s.l.code / float64(len(m)) * points
	s.raw.Reset()
	fmt.Fprintf(&s.raw, "q %.5f 0 0 %.5f %.3f %.3f cm\n", module, -module, x*points, (s.height-y)*points)
	for _, r := range runs(m) {
		for _, v := range [...]int{r.x, r.y, r.w, r.h} {
			s.raw.WriteString(strconv.Itoa(v))
			s.raw.WriteByte(' ')
		}
		s.raw.WriteString("re\n")
	}
	s.raw.WriteString("f Q")
	s.doc.RawWriteBuf(&s.raw)
}

// run is a rectangle of dark modules.
type run struct{ x, y, w, h int }

// runs covers the dark modules with rectangles that do not overlap.
func runs(m [][]bool) (list []run) {
	open := map[[2]int]int{} // of the row above: where a run is in the list, by where it lies
	for y, row := range m {
		next := map[[2]int]int{}
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			from := x
			for x < len(row) && row[x] {
				x++
			}
			at := [2]int{from, x}
			if i, goesOn := open[at]; goesOn {
				list[i].h++
				next[at] = i
				continue
			}
			next[at] = len(list)
			list = append(list, run{from, y, x - from, 1})
		}
		open = next
	}
	return list
}
