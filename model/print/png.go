package print

import (
	"fmt"
	"image"
	"math"

	xfont "golang.org/x/image/font"
	"golang.org/x/image/math/fixed"

	"huitou/model/print/font"
)

// Resolutions are the dots per inch of label printers and of pictures.
var Resolutions = []int{203, 300}

// PNG draws one card. Its code's modules are whole dots, so it is up to a module's dot per module wider than in the PDF. A design with Problems is
// an error.
func PNG(l Layout, d Design, c Card, dpi int) ([]byte, error) {
	m, err := modules(c.Says)
	if err != nil {
		return nil, err
	}
	return label(l, d, c, dpi, func(img *image.Gray, dots func(mm float64) int) {
		pixels := int(math.Ceil(l.code * float64(dpi) / 25.4 / float64(len(m))))
		pixels = min(pixels, dots(math.Min(l.box, l.Height))/(len(m)+2*quiet))
		side := len(m) * pixels
		drawModules(img, m, (dots(l.box)-side)/2, (dots(l.Height)-side)/2, pixels)
	})
}

// label draws one card; code draws its code.
func label(l Layout, d Design, c Card, dpi int, code func(img *image.Gray, dots func(mm float64) int)) ([]byte, error) {
	lines, problems := d.place(l)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s: %s", problems[0].Field, problems[0].Reason)
	}
	dots := func(mm float64) int { return int(math.Round(mm * float64(dpi) / 25.4)) }
	img := blank(dots(l.Width), dots(l.Height))
	code(img, dots)
	for _, t := range append(lines, l.own(c)...) {
		face, err := font.Face(t.size * float64(dpi) / 72)
		if err != nil {
			return nil, err
		}
		pen := xfont.Drawer{Dst: img, Src: image.Black, Face: face, Dot: fixed.P(dots(t.x), dots(t.y))}
		pen.DrawString(t.text)
		if err := face.Close(); err != nil {
			return nil, fmt.Errorf("put the font away: %w", err)
		}
	}
	return encode(img)
}
