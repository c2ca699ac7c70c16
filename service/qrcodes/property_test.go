package qrcodes_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/members"
	"huitou/service/merges"
	"huitou/service/qrcodes"
	"huitou/wechat"
)

// plain is the rules once more, as a person would keep them on paper.
type plain struct {
	scanned  map[string]bool // "code app person"
	today    map[string]bool // "code person day" of the mini-program
	ever     map[string]bool // followed once
	credited map[string]int  // person -> code
	on       map[string]model.Day
	follows  map[string]bool
	stopped  map[int]bool
	counts   map[int]model.QRCounts
	days     map[string]model.QRCounts // "code day", but for what is lost
}

func (p *plain) add(code int, d model.Day, f func(*model.QRCounts)) {
	n := p.counts[code]
	f(&n)
	p.counts[code] = n
	key := fmt.Sprint(code, d)
	n = p.days[key]
	f(&n)
	p.days[key] = n
}

func (p *plain) scan(code int, person string, d model.Day) {
	key := fmt.Sprint(code, " account ", person)
	p.add(code, d, func(n *model.QRCounts) {
		n.Scans++
		if !p.scanned[key] {
			n.Scanners++
		}
	})
	p.scanned[key] = true
}

func (p *plain) mini(code int, person string, d model.Day) {
	key, today := fmt.Sprint(code, " mini ", person), fmt.Sprint(code, person, d)
	if p.today[today] {
		return
	}
	p.add(code, d, func(n *model.QRCounts) {
		n.MiniScans++
		if !p.scanned[key] {
			n.MiniScanners++
		}
	})
	p.scanned[key], p.today[today] = true, true
}

func (p *plain) follow(code int, person string, d model.Day) {
	if code >= 0 {
		p.scan(code, person, d)
		if !p.stopped[code] {
			if p.ever[person] {
				p.add(code, d, func(n *model.QRCounts) { n.Returns++ })
			} else {
				p.add(code, d, func(n *model.QRCounts) { n.Follows++ })
				p.credited[person], p.on[person] = code, d
			}
		}
	}
	if c, ok := p.credited[person]; ok && p.ever[person] && !p.follows[person] {
		p.add(c, p.on[person], func(n *model.QRCounts) { n.Lost-- })
	}
	p.ever[person], p.follows[person] = true, true
}

func (p *plain) leave(person string) {
	if c, ok := p.credited[person]; ok {
		p.add(c, p.on[person], func(n *model.QRCounts) { n.Lost++ })
	}
	p.follows[person] = false
}

// Whatever people do, whatever is told again and however members are merged, the figures are those of the plain rules and of the rows.
func TestFiguresEqualWhatHappened(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue { // a life is some hundred transactions
		lives := "8"
		if raceDetector {
			lives = "2"
		}
		if err := f.Value.Set(lives); err != nil {
			t.Fatal(err)
		}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w, n := newWorld(t, d, clock, &weChat{}, 0), 0
		rapid.Check(t, func(rt *rapid.T) { // all lives in one shop, each with people and codes of its own
			n++
			live(rt, w, n)
		})
	})
}

func live(rt *rapid.T, w *world, life int) {
	ctx := context.Background()
	codes := []qrcodes.Code{w.code("门口"), w.code("收银台"), w.code("海报")}
	people := []string{}
	for _, name := range []string{"mei", "lin", "tao", "fang"} {
		people = append(people, fmt.Sprint(name, life))
	}
	began := model.DayOf(w.clock.Now(), model.Shanghai)
	p := &plain{scanned: map[string]bool{}, today: map[string]bool{}, ever: map[string]bool{}, credited: map[string]int{}, on: map[string]model.Day{},
		follows: map[string]bool{}, stopped: map[int]bool{}, counts: map[int]model.QRCounts{}, days: map[string]model.QRCounts{}}
	shoppers := map[string]model.MemberID{}
	var waiting [][]byte // stored, their jobs not run
	for range rapid.IntRange(5, 25).Draw(rt, "steps") {
		w.clock.Advance(time.Duration(rapid.IntRange(1, 10*3600).Draw(rt, "seconds")) * time.Second)
		person := rapid.SampledFrom(people).Draw(rt, "person")
		code := rapid.IntRange(-1, len(codes)-1).Draw(rt, "code")
		scene := ""
		if code >= 0 {
			scene = codes[code].Scene
		}
		today := model.DayOf(w.clock.Now(), model.Shanghai)
		switch rapid.IntRange(0, 6).Draw(rt, "act") {
		case 0, 1, 2: // follow, or scan when he follows
			event := wechat.EventScan
			switch {
			case !p.follows[person]:
				event = wechat.EventSubscribe
				p.follow(code, person, today)
			case code >= 0:
				p.scan(code, person, today)
			}
			body := w.push(event, "oa-"+person, scene)
			w.receive(body)
			waiting = append(waiting, body)
		case 3:
			if p.follows[person] {
				p.leave(person)
				w.receive(w.push(wechat.EventUnsubscribe, "oa-"+person, ""))
			}
		case 4:
			if code >= 0 {
				if shoppers[person] == 0 {
					shoppers[person] = w.shopper("mini-" + person)
				}
				p.mini(code, person, today)
				_, err := w.s.ScanMini(ctx, qrcodes.MiniScan{Member: heir(w, shoppers[person]), Scene: scene})
				w.ok(err)
			}
		case 5: // staff learn that the follower and the shopper are one person
			fan := fanOf(w, person)
			if fan == 0 || shoppers[person] == 0 || heir(w, fan) == heir(w, shoppers[person]) {
				continue
			}
			asked, err := w.merges.Ask(ctx, merges.Ask{Staff: 1, From: fan, To: shoppers[person], Reason: "核对过证件"})
			w.ok(err)
			_, err = w.merges.Approve(ctx, merges.Decide{Staff: 2, Request: asked.ID, Note: "同意"})
			w.ok(err)
		case 6:
			if code >= 0 && rapid.IntRange(0, 3).Draw(rt, "stop") == 0 && !p.stopped[code] {
				w.run()
				_, err := w.s.Stop(ctx, manager, codes[code].ID)
				w.ok(err)
				p.stopped[code] = true
			}
		}
		if len(waiting) > 0 && rapid.Bool().Draw(rt, "again") { // WeChat delivers once more
			w.receive(rapid.SampledFrom(waiting).Draw(rt, "which"))
		}
		w.run()
		if rapid.IntRange(0, 2).Draw(rt, "retell") == 0 {
			retell(rt, w)
		}
	}
	w.clock.Advance(10 * time.Minute)
	w.run()
	for i, c := range codes {
		if got := w.counts(c); got != p.counts[i] {
			rt.Fatalf("%s: %+v, want %+v", c.Name, got, p.counts[i])
		}
		st, err := w.s.Statistics(ctx, c.ID, began, model.DayOf(w.clock.Now(), model.Shanghai).AddDays(1))
		w.ok(err)
		for _, d := range st.Days {
			if want := p.days[fmt.Sprint(i, d.Day)]; d.QRCounts != want {
				rt.Fatalf("%s on %s: %+v, want %+v", c.Name, d.Day, d.QRCounts, want)
			}
		}
	}
	w.sound()
}

// retell gives the service facts that it was told before, in any order.
func retell(rt *rapid.T, w *world) {
	var rows []model.Fact
	w.ok(w.d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where("name IN ?", []string{members.Followed{}.FactName(), members.Unfollowed{}.FactName()}).Order("id").Find(&rows).Error
	}))
	if len(rows) == 0 {
		return
	}
	for range 3 {
		row := rapid.SampledFrom(rows).Draw(rt, "fact")
		if row.Name == (members.Followed{}).FactName() {
			var f members.Followed
			w.ok(json.Unmarshal([]byte(row.Body), &f))
			w.ok(w.s.OnFollowed(context.Background(), f))
			continue
		}
		var f members.Unfollowed
		w.ok(json.Unmarshal([]byte(row.Body), &f))
		w.ok(w.s.OnUnfollowed(context.Background(), f))
	}
}

func heir(w *world, id model.MemberID) model.MemberID {
	h, err := w.members.Heir(context.Background(), id)
	w.ok(err)
	return h
}

// fanOf returns the member who follows as a person, 0 when he never did.
func fanOf(w *world, person string) (id model.MemberID) {
	w.ok(w.d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		var rows []model.MemberOpenID
		err := tx.Gorm().Where("open_id = ?", "oa-"+person).Find(&rows).Error
		for _, r := range rows {
			id = r.MemberID
		}
		return err
	}))
	return id
}
