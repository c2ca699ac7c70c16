package sheet

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Kind says what the rows of a file are.
type Kind[Row any] interface {
	// Columns finds what is needed among the names of the first line. The slice is kept: a file without names gets numbers in it.
	Columns(names []string) error
	// Headless reports whether the columns that are needed are all given by number, so that the first line may be a row.
	Headless() bool
	// Row makes a row of a record that has as many fields as the file has columns. column is where the fault is.
	Row(rec Record) (row Row, column int, err error)
	// Key is what must differ within a batch, and Same whether two rows of one key have one content.
	Key(row Row) string
	Same(a, b Row) bool
	// Line is where a row begins, and KeyColumn which column names its key.
	Line(row Row) int
	KeyColumn() string
	// KeyName is what a key is called in messages, "number".
	KeyName() string
}

// Options says what else to do while a file is read.
type Options struct {
	// Refused opens the file of refused rows; it is called at the first one, or never.
	Refused func() (io.WriteCloser, error)
	// Progress, when it is not nil, is told after every thousand rows and at the end.
	Progress func(Progress)
}

// Sink stores a batch of at most 1,000 rows whose keys all differ, all of them or none.
type Sink[Row any] func(ctx context.Context, rows []Row) (Stored, error)

// Stored says what became of a batch.
type Stored struct {
	New, Known int
	// Conflicts are the rows that were not stored, as a rule because their key is known with another content. They count
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
	// BatchRows is how many rows a Sink gets at most.
	BatchRows  = 1000
	batchBytes = 8 << 20 // of text that is kept until its rows are stored
	sampleSize = 64 << 10
)

// Import reads a file and stores its good rows. An error means that the file cannot be read, or that a batch could not be
// stored or a refusal not be written; what was stored before stays, and reading the file again goes on from there.
func Import[Row any](ctx context.Context, file io.Reader, size int64, kind Kind[Row], o Options, sink Sink[Row]) (done Progress, err error) {
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
	im := &importer[Row]{kind: kind, o: o, sink: sink, lines: newLineReader(src), batched: map[string]int{}}
	im.done.Total = size
	if err := im.begin(); err != nil {
		return im.done, err
	}
	im.refusals = &refusalWriter{open: o.Refused, names: im.names}
	defer func() { err = errors.Join(err, im.refusals.close()) }()
	return im.done, im.run(ctx)
}

type importer[Row any] struct {
	kind     Kind[Row]
	o        Options
	sink     Sink[Row]
	lines    *lineReader
	records  *recordReader
	names    []string // of the columns
	refusals *refusalWriter
	done     Progress
	head     *Record // the first row of a file without names

	// The batch at hand. texts are the records of rows; batched finds a row by its key.
	rows    []Row
	texts   []Record
	size    int
	batched map[string]int
	twins   []twin[Row]
	refused []Refusal
}

// twin is a row whose key is in the batch already.
type twin[Row any] struct {
	row   Row
	text  Record
	first int // index into rows
}

// begin reads the line of names.
func (im *importer[Row]) begin() error {
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
		return fmt.Errorf("line %d, which should name the columns: %s", head.Line, head.bad)
	}
	im.names = slices.Clone(head.Fields)
	im.records.width = len(im.names)
	if err := im.kind.Columns(im.names); err != nil {
		return err
	}
	if im.kind.Headless() {
		if _, _, err := im.kind.Row(head); err == nil { // a file without names
			im.head = &head
			for i := range im.names {
				im.names[i] = fmt.Sprintf("#%d", i+1)
			}
		}
	}
	return nil
}

func (im *importer[Row]) run(ctx context.Context) error {
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
		if len(im.rows)+len(im.twins)+len(im.refused) >= BatchRows || im.size >= batchBytes {
			if err := im.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// take puts a record into the batch.
func (im *importer[Row]) take(rec Record) {
	im.size += len(rec.raw)
	if rec.bad != "" {
		im.refused = append(im.refused, rec.refused("", rec.bad))
		return
	}
	if len(rec.Fields) != len(im.names) {
		im.refused = append(im.refused, rec.refused("", fmt.Sprintf("the row has %d columns, the file has %d", len(rec.Fields), len(im.names))))
		return
	}
	row, column, err := im.kind.Row(rec)
	if err != nil {
		im.refused = append(im.refused, rec.refused(im.names[column], err.Error()))
		return
	}
	key := im.kind.Key(row)
	if first, again := im.batched[key]; again {
		im.twins = append(im.twins, twin[Row]{row, rec, first})
		return
	}
	im.batched[key] = len(im.rows)
	im.rows = append(im.rows, row)
	im.texts = append(im.texts, rec)
}

// flush stores the batch and writes its refusals, in the order of lines.
func (im *importer[Row]) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var stored Stored
	if len(im.rows) > 0 {
		var err error
		if stored, err = im.sink(ctx, im.rows); err != nil {
			return fmt.Errorf("store lines %d to %d: %w", im.kind.Line(im.rows[0]), im.kind.Line(im.rows[len(im.rows)-1]), err)
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

// settle refuses the rows in conflict with what is stored, and decides the twins: one that equals the first row of its key shares
// that one's fate, any other is in conflict with it.
func (im *importer[Row]) settle(stored Stored) {
	conflict := make(map[int]string, len(stored.Conflicts))
	for _, c := range stored.Conflicts {
		conflict[c.Line] = c.Reason
	}
	for i, row := range im.rows {
		if reason, refused := conflict[im.kind.Line(row)]; refused {
			im.refused = append(im.refused, im.texts[i].refused(im.kind.KeyColumn(), reason))
		}
	}
	for _, t := range im.twins {
		first := im.rows[t.first]
		reason, refused := conflict[im.kind.Line(first)]
		switch {
		case !im.kind.Same(t.row, first):
			im.refused = append(im.refused, t.text.refused(im.kind.KeyColumn(), fmt.Sprintf("line %d has the same %s and another content", im.kind.Line(first), im.kind.KeyName())))
		case refused:
			im.refused = append(im.refused, t.text.refused(im.kind.KeyColumn(), reason))
		default:
			im.done.Known++
		}
	}
}
