package print

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"
)

// resources begins the dictionary of what all pages share; its number is fixed in the library. pictures is where it lists pictures.
const resources, pictures = "\n2 0 obj\n", "/XObject <<\n"

// PicturePDF is PDF with pictures instead of codes that are drawn here. read returns the picture of the i-th card; it is asked for one after
// the other, each once. No two pictures are in memory at once: the library keeps all of a document there, several times over, so that the
// pages are written without their pictures, and these follow as an update of the document (ISO 32000-1, 7.5.6).
func PicturePDF(ctx context.Context, w io.Writer, l Layout, d Design, cards []Card, made time.Time, read func(i int) (Picture, error)) error {
	doc, err := compose(ctx, l, d, cards, made, (*sheet).place)
	if err != nil {
		return err
	}
	var pages bytes.Buffer
	if err := doc.Output(&pages); err != nil {
		return fmt.Errorf("write %d cards as PDF: %w", len(cards), err)
	}
	u, err := update(w, pages.Bytes())
	if err != nil {
		return err
	}
	for i := range cards {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := read(i)
		if err != nil {
			return fmt.Errorf("picture of card %d: %w", i, err)
		}
		u.picture(p)
	}
	u.end()
	if u.err != nil {
		return fmt.Errorf("write %d pictures as PDF: %w", len(cards), u.err)
	}
	return nil
}

// place keeps the place of the i-th card's picture.
func (s *sheet) place(i int, _ Card, x, y float64) error {
	side := s.l.picture()
	x, y = x+(s.l.box-side)/2, y+(s.l.Height+side)/2
	s.doc.RawWriteStr(fmt.Sprintf("q %.3f 0 0 %.3f %.3f %.3f cm /P%d Do Q", side*points, side*points, x*points, (s.height-y)*points, i))
	return nil
}

// addition is a document that is being updated.
type addition struct {
	w                       io.Writer
	at                      int    // bytes written
	shared                  []byte // dictionary of what all pages share
	size, root, info, start int    // of the document as it was
	offsets                 []int  // of the pictures
	err                     error
}

// update writes a document as the library wrote it.
func update(w io.Writer, doc []byte) (*addition, error) {
	u := &addition{w: w}
	trailer := bytes.LastIndex(doc, []byte("trailer\n"))
	from := bytes.LastIndex(doc, []byte(resources))
	if trailer < 0 || from < 0 {
		return nil, fmt.Errorf("the document has no trailer or no resources")
	}
	if _, err := fmt.Sscanf(string(doc[trailer:]), "trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n>>\nstartxref\n%d\n", &u.size, &u.root, &u.info, &u.start); err != nil {
		return nil, fmt.Errorf("read the trailer of a document: %w", err)
	}
	length := bytes.Index(doc[from:], []byte("\nendobj\n"))
	if length < 0 || !bytes.Contains(doc[from:from+length], []byte(pictures)) {
		return nil, fmt.Errorf("the document's resources have no place for pictures")
	}
	u.shared = doc[from+1 : from+length]
	u.write(doc)
	return u, u.err
}

func (u *addition) write(b []byte) {
	if u.err == nil {
		_, u.err = u.w.Write(b)
		u.at += len(b)
	}
}

func (u *addition) printf(format string, args ...any) { u.write(fmt.Appendf(nil, format, args...)) }

// picture adds the next picture.
func (u *addition) picture(p Picture) {
	colours := "DeviceRGB"
	if p.gray {
		colours = "DeviceGray"
	}
	u.offsets = append(u.offsets, u.at)
	u.printf("%d 0 obj\n<</Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /%s /BitsPerComponent 8 /Filter /DCTDecode /Length %d>>\nstream\n",
		u.size+len(u.offsets)-1, p.side, p.side, colours, len(p.file))
	u.write(p.file)
	u.printf("\nendstream\nendobj\n")
}

// end lists the pictures in the dictionary and in the table of objects.
func (u *addition) end() {
	list := []byte(pictures)
	for i := range u.offsets {
		list = fmt.Appendf(list, "/P%d %d 0 R\n", i, u.size+i)
	}
	shared := u.at
	u.write(bytes.Replace(u.shared, []byte(pictures), list, 1))
	u.printf("\nendobj\n")
	table := u.at
	u.printf("xref\n2 1\n%010d 00000 n \n%d %d\n", shared, u.size, len(u.offsets))
	for _, at := range u.offsets {
		u.printf("%010d 00000 n \n", at)
	}
	u.printf("trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n/Prev %d\n>>\nstartxref\n%d\n%%%%EOF\n",
		u.size+len(u.offsets), u.root, u.info, u.start, table)
}
