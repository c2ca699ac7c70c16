package orderfile

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Options says how to read a file.
type Options struct {
	Map Mapping
	// Numbers, when it is not empty, makes order numbers of itself and the line, for files that have none; see LineNumbers.
	Numbers string
	Unit    Unit           // of the amounts
	Zone    *time.Location // of dates without one
	Now     time.Time      // later orders are refused
	// Refused opens the file of refused rows; it is called at the first one, or never.
	Refused func() (io.WriteCloser, error)
	// Progress, when it is not nil, is told after every thousand rows and at the end.
	Progress func(Progress)
}

// LineNumbers returns the Options.Numbers of a file without order numbers: its own name, so that rows of two files differ,
// and the same file read again has the same numbers.
func LineNumbers(name string) string {
	plain := func(c rune) bool { return c > ' ' && c <= '~' }
	if len(name) <= 40 && !strings.ContainsFunc(name, func(c rune) bool { return !plain(c) }) {
		return name + ":"
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8]) + ":"
}

// Sink stores a batch of at most 1,000 rows whose numbers all differ, all of them or none.
type Sink func(ctx context.Context, rows []Row) (Stored, error)

// Stored says what became of a batch.
type Stored struct {
	New, Known int
	// Conflicts are the rows that were not stored, as a rule because their number is known with another content. They count
	// neither as new nor as known.
	Conflicts []Conflict
}

// Conflict is a row that a Sink refused.
type Conflict struct {
	Line   int
	Reason string
}

// Progress says how far an import is.
type Progress struct {
	Bytes, Total int64 // of the file; Total is 0 when its size is not known
	Rows         int   // New + Known + Refused
	New          int
	Known        int // stored by an earlier run, or twice in the file
	Refused      int // conflicts among them
}

const (
	batchRows  = 1000
	batchBytes = 8 << 20 // of text that is kept until its rows are stored
	sampleSize = 64 << 10
)

// Import reads a file and stores its good rows. An error means that the file cannot be read, or that a batch could not be
// stored or a refusal not be written; what was stored before stays, and reading the file again goes on from there.
func Import(ctx context.Context, file io.Reader, size int64, o Options, sink Sink) (done Progress, err error) {
	src := bufio.NewReaderSize(file, sampleSize)
	sample, err := src.Peek(sampleSize)
	if err != nil && err != io.EOF {
		return Progress{}, fmt.Errorf("read the file: %w", err)
	}
	if err := checkEncoding(sample); err != nil {
		return Progress{}, err
	}
	if bytes.HasPrefix(sample, byteOrderMark) {
		src.Discard(len(byteOrderMark))
	}
	im := &importer{o: o, sink: sink, lines: newLineReader(src), batched: map[string]int{}}
	im.done.Total = size
	if err := im.begin(); err != nil {
		return im.done, err
	}
	im.refusals = &refusalWriter{open: o.Refused, names: im.rules.names}
	defer func() { err = errors.Join(err, im.refusals.close()) }()
	return im.done, im.run(ctx)
}

type importer struct {
	o        Options
	sink     Sink
	lines    *lineReader
	records  *recordReader
	rules    *rowRules
	refusals *refusalWriter
	done     Progress
	head     *record // the first row of a file without names

	// The batch at hand. texts are the records of rows; batched finds a row by its number.
	rows    []Row
	texts   []record
	size    int
	batched map[string]int
	twins   []twin
	refused []Refusal
}

// twin is a row whose number is in the batch already.
type twin struct {
	row   Row
	text  record
	first int // index into rows
}

// begin reads the line of names.
func (im *importer) begin() error {
	var first line
	for strings.TrimSpace(first.text) == "" {
		l, err := im.lines.next()
		switch {
		case err == io.EOF:
			return ErrEmpty
		case err != nil:
			return fmt.Errorf("read the file: %w", err)
		case l.long:
			return fmt.Errorf("line %d, which should name the columns, is longer than %d bytes", l.no, maxLine)
		}
		first = l
	}
	im.records = newRecordReader(im.lines, detect(first.text))
	im.lines.unread([]line{first})
	head, err := im.records.next()
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	if head.bad != "" {
		return fmt.Errorf("line %d, which should name the columns: %s", head.line, head.bad)
	}
	names := slices.Clone(head.fields)
	im.records.width = len(names)
	at, err := im.o.Map.locate(names, im.o.Numbers != "")
	if err != nil {
		return err
	}
	im.rules = &rowRules{names: names, at: at, numbers: im.o.Numbers, unit: im.o.Unit, zone: im.o.Zone, now: im.o.Now}
	if im.o.Map.numbered(im.o.Numbers != "") {
		if _, refusal := im.rules.row(head); refusal == nil { // a file without names
			im.head = &head
			for i := range names {
				names[i] = fmt.Sprintf("#%d", i+1)
			}
		}
	}
	return nil
}

func (im *importer) run(ctx context.Context) error {
	if im.head != nil {
		im.take(*im.head)
	}
	for {
		rec, err := im.records.next()
		if err == io.EOF {
			return im.flush(ctx)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("read the file: %w", err), im.flush(ctx))
		}
		im.take(rec)
		if len(im.rows)+len(im.twins)+len(im.refused) >= batchRows || im.size >= batchBytes {
			if err := im.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// take puts a record into the batch.
func (im *importer) take(rec record) {
	im.size += len(rec.raw)
	row, refusal := im.rules.row(rec)
	if refusal != nil {
		im.refused = append(im.refused, *refusal)
		return
	}
	if first, again := im.batched[row.Number]; again {
		im.twins = append(im.twins, twin{row, rec, first})
		return
	}
	im.batched[row.Number] = len(im.rows)
	im.rows = append(im.rows, row)
	im.texts = append(im.texts, rec)
}

// flush stores the batch and writes its refusals, in the order of lines.
func (im *importer) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var stored Stored
	if len(im.rows) > 0 {
		var err error
		if stored, err = im.sink(ctx, im.rows); err != nil {
			return fmt.Errorf("store lines %d to %d: %w", im.rows[0].Line, im.rows[len(im.rows)-1].Line, err)
		}
	}
	im.settle(stored)
	slices.SortFunc(im.refused, func(a, b Refusal) int { return cmp.Compare(a.Line, b.Line) })
	if err := im.refusals.write(im.refused); err != nil {
		return fmt.Errorf("write the refused rows: %w", err)
	}
	im.done.New += stored.New
	im.done.Known += stored.Known
	im.done.Refused += len(im.refused)
	im.done.Rows = im.done.New + im.done.Known + im.done.Refused
	im.done.Bytes = im.lines.read
	im.rows, im.texts, im.twins, im.refused, im.size = im.rows[:0], im.texts[:0], im.twins[:0], im.refused[:0], 0
	clear(im.batched)
	if im.o.Progress != nil {
		im.o.Progress(im.done)
	}
	return nil
}

// settle refuses the rows in conflict with what is stored, and decides the twins: one that equals the first row of its number shares
// that one's fate, any other is in conflict with it.
func (im *importer) settle(stored Stored) {
	conflict := make(map[int]string, len(stored.Conflicts))
	for _, c := range stored.Conflicts {
		conflict[c.Line] = c.Reason
	}
	for i, row := range im.rows {
		if reason, refused := conflict[row.Line]; refused {
			im.refuseNumber(row, im.texts[i], reason)
		}
	}
	for _, t := range im.twins {
		first := im.rows[t.first]
		reason, refused := conflict[first.Line]
		switch {
		case !sameOrder(t.row, first):
			im.refuseNumber(t.row, t.text, fmt.Sprintf("line %d has the same number and another content", first.Line))
		case refused:
			im.refuseNumber(t.row, t.text, reason)
		default:
			im.done.Known++
		}
	}
}

func (im *importer) refuseNumber(row Row, text record, reason string) {
	column := "line"
	if im.rules.at.number >= 0 {
		column = im.rules.names[im.rules.at.number]
	}
	im.refused = append(im.refused, Refusal{row.Line, column, reason, text.original()})
}

func sameOrder(a, b Row) bool {
	return a.Number == b.Number && a.Member == b.Member && a.PaidAt.Equal(b.PaidAt) && a.Amount == b.Amount
}
