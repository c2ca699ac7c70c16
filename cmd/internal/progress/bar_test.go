package progress

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func TestPlainLineEveryFiveSeconds(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(0, 0)}
	b := New(&out, c.now)
	for i := range 121 {
		b.Show(State{Done: int64(i), Total: 240, Rows: 1000 * i})
		c.t = c.t.Add(100 * time.Millisecond)
	}
	if spent := b.Finish(); spent != 12_100*time.Millisecond {
		t.Errorf("the work took %s", spent)
	}
	want := " 20%  50,000 行  10,000 行/秒  剩余约 19秒\n 41%  100,000 行  10,000 行/秒  剩余约 14秒\n"
	if out.String() != want {
		t.Errorf("wrote\n%swant\n%s", out.String(), want)
	}
}

func TestBarOnATerminal(t *testing.T) {
	for _, width := range []int{200, 60, 20} {
		var out bytes.Buffer
		c := &clock{time.Unix(0, 0)}
		b := New(&out, c.now)
		b.tty, b.width = true, func() int { return width }
		c.t = c.t.Add(2 * time.Second)
		b.Show(State{Done: 50, Total: 100, Rows: 3000})
		b.Show(State{Done: 60, Total: 100, Rows: 3600}) // too soon
		line := strings.TrimSuffix(strings.TrimPrefix(out.String(), "\r"), "\x1b[K")
		if strings.ContainsAny(line, "\r\n") || !strings.Contains(line, "50%  3,000 行  1,500 行/秒  剩余约 2秒") {
			t.Errorf("drew %q", out.String())
		}
		full, rest := strings.Count(line, "#"), strings.Count(line, "-")
		if rest < full || rest > full+1 || (width >= 60) != (full > 0) || (width >= 60 && columns(line) >= width) {
			t.Errorf("on %d columns: %q", width, line)
		}
		b.Finish()
		if !strings.HasSuffix(out.String(), "\r\x1b[K") {
			t.Error("the bar stays on the terminal")
		}
	}
}

func TestUnknownTotalAndNoTime(t *testing.T) {
	if have := text(State{Done: 5, Rows: 1234567}, 0); have != "1,234,567 行" {
		t.Errorf("text = %q", have)
	}
	if have := duration(3*time.Hour + 59*time.Second); have != "3小时0分" {
		t.Errorf("duration = %q", have)
	}
}
