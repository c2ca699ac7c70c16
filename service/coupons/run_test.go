package coupons_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/members"
)

func start(t testing.TB, s *shop, in coupons.NewRun) coupons.Run {
	t.Helper()
	in.Staff, in.Note = clerk, "周年庆"
	r, err := s.StartRun(context.Background(), in)
	if err != nil {
		t.Fatalf("StartRun: %v", err)
	}
	return r
}

func progress(t testing.TB, s *shop, id model.PublicID) coupons.Run {
	t.Helper()
	r, err := s.RunProgress(context.Background(), id)
	if err != nil {
		t.Fatalf("RunProgress: %v", err)
	}
	return r
}

func TestRunGivesEveryLineOfAListAnOutcome(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := newShop(d)
		ids := s.admit(t, 5)
		n := tenOff()
		n.Total = 3
		id := active(t, s.Service, n)
		if _, err := claim(s.Service, ids[0], id); err != nil { // one of three is gone, and this member has his
			t.Fatal(err)
		}
		r := start(t, s, coupons.NewRun{Template: id, Phones: []string{
			phoneOf(0), phoneOf(1), "13900000000", phoneOf(1), "not a phone", phoneOf(2), phoneOf(3), phoneOf(4)}})
		if r.Total != 8 || r.Done != 3 || r.Unknown != 2 || r.Duplicate != 1 || r.State != model.CouponRunning {
			t.Errorf("at the start the run is %+v", r)
		}
		s.runDue(t)
		r = progress(t, s, r.ID)
		if r.State != model.CouponRunDone || r.Done != 8 || r.Issued != 2 || r.LimitReached != 1 || r.OutOfStock != 2 || r.Unknown != 2 || r.Duplicate != 1 {
			t.Errorf("at the end the run is %+v", r)
		}
		for _, tt := range []struct {
			outcome model.CouponRunOutcome
			lines   string
		}{
			{model.OutcomeIssued, "[[2 0] [3 0]]"}, {model.OutcomeLimit, "[[1 1]]"}, {model.OutcomeUnknown, "[[0 3] [0 5]]"},
			{model.OutcomeOutOfStock, "[[4 7] [5 8]]"},
		} {
			var got [][2]int64
			for page := (db.Page{Limit: 1}); ; {
				list, next, err := s.RunOutcomes(t.Context(), r.ID, tt.outcome, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range list {
					got = append([][2]int64{{int64(o.Member - ids[0] + 1), o.Line}}, got...)
					if o.Member == 0 {
						got[0][0] = 0
					}
				}
				if page.Cursor = next; next == "" {
					break
				}
			}
			if fmt.Sprint(got) != tt.lines {
				t.Errorf("%s: member and line are %v, want %s", tt.outcome, got, tt.lines)
			}
		}
		for _, job := range rows[model.Job](t, d, "1 = 1") {
			for i := range 5 {
				if contains(job.Args, phoneOf(i)) {
					t.Errorf("job %d holds a phone number", job.ID)
				}
			}
		}
		sound(t, d)
	})
}

func contains(s, part string) bool {
	for i := 0; i+len(part) <= len(s); i++ {
		if s[i:i+len(part)] == part {
			return true
		}
	}
	return false
}

func TestRunWalksThroughAllWhomTheFilterFinds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newShop(d)
		ids := s.admit(t, 2300)
		lately, long := clock.Now().Add(-24*time.Hour), clock.Now().Add(-90*24*time.Hour)
		err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			for i, at := range []time.Time{lately, long} {
				if err := s.members.RecordOrderTx(ctx, tx, ids[i], 100, at); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		month := clock.Now().AddDate(0, -1, 0)
		for _, tt := range []struct {
			name string
			in   coupons.NewRun
			want int64
		}{
			{"everybody", coupons.NewRun{Everybody: true}, 2300},
			{"bought in the last month", coupons.NewRun{Everybody: true, BoughtSince: &month}, 1},
			{"not bought in the last month, or never", coupons.NewRun{Everybody: true, NotBoughtSince: &month}, 2299},
			{"a list of members", coupons.NewRun{Members: []model.MemberID{ids[2], ids[2], 999_999_999}}, 1},
		} {
			tt.in.Template = active(t, s.Service, tenOff())
			r := start(t, s, tt.in)
			s.admit0(t, "later", 1) // joined after the run began: gets nothing
			s.runDue(t)
			r = progress(t, s, r.ID)
			if r.Issued != tt.want || r.State != model.CouponRunDone || r.Done != r.Total {
				t.Errorf("%s: %+v, want %d issued", tt.name, r, tt.want)
			}
			if counter, given := claimed(t, s.Service, d, tt.in.Template); counter != tt.want || given != tt.want {
				t.Errorf("%s: %d counted, %d given, want %d", tt.name, counter, given, tt.want)
			}
			err := d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
				return tx.Gorm().Where("joined_at > ? AND id > ?", dbtest.Start.Add(-time.Hour), ids[len(ids)-1]).Delete(&model.Member{}).Error
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		sound(t, d)
	})
}

var late atomic.Int64

// admit0 adds members without phones.
func (s *shop) admit0(t testing.TB, source string, n int) {
	t.Helper()
	for range n {
		err := s.db.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			_, err := s.members.EnsureManyTx(ctx, tx, source, []string{fmt.Sprint(late.Add(1))})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRunWaitsForAPausedTemplateAndBlocksAnEndedOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newShop(d)
		s.admit(t, 10)
		id := active(t, s.Service, tenOff())
		r := start(t, s, coupons.NewRun{Template: id, Everybody: true})
		if _, err := s.Pause(t.Context(), clerk, id); err != nil {
			t.Fatal(err)
		}
		s.runDue(t)
		r = progress(t, s, r.ID)
		if r.State != model.CouponRunning || r.Done != 0 || fault.Of(r.Waiting) == nil || fault.Of(r.Waiting).Code != "coupons.paused" {
			t.Errorf("while the template is paused the run is %+v", r)
		}
		if _, err := s.End(t.Context(), clerk, id); err != nil {
			t.Fatal(err)
		}
		clock.Advance(2 * time.Minute)
		s.runDue(t)
		if r = progress(t, s, r.ID); r.State != model.CouponRunDone || r.Blocked != 10 || r.Issued != 0 {
			t.Errorf("after the end the run is %+v", r)
		}
		id = active(t, s.Service, tenOff())
		r = start(t, s, coupons.NewRun{Template: id, Everybody: true})
		for range 2 { // a second time changes nothing
			if r, err := s.CancelRun(t.Context(), clerk, r.ID); err != nil || r.State != model.CouponRunCancelled {
				t.Errorf("CancelRun = %+v, %v", r, err)
			}
		}
		s.runDue(t)
		if r = progress(t, s, r.ID); r.State != model.CouponRunCancelled || r.Done != 0 {
			t.Errorf("after it was cancelled the run is %+v", r)
		}
		sound(t, d)
	})
}

func TestStartRunRefuses(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := newShop(d)
	ids := s.admit(t, 1)
	now := d.Now()
	good := active(t, s.Service, tenOff())
	only := tenOff()
	only.Issuable = false
	claimOnly := active(t, s.Service, only)
	draft, err := s.CreateTemplate(t.Context(), tenOff())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		in   coupons.NewRun
		want error
	}{
		{"nobody", coupons.NewRun{Template: good, Note: "x"}, fault.ErrInvalid},
		{"two ways at once", coupons.NewRun{Template: good, Note: "x", Everybody: true, Members: ids}, fault.ErrInvalid},
		{"a date with a list", coupons.NewRun{Template: good, Note: "x", Members: ids, BoughtSince: &now}, fault.ErrInvalid},
		{"no note", coupons.NewRun{Template: good, Everybody: true}, fault.ErrInvalid},
		{"too long a list", coupons.NewRun{Template: good, Note: "x", Phones: make([]string, coupons.MaxRunList+1)}, fault.ErrInvalid},
		{"no such template", coupons.NewRun{Template: "0", Note: "x", Everybody: true}, coupons.ErrTemplateUnknown},
		{"not issuable", coupons.NewRun{Template: claimOnly, Note: "x", Everybody: true}, coupons.ErrNotIssuable},
		{"a draft", coupons.NewRun{Template: draft.ID, Note: "x", Everybody: true}, coupons.ErrDraft},
	} {
		_, err := s.StartRun(t.Context(), tt.in)
		is(t, tt.name, err, tt.want)
	}
	if got := rows[model.CouponRun](t, d, "1 = 1"); len(got) != 0 {
		t.Errorf("refused runs left %d rows", len(got))
	}
	in := coupons.NewRun{Staff: clerk, Template: good, Note: "x", Everybody: true, Key: db.Key{Scope: "t", Key: "12345678"}}
	first, err := s.StartRun(t.Context(), in)
	again, err2 := s.StartRun(t.Context(), in)
	if err != nil || err2 != nil || !again.Replayed || again.ID != first.ID {
		t.Errorf("the same key made %+v, %v and %+v, %v", first, err, again, err2)
	}
}

// Two workers of one run take turns: nobody gets two, nobody is left out (threat T47).
func TestWorkersOfOneRunTakeTurns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newShop(d)
		s.admit(t, 3500)
		n := tenOff()
		n.PerMember = 5 // the limit would not hide a second coupon
		id := active(t, s.Service, n)
		r := start(t, s, coupons.NewRun{Template: id, Everybody: true})
		clock.Advance(time.Minute) // the checkpoint stands still: every instance sends a worker
		together(3, func(int) {
			other := newShop(d)
			if _, err := other.queue.RunDue(context.Background()); err != nil {
				t.Error(err)
			}
		})
		if r = progress(t, s, r.ID); r.Issued != 3500 || r.State != model.CouponRunDone {
			t.Errorf("the run is %+v", r)
		}
		if counter, given := claimed(t, s.Service, d, id); counter != 3500 || given != 3500 {
			t.Errorf("%d counted, %d given", counter, given)
		}
		sound(t, d)
	})
}

// The child of the next test: a process that works on runs until it is killed.
func TestRunChild(t *testing.T) {
	at := os.Getenv("HUITOU_TEST_RUN_DATABASE")
	if at == "" {
		t.Skip("only as a child of TestRunSurvivesKills")
	}
	o := db.Options{Driver: db.Driver(os.Getenv("HUITOU_TEST_RUN_DRIVER")), Path: at, DSN: at, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	batches, err := strconv.Atoi(os.Getenv("HUITOU_TEST_RUN_BATCHES"))
	if err != nil {
		t.Fatal(err)
	}
	if err := shopWith(d, func(m *members.Service) coupons.People { return &doomed{Service: m, batches: batches} }).queue.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

// doomed ends its process, as SIGKILL does, when it is asked for the members of one batch more than it may: the transaction of that batch
// is open. With 0 it lives on.
type doomed struct {
	*members.Service
	batches int
}

func (p *doomed) SelectTx(ctx context.Context, tx *db.Tx, f members.Filter, after model.MemberID, limit int) ([]model.MemberID, error) {
	list, err := p.Service.SelectTx(ctx, tx, f, after, limit)
	if p.batches--; p.batches == -1 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return list, err
}

// A process that is killed in the midst of a batch leaves every batch whole or not begun; the next one goes on from the checkpoint.
func TestRunSurvivesKills(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			const people = 8_500
			o := dbtest.Empty(t, driver)
			clock := dbtest.NewClock()
			clock.Set(time.Now().Add(-time.Minute)) // the child reads the real clock; what we insert is due there
			d := dbtest.Reopen(t, o, clock)
			s := newShop(d)
			s.admit(t, people)
			n := tenOff()
			n.PerMember = 5
			id := active(t, s.Service, n)
			r := start(t, s, coupons.NewRun{Template: id, Everybody: true})
			const kills, batches = 3, 2
			for i := range kills + 1 {
				lives := batches
				if i == kills {
					lives = -2 // it never comes to an end by itself
				}
				child := exec.Command(os.Args[0], "-test.run=^TestRunChild$")
				child.Env = append(os.Environ(), "HUITOU_TEST_RUN_DRIVER="+string(driver), "HUITOU_TEST_RUN_DATABASE="+o.Path+o.DSN,
					fmt.Sprint("HUITOU_TEST_RUN_BATCHES=", lives))
				if err := child.Start(); err != nil {
					t.Fatal(err)
				}
				if i == kills {
					for end := time.Now().Add(30 * time.Second); progress(t, s, r.ID).State == model.CouponRunning && time.Now().Before(end); {
						time.Sleep(5 * time.Millisecond)
					}
					child.Process.Kill()
				}
				child.Wait()
				if child.ProcessState.ExitCode() != -1 {
					t.Fatalf("child %d ended by itself: %s", i, child.ProcessState)
				}
				if now := progress(t, s, r.ID); i < kills && now.Issued != int64((i+1)*batches*1000) {
					t.Fatalf("after kill %d the run is %+v, want %d whole batches", i+1, now, (i+1)*batches)
				}
				// The dead worker's lease is over, as it is two minutes later.
				err := d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
					return tx.Gorm().Model(&model.Job{}).Where("state = ?", model.JobRunning).Update("lease_until", clock.Now()).Error
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if r = progress(t, s, r.ID); r.Issued != people || r.Done != people {
				t.Errorf("after %d kills the run is %+v", kills, r)
			}
			if counter, given := claimed(t, s.Service, d, id); counter != people || given != people {
				t.Errorf("after %d kills %d are counted and %d given, want %d", kills, counter, given, people)
			}
			sound(t, d)
		})
	}
}
