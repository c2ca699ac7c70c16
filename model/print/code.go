package print

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	qrcode "github.com/skip2/go-qrcode"
)

// quiet is the empty border around a code, in modules.
const quiet = 4

// modules returns the dark modules of a code, without its quiet zone.
func modules(says string) ([][]bool, error) {
	q, err := qrcode.New(says, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("encode %d bytes as a QR code: %w", len(says), err)
	}
	q.DisableBorder = true
	return q.Bitmap(), nil
}

// Code draws a QR code with its quiet zone as PNG, each module so many pixels wide.
func Code(says string, pixels int) ([]byte, error) {
	m, err := modules(says)
	if err != nil {
		return nil, err
	}
	side := (len(m) + 2*quiet) * pixels
	img := blank(side, side)
	drawModules(img, m, quiet*pixels, quiet*pixels, pixels)
	return encode(img)
}

func blank(width, height int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	return img
}

// drawModules blackens the dark modules from (x, y) on.
func drawModules(img *image.Gray, m [][]bool, x, y, pixels int) {
	for row := range m {
		for col, dark := range m[row] {
			if dark {
				at := image.Pt(x+col*pixels, y+row*pixels)
				draw.Draw(img, image.Rectangle{Min: at, Max: at.Add(image.Pt(pixels, pixels))}, image.Black, image.Point{}, draw.Src)
			}
		}
	}
}

func encode(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("encode a picture: %w", err)
	}
	return b.Bytes(), nil
}
