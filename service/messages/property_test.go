package messages_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/messages"
	"huitou/wechat"
)

// Whatever WeChat, the network and kills do in whatever order: no message is seen twice, what is said to be accepted was
// seen, what is said to have failed was not, and every message comes to an end. That each kind of end is met is the tables' business.
func TestAnyMisfortune(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	next := 0
	lost := errors.New("no answer")
	misfortunes := map[string]verdict{
		"well":             {},
		"shown, no answer": {err: lost},
		"lost":             {lose: true, err: lost},
		"killed before":    {before: die},
		"killed after":     {after: func(string) { die() }},
		"panic":            {before: func() { panic("poison") }},
		"busy":             refused(-1),
		"quota":            refused(45009),
		"not following":    refused(43004),
		"bad field":        refused(47003),
	}
	names := make([]string, 0, len(misfortunes))
	for name := range misfortunes {
		names = append(names, name)
	}
	rapid.Check(t, func(rt *rapid.T) {
		w.phone = newPhone(clock.Now)
		w.fans.gone = map[string]bool{}
		w.restart()
		script := rapid.SliceOfN(rapid.SampledFrom(names), 0, 8).Draw(rt, "misfortunes")
		pauses := rapid.SliceOfN(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 3 * time.Minute, 8 * time.Minute,
			9 * time.Minute, 11 * time.Minute, 2 * time.Hour}), 8, 8).Draw(rt, "pauses")
		w.phone.script = func(n int, _ wechat.TemplateMessage) verdict {
			if n > len(script) {
				return verdict{}
			}
			return misfortunes[script[n-1]]
		}
		if next++; next > 2000 {
			rt.Skip("the test's members are used up")
		}
		m := visit(next)
		w.enqueue(m)
		for _, pause := range pauses {
			w.runAndDie()
			clock.Advance(pause)
		}
		got := w.row(m.Key)
		for range 40 { // kills by the rest of the script included
			if got.State.Ended() || got.State == model.MessageAccepted {
				break
			}
			clock.Advance(2 * time.Hour)
			w.runAndDie()
			got = w.row(m.Key)
		}
		shown, _ := w.phone.seen()
		switch {
		case shown > 1:
			rt.Fatalf("seen %d times after %v", shown, script)
		case got.State == model.MessageAccepted && shown != 1:
			rt.Fatalf("accepted, but seen %d times after %v", shown, script)
		case got.State == model.MessageFailed && shown != 0:
			rt.Fatalf("failed, but seen after %v", script)
		case got.State != model.MessageAccepted && got.State != model.MessageFailed && got.State != model.MessageUnknown:
			rt.Fatalf("did not come to an end after %v: %s %q", script, got.State, got.Reason)
		}
	})
	w.sound()
}

// A message that nobody looks at again is seen by the invariants; this guards the test above against a queue that does nothing.
func TestPropertyWorldWorks(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.enqueue(visit(1))
	err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Exec("UPDATE messages SET due_at = NULL").Error
	})
	if err != nil {
		t.Fatal(err)
	}
	broken, err := audit.Run(context.Background(), d, messages.Invariants())
	if err != nil || len(broken) != 1 || broken[0].ID != "messages.queued" {
		t.Errorf("broken %v, %v; want messages.queued", broken, err)
	}
}
