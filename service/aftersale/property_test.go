package aftersale_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/aftersale"
	"huitou/service/surveys"
	"huitou/wechat"
)

// plainVisit is a visit as a person would keep it on paper.
type plainVisit struct {
	order, ordinal int
	member         int
	wake, due      time.Time // looked at next; planned
	sent           *time.Time
	over, answered bool
	until          time.Time // of its survey
	token          string
}

// plainLife is the rules once more, written as plainly as can be.
type plainLife struct {
	visits   []*plainVisit
	follows  [2]bool
	left     [2]bool // followed before, and does no more
	refunded map[int]bool
	bought   map[int]time.Time // when an order was paid
	owner    map[int]int
	troubled [2]int // tasks that wait
	points   [2]int64
}

const (
	plainCooling = 3 * day
	plainLate    = 2 * day
	plainReward  = 20
)

var plainDelays = [3]time.Duration{0, 30 * time.Hour, 100 * time.Hour}

// open says whether an instant lies in the hours, and when they begin next. The first visit has no hours.
func open(at time.Time, ordinal int) time.Time {
	if ordinal == 1 {
		return at
	}
	local := at.In(model.Shanghai)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, model.Shanghai)
	switch h := local.Hour(); {
	case h < 10:
		return midnight.Add(10 * hour)
	case h >= 20:
		return midnight.Add(34 * hour)
	}
	return at
}

// run looks at everything that is due, the earliest first.
func (p *plainLife) run(now time.Time) {
	for {
		var next *plainVisit
		for _, v := range p.visits {
			if !v.over && v.sent == nil && !v.wake.After(now) && (next == nil || v.wake.Before(next.wake)) {
				next = v
			}
		}
		if next == nil {
			break
		}
		p.look(next, now)
	}
}

func (p *plainLife) look(v *plainVisit, now time.Time) {
	again := false
	for o, at := range p.bought {
		again = again || o != v.order && p.owner[o] == v.member && !p.refunded[o] && at.After(p.bought[v.order])
	}
	cooling := false
	for _, o := range p.visits {
		cooling = cooling || o.order != v.order && o.member == v.member && o.sent != nil && now.Before(o.sent.Add(plainCooling))
	}
	switch at := open(now, v.ordinal); {
	case p.refunded[v.order], p.left[v.member], p.troubled[v.member] > 0, again, now.Sub(v.due) >= plainLate:
		v.over = true
	case at.After(now):
		v.wake = at
	case cooling, !p.follows[v.member]: // the outbox suppresses what cannot reach anybody
		v.over = true
	default:
		v.sent, v.until = &now, now.Add(2*day)
	}
}

// Random lives of two members against the plain rules: at most three visits an order, the cooling between orders, one answer and one reward
// each, nothing after a refund, and the books in order at the end.
//
// A life has a database of its own, so few of them are lived unless -rapid.checks says otherwise.
func TestRandomLives(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		lives := "4"
		if raceDetector {
			lives = "1"
		}
		if err := f.Value.Set(lives); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		d, clock := dbtest.SQLite(t)
		defer d.Close()
		w := newWorld(t, d, clock)
		asked := w.survey()
		ask := func(v *aftersale.VisitTerms) {
			v.Survey, v.AnswerDays, v.Reward = asked, 2, surveys.Reward{Points: plainReward}
		}
		what := terms(visit(plainDelays[0], ask, func(v *aftersale.VisitTerms) { v.FromMinute, v.ToMinute = 0, 1440 }),
			visit(plainDelays[1], ask), visit(plainDelays[2], ask))
		what.CoolingDays = int64(plainCooling / day)
		w.plan(model.VisitOnPaid, what)
		p := &plainLife{refunded: map[int]bool{}, bought: map[int]time.Time{}, owner: map[int]int{}}
		people := [2]string{"oa-1", "oa-2"}
		var ids []model.OrderID
		var members [2]model.MemberID
		for i, openID := range people {
			w.push(wechat.EventSubscribe, openID, "")
			members[i], p.follows[i] = w.find(refOf(openID)), true
		}
		rt.Repeat(map[string]func(*rapid.T){
			"buy": func(rt *rapid.T) {
				if len(ids) == 8 {
					rt.Skip()
				}
				m, n := rapid.IntRange(0, 1).Draw(rt, "member"), len(ids)
				clock.Advance(time.Second)
				now := clock.Now()
				p.bought[n], p.owner[n] = now, m
				for i, delay := range plainDelays {
					due := open(now.Add(delay), i+1)
					p.visits = append(p.visits, &plainVisit{order: n, ordinal: i + 1, member: m, due: due, wake: due})
				}
				p.run(now)
				ids = append(ids, w.pay(fmt.Sprint("T", n), people[m]).Order)
			},
			"refund": func(rt *rapid.T) {
				if len(ids) == 0 {
					rt.Skip()
				}
				n := rapid.IntRange(0, len(ids)-1).Draw(rt, "order")
				if p.refunded[n] {
					rt.Skip()
				}
				p.refunded[n] = true
				for _, v := range p.visits {
					v.over = v.over || v.order == n && v.sent == nil
				}
				w.refund(fmt.Sprint("T", n), 12800)
			},
			"follow": func(rt *rapid.T) {
				m := rapid.IntRange(0, 1).Draw(rt, "member")
				p.follows[m] = !p.follows[m]
				p.left[m] = !p.follows[m]
				e := wechat.EventSubscribe
				if p.left[m] {
					e = wechat.EventUnsubscribe
				}
				w.push(e, people[m], "")
			},
			"answer": func(rt *rapid.T) {
				sent := slices.DeleteFunc(slices.Clone(p.visits), func(v *plainVisit) bool { return v.sent == nil })
				if len(sent) == 0 {
					rt.Skip()
				}
				v := rapid.SampledFrom(sent).Draw(rt, "visit")
				n := rapid.SampledFrom([]int64{0, 6, 7, 10}).Draw(rt, "score")
				err := w.answer(v.token, n)
				if good := !v.answered && clock.Now().Before(v.until); good != (err == nil) {
					rt.Fatalf("visit %d of order %d answered before: %v, until %s: %v", v.ordinal, v.order, v.answered, v.until, err)
				}
				if err == nil {
					v.answered = true
					p.points[v.member] += plainReward
					if n <= 6 {
						p.troubled[v.member]++
					}
				}
			},
			"solve": func(rt *rapid.T) {
				list := w.waiting()
				if len(list) == 0 {
					rt.Skip()
				}
				task := rapid.SampledFrom(list).Draw(rt, "task")
				p.troubled[slices.Index(members[:], task.Member)]--
				w.close(task.ID, model.ResultSolved)
			},
			"wait": func(rt *rapid.T) {
				clock.Advance(time.Duration(rapid.IntRange(1, 80).Draw(rt, "hours")) * hour)
				p.run(clock.Now())
				w.run()
			},
			"": func(rt *rapid.T) {
				w.look()
				for _, v := range p.visits {
					g := w.kept(ids[v.order])[v.ordinal-1]
					if (g.SentAt == nil) != (v.sent == nil) || v.sent != nil && !g.SentAt.Equal(*v.sent) || v.over != (g.State == model.VisitSkipped) {
						rt.Fatalf("visit %d of order %d is %s %q, sent %v; on paper sent %v, over %v", v.ordinal, v.order, g.State, g.Reason, g.SentAt, v.sent, v.over)
					}
					v.token = w.tokens[g.MessageKey]
				}
				for i, m := range members {
					if got := w.balance(m); int64(got) != p.points[i] {
						rt.Fatalf("member %d has %d points; on paper %d", i, got, p.points[i])
					}
				}
			},
		})
		w.sound()
	})
}

// look reads all visits and the tokens of their messages.
func (w *world) look() {
	w.t.Helper()
	w.visited, w.tokens = map[model.OrderID][]model.Visit{}, map[string]string{}
	w.do(func(_ context.Context, tx *db.Tx) error {
		var visits []model.Visit
		if err := tx.Gorm().Order("order_id, ordinal").Find(&visits).Error; err != nil {
			return err
		}
		for _, v := range visits {
			w.visited[v.OrderID] = append(w.visited[v.OrderID], v)
		}
		var list []model.Message
		err := tx.Gorm().Select("message_key", "url").Find(&list).Error
		for _, m := range list {
			w.tokens[m.MessageKey] = strings.TrimPrefix(m.URL, "https://shop.example/s/")
		}
		return err
	})
}

// kept are the three visits of an order, as look read them.
func (w *world) kept(order model.OrderID) []model.Visit {
	w.t.Helper()
	if list := w.visited[order]; len(list) == 3 {
		return list
	}
	w.t.Fatalf("order %d has visits %+v", order, w.visited[order])
	return nil
}
