package sheet

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode/utf8"
)

// Writer writes CSV that a spreadsheet opens as it is meant: UTF-8 with a byte order mark, without which Excel takes a file
// for GBK, lines that end with CRLF, and no cell that is run as a formula.
type Writer struct {
	to     io.Writer
	csv    *csv.Writer
	marked bool
}

// NewWriter returns a writer; nothing is written before the first row.
func NewWriter(to io.Writer) *Writer {
	w := csv.NewWriter(to)
	w.UseCRLF = true
	return &Writer{to: to, csv: w}
}

// Write adds a row.
func (w *Writer) Write(row []string) error {
	if !w.marked {
		if _, err := w.to.Write(byteOrderMark); err != nil {
			return err
		}
		w.marked = true
	}
	return w.csv.Write(cells(row))
}

// Flush hands everything on.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// cells makes texts harmless that a spreadsheet would run as formulas (OWASP, "CSV Injection").
func cells(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		s = strings.ToValidUTF8(s, "\uFFFD")
		if first, _ := utf8.DecodeRuneInString(s); s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
			s = "'" + s
		}
		out[i] = s
	}
	return out
}
