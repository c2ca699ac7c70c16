package orderfile

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// refusalWriter writes refused rows as CSV for a spreadsheet. It opens its file at the first refusal.
type refusalWriter struct {
	open  func() (io.WriteCloser, error)
	names []string // of the columns of the order file
	file  io.WriteCloser
	csv   *csv.Writer
}

func (w *refusalWriter) write(list []Refusal) error {
	if len(list) == 0 {
		return nil
	}
	if w.file == nil {
		if err := w.begin(); err != nil {
			return err
		}
	}
	for _, r := range list {
		if err := w.csv.Write(cells(append([]string{strconv.Itoa(r.Line), r.Column, r.Reason}, r.Fields...))); err != nil {
			return err
		}
	}
	w.csv.Flush() // what was refused is on record before the next batch begins
	return w.csv.Error()
}

func (w *refusalWriter) begin() (err error) {
	if w.file, err = w.open(); err != nil {
		return err
	}
	// Excel takes a file without the mark for GBK.
	if _, err := w.file.Write(byteOrderMark); err != nil {
		return err
	}
	w.csv = csv.NewWriter(w.file)
	w.csv.UseCRLF = true
	return w.csv.Write(cells(append([]string{"line", "column", "reason"}, w.names...)))
}

func (w *refusalWriter) close() error {
	if w.file == nil {
		return nil
	}
	return w.file.Close()
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
