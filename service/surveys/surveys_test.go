package surveys_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/points"
	"huitou/service/staff"
	"huitou/service/surveys"
	"huitou/service/tasks"
)

type world struct {
	t       *testing.T
	d       *db.DB
	clock   *dbtest.Clock
	members *members.Service
	points  *points.Service
	coupons *coupons.Service
	tasks   *tasks.Service
	s       *surveys.Service
	survey  model.SurveyID
}

func newWorld(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	log := slog.New(slog.DiscardHandler)
	f := facts.New(jobs.New(d, log))
	w := &world{t: t, d: d, clock: clock}
	w.members = members.New(members.Deps{DB: d, PhoneKey: make([]byte, 32), Facts: f, Log: log})
	w.points = points.New(points.Deps{DB: d, Log: log})
	w.coupons = coupons.New(coupons.Deps{DB: d, Members: w.members, Log: log})
	w.tasks = tasks.New(tasks.Deps{DB: d, Members: w.members, Staff: staff.New(staff.Deps{DB: d, Log: log}), Facts: f, Log: log})
	w.s = surveys.New(surveys.Deps{DB: d, Members: w.members, Points: w.points, Coupons: w.coupons, Tasks: w.tasks, Facts: f, Log: log})
	v, err := w.s.Create(t.Context(), questions())
	if err == nil {
		v, err = w.s.Open(t.Context(), 7, v.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.survey = v.ID
	return w
}

func questions() surveys.NewSurvey {
	return surveys.NewSurvey{Staff: 7, Name: "购物体验", Questions: []surveys.Question{
		{Kind: surveys.Score, Ask: "愿意推荐吗", Required: true, Most: 10},
		{Kind: surveys.Choice, Ask: "包裹完好吗", Options: []surveys.Option{{Text: "完好"}, {Text: "破损", Problem: true}}},
		{Kind: surveys.Text, Ask: "想说的话", Most: 200},
	}}
}

func (w *world) do(fn func(ctx context.Context, tx *db.Tx) error) {
	w.t.Helper()
	if err := w.d.Do(context.Background(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) member(phone string) (id model.MemberID) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *db.Tx) (err error) {
		id, _, err = w.members.EnsureTx(ctx, tx, members.Ref{Phone: phone})
		return err
	})
	return id
}

// invite puts the survey to a member for three days.
func (w *world) invite(m model.MemberID, source string, r surveys.Reward) (token string) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *db.Tx) (err error) {
		token, err = w.s.InviteTx(ctx, tx, surveys.Invite{Survey: w.survey, Member: m, Order: 12, Source: source, Until: tx.Now.Add(72 * time.Hour), Reward: r})
		return err
	})
	return token
}

func score(n int64) []surveys.Given { return []surveys.Given{{Question: 1, Number: &n}} }

func (w *world) mine(m model.MemberID) []surveys.Invitation {
	w.t.Helper()
	list, err := w.s.Mine(w.t.Context(), m)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *world) balance(m model.MemberID) model.Points {
	w.t.Helper()
	b, err := w.points.Balance(w.t.Context(), m)
	if err != nil {
		w.t.Fatal(err)
	}
	return b.Active
}

func (w *world) rows(table string) (n int64) {
	w.t.Helper()
	w.do(func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Table(table).Count(&n).Error })
	return n
}

func (w *world) broken() (ids []string) {
	w.t.Helper()
	var all []audit.Invariant
	for _, of := range [][]audit.Invariant{surveys.Invariants(), tasks.Invariants(), points.Invariants(), coupons.Invariants(), audit.Invariants()} {
		all = append(all, of...)
	}
	list, err := audit.Run(context.Background(), w.d, all)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range list {
		ids = append(ids, b.ID)
	}
	return ids
}

func (w *world) sound() {
	w.t.Helper()
	if ids := w.broken(); len(ids) > 0 {
		w.t.Errorf("broken: %v", ids)
	}
}

// What others hear of an answer says whether staff have something to do about it, whatever it is.
func TestOthersHearWhetherThereIsTrouble(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	q := jobs.New(d, slog.New(slog.DiscardHandler))
	w.s.Facts = facts.New(q)
	heard := map[string]bool{}
	facts.Subscribe(w.s.Facts, "test", func(_ context.Context, a surveys.Answered) error { heard[a.Source] = a.Task; return nil })
	m := w.member("13800138000")
	for source, said := range map[string][2]int64{"visit:1:2": {1, 1}, "visit:2:2": {10, 2}, "visit:3:2": {1, 2}, "visit:4:2": {10, 1}} {
		_, err := w.s.Answer(t.Context(), surveys.Answer{Token: w.invite(m, source, surveys.Reward{}), Given: []surveys.Given{{Question: 1, Number: &said[0]}, {Question: 2, Number: &said[1]}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := q.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := map[string]bool{"visit:1:2": true, "visit:2:2": true, "visit:3:2": true, "visit:4:2": false}; !maps.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	w.sound()
}

// T2 for surveys: 64 answers to one invitation at once, half of them by its link and half in the member's session, from two programs: one is
// kept, and one reward is given.
func TestT2SixtyFourAnswersAtOnce(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock, opts := dbtest.NewClock(), dbtest.Empty(t, driver)
			a := newWorld(t, dbtest.Reopen(t, opts, clock), clock)
			b := newWorld(t, dbtest.Reopen(t, opts, clock), clock)
			m := a.member("13800138000")
			token := a.invite(m, "visit:1:2", surveys.Reward{Points: 50})
			id := a.mine(m)[0].ID
			start := make(chan struct{})
			outcomes := make([]error, 64)
			var wg sync.WaitGroup
			for i := range outcomes {
				wg.Go(func() {
					in := surveys.Answer{Member: m, Invitation: id, Given: score(int64(i % 11))}
					if i%2 == 0 {
						in = surveys.Answer{Token: token, Given: score(int64(i % 11))}
					}
					<-start
					_, outcomes[i] = []*world{a, b}[i/2%2].s.Answer(context.Background(), in)
				})
			}
			close(start)
			wg.Wait()
			won := 0
			for _, err := range outcomes {
				if err == nil {
					won++
				} else if !errors.Is(err, surveys.ErrAnswered) && fault.Of(err) == nil {
					t.Errorf("an answer: %v", err)
				}
			}
			if won != 1 || a.balance(m) != 50 || a.rows("survey_answers") != 1 || a.rows("points_entries") != 1 {
				t.Errorf("%d answers taken, %d points, %d answers kept", won, a.balance(m), a.rows("survey_answers"))
			}
			a.sound()
		})
	}
}

// T9, T33: other people's surveys, forged and guessed tokens look as if there were nothing.
func TestT9OtherPeoplesSurveys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		mine, theirs := w.member("13800138000"), w.member("13800138001")
		token := w.invite(theirs, "visit:1:2", surveys.Reward{Points: 50})
		id := w.mine(theirs)[0].ID
		if list := w.mine(mine); len(list) != 0 {
			t.Errorf("I see %+v", list)
		}
		var stored model.SurveyInvitation
		w.do(func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Take(&stored).Error })
		if strings.Contains(stored.TokenHash, token) || len(stored.TokenHash) != 64 {
			t.Errorf("the token is kept as %s", stored.TokenHash)
		}
		swapped := strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z':
				return r - 32
			case r >= 'A' && r <= 'Z':
				return r + 32
			}
			return r
		}, token)
		for what, in := range map[string]surveys.Answer{
			"another member's":   {Member: mine, Invitation: id},
			"nobody's":           {Member: theirs, Invitation: model.PublicID(random.ID())},
			"no member":          {Invitation: id},
			"a guessed token":    {Token: random.Token()},
			"the stored hash":    {Token: stored.TokenHash},
			"a cut token":        {Token: token[:42]},
			"another case":       {Token: swapped},
			"a token and a tail": {Token: token + "A"},
			"an injection":       {Token: "' OR 1=1 -- 00000000000000000000000000000000"},
			"the public id":      {Token: string(id)},
		} {
			in.Given = score(9)
			if _, err := w.s.Answer(t.Context(), in); !errors.Is(err, surveys.ErrUnknown) {
				t.Errorf("%s: %v", what, err)
			}
			if in.Token != "" {
				if _, err := w.s.ByToken(t.Context(), in.Token); !errors.Is(err, surveys.ErrUnknown) {
					t.Errorf("%s is shown: %v", what, err)
				}
			}
		}
		if w.rows("survey_answers") != 0 || w.balance(theirs) != 0 {
			t.Error("something was answered")
		}
		w.sound()
	})
}

// T2, T3: a repetition under its key gets the same thanks, another input is refused, and nothing happens twice.
func TestT3AnswerReplayed(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	m := w.member("13800138000")
	w.invite(m, "visit:1:2", surveys.Reward{Points: 50})
	in := surveys.Answer{Member: m, Invitation: w.mine(m)[0].ID, Given: score(9), Key: db.Key{Scope: "answer member:1", Key: "k1"}}
	first, err := w.s.Answer(t.Context(), in)
	if err != nil || first.Points != 50 || first.Replayed {
		t.Fatalf("first: %+v, %v", first, err)
	}
	again, err := w.s.Answer(t.Context(), in)
	if err != nil || again.Points != 50 || !again.Replayed {
		t.Errorf("again: %+v, %v", again, err)
	}
	in.Given = score(0)
	if _, err := w.s.Answer(t.Context(), in); !errors.Is(err, db.ErrKeyReused) {
		t.Errorf("another input: %v", err)
	}
	in.Key.Key = "k2"
	if _, err := w.s.Answer(t.Context(), in); !errors.Is(err, surveys.ErrAnswered) {
		t.Errorf("another key: %v", err)
	}
	if w.balance(m) != 50 {
		t.Errorf("%d points", w.balance(m))
	}
	w.sound()
}

// The reward is the same whatever is answered.
func TestRewardWhateverIsSaid(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	for i, given := range [][]surveys.Given{score(0), score(10), score(6)} {
		m := w.member(fmt.Sprintf("1380013800%d", i))
		token := w.invite(m, fmt.Sprintf("visit:%d:2", i), surveys.Reward{Points: 50})
		if thanks, err := w.s.Answer(t.Context(), surveys.Answer{Token: token, Given: given}); err != nil || thanks.Points != 50 || w.balance(m) != 50 {
			t.Errorf("answer %d: %+v, %v", i, thanks, err)
		}
	}
	w.sound()
}

// A coupon is given once; one that cannot be given leaves the answer and tells staff.
func TestCouponForAnAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		template, err := w.coupons.CreateTemplate(t.Context(), coupons.NewTemplate{Staff: 7, Name: "谢谢券",
			CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 500, ThresholdFen: 1000}, UseDays: 30, Total: 1, PerMember: 1, Issuable: true})
		if err == nil {
			_, err = w.coupons.Activate(t.Context(), 7, template.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		first, second := w.member("13800138000"), w.member("13800138001")
		a, b := w.invite(first, "visit:1:2", surveys.Reward{Coupon: template.ID}), w.invite(second, "visit:2:2", surveys.Reward{Coupon: template.ID})
		if thanks, err := w.s.Answer(t.Context(), surveys.Answer{Token: a, Given: score(9)}); err != nil || thanks.Coupon == "" {
			t.Errorf("the first: %+v, %v", thanks, err)
		}
		if thanks, err := w.s.Answer(t.Context(), surveys.Answer{Token: b, Given: score(9)}); err != nil || thanks.Coupon != "" {
			t.Errorf("when none is left: %+v, %v", thanks, err)
		}
		list, _, err := w.tasks.List(t.Context(), tasks.Filter{Member: second}, db.Page{})
		if err != nil || len(list) != 1 || list[0].Source != "survey:2:reward" || list[0].Kind != model.TaskReward {
			t.Errorf("tasks %+v, %v", list, err)
		}
		r, err := w.s.Results(t.Context(), w.survey)
		if err != nil || r.Invited != 2 || r.Answered != 2 || r.CouponsGiven != 1 || r.Fail != 1 {
			t.Errorf("results %+v, %v", r, err)
		}
		w.sound()
	})
}

// One answer is one task, with everything that is wrong in it: two of staff must not call the same person about the same parcel.
func TestTroubleIsToldOnce(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	m := w.member("13800138000")
	const whole, broken, low, high = int64(1), int64(2), int64(1), int64(10)
	for i, c := range []struct {
		score, parcel int64
		kind          model.TaskKind // "": no task
		title         string
	}{
		{low, broken, model.TaskLowScore, "低分回访、包裹问题:"},
		{low, whole, model.TaskLowScore, "低分回访:"},
		{high, broken, model.TaskParcel, "包裹问题:"},
		{high, whole, "", ""},
	} {
		source := fmt.Sprintf("visit:%d:2", i+1)
		_, err := w.s.Answer(t.Context(), surveys.Answer{Token: w.invite(m, source, surveys.Reward{}), Given: []surveys.Given{
			{Question: 1, Number: &c.score}, {Question: 2, Number: &c.parcel}, {Question: 3, Text: "<script>alert(1)</script>"}}})
		if err != nil {
			t.Fatal(err)
		}
		list, _, err := w.tasks.List(t.Context(), tasks.Filter{State: model.TaskOpen}, db.Page{})
		if err != nil {
			t.Fatal(err)
		}
		if c.kind == "" {
			if len(list) != 0 {
				t.Errorf("score %d, parcel %d: tasks %+v", c.score, c.parcel, list)
			}
			continue
		}
		parcel := map[int64]string{whole: "完好", broken: "破损"}[c.parcel]
		detail := fmt.Sprintf("愿意推荐吗:%d/10\n包裹完好吗:%s\n想说的话:<script>alert(1)</script>", c.score, parcel)
		if len(list) != 1 || list[0].Kind != c.kind || !strings.HasPrefix(list[0].Title, c.title) || list[0].Order != 12 ||
			list[0].Due.String() != "2026-11-21" || list[0].Detail != detail {
			t.Fatalf("score %d, parcel %d: tasks %+v", c.score, c.parcel, list)
		}
		// The visit ends with its one task.
		if of, err := w.s.SourceOfTask(t.Context(), list[0].Source); err != nil || of != source {
			t.Errorf("task %s is of %q, %v", list[0].Source, of, err)
		}
		if _, err := w.tasks.Close(t.Context(), tasks.Close{Staff: 7, Task: list[0].ID, Result: model.ResultSolved}); err != nil {
			t.Fatal(err)
		}
		err = w.d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			waits, err := w.s.TroubledTx(ctx, tx, source)
			if waits {
				t.Errorf("the answer to %s still waits for staff", source)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.sound()
}

func TestExpiredAndClosed(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	m := w.member("13800138000")
	open, late := w.invite(m, "visit:1:2", surveys.Reward{}), w.invite(m, "visit:1:3", surveys.Reward{})
	if _, err := w.s.Close(t.Context(), 7, w.survey); err != nil {
		t.Fatal(err)
	}
	err := w.d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := w.s.InviteTx(ctx, tx, surveys.Invite{Survey: w.survey, Member: m, Source: "visit:2:2", Until: tx.Now.Add(time.Hour)})
		return err
	})
	if !errors.Is(err, surveys.ErrNotOpen) {
		t.Errorf("invited to a closed survey: %v", err)
	}
	clock.Advance(72*time.Hour - time.Microsecond)
	if _, err := w.s.Answer(t.Context(), surveys.Answer{Token: open, Given: score(9)}); err != nil {
		t.Errorf("in the last instant, of a survey that was closed: %v", err)
	}
	clock.Advance(time.Microsecond)
	if _, err := w.s.Answer(t.Context(), surveys.Answer{Token: late, Given: score(9)}); !errors.Is(err, surveys.ErrExpired) {
		t.Errorf("an instant later: %v", err)
	}
	if len(w.mine(m)) != 0 {
		t.Error("what is over is still offered")
	}
	w.sound()
}

func TestSurveysMove(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	ctx := t.Context()
	v, err := w.s.Create(ctx, questions())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Close(ctx, 7, v.ID); !errors.Is(err, surveys.ErrNotOpen) {
		t.Errorf("close a draft: %v", err)
	}
	changed := questions()
	changed.Name = "新名字"
	if v, err = w.s.Change(ctx, v.ID, changed); err != nil || v.Name != "新名字" {
		t.Errorf("change a draft: %+v, %v", v, err)
	}
	for range 2 {
		if v, err = w.s.Open(ctx, 7, v.ID); err != nil || v.State != model.SurveyOpen {
			t.Errorf("open: %+v, %v", v, err)
		}
	}
	if _, err := w.s.Change(ctx, v.ID, changed); !errors.Is(err, surveys.ErrNotDraft) {
		t.Errorf("change what is in use: %v", err)
	}
	if _, err := w.s.Close(ctx, 7, v.ID); err != nil {
		t.Error(err)
	}
	if _, err := w.s.Open(ctx, 7, v.ID); !errors.Is(err, surveys.ErrNotDraft) {
		t.Errorf("open what was closed: %v", err)
	}
	if _, err := w.s.Survey(ctx, 999); !errors.Is(err, surveys.ErrUnknown) {
		t.Errorf("nothing: %v", err)
	}
	w.sound()
}

func TestResultsAndAnswers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		for i, n := range []int64{10, 9, 8, 3} {
			token := w.invite(w.member(fmt.Sprintf("1380013800%d", i)), fmt.Sprintf("visit:%d:2", i), surveys.Reward{Points: 10})
			given := score(n)
			if i == 0 {
				given = append(given, surveys.Given{Question: 3, Text: "好"})
			}
			if _, err := w.s.Answer(t.Context(), surveys.Answer{Token: token, Given: given}); err != nil {
				t.Fatal(err)
			}
		}
		w.invite(w.member("13800138009"), "visit:9:2", surveys.Reward{})
		r, err := w.s.Results(t.Context(), w.survey)
		q := r.Questions
		if err != nil || r.Invited != 5 || r.Answered != 4 || r.Low != 1 || r.PointsGiven != 40 || q[0].AverageHundredths != 750 || *q[0].NPS != 2500 ||
			q[0].Counts[9] != 1 || q[1].Answers != 0 || q[2].Answers != 1 || q[2].Counts != nil {
			t.Errorf("results %+v, %v", r, err)
		}
		list, next, err := w.s.Answers(t.Context(), w.survey, db.Page{Limit: 3})
		if err != nil || len(list) != 3 || next == "" || !list[0].Low || list[0].Order != 12 || *list[0].Items[0].Number != 3 {
			t.Errorf("answers %+v, %v", list, err)
		}
		list, next, err = w.s.Answers(t.Context(), w.survey, db.Page{Limit: 3, Cursor: next})
		if err != nil || len(list) != 1 || next != "" || list[0].Items[1].Text != "好" || list[0].Items[1].Number != nil {
			t.Errorf("the rest %+v, %v", list, err)
		}
	})
}

func TestInvariantsSeeCorruption(t *testing.T) {
	d, clock := dbtest.SQLite(t) // the other tests run the same queries on MySQL
	w := newWorld(t, d, clock)
	token := w.invite(w.member("13800138000"), "visit:1:2", surveys.Reward{Points: 50})
	if _, err := w.s.Answer(t.Context(), surveys.Answer{Token: token, Given: score(3)}); err != nil {
		t.Fatal(err)
	}
	w.sound()
	for _, tt := range []struct{ want, corrupt string }{
		{"surveys.answered", `UPDATE survey_invitations SET answered_at = NULL`},
		{"surveys.answered", `UPDATE survey_answers SET survey_id = 99`},
		{"surveys.answered", `UPDATE survey_invitations SET expires_at = answered_at`},
		{"surveys.orphans", `DELETE FROM survey_invitations`},
		{"surveys.orphans", `DELETE FROM survey_answer_items`},
		{"surveys.orphans", `UPDATE survey_answer_items SET answer_id = 99`},
		{"surveys.points", `UPDATE survey_invitations SET reward_points = 51`},
		{"surveys.points", `UPDATE survey_answers SET reward = ''`},
		{"surveys.points", `UPDATE points_entries SET source = 'survey:99'`},
		{"surveys.coupons", `UPDATE survey_invitations SET reward_template = 'x'`},
		{"surveys.coupons", `UPDATE survey_answers SET reward_reason = 'coupons.sold_out'`},
		{"surveys.low", `DELETE FROM staff_tasks`},
		{"surveys.low", `UPDATE survey_answers SET low = FALSE`},
		{"tasks.states", `UPDATE staff_tasks SET state = 'taken'`},
		{"tasks.states", `UPDATE staff_tasks SET closed_by = 7`},
		{"tasks.trail", `UPDATE staff_tasks SET state = 'closed', closed_at = created_at, closed_by = 7, result = 'solved'`},
	} {
		var ids []string
		err := d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			if err := tx.Gorm().Exec(tt.corrupt).Error; err != nil {
				return err
			}
			for _, inv := range append(surveys.Invariants(), tasks.Invariants()...) {
				broken, err := inv.Check(ctx, tx)
				if err != nil {
					return fmt.Errorf("%s: %w", inv.ID, err)
				}
				if len(broken) > 0 {
					ids = append(ids, inv.ID)
				}
			}
			return errUndo
		})
		if !errors.Is(err, errUndo) || !slices.Contains(ids, tt.want) {
			t.Errorf("%s: broken %v, %v; want %s among them", tt.corrupt, ids, err, tt.want)
		}
	}
	w.sound()
}

// errUndo takes a corruption back.
var errUndo = errors.New("undo")
