// Package progress shows people how far a long command is: a bar on a terminal, a plain line every five seconds elsewhere.
package progress

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"
)

// State is how far the work is.
type State struct {
	Done, Total int64 // of one unit, such as bytes; Total is 0 when it is not known
	Rows        int
}

// Bar shows states. It is not safe for concurrent use.
type Bar struct {
	w     io.Writer
	now   func() time.Time
	tty   bool
	width func() int // of the terminal, in columns

	begun, shown time.Time
	drawn        bool
}

// New returns a bar that writes to w, usually standard error.
func New(w io.Writer, now func() time.Time) *Bar {
	b := &Bar{w: w, now: now, begun: now(), shown: now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		b.tty = true
		b.width = func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil || width <= 0 {
				return 80
			}
			return width
		}
	}
	return b
}

const (
	redraw = 100 * time.Millisecond
	plain  = 5 * time.Second
)

// Show shows a state, unless the last one was shown a moment ago.
func (b *Bar) Show(s State) {
	now := b.now()
	if b.tty && (!b.drawn || now.Sub(b.shown) >= redraw) {
		b.shown, b.drawn = now, true
		fmt.Fprintf(b.w, "\r%s\x1b[K", b.line(s, now.Sub(b.begun)))
	}
	if !b.tty && now.Sub(b.shown) >= plain {
		b.shown = now
		fmt.Fprintln(b.w, text(s, now.Sub(b.begun)))
	}
}

// Finish removes the bar and returns how long the work took.
func (b *Bar) Finish() time.Duration {
	if b.drawn {
		fmt.Fprint(b.w, "\r\x1b[K")
	}
	return b.now().Sub(b.begun)
}

func (b *Bar) line(s State, spent time.Duration) string {
	t := text(s, spent)
	room := min(40, b.width()-columns(t)-4)
	if s.Total <= 0 || room < 5 {
		return t
	}
	full := int(min(s.Done, s.Total) * int64(room) / s.Total)
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", room-full) + "] " + t
}

// text says all there is to say: "45%  31,000 行  12,345 行/秒  剩余约 3秒".
func text(s State, spent time.Duration) string {
	var parts []string
	if s.Total > 0 {
		parts = append(parts, fmt.Sprintf("%3d%%", 100*min(s.Done, s.Total)/s.Total))
	}
	parts = append(parts, Thousands(s.Rows)+" 行")
	if spent > 0 {
		parts = append(parts, Thousands(Rate(s.Rows, spent))+" 行/秒")
	}
	if s.Total > 0 && s.Done > 0 && spent > 0 {
		left := time.Duration(float64(spent) * float64(max(0, s.Total-s.Done)) / float64(s.Done))
		parts = append(parts, "剩余约 "+duration(left))
	}
	return strings.Join(parts, "  ")
}

// Rate is rows per second.
func Rate(rows int, spent time.Duration) int {
	if spent <= 0 {
		return 0
	}
	return int(float64(rows) / spent.Seconds())
}

// Thousands writes a number that is not negative with a comma after every three digits.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func duration(d time.Duration) string {
	s := int((d + time.Second - 1) / time.Second)
	switch {
	case s >= 3600:
		return fmt.Sprintf("%d小时%d分", s/3600, s%3600/60)
	case s >= 60:
		return fmt.Sprintf("%d分%d秒", s/60, s%60)
	}
	return fmt.Sprintf("%d秒", s)
}

// columns is the width of a text on a terminal, where Chinese characters take two columns.
func columns(s string) int {
	n := 0
	for _, c := range s {
		n++
		if c >= 0x2e80 {
			n++
		}
	}
	return n
}
