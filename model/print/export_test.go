package print

import "testing"

// Wrap is wrap.
var Wrap = wrap

// Rectangles are those of which a code consists in a document: x, y, width and height in modules.
func Rectangles(t *testing.T, says string) (list [][4]int) {
	t.Helper()
	m, err := modules(says)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs(m) {
		list = append(list, [4]int{r.x, r.y, r.w, r.h})
	}
	return list
}

// Box is the width of the place for the code, in millimetres.
func Box(l Layout) float64 { return l.box }
