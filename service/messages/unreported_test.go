package messages_test

import (
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
)

// What WeChat took and never reported is unknown after three days, and not sent again; a report that comes after all still counts.
func TestNoReport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.fans.phones[5] = "+8613800000005"
		for n := 1; n <= 4; n++ {
			w.enqueue(visit(n))
		}
		text := visit(5)
		text.Template = "text" // by a provider that cannot be asked: its acceptance is the last word
		w.enqueue(text)
		w.run()
		ids := map[int]string{}
		for n := 1; n <= 4; n++ {
			ids[n] = *w.row(visit(n).Key).MsgID
		}
		if err := w.report(ids[1], "success"); err != nil {
			t.Fatal(err)
		}
		w.runFor(71 * time.Hour)
		w.want(visit(2).Key, model.MessageAccepted, "")
		w.runFor(3 * time.Hour)
		w.want(visit(1).Key, model.MessageDelivered, "")
		for n := 2; n <= 4; n++ {
			w.want(visit(n).Key, model.MessageUnknown, "no_report")
		}
		w.want(text.Key, model.MessageAccepted, "")
		w.sound()
		if err := w.report(ids[2], "success"); err != nil {
			t.Fatal(err)
		}
		if err := w.report(ids[3], "failed:user block"); err != nil {
			t.Fatal(err)
		}
		w.runFor(100 * time.Hour)
		w.want(visit(2).Key, model.MessageDelivered, "")
		w.want(visit(3).Key, model.MessageBlocked, "user_block")
		w.want(visit(4).Key, model.MessageUnknown, "no_report")
		told := map[string][]model.MessageState{}
		for _, e := range w.ends {
			told[e.Key] = append(told[e.Key], e.State)
		}
		if got := told[visit(2).Key]; len(got) != 2 || got[0] != model.MessageUnknown || got[1] != model.MessageDelivered {
			t.Errorf("told %v of the one that was reported late, want unknown and then delivered", got)
		}
		if _, calls := w.phone.seen(); calls != 4 {
			t.Errorf("%d calls, want 4: what is unknown is not sent again", calls)
		}
		w.sound()
	})
}
