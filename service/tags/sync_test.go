package tags_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/tags"
	"huitou/wechat"
)

func TestTagsMeet(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ann, bob, cid := s.fan(t, "ann"), s.fan(t, "bob"), s.admit(t, 1)[0]
		vip, own := s.tag(t, "贵客", true), s.tag(t, "内部", false)
		s.put(t, vip, ann, cid)
		s.put(t, own, bob)
		there, _ := s.account.CreateTag(t.Context(), "探店")
		s.account.tags[there.ID].fans = map[string]bool{"bob": true, "stranger": true}
		s.account.tags[2].fans["ann"] = true
		v := s.sync(t)
		if v.State != model.TagSyncDone || v.Tags != 2 || v.AddedThere != 1 || v.AddedHere != 1 || v.Strangers != 1 || v.Refused+v.RemovedHere+v.RemovedThere != 0 {
			t.Errorf("the first meeting: %+v", v)
		}
		if got := s.account.fansOf("贵客"); !slices.Equal(got, []string{"ann"}) {
			t.Errorf("there %v have our tag", got)
		}
		if shop := s.named(t, "探店"); !shop.Shared || !slices.Equal(s.have(t, shop.ID), []model.MemberID{bob}) {
			t.Errorf("the tag from there is %+v on %v", shop, s.have(t, shop.ID))
		}
		if list, _ := s.List(t.Context()); len(list) != 3 || len(s.account.tags) != 3 {
			t.Errorf("%d tags here, %d there", len(list), len(s.account.tags))
		}
		calls := s.account.calls
		if v := s.sync(t); v.AddedHere+v.AddedThere+v.RemovedHere+v.RemovedThere != 0 || s.account.calls-calls != 5 { // the list, and two pages of each tag
			t.Errorf("a second meeting changed %+v with %d calls", v, s.account.calls-calls)
		}
		// One change on each side, of each sort.
		s.take(t, vip, ann)
		s.put(t, vip, bob)
		delete(s.account.tags[there.ID].fans, "bob")
		s.account.tags[there.ID].fans["ann"] = true
		if v := s.sync(t); v.AddedHere != 1 || v.AddedThere != 1 || v.RemovedHere != 1 || v.RemovedThere != 1 {
			t.Errorf("four changes: %+v", v)
		}
		if got := s.account.fansOf("贵客"); !slices.Equal(got, []string{"bob"}) {
			t.Errorf("there %v have our tag", got)
		}
		if got := s.have(t, s.named(t, "探店").ID); !slices.Equal(got, []model.MemberID{ann}) {
			t.Errorf("here %v have theirs", got)
		}
		// Names, ends and deletions.
		name := "大贵客"
		if _, err := s.Change(t.Context(), tags.Change{Staff: clerk, ID: vip, Name: &name}); err != nil {
			t.Fatal(err)
		}
		s.account.tags[there.ID].name = "到店"
		s.sync(t)
		if s.account.named("大贵客") == 0 || s.account.named("贵客") != 0 || s.named(t, "到店").Members != 1 {
			t.Errorf("names there: %+v", s.account.tags)
		}
		if err := s.End(t.Context(), clerk, vip); err != nil {
			t.Fatal(err)
		}
		delete(s.account.tags, there.ID)
		s.sync(t)
		if left := s.named(t, "到店"); s.account.named("大贵客") != 0 || left.Shared || left.AtWeChat || left.Members != 1 || left.Problem == "" {
			t.Errorf("after an end and a deletion there is %+v there, and here %+v", s.account.tags, left)
		}
		yes := true
		if _, err := s.Change(t.Context(), tags.Change{Staff: clerk, ID: s.named(t, "到店").ID, Shared: &yes}); err != nil {
			t.Fatal(err)
		}
		s.sync(t)
		if again := s.named(t, "到店"); again.Problem != "" || !slices.Equal(s.account.fansOf("到店"), []string{"ann"}) {
			t.Errorf("shared again it is %+v on %v", again, s.account.fansOf("到店"))
		}
		s.sound(t)
	})
}

// Who ceases to follow keeps his tags here, and has them there again when he comes back, whether or not a meeting lay between.
func TestLeavingIsNoWordAboutTags(t *testing.T) {
	for _, between := range []string{"a meeting", "no meeting", "no word to us"} {
		t.Run(between, func(t *testing.T) {
			d, clock := dbtest.SQLite(t)
			s := open(d, clock)
			ann := s.fan(t, "ann")
			vip := s.tag(t, "贵客", true)
			s.put(t, vip, ann)
			s.sync(t)
			s.account.leave("ann")
			if between != "no word to us" {
				s.do(t, func(ctx context.Context, tx *db.Tx) error {
					return s.members.UnfollowTx(ctx, tx, "ann", tx.Now)
				})
			}
			if between != "no meeting" {
				if v := s.sync(t); v.RemovedHere != 0 || v.AddedThere != 0 || len(s.have(t, vip)) != 1 {
					t.Errorf("the meeting after he left: %+v, here %v", v, s.have(t, vip))
				}
			}
			clock.Advance(time.Minute)
			s.fan(t, "ann")
			if v := s.sync(t); v.AddedThere != 1 || v.RemovedHere != 0 {
				t.Errorf("the meeting after he came back: %+v", v)
			}
			if got := s.account.fansOf("贵客"); !slices.Equal(got, []string{"ann"}) || len(s.have(t, vip)) != 1 {
				t.Errorf("there %v, here %v", got, s.have(t, vip))
			}
			s.sound(t)
		})
	}
}

// What WeChat refuses for one member or one tag stops nobody else.
func TestRefusalsOfWeChat(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := open(d, clock)
	var ids []model.MemberID
	for i := range 60 { // two calls
		ids = append(ids, s.fan(t, fmt.Sprintf("fan%03d", i)))
	}
	for i := range wechat.MaxTagsOfFan { // one has all the tags he may have
		made, _ := s.account.CreateTag(t.Context(), fmt.Sprint("号", i))
		s.account.tags[made.ID].fans["fan007"] = true
	}
	s.account.follows["fan055"] = false // and one has left without a word
	vip := s.tag(t, "贵客", true)
	star := s.tag(t, "星标组", true) // the platform's own name
	s.put(t, vip, ids...)
	v := s.sync(t)
	if v.State != model.TagSyncDone || v.AddedThere != 58 || v.Refused != 2 {
		t.Errorf("the meeting: %+v", v)
	}
	if n := len(s.account.fansOf("贵客")); n != 58 {
		t.Errorf("%d have it there", n)
	}
	if p := s.named(t, "星标组"); p.Problem == "" || p.AtWeChat {
		t.Errorf("a name that is taken there: %+v", p)
	}
	// A refusal of everything ends the meeting with its reason, and the next one goes on.
	s.put(t, star, ids[0])
	s.take(t, vip, ids[:55]...)
	broken := refusal(48001)
	s.account.before = func(_ int, what string) error {
		if what == "untag" && len(s.account.fansOf("贵客")) < 58 {
			return broken
		}
		return nil
	}
	if v := s.sync(t); v.State != model.TagSyncFailed || !strings.Contains(v.Problem, "48001") || v.RemovedThere != 50 {
		t.Errorf("refused: %+v", v)
	}
	s.account.before = nil
	if v := s.sync(t); v.State != model.TagSyncDone || v.RemovedThere != 4 || len(s.account.fansOf("贵客")) != 4 {
		t.Errorf("the next one: %+v, there %d", v, len(s.account.fansOf("贵客")))
	}
	// An answer without a list is no empty list.
	s.account.before = func(_ int, what string) error {
		if what == "tagged" {
			return refusal(-1)
		}
		return nil
	}
	if v := s.sync(t); v.State != model.TagSyncFailed || v.RemovedHere != 0 || len(s.have(t, vip)) != 5 {
		t.Errorf("no list: %+v, here %d", v, len(s.have(t, vip)))
	}
	s.sound(t)
}

// A comparison that is killed between a call and its note, or whose turn ends, is made up for; there is one at a time, and a dead one
// loses its slot.
func TestAComparisonThatBreaksOff(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		var ids []model.MemberID
		for i := range 110 {
			ids = append(ids, s.fan(t, fmt.Sprintf("fan%03d", i)))
		}
		vip := s.tag(t, "贵客", true)
		s.put(t, vip, ids...)
		ctx, kill := context.WithCancel(t.Context())
		tagged := 0
		s.account.before = func(_ int, what string) error {
			if what == "tag" {
				if tagged++; tagged == 2 {
					kill() // WeChat has it; our note fails
				}
			}
			return nil
		}
		if _, err := s.StartSync(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		_, err := s.StartSync(t.Context(), clerk)
		is(t, "a second one", err, tags.ErrSyncRunning)
		if _, err := s.queue.RunDue(ctx); !errors.Is(err, context.Canceled) && err != nil {
			t.Fatal(err)
		}
		if n := len(s.account.fansOf("贵客")); n != 100 {
			t.Fatalf("the killed one told of %d, want two calls", n)
		}
		s.account.before = nil
		s.clock.Advance(time.Hour)
		v := s.sync(t) // takes the slot
		if v.State != model.TagSyncDone || v.AddedThere != 10 || len(s.account.fansOf("贵客")) != 110 {
			t.Errorf("the next one: %+v, there %d", v, len(s.account.fansOf("贵客")))
		}
		// Every call takes a minute: each turn is over at once, and the work gets done all the same.
		s.take(t, vip, ids...)
		s.account.before = func(_ int, what string) error {
			if what == "untag" {
				s.clock.Advance(time.Minute)
			}
			return nil
		}
		if v := s.sync(t); v.State == model.TagSyncRunning {
			for range 5 {
				s.runDue(t)
			}
		}
		if v, err := s.LastSync(t.Context()); err != nil || v.State != model.TagSyncDone || v.RemovedThere != 110 {
			t.Errorf("in turns: %+v, %v", v, err)
		}
		s.sound(t)
	})
}

// Staff who change their mind while WeChat is being told are heard at the next meeting at the latest.
func TestStaffChangeTheirMindMeanwhile(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := open(d, clock)
	ann, bob := s.fan(t, "ann"), s.fan(t, "bob")
	vip := s.tag(t, "贵客", true)
	s.put(t, vip, ann)
	s.account.before = func(_ int, what string) error {
		if what == "tag" {
			s.take(t, vip, ann)
		}
		return nil
	}
	s.sync(t)
	s.account.before = nil
	s.sync(t)
	if len(s.have(t, vip)) != 0 || len(s.account.fansOf("贵客")) != 0 {
		t.Errorf("untagged meanwhile: here %v, there %v", s.have(t, vip), s.account.fansOf("贵客"))
	}
	s.put(t, vip, bob)
	s.sync(t)
	s.take(t, vip, bob)
	s.account.before = func(_ int, what string) error {
		if what == "untag" {
			s.put(t, vip, bob)
		}
		return nil
	}
	s.sync(t)
	s.account.before = nil
	s.sync(t)
	if !slices.Equal(s.have(t, vip), []model.MemberID{bob}) || len(s.account.fansOf("贵客")) != 1 {
		t.Errorf("tagged meanwhile: here %v, there %v", s.have(t, vip), s.account.fansOf("贵客"))
	}
	s.sound(t)
}

// Whatever both sides do, in whatever order: a meeting makes them agree, on what the side that changed something wants.
func TestBothSidesAgreeAfterAMeeting(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := open(d, clock)
		run++
		s.do(t, func(_ context.Context, tx *db.Tx) error { // nothing is left of the run before
			return errors.Join(tx.Gorm().Exec("DELETE FROM member_tags").Error, tx.Gorm().Exec("DELETE FROM tags").Error)
		})
		const people = 4
		var ids [people]model.MemberID
		fan := func(i int) string { return fmt.Sprintf("fan-%d-%d", run, i) }
		for i := range ids {
			ids[i] = s.fan(t, fan(i))
		}
		vip := s.tag(t, "贵客", true)
		s.sync(t)
		there := s.account.tags[s.account.named("贵客")].fans
		var here, last, known [people]bool
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			i := rapid.IntRange(0, people-1).Draw(rt, "who")
			switch rapid.SampledFrom([]string{"put", "take", "put there", "take there", "meet"}).Draw(rt, "what") {
			case "put":
				s.put(t, vip, ids[i])
				here[i], known[i] = true, true
			case "take":
				s.take(t, vip, ids[i])
				here[i] = false
			case "put there":
				there[fan(i)] = true
			case "take there":
				delete(there, fan(i))
			case "meet":
				var want [people]bool
				for j := range ids {
					if want[j] = here[j]; here[j] == last[j] && (here[j] || !known[j]) {
						want[j] = there[fan(j)]
					}
				}
				s.sync(t)
				has := s.have(t, vip)
				for j, m := range ids {
					if slices.Contains(has, m) != want[j] || there[fan(j)] != want[j] {
						rt.Fatalf("member %d: here %t, there %t, want %t", j, slices.Contains(has, m), there[fan(j)], want[j])
					}
					here[j], last[j], known[j] = want[j], want[j], want[j]
				}
			}
		}
		s.sound(t)
	})
}
