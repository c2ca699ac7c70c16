package print_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"huitou/model/print"
)

// Of a sheet for which nobody waits any more, no page and no picture is drawn.
func TestPrintingStopsWithItsCaller(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var b bytes.Buffer
	if err := print.PDF(ctx, &b, print.Layouts[0], shop, many(5000), made); !errors.Is(err, context.Canceled) || b.Len() > 0 {
		t.Errorf("%v after %d bytes", err, b.Len())
	}
	ctx, stop = context.WithCancel(t.Context())
	defer stop()
	read, cards := 0, many(30)
	err := print.PicturePDF(ctx, &b, print.Layouts[0], shop, cards, made, func(i int) (print.Picture, error) {
		if read++; read == 3 {
			stop()
		}
		return print.ReadPicture(drawnCode(t, cards[i].Says))
	})
	if !errors.Is(err, context.Canceled) || read != 3 {
		t.Errorf("%v after %d pictures", err, read)
	}
}
