package members_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/wechat"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"))
}

const (
	mini = "wxtest-mini"
	oa   = "wxtest-oa"
)

// weChat is a WeChat whose codes a test hands out. Each works once.
type weChat struct {
	mu     sync.Mutex
	people map[string]wechat.Session
	phones map[string]wechat.Phone
	used   map[string]bool
	down   error // what every call returns instead
}

func newWeChat() *weChat {
	return &weChat{people: map[string]wechat.Session{}, phones: map[string]wechat.Phone{}, used: map[string]bool{}}
}

func (w *weChat) Code2Session(_ context.Context, code string) (wechat.Session, error) {
	return take(w, w.people, code)
}

func (w *weChat) PhoneNumber(_ context.Context, code string) (wechat.Phone, error) {
	return take(w, w.phones, code)
}

func take[V any](w *weChat, from map[string]V, code string) (v V, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down != nil {
		return v, w.down
	}
	v, ok := from[code]
	switch {
	case !ok:
		return v, &wechat.Error{Code: 40029, Message: "invalid code"}
	case w.used[code]:
		var none V
		return none, &wechat.Error{Code: 40163, Message: "code been used"}
	}
	w.used[code] = true
	return v, nil
}

// login gives a fresh code of a person.
func (w *weChat) login(openID, unionID string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	code := fmt.Sprintf("login-%d", len(w.people))
	w.people[code] = wechat.Session{OpenID: openID, UnionID: unionID, SessionKey: "canary-session-key"}
	return code
}

// phone gives a fresh code of a number.
func (w *weChat) phone(number string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	code := fmt.Sprintf("phone-%d", len(w.phones))
	w.phones[code] = wechat.Phone{Number: number, CountryCode: "86"}
	return code
}

// shop is one instance of the program as far as members go.
type shop struct {
	*members.Service
	db     *db.DB
	wechat *weChat
	logs   *bytes.Buffer
}

func open(d *db.DB) *shop { return openWith(d, newWeChat()) }

func openWith(d *db.DB, w *weChat) *shop {
	var logs bytes.Buffer
	log := slog.New(slog.NewTextHandler(&syncWriter{w: &logs}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return &shop{
		Service: members.New(members.Deps{
			DB: d, Mini: w, MiniAppID: mini, OAAppID: oa, PhoneKey: bytes.Repeat([]byte{7}, 32),
			Facts: facts.New(jobs.New(d, log)), Log: log,
		}),
		db: d, wechat: w, logs: &logs,
	}
}

type syncWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (s *syncWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// signIn signs a person in and fails the test when that does not work.
func (s *shop) signIn(t *testing.T, openID, unionID string) members.Session {
	t.Helper()
	got, err := s.SignIn(t.Context(), s.wechat.login(openID, unionID))
	if err != nil {
		t.Fatalf("sign %s in: %v", openID, err)
	}
	return got
}

// ensure is EnsureTx in a transaction of its own.
func (s *shop) ensure(ctx context.Context, ref members.Ref) (id model.MemberID, created bool, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		id, created, err = s.EnsureTx(ctx, tx, ref)
		return err
	})
	return id, created, err
}

func (s *shop) must(t *testing.T, ref members.Ref) model.MemberID {
	t.Helper()
	id, _, err := s.ensure(t.Context(), ref)
	if err != nil {
		t.Fatalf("ensure: %v", err)
	}
	return id
}

func (s *shop) do(t *testing.T, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := s.db.Do(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// exec runs a statement that no code of ours would run.
func (s *shop) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	s.do(t, func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Exec(statement, args...).Error })
}

func (s *shop) count(t *testing.T, query string, args ...any) (n int64) {
	t.Helper()
	s.do(t, func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Raw(query, args...).Scan(&n).Error })
	return n
}

// together runs fn n times at once and waits for all.
func together(n int, fn func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	wg.Wait()
}

// each runs a test on every kind of database.
func each(t *testing.T, f func(t *testing.T, s *shop, clock *dbtest.Clock)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, open(d), clock) })
}
