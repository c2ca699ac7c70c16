// Package font carries the one font that is printed with: WenQuanYi Micro Hei, cut down to GBK and ASCII.
//
// Copyright 2006-2008 Google Corporation, 2008-2009 WenQuanYi Board of Trustees and Qianqian Fang, under the Apache License, version 2.0,
// which lies beside it. scripts/card_font.sh makes the file again.
package font

import (
	_ "embed"
	"fmt"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// File is the font as TrueType. Nobody may change it.
//
//go:embed cards.ttf
var File []byte

// Family names it in documents.
const Family = "WenQuanYi Micro Hei"

var parsed = sync.OnceValue(func() *sfnt.Font {
	f, err := opentype.Parse(File)
	if err != nil {
		panic(fmt.Errorf("the font is compiled in: %w", err))
	}
	return f
})

// Missing returns the first letter of a text that the font does not have; ok is false when it has them all.
func Missing(text string) (r rune, ok bool) {
	var buf sfnt.Buffer
	for _, r := range text {
		if i, err := parsed().GlyphIndex(&buf, r); err != nil || i == 0 {
			return r, true
		}
	}
	return 0, false
}

// Width returns how wide a text is, in units of its size.
func Width(text string) float64 {
	var buf sfnt.Buffer
	sum := fixed.Int26_6(0)
	for _, r := range text {
		i, err := parsed().GlyphIndex(&buf, r)
		if err != nil {
			continue
		}
		if w, err := parsed().GlyphAdvance(&buf, i, fixed.I(1000), font.HintingNone); err == nil {
			sum += w
		}
	}
	return float64(sum) / 64 / 1000
}

// Face returns the font for drawing at a size in pixels. Close it when done; it is for one goroutine.
func Face(pixels float64) (font.Face, error) {
	face, err := opentype.NewFace(parsed(), &opentype.FaceOptions{Size: pixels, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("cut the font to %.1f pixels: %w", pixels, err)
	}
	return face, nil
}
