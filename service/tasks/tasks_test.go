package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/staff"
	"huitou/service/tasks"
)

type world struct {
	t       *testing.T
	d       *db.DB
	clock   *dbtest.Clock
	q       *jobs.Queue
	s       *tasks.Service
	members *members.Service
	member  model.MemberID
	clerk   model.StaffID
	closed  []tasks.Closed
}

func newWorld(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	log := slog.New(slog.DiscardHandler)
	w := &world{t: t, d: d, clock: clock, q: jobs.New(d, log)}
	f := facts.New(w.q)
	facts.Subscribe(f, "test", func(_ context.Context, c tasks.Closed) error { w.closed = append(w.closed, c); return nil })
	m, st := members.New(members.Deps{DB: d, PhoneKey: make([]byte, 32), Facts: f, Log: log}), staff.New(staff.Deps{DB: d, Log: log})
	w.members = m
	w.s = tasks.New(tasks.Deps{DB: d, Members: m, Staff: st, Facts: f, Log: log})
	err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		if w.member, _, err = m.EnsureTx(ctx, tx, members.Ref{Phone: "13800138000"}); err != nil {
			return err
		}
		row := model.Staff{Name: "xiaoli", PasswordHash: "none", Role: "clerk", CreatedAt: tx.Now}
		err = tx.Gorm().Create(&row).Error
		w.clerk = row.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// open adds a task of the program's and returns it.
func (w *world) open(source string) tasks.Task {
	w.t.Helper()
	err := w.d.Do(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := w.s.OpenTx(ctx, tx, tasks.Open{Kind: model.TaskVisit, Source: source, Member: w.member, Title: "回访"})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	list, _, err := w.s.List(w.t.Context(), tasks.Filter{}, db.Page{})
	if err != nil {
		w.t.Fatal(err)
	}
	return list[0]
}

func (w *world) sound() {
	w.t.Helper()
	broken, err := audit.Run(context.Background(), w.d, append(tasks.Invariants(), audit.Invariants()...))
	if err != nil || len(broken) > 0 {
		w.t.Errorf("broken: %v, %v", broken, err)
	}
}

// Of 32 who tap at once one gets the task, and one closing counts.
func TestOneTakesATask(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		task := w.open("visit:1:1")
		var wg sync.WaitGroup
		var took, closed [32]error
		for i := range took {
			wg.Go(func() { _, took[i] = w.s.Take(context.Background(), model.StaffID(i+1), task.ID) })
		}
		wg.Wait()
		for i := range closed {
			wg.Go(func() {
				_, closed[i] = w.s.Close(context.Background(), tasks.Close{Staff: model.StaffID(i + 1), Task: task.ID, Result: model.ResultReached})
			})
		}
		wg.Wait()
		winners := 0
		for i := range took {
			if (took[i] == nil) != (closed[i] == nil) {
				t.Errorf("%d took: %v, closed: %v", i+1, took[i], closed[i])
			}
			if took[i] == nil {
				winners++
			} else if !errors.Is(took[i], tasks.ErrTaken) {
				t.Errorf("take: %v", took[i])
			}
		}
		if winners != 1 {
			t.Errorf("%d took it", winners)
		}
		if _, err := w.q.RunDue(context.Background()); err != nil || len(w.closed) != 1 || w.closed[0].Source != "visit:1:1" {
			t.Errorf("told %+v, %v", w.closed, err)
		}
		w.sound()
	})
}

func TestTasksMove(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	ctx := t.Context()
	first := w.open("visit:1:1")
	if again := w.open("visit:1:1"); again.ID != first.ID {
		t.Error("one source opened two tasks")
	}
	check := func(what string, got tasks.Task, err error, state model.TaskState, by model.StaffID) {
		t.Helper()
		if err != nil || got.State != state || got.Staff != by {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	got, err := w.s.Take(ctx, 5, first.ID)
	check("take", got, err, model.TaskTaken, 5)
	got, err = w.s.Take(ctx, 5, first.ID)
	check("take one's own", got, err, model.TaskTaken, 5)
	got, err = w.s.Assign(ctx, tasks.Assign{By: 1, Task: first.ID, Staff: "XiaoLi ", Store: "hz-01", Due: model.NewDay(2026, 11, 30)})
	check("assign", got, err, model.TaskTaken, w.clerk)
	if got.Store != "hz-01" || got.Due.String() != "2026-11-30" {
		t.Errorf("assigned %+v", got)
	}
	if _, err := w.s.Close(ctx, tasks.Close{Staff: 5, Task: first.ID, Result: model.ResultSolved}); !errors.Is(err, tasks.ErrTaken) {
		t.Errorf("close another's: %v", err)
	}
	got, err = w.s.Assign(ctx, tasks.Assign{By: 1, Task: first.ID, Store: "hz-02"})
	check("give to a store", got, err, model.TaskOpen, 0)
	in := tasks.Close{Staff: 5, Task: first.ID, Result: model.ResultNoAnswer, Note: "响铃无人接"}
	for range 2 {
		got, err = w.s.Close(ctx, in)
		check("close", got, err, model.TaskClosed, 5)
	}
	for what, err := range map[string]error{
		"take":             second(w.s.Take(ctx, 5, first.ID)),
		"assign":           second(w.s.Assign(ctx, tasks.Assign{By: 1, Task: first.ID})),
		"another result":   second(w.s.Close(ctx, tasks.Close{Staff: 5, Task: first.ID, Result: model.ResultSolved})),
		"by somebody else": second(w.s.Close(ctx, tasks.Close{Staff: 6, Task: first.ID, Result: model.ResultNoAnswer})),
	} {
		if !errors.Is(err, tasks.ErrClosed) {
			t.Errorf("%s after the end: %v", what, err)
		}
	}
	waits := func() (yes bool) {
		err := d.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			yes, err = w.s.WaitsTx(ctx, tx, w.member, model.TaskVisit)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return yes
	}
	if waits() {
		t.Error("a closed task waits")
	}
	w.open("visit:1:2")
	if !waits() {
		t.Error("an open task does not wait")
	}
	w.sound()
}

func second(_ tasks.Task, err error) error { return err }

func TestBadInput(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	ctx := t.Context()
	task := w.open("visit:1:1")
	good := tasks.Report{Staff: 5, Kind: model.TaskParcel, Member: w.member, Title: "破损"}
	for field, spoil := range map[string]func(*tasks.Report){
		"kind":    func(r *tasks.Report) { r.Kind = model.TaskLowScore },
		"due_day": func(r *tasks.Report) { r.Due = model.NewDay(2026, 11, 20) },
		"title":   func(r *tasks.Report) { r.Title = "" }, "store": func(r *tasks.Report) { r.Store = strings.Repeat("a", 65) },
		"detail": func(r *tasks.Report) { r.Detail = strings.Repeat("长", 1001) }, "order_id": func(r *tasks.Report) { r.Order = -1 },
	} {
		in := good
		spoil(&in)
		if _, err := w.s.Report(ctx, in); !strings.Contains(fmt.Sprint(fault.Of(err).Detail["fields"]), "field:"+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	nobody := good
	nobody.Member = 999
	for what, tt := range map[string]struct {
		err  error
		want *fault.Fault
	}{
		"a task about nobody":     {second(w.s.Report(ctx, nobody)), members.ErrUnknown},
		"no such task":            {second(w.s.Take(ctx, 5, 999)), tasks.ErrUnknown},
		"no such colleague":       {second(w.s.Assign(ctx, tasks.Assign{By: 1, Task: task.ID, Staff: "nobody"})), staff.ErrUnknown},
		"yesterday":               {second(w.s.Assign(ctx, tasks.Assign{By: 1, Task: task.ID, Due: model.NewDay(2026, 11, 20)})), fault.ErrInvalid},
		"no result":               {second(w.s.Close(ctx, tasks.Close{Staff: 5, Task: task.ID})), fault.ErrInvalid},
		"an unknown result":       {second(w.s.Close(ctx, tasks.Close{Staff: 5, Task: task.ID, Result: "fine"})), fault.ErrInvalid},
		"a note of a whole novel": {second(w.s.Close(ctx, tasks.Close{Staff: 5, Task: task.ID, Result: model.ResultSolved, Note: strings.Repeat("长", 501)})), fault.ErrInvalid},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: %v, want %v", what, tt.err, tt.want)
		}
	}
	w.sound()
}

// The number is told to who has taken the task, and every look is kept.
func TestPhoneIsToldToWhoCalls(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	task := w.open("visit:1:1")
	phone := func(by model.StaffID) (string, error) { return w.s.Phone(t.Context(), by, task.ID) }
	if _, err := phone(5); !errors.Is(err, tasks.ErrNotTaken) {
		t.Errorf("before it was taken: %v", err)
	}
	if _, err := w.s.Take(t.Context(), 5, task.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := phone(5); err != nil || got != "+8613800138000" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := phone(6); !errors.Is(err, tasks.ErrNotTaken) {
		t.Errorf("to somebody else: %v", err)
	}
	var looks int64
	err := d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Model(&model.AuditEntry{}).Where("action = 'tasks.phone' AND staff_id = 5").Count(&looks).Error
	})
	if err != nil || looks != 1 {
		t.Errorf("%d looks in the trail, %v", looks, err)
	}
	if _, err := w.s.Close(t.Context(), tasks.Close{Staff: 5, Task: task.ID, Result: model.ResultReached}); err != nil {
		t.Fatal(err)
	}
	if _, err := phone(5); !errors.Is(err, tasks.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// A report under a key is made once.
func TestReportReplayed(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	in := tasks.Report{Staff: 5, Kind: model.TaskParcel, Member: w.member, Title: "破损", Key: db.Key{Scope: "s", Key: "k"}}
	a, err := w.s.Report(t.Context(), in)
	clock.Advance(time.Minute)
	b, err2 := w.s.Report(t.Context(), in)
	if err != nil || err2 != nil || a.ID != b.ID || !b.Replayed {
		t.Errorf("%+v, %v, then %+v, %v", a, err, b, err2)
	}
	list, err := w.s.Waiting(t.Context(), 5, 10)
	if err != nil || len(list) != 1 {
		t.Errorf("%d wait, %v", len(list), err)
	}
	w.sound()
}
