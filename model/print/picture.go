package print

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	xdraw "golang.org/x/image/draw"
)

// Bounds of pictures of codes, in pixels of a side and in bytes.
const (
	leastPicture, mostPicture = 200, 1280
	// MaxPicture is how many bytes a picture may have.
	MaxPicture = 128 << 10
)

// Picture is a code that somebody else drew, as JPEG.
type Picture struct {
	file []byte
	side int
	gray bool
}

// ReadPicture checks that a file is a whole picture that can be printed: a square JPEG of 200 to 1,280 pixels and up to MaxPicture bytes.
func ReadPicture(file []byte) (Picture, error) {
	p, _, err := decode(file)
	return p, err
}

func decode(file []byte) (p Picture, img image.Image, err error) {
	if len(file) > MaxPicture {
		return p, nil, fmt.Errorf("a picture of %d bytes, may have %d", len(file), MaxPicture)
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return p, nil, fmt.Errorf("read a picture: %w", err)
	}
	if c.Width != c.Height || c.Width < leastPicture || c.Width > mostPicture {
		return p, nil, fmt.Errorf("a picture of %d x %d pixels, want a square of %d to %d", c.Width, c.Height, leastPicture, mostPicture)
	}
	if c.ColorModel != color.GrayModel && c.ColorModel != color.YCbCrModel {
		return p, nil, fmt.Errorf("a picture neither gray nor in the usual colours")
	}
	if img, err = jpeg.Decode(bytes.NewReader(file)); err != nil {
		return p, nil, fmt.Errorf("read a picture: %w", err)
	}
	return Picture{file, c.Width, c.ColorModel == color.GrayModel}, img, nil
}

// PicturePNG is PNG with a picture instead of a code that is drawn here.
func PicturePNG(l Layout, d Design, c Card, file []byte, dpi int) ([]byte, error) {
	_, picture, err := decode(file)
	if err != nil {
		return nil, err
	}
	return label(l, d, c, dpi, func(img *image.Gray, dots func(mm float64) int) {
		side := dots(l.picture())
		at := image.Pt((dots(l.box)-side)/2, (dots(l.Height)-side)/2)
		xdraw.CatmullRom.Scale(img, image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}, picture, picture.Bounds(), xdraw.Src, nil)
	})
}
