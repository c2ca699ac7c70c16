package sheet

import (
	"io"
	"strconv"
)

// Refusal is one row that was not taken.
type Refusal struct {
	Line   int
	Column string // as the file names it; empty when the whole row is meant
	Reason string
	Fields []string // as they stand in the file
}

// refusalWriter writes refused rows as CSV for a spreadsheet. It opens its file at the first refusal.
type refusalWriter struct {
	open  func() (io.WriteCloser, error)
	names []string // of the columns of the file
	file  io.WriteCloser
	csv   *Writer
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
		if err := w.csv.Write(append([]string{strconv.Itoa(r.Line), r.Column, r.Reason}, r.Fields...)); err != nil {
			return err
		}
	}
	return w.csv.Flush() // what was refused is on record before the next batch begins
}

func (w *refusalWriter) begin() (err error) {
	if w.file, err = w.open(); err != nil {
		return err
	}
	w.csv = NewWriter(w.file)
	return w.csv.Write(append([]string{"line", "column", "reason"}, w.names...))
}

func (w *refusalWriter) close() error {
	if w.file == nil {
		return nil
	}
	return w.file.Close()
}
