package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/cmd/internal/tour"
	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
)

const day = 24 * time.Hour

// errand is a job of the tests: it notes when it ran.
type errand struct {
	Name   string
	Snooze time.Duration // once
	Fail   bool          // once
	Then   time.Duration // sends another errand that much later
}

type noted struct {
	name string
	at   time.Time
}

// Everything that is due on the way runs at the instant at which it is due, in order, once: jobs in the queue, what they put off, repeat
// and send on the way, and what the simulated WeChat holds back.
func TestTravelStopsAtEverythingInItsOrder(t *testing.T) {
	var (
		mu   sync.Mutex
		ran  []noted
		want []noted
	)
	dir, reached := t.TempDir(), make(chan struct{})
	insert := func(d *Demo, at time.Time, e errand) {
		t.Helper()
		err := d.App.DB.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			_, err := d.App.Queue.Insert(ctx, tx, jobs.Job{Kind: "test.errand", Args: e, RunAt: at})
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	w := open(t, dir, standing, 10*day, func(d *Demo) {
		jobs.Handle(d.App.Queue, "test.stop", func(ctx context.Context, _ struct{}) error {
			close(reached)
			<-ctx.Done()
			return ctx.Err()
		})
		seen := map[string]bool{}
		jobs.Handle(d.App.Queue, "test.errand", func(ctx context.Context, e errand) error {
			mu.Lock()
			again := seen[e.Name]
			seen[e.Name] = true
			ran = append(ran, noted{e.Name, d.Clock.Now()})
			mu.Unlock()
			switch {
			case e.Snooze > 0 && !again:
				return jobs.Snooze(e.Snooze)
			case e.Fail && !again:
				return errors.New("once")
			case e.Then > 0:
				insert(d, d.Clock.Now().Add(e.Then), errand{Name: e.Name + "+"})
			}
			return nil
		})
	})
	r := rand.New(rand.NewPCG(1, 2))
	expect := func(at time.Time, e errand) {
		insert(w.Demo, at, e)
		want = append(want, noted{e.Name, at})
	}
	for i := range 6 {
		at := start.Add(time.Duration(1+r.Int64N(int64(30*24*60))) * time.Minute)
		expect(at, errand{Name: fmt.Sprint("e", i)})
		expect(at, errand{Name: fmt.Sprint("twin", i)}) // two at one instant
	}
	expect(start.Add(2*day), errand{Name: "snoozes", Snooze: 36 * time.Hour})
	want = append(want, noted{"snoozes", start.Add(2*day + 36*time.Hour)})
	expect(start.Add(5*day), errand{Name: "sends", Then: 3*day + time.Second})
	want = append(want, noted{"sends+", start.Add(8*day + time.Second)})
	insert(w.Demo, start.Add(11*day), errand{Name: "fails", Fail: true}) // its second try has jitter
	insert(w.Demo, start.Add(30*day+time.Microsecond), errand{Name: "too late"})
	// A push that WeChat sends 20 hours late, and what the shop does about it.
	user := w.ctl("POST", "/_sim/users", nil)["id"].(string)
	w.ctl("POST", "/_sim/faults", map[string]any{"kind": "delayed", "endpoint": "subscribe", "delay_ms": (20 * time.Hour).Milliseconds()})
	follow := w.ctl("POST", "/_sim/users/"+user+"/follow", nil)["delivery"].(map[string]any)["id"].(string)

	j := w.travel(30 * day)
	if !w.Clock.Now().Equal(start.Add(30*day)) || !j.At.Equal(j.To) || !j.From.Equal(start) {
		t.Errorf("it arrived at %s: %+v", w.Clock.Now(), j)
	}
	var fails []noted
	ran = slices.DeleteFunc(ran, func(n noted) bool {
		if n.name == "fails" {
			fails = append(fails, n)
		}
		return n.name == "fails"
	})
	slices.SortStableFunc(want, func(a, b noted) int { return a.at.Compare(b.at) })
	if !slices.EqualFunc(ran, want, func(a, b noted) bool { return a.name == b.name && a.at.Equal(b.at) }) {
		t.Errorf("ran  %v\nwant %v", ran, want)
	}
	if len(fails) != 2 || !fails[0].at.Equal(start.Add(11*day)) || fails[1].at.Sub(fails[0].at) < time.Second || fails[1].at.Sub(fails[0].at) > 1200*time.Millisecond {
		t.Errorf("what failed once ran at %v", fails)
	}
	d := w.ctl("GET", "/_sim/deliveries/"+follow, nil)["delivery"].(map[string]any)
	if at := d["attempts"].([]any)[0].(map[string]any)["at"]; d["state"] != "delivered" || at != start.Add(20*time.Hour).Format(time.RFC3339) {
		t.Errorf("the push was sent at %v: %v", at, d)
	}
	last := start
	for _, x := range w.jobs() {
		if x.State == model.JobWaiting && !x.RunAt.After(w.Clock.Now()) || x.State == model.JobRunning || x.State == model.JobDead {
			t.Errorf("job %s due at %s is %s (%s)", x.Kind, x.RunAt, x.State, x.LastError)
		}
		if x.State == model.JobDone {
			if x.FinishedAt.Before(last) {
				t.Errorf("job %s due at %s ran at %s, after one that was due later", x.Kind, x.RunAt, x.FinishedAt)
			}
			last = *x.FinishedAt
		}
	}
	count := map[string]int{}
	for _, c := range j.Ran {
		count[c.Kind] = c.Times
	}
	if count["test.errand"] != len(want)+2 || count[pushes] == 0 || count["callbacks.process"] == 0 || count["timetable.coupons.remind"] == 0 {
		t.Errorf("the journey tells of %v", j.Ran)
	}
	w.audit()

	// A journey that the program's end cuts short leaves the clock where it was; the next start goes on from there.
	at := w.Clock.Now().Add(10 * day)
	err := w.App.DB.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := w.App.Queue.Insert(ctx, tx, jobs.Job{Kind: "test.stop", Args: struct{}{}, RunAt: at})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.ctl("POST", "/_sim/clock?wait_ms=0", map[string]any{"advance_ms": (20 * day).Milliseconds()})
	<-reached
	w.stop()
	again := open(t, dir, standing, 10*day, func(d *Demo) {
		jobs.Handle(d.App.Queue, "test.errand", func(context.Context, errand) error { return nil })
		jobs.Handle(d.App.Queue, "test.stop", func(context.Context, struct{}) error { return nil })
	})
	if now := again.Clock.Now(); !now.Equal(at) {
		t.Errorf("the clock stands at %s, want where the journey was cut short, %s", now, at)
	}
	again.travel(10 * day)
	for _, x := range again.jobs() {
		if x.Kind == "test.stop" && x.State != model.JobDone {
			t.Errorf("the job that was cut off is %s (%s)", x.State, x.LastError)
		}
	}
	again.audit()
}

// A journey of many days does what as many journeys of a day do: nothing is lost, nothing is done twice, and everything has its instant.
func TestAJourneyIsItsDaysOneByOne(t *testing.T) {
	days := 12
	if raceDetector {
		days = 4
	}
	type seen struct {
		jobs, phone []string
		active      int64
	}
	play := func(t *testing.T, journeys int) seen {
		w := open(t, t.TempDir(), standing, day, nil)
		c := w.live()
		for range journeys {
			w.travel(time.Duration(days/journeys) * day)
		}
		var s seen
		perKind := map[string]int{}
		list := w.jobs()
		for _, j := range list {
			perKind[j.Kind]++
		}
		for _, j := range list {
			if strings.HasPrefix(j.Kind, "timetable.") && perKind[j.Kind] > days+1 {
				continue // comes more often than daily, so it was gathered
			}
			s.jobs = append(s.jobs, fmt.Sprintf("%s %s %s %d", j.RunAt.Format(time.RFC3339Nano), j.Kind, j.State, j.Attempts))
		}
		slices.Sort(s.jobs)
		s.phone = w.phone(c)
		balance, err := w.App.Points.Balance(t.Context(), c.member)
		if err != nil {
			t.Fatal(err)
		}
		s.active = int64(balance.Active)
		w.audit()
		return s
	}
	var once, daily seen
	t.Run("worlds", func(t *testing.T) {
		t.Run("at once", func(t *testing.T) { t.Parallel(); once = play(t, 1) })
		t.Run("day by day", func(t *testing.T) { t.Parallel(); daily = play(t, days) })
	})
	if len(once.jobs) < 5*days || len(once.phone) < 4 || once.active <= 0 {
		t.Fatalf("too little happened to compare: %d jobs, %v, %d points", len(once.jobs), once.phone, once.active)
	}
	only := func(a, b []string) (out []string) {
		for _, x := range a {
			if i := slices.Index(b, x); i >= 0 {
				b = slices.Delete(slices.Clone(b), i, i+1)
			} else {
				out = append(out, x)
			}
		}
		return out
	}
	if a, b := only(once.jobs, daily.jobs), only(daily.jobs, once.jobs); len(a)+len(b) > 0 {
		t.Errorf("only at once:\n%s\nonly day by day:\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
	if !slices.Equal(once.phone, daily.phone) {
		t.Errorf("the phone shows at once\n%s\nand day by day\n%s", strings.Join(once.phone, "\n"), strings.Join(daily.phone, "\n"))
	}
	if once.active != daily.active {
		t.Errorf("points %d at once, %d day by day", once.active, daily.active)
	}
}

// More than a year on, while people go on using the shop: nobody is refused by accident, everything that ends has ended, the books are
// right, and the shop is usable after a restart.
func TestFourHundredDays(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, time.Now, 40*day, nil)
	c := w.live()
	w.travel(time.Minute)
	card, err := w.App.Memberships.Current(t.Context(), c.member)
	if err != nil || !card.Active {
		t.Fatalf("the card is %+v (%v)", card, err)
	}
	var wg sync.WaitGroup
	use := func(what func(n int)) {
		wg.Go(func() {
			for n := range 10 {
				what(n)
				time.Sleep(20 * time.Millisecond) // people are not that quick, and the limits hold for them too
			}
		})
	}
	use(func(int) {
		if status, out := w.ask("GET", w.URL()+"/readyz", "", nil); status != http.StatusOK {
			t.Errorf("readyz = %d %v", status, out)
		}
	})
	use(func(int) {
		if status, out := w.ask("GET", w.URL()+"/api/v1/me/coupons", c.token, nil); status != http.StatusOK && status != http.StatusUnauthorized {
			t.Errorf("my coupons = %d %v", status, out)
		}
	})
	use(func(int) {
		_, user := w.ask("POST", w.Logins.Simulator+"/_sim/users", "", nil)
		_, login := w.ask("POST", fmt.Sprint(w.Logins.Simulator, "/_sim/users/", user["id"], "/login"), "", nil)
		// Five minutes may pass between code and sign-in while the clock runs.
		status, out := w.ask("POST", w.URL()+"/api/v1/sessions", "", map[string]any{"code": login["js_code"]})
		if status != http.StatusCreated && out["code"] != "members.login_code" {
			t.Errorf("sign in = %d %v", status, out)
		}
	})
	use(func(n int) {
		what := []string{"/unfollow", "/follow"}[n%2]
		status, out := w.ask("POST", w.Logins.Simulator+"/_sim/users/"+c.id+what, "", nil)
		if d, _ := out["delivery"].(map[string]any); status != http.StatusOK || d["state"] == "failed" {
			t.Errorf("%s = %d %v", what, status, out)
		}
	})
	before := w.Clock.Now()
	w.travel(400 * day)
	wg.Wait()
	w.travel(time.Minute) // what they did last has its effects
	if gone := w.Clock.Now().Sub(before); gone < 400*day || gone > 400*day+time.Hour {
		t.Errorf("the clock went on by %s", gone)
	}
	if card, err := w.App.Memberships.Current(t.Context(), c.member); err != nil || card.Active {
		t.Errorf("after more than a year the card is %+v (%v)", card, err)
	}
	if balance, err := w.App.Points.Balance(t.Context(), c.member); err != nil || balance.Active != 0 {
		t.Errorf("points of more than a year ago: %+v (%v)", balance, err)
	}
	if status, out := w.ask("GET", w.URL()+"/api/v1/me", c.token, nil); status != http.StatusUnauthorized || out["code"] == nil {
		t.Errorf("the session of more than a year ago: %d %v", status, out)
	}
	w.audit()
	at := w.Clock.Now()
	w.stop()

	again := open(t, dir, time.Now, 40*day, nil)
	if again.Clock.Now().Before(at) {
		t.Errorf("after the restart it is %s, it was %s", again.Clock.Now(), at)
	}
	again.tour()
	again.audit()
}

// tour plays the whole round.
func (w *world) tour() {
	w.t.Helper()
	var out strings.Builder
	err := tour.Run(w.t.Context(), tour.Options{
		URL: w.URL(), Simulator: w.Logins.Simulator, StaffName: w.Logins.StaffName, StaffPassword: w.Logins.StaffPassword,
		Shop: tour.ShopKey{ID: w.Logins.IngestKey, Secret: w.Logins.IngestSecret}, Source: Source, Out: io.Writer(&out),
	})
	if err != nil {
		w.t.Fatalf("%v\n%s", err, out.String())
	}
}
