package print

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
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
	img := image.NewPaletted(image.Rect(0, 0, side, side), inks)
	drawModules(img, m, quiet*pixels, quiet*pixels, pixels)
	return encode(img)
}

// inks are white and black.
var inks = color.Palette{color.White, color.Black}

// drawModules blackens the dark modules from (x, y) on.
func drawModules(img *image.Paletted, m [][]bool, x, y, pixels int) {
	for row := range m {
		for col, dark := range m[row] {
			if !dark {
				continue
			}
			for dy := range pixels {
				from := img.PixOffset(x+col*pixels, y+row*pixels+dy)
				for dx := range pixels {
					img.Pix[from+dx] = 1
				}
			}
		}
	}
}

func encode(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		return nil, fmt.Errorf("encode a picture: %w", err)
	}
	return b.Bytes(), nil
}
