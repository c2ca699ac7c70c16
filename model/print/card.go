package print

import (
	"fmt"
	"strings"

	"huitou/model/print/font"
)

// Design is what all cards of a sheet say.
type Design struct{ Shop, Title, Hint string }

// Card is what one card says beside its design.
type Card struct {
	Says  string // the code; empty when a picture is drawn instead
	Token string // of the code, for people who read it out
	Order string // the order's number; its end is printed, so that the packer finds the parcel
}

// Problem is why a design cannot be printed.
type Problem struct{ Field, Reason string }

const (
	pad      = 2.5                         // mm between what stands on a card and its edges
	leading  = 1.3                         // of the size of letters
	millis   = 25.4 / 72                   // of a point
	smallest = 5.5                         // points that people still read
	orderEnd = 6                           // letters of the order's number
	tokenEnd = 8                           // letters of the token
	unknown  = '□'                         // instead of a letter that the font does not have, in numbers of orders
	closing  = ",。!?;:、)》」』”’…,.!?;:)]}%%" // never begins a line
)

// line is a text with its baseline at (x, y) millimetres from the card's upper left corner.
type line struct {
	x, y, size float64 // size in points
	text       string
}

// Problems returns everything for which a design cannot be printed in a layout.
func (d Design) Problems(l Layout) []Problem {
	_, list := d.place(l)
	return list
}

// place puts the words of a design beside the code.
func (d Design) place(l Layout) (lines []line, list []Problem) {
	x := l.box
	width := l.Width - x - pad
	bottom := l.Height - pad - 2*leading*l.small*millis - 1 // above the card's own lines
	y := pad
	for _, part := range []struct {
		field, text string
		size        float64
		most        int // lines
	}{{"shop", d.Shop, l.text, 1}, {"title", d.Title, l.title, 2}, {"hint", d.Hint, l.text, 4}} {
		if part.text == "" {
			continue
		}
		if r, missing := font.Missing(part.text); missing {
			list = append(list, Problem{part.field, fmt.Sprintf("the letter %q cannot be printed", r)})
			continue
		}
		size, rows := fit(part.text, part.size, width, part.most)
		if size == 0 {
			list = append(list, Problem{part.field, fmt.Sprintf("too long for %s: at most %d lines of %.0f mm", l.Name, part.most, width)})
			continue
		}
		for _, row := range rows {
			y += leading * size * millis
			lines = append(lines, line{x, y, size, row})
		}
		y += 1
	}
	if y > bottom && len(list) == 0 {
		list = append(list, Problem{"hint", "too long for " + l.Name + " together with the title"})
	}
	return lines, list
}

// own returns the lines of one card.
func (l Layout) own(c Card) []line {
	step := leading * l.small * millis
	y := l.Height - pad - 0.3*l.small*millis
	token := c.Token[:min(len(c.Token), tokenEnd)]
	if half := len(token) / 2; half > 0 {
		token = token[:half] + "-" + token[half:]
	}
	order := []rune(c.Order)
	order = order[max(0, len(order)-orderEnd):]
	for i, r := range order {
		if _, missing := font.Missing(string(r)); missing {
			order[i] = unknown
		}
	}
	return []line{
		{l.box, y - step, l.small, "卡号 " + strings.ToUpper(token)},
		{l.box, y, l.small, "单尾 " + string(order)},
	}
}

// fit breaks a text into lines no wider than so many millimetres, in the largest letters from size down with which it takes no more
// lines than most; size is 0 when there are none.
func fit(text string, size, width float64, most int) (float64, []string) {
	for ; size >= smallest; size -= 0.5 {
		if rows := wrap(text, width/(size*millis)); len(rows) > 0 && len(rows) <= most {
			return size, rows
		}
	}
	return 0, nil
}

// wrap breaks a text into lines no wider than width, in units of the letters' size. Hanzi may part anywhere, but not before a closing sign; words and
// numbers stay whole. It returns nil when one piece is wider than a line.
func wrap(text string, width float64) (rows []string) {
	row, used := "", 0.0
	for _, piece := range pieces(text) {
		w := font.Width(piece)
		if w > width {
			return nil
		}
		if used+w > width {
			rows = append(rows, strings.TrimRight(row, " "))
			row, used = "", 0
			if piece == " " {
				continue
			}
		}
		row, used = row+piece, used+w
	}
	return append(rows, strings.TrimRight(row, " "))
}

// pieces cuts a text where lines may break.
func pieces(text string) (list []string) {
	word := false // the last piece is a word that may go on
	for _, r := range text {
		inWord := r > ' ' && r < 0x7f
		if len(list) > 0 && list[len(list)-1] != " " && (inWord && word || strings.ContainsRune(closing, r)) {
			list[len(list)-1] += string(r)
		} else {
			list = append(list, string(r))
		}
		word = inWord
	}
	return list
}
