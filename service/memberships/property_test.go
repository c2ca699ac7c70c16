package memberships_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db/dbtest"
	"huitou/service/memberships"
)

// span is a period on paper, in days since the life began: [from, to).
type span struct {
	from, to int
	days     int // as bought
	number   model.PublicID
	saved    model.Fen
	asked    bool
}

// paper is a member's life as a shop assistant would keep it on a sheet: spans one after another, none of which meets another.
type paper struct {
	start model.Day
	today int
	list  []*span
}

// lay adds a span after what there is, or from today.
func (p *paper) lay(s *span) {
	s.from = p.today
	for _, o := range p.list {
		s.from = max(s.from, o.to)
	}
	s.to = s.from + s.days
	p.list = append(p.list, s)
}

// current returns the span that holds today, or nil.
func (p *paper) current() *span {
	for _, s := range p.list {
		if s.from <= p.today && p.today < s.to {
			return s
		}
	}
	return nil
}

// left is the number of days that a card shows: none when today is not one of them.
func (p *paper) left() (n int) {
	if p.current() == nil {
		return 0
	}
	for _, s := range p.list {
		n += max(0, s.to-max(s.from, p.today))
	}
	return n
}

// refund strikes a span out, or ends it with today, and pulls up what comes after.
func (p *paper) refund(s *span, whole bool) {
	if whole {
		p.list = slices.DeleteFunc(p.list, func(o *span) bool { return o == s })
	} else {
		s.to = min(s.to, p.today+1)
	}
	slices.SortFunc(p.list, func(a, b *span) int { return a.from - b.from })
	end := p.today
	for _, o := range p.list {
		if o.from > p.today {
			o.from, o.to = end, end+o.to-o.from
		}
		end = max(end, o.to)
	}
}

// T37, T39: lives of a member: purchases, codes, gifts, savings, refunds and time. After every step the days left are those on paper, what goes back is
// the price of the unused days less what was saved, and at the end no invariant is broken. Plans of days, so that the paper is plain arithmetic; months have
// their own property test.
func TestT39_LivesAgainstAPlainModel(t *testing.T) {
	const most = 6 // each life is hundreds of statements
	lives := 0
	rapid.Check(t, func(rt *rapid.T) {
		if lives++; lives <= most {
			liveOnce(t, rt)
		}
	})
}

func liveOnce(t *testing.T, rt *rapid.T) {
	const price = 9900
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock, newWeChat(clock))
	m, sheet := w.who[0], &paper{start: model.DayOf(clock.Now(), model.Shanghai)}
	length := rapid.IntRange(1, 40).Draw(rt, "length")
	in := prorated(model.PlanDays, length)
	in.Extras.WelcomePoints = 100
	p := w.create(in)
	points, n := model.Points(0), 0
	for step := range rapid.IntRange(3, 16).Draw(rt, "steps") {
		n++
		switch rapid.SampledFrom([]string{"buy", "buy", "code", "gift", "save", "refund", "refund", "wait", "wait"}).Draw(rt, "what") {
		case "buy":
			sheet.lay(&span{days: length, number: w.member(m, p).Number})
			points += 100
		case "code":
			_, c := w.codes(p, 1, fmt.Sprint("batch ", n), nil)
			if _, err := w.UseCode(t.Context(), memberships.UseCode{Member: m, Code: c[0]}); err != nil {
				rt.Fatalf("UseCode: %v", err)
			}
			sheet.lay(&span{days: length})
			points += 100
		case "gift":
			w.give(m, p, 3, fmt.Sprint("gift:", n))
			sheet.lay(&span{days: 3})
		case "save":
			if s := sheet.current(); s != nil {
				amount := model.Fen(rapid.IntRange(1, 3000).Draw(rt, "saving"))
				w.save(m, fmt.Sprint("order:", n, ":member-price"), amount)
				s.saved += amount
			}
		case "refund":
			open := slices.DeleteFunc(slices.Clone(sheet.list), func(s *span) bool { return s.number == "" || s.asked })
			if len(open) == 0 {
				continue
			}
			s := open[rapid.IntRange(0, len(open)-1).Draw(rt, "which")]
			unused := min(s.days, max(0, s.to-max(s.from, sheet.today+1)))
			want := max(0, price*model.Fen(unused)/model.Fen(s.days)-s.saved)
			r, err := w.AskRefund(t.Context(), memberships.AskRefund{Member: m, Number: s.number})
			if (want > 0) != (err == nil) || r.Amount != want {
				rt.Fatalf("step %d: refund of [%d, %d) on day %d after %d saved: %d, %v; want %d", step, s.from, s.to, sheet.today, s.saved, r.Amount, err, want)
			}
			if want == 0 {
				continue
			}
			w.run()
			if again, err := w.AskRefund(t.Context(), memberships.AskRefund{Member: m, Number: s.number}); err != nil || again.Amount != want {
				rt.Fatalf("step %d: asked again: %d, %v; want the frozen %d", step, again.Amount, err, want)
			}
			s.asked = true
			points -= 100 * model.Points(want) / price
			sheet.refund(s, want == price)
		case "wait":
			sheet.today += rapid.IntRange(1, 25).Draw(rt, "days")
			clock.Set(sheet.start.AddDays(sheet.today).Start(model.Shanghai).Add(12 * time.Hour))
			w.run()
		}
		if got := w.card(m); got.DaysLeft != sheet.left() || got.Active != (sheet.current() != nil) {
			rt.Fatalf("step %d, day %d: %d days left, on paper %d: %s", step, sheet.today, got.DaysLeft, sheet.left(), w.periods(m))
		}
		if got := w.active(m); got != points {
			rt.Fatalf("step %d: %d points, on paper %d", step, got, points)
		}
	}
	clock.Advance(2 * time.Hour)
	w.run()
	if w.holds(); t.Failed() {
		rt.Fatal("an invariant is broken")
	}
}
