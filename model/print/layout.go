package print

import "slices"

// Layout is where cards lie on paper. Lengths are in millimetres.
type Layout struct {
	Name          string
	Columns, Rows int
	Width, Height float64 // of a card
	// code is how wide the code is without its quiet zone, and box the place that is kept for both.
	code, box float64
	// title, text and small are the largest sizes of the letters, in points.
	title, text, small float64
}

// A4 upright.
const paperWidth, paperHeight = 210.0, 297.0

// Layouts are all of them; the first one is the usual one.
var Layouts = []Layout{
	{Name: "a4x10", Columns: 2, Rows: 5, Width: 90, Height: 54, code: 30, box: 42, title: 16, text: 10, small: 8},
	{Name: "a4x21", Columns: 3, Rows: 7, Width: 64, Height: 38, code: 25, box: 36, title: 11, text: 8, small: 6.5},
	{Name: "label", Columns: 1, Rows: 1, Width: 60, Height: 40, code: 25, box: 36, title: 10, text: 8, small: 6.5},
}

// LayoutOf returns the layout of a name.
func LayoutOf(name string) (l Layout, ok bool) {
	i := slices.IndexFunc(Layouts, func(l Layout) bool { return l.Name == name })
	if i < 0 {
		return Layout{}, false
	}
	return Layouts[i], true
}

// picture is how wide a picture of a code is printed. A picture has its own margin, which is less than a tenth of it on each side, so that
// the code itself is about as wide as one that is drawn here.
func (l Layout) picture() float64 { return min(1.2*l.code, l.box-2, l.Height-2) }

// alone tells whether each card is a page of its own, for a printer of labels.
func (l Layout) alone() bool { return l.Columns*l.Rows == 1 }

// PerPage is how many cards a page has.
func (l Layout) PerPage() int { return l.Columns * l.Rows }

// page is the size of a page.
func (l Layout) page() (width, height float64) {
	if l.alone() {
		return l.Width, l.Height
	}
	return paperWidth, paperHeight
}

// corner is where the cards begin: they lie in the middle of the page.
func (l Layout) corner() (x, y float64) {
	width, height := l.page()
	return (width - float64(l.Columns)*l.Width) / 2, (height - float64(l.Rows)*l.Height) / 2
}
