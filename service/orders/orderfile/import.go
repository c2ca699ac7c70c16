package orderfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"huitou/model/sheet"
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

// What an import reports is that of any file; see package sheet.
type (
	// Sink stores a batch of at most 1,000 rows whose numbers all differ, all of them or none.
	Sink     = sheet.Sink[Row]
	Stored   = sheet.Stored
	Conflict = sheet.Conflict
	Progress = sheet.Progress
)

// Import reads a file and stores its good rows. An error means that the file cannot be read, or that a batch could not be
// stored or a refusal not be written; what was stored before stays, and reading the file again goes on from there.
func Import(ctx context.Context, file io.Reader, size int64, o Options, sink Sink) (Progress, error) {
	rules := &rowRules{mapping: o.Map, numbers: o.Numbers, unit: o.Unit, zone: o.Zone, now: o.Now}
	return sheet.Import(ctx, file, size, rules, sheet.Options{Refused: o.Refused, Progress: o.Progress}, sink)
}
