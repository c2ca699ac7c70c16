package sheet

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// separator is how a file separates its columns.
type separator string

const (
	comma  separator = "comma"
	tab    separator = "tab"
	blanks separator = "blanks"
)

// detect chooses the separator by the line of names.
func detect(names string) separator {
	if strings.Contains(names, ",") {
		return comma
	}
	if strings.Contains(names, "\t") {
		for name := range strings.SplitSeq(names, "\t") {
			if name == "" || strings.Contains(strings.TrimSpace(name), " ") || strings.TrimSpace(name) != name {
				return blanks // tabs that only align columns
			}
		}
		return tab
	}
	return blanks
}

// Record is one row of a file as it stands there.
type Record struct {
	Line   int      // where it begins, from 1
	Fields []string // trimmed; nil when the row cannot be split
	raw    string   // its text, or the beginning of it
	bad    string   // why it cannot be split
}

// refused is the refusal of a record; column is empty when the whole row is meant.
func (r Record) refused(column, reason string) Refusal {
	fields := r.Fields
	if fields == nil {
		fields = []string{clip(r.raw, 1000)}
	}
	return Refusal{r.Line, column, reason, fields}
}

// recordReader reads records.
type recordReader struct {
	lines *lineReader
	sep   separator
	buf   *bufio.Reader
	csv   *csv.Reader // over buf, one record at a time
	width int         // number of columns, once it is known
}

func newRecordReader(lines *lineReader, sep separator) *recordReader {
	r := &recordReader{lines: lines, sep: sep}
	// csv.NewReader takes a bufio.Reader as it is when it is large enough, which lets one parser serve all records.
	r.buf = bufio.NewReaderSize(nil, 4096)
	r.csv = csv.NewReader(r.buf)
	r.csv.FieldsPerRecord = -1
	r.csv.TrimLeadingSpace = sep == comma // a tab is a space, too
	if sep == tab {
		r.csv.Comma = '\t'
	}
	return r
}

// next returns the next record that is not blank, or io.EOF.
func (r *recordReader) next() (Record, error) {
	for {
		l, err := r.lines.next()
		if err != nil {
			return Record{}, err
		}
		if l.long {
			return Record{Line: l.no, raw: l.text, bad: fmt.Sprintf("the line is longer than %d bytes", maxLine)}, nil
		}
		if strings.TrimSpace(l.text) == "" {
			continue
		}
		if r.sep == blanks {
			return checked(Record{Line: l.no, raw: l.text, Fields: strings.Fields(l.text)}), nil
		}
		return r.quoted(l)
	}
}

// quoted reads the record that begins with a line, and as many lines more as its quotes ask for.
func (r *recordReader) quoted(first line) (Record, error) {
	rec := Record{Line: first.no, raw: first.text}
	more, closed, err := r.restOf(first)
	if err != nil {
		return Record{}, err
	}
	if !closed {
		r.lines.unread(more)
		rec.bad = "a quote is opened and not closed"
		return checked(rec), nil
	}
	text := joined(first, more)
	r.buf.Reset(strings.NewReader(text))
	fields, err := r.csv.Read()
	switch {
	case err != nil:
		rec.bad = quoteFault(err)
	case len(more) > 0 && r.width > 0 && len(fields) != r.width:
		rec.bad = fmt.Sprintf("a quote is opened and, closed on line %d, leaves %d columns instead of %d",
			more[len(more)-1].no, len(fields), r.width)
	}
	if rec.bad != "" {
		r.lines.unread(more) // the quotes cannot be trusted, so what follows may be rows of their own
		return checked(rec), nil
	}
	for i, f := range fields {
		fields[i] = strings.TrimSpace(f)
	}
	rec.raw, rec.Fields = text, fields
	return checked(rec), nil
}

// restOf reads lines until the number of quotes is even. closed is false when the file, or what a record may have, ends first.
func (r *recordReader) restOf(first line) (more []line, closed bool, err error) {
	quotes, size := strings.Count(first.text, `"`), len(first.text)
	for quotes%2 == 1 {
		l, err := r.lines.next()
		if errors.Is(err, io.EOF) {
			return more, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		more = append(more, l)
		quotes += strings.Count(l.text, `"`)
		if size += len(l.text) + 1; size > maxLine || l.long {
			return more, false, nil
		}
	}
	return more, true, nil
}

func joined(first line, more []line) string {
	if len(more) == 0 {
		return first.text
	}
	var b strings.Builder
	b.WriteString(first.text)
	for _, l := range more {
		b.WriteByte('\n')
		b.WriteString(l.text)
	}
	return b.String()
}

func quoteFault(err error) string {
	var p *csv.ParseError
	if errors.As(err, &p) {
		switch {
		case errors.Is(p.Err, csv.ErrBareQuote):
			return fmt.Sprintf("a quote in a field that is not quoted, at byte %d: put the field in quotes and double the quote", p.Column)
		case errors.Is(p.Err, csv.ErrQuote):
			return fmt.Sprintf("text after a closing quote or a quote that is not closed, at byte %d", p.Column)
		}
	}
	return err.Error()
}

// checked refuses a record whose text is not UTF-8.
func checked(rec Record) Record {
	if !utf8.ValidString(rec.raw) {
		rec.bad, rec.Fields = "the row is not UTF-8 text", nil
	}
	return rec
}

// clip shortens a text to at most n bytes, for messages.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
