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
	MaxPicture = 512 << 10
)

// Picture is a code that somebody else drew, as JPEG.
type Picture struct {
	file []byte
	side int
	gray bool
}

// ReadPicture takes a file that WholePicture took; it looks at its beginning only. It returns an error for one that is not a square JPEG of 200 to
// 1,280 pixels and up to MaxPicture bytes.
func ReadPicture(file []byte) (p Picture, err error) {
	if len(file) > MaxPicture {
		return p, fmt.Errorf("a picture of %d bytes, may have %d", len(file), MaxPicture)
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return p, fmt.Errorf("read a picture: %w", err)
	}
	if c.Width != c.Height || c.Width < leastPicture || c.Width > mostPicture {
		return p, fmt.Errorf("a picture of %d x %d pixels, want a square of %d to %d", c.Width, c.Height, leastPicture, mostPicture)
	}
	if c.ColorModel != color.GrayModel && c.ColorModel != color.YCbCrModel {
		return p, fmt.Errorf("a picture neither gray nor in the usual colours")
	}
	return Picture{file, c.Width, c.ColorModel == color.GrayModel}, nil
}

// WholePicture returns an error for a file that ReadPicture refuses or that breaks off.
func WholePicture(file []byte) error {
	_, err := decode(file)
	return err
}

func decode(file []byte) (image.Image, error) {
	if _, err := ReadPicture(file); err != nil { // before room is made for its pixels
		return nil, err
	}
	img, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("read a picture: %w", err)
	}
	return img, nil
}

// PicturePNG is PNG with a picture instead of a code that is drawn here.
func PicturePNG(l Layout, d Design, c Card, file []byte, dpi int) ([]byte, error) {
	picture, err := decode(file)
	if err != nil {
		return nil, err
	}
	return label(l, d, c, dpi, func(img *image.Gray, dots func(mm float64) int) {
		side := dots(l.picture())
		at := image.Pt((dots(l.box)-side)/2, (dots(l.Height)-side)/2)
		xdraw.CatmullRom.Scale(img, image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}, picture, picture.Bounds(), xdraw.Src, nil)
	})
}
