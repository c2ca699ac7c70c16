package staff_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/staff"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"))
}

const (
	password = "long-river-9-tea"
	home     = "203.0.113.7"
)

type shop struct {
	*staff.Service
	db   *db.DB
	logs *buffer
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func open(d *db.DB) *shop {
	s := openWithFullCost(d)
	s.Cheapen()
	return s
}

func openWithFullCost(d *db.DB) *shop {
	logs := &buffer{}
	return &shop{staff.New(staff.Deps{DB: d, Log: slog.New(slog.NewTextHandler(logs, nil))}), d, logs}
}

func each(t *testing.T, f func(t *testing.T, s *shop, clock *dbtest.Clock)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, open(d), clock) })
}

func (s *shop) add(t *testing.T, name string, role staff.Role) model.StaffID {
	t.Helper()
	id, err := s.Add(t.Context(), staff.Add{Name: name, Password: password, Role: role})
	if err != nil {
		t.Fatalf("add %s: %v", name, err)
	}
	return id
}

func (s *shop) signIn(t *testing.T, name string) staff.Session {
	t.Helper()
	got, err := s.SignIn(t.Context(), name, password, home)
	if err != nil {
		t.Fatalf("sign %s in: %v", name, err)
	}
	return got
}

func (s *shop) do(t *testing.T, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := s.db.Do(t.Context(), func(_ context.Context, tx *db.Tx) error { return fn(tx) }); err != nil {
		t.Fatal(err)
	}
}

func (s *shop) count(t *testing.T, query string, args ...any) (n int64) {
	t.Helper()
	s.do(t, func(tx *db.Tx) error { return tx.Gorm().Raw(query, args...).Scan(&n).Error })
	return n
}

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

func clean(t *testing.T, s *shop) {
	t.Helper()
	broken, err := audit.Run(t.Context(), s.db, append(staff.Invariants(), audit.Invariants()...))
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	for _, b := range broken {
		t.Errorf("%s (%s): %v", b.ID, b.Says, b.Violations)
	}
}

func TestAdd(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		boss := s.add(t, "Li.Wei", staff.Owner)
		tests := []struct {
			name string
			in   staff.Add
			want error
		}{
			{"name taken, in capitals", staff.Add{Name: "LI.WEI", Password: password, Role: staff.Clerk}, staff.ErrNameTaken},
			{"short name", staff.Add{Name: "li", Password: password, Role: staff.Clerk}, fault.ErrInvalid},
			{"name in Chinese", staff.Add{Name: "李雷小店", Password: password, Role: staff.Clerk}, fault.ErrInvalid},
			{"name with a quote", staff.Add{Name: "x' OR 1=1", Password: password, Role: staff.Clerk}, fault.ErrInvalid},
			{"name of 33", staff.Add{Name: strings.Repeat("a", 33), Password: password, Role: staff.Clerk}, fault.ErrInvalid},
			{"long display name", staff.Add{Name: "clerk1", DisplayName: strings.Repeat("名", 33), Password: password, Role: staff.Clerk}, fault.ErrInvalid},
			{"no role", staff.Add{Name: "clerk1", Password: password}, fault.ErrInvalid},
			{"unknown role", staff.Add{Name: "clerk1", Password: password, Role: "root"}, fault.ErrInvalid},
			{"easy password", staff.Add{Name: "clerk1", Password: "admin123", Role: staff.Clerk}, staff.ErrPassword},
			{"good", staff.Add{By: boss, Name: "clerk1", DisplayName: "小王", Password: password, Role: staff.Clerk}, nil},
		}
		for _, tt := range tests {
			if _, err := s.Add(t.Context(), tt.in); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
		}
		if n := s.count(t, "SELECT COUNT(*) FROM staff"); n != 2 {
			t.Errorf("%d accounts, want 2", n)
		}
		if n := s.count(t, "SELECT COUNT(*) FROM staff WHERE password_hash LIKE '%river%'"); n != 0 {
			t.Error("a password is kept as it is")
		}
		clean(t, s)
	})
}

func TestAddRace(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		var added atomic.Int64
		together(8, func(int) {
			switch _, err := s.Add(t.Context(), staff.Add{Name: "boss", Password: password, Role: staff.Owner}); {
			case err == nil:
				added.Add(1)
			case !errors.Is(err, staff.ErrNameTaken):
				t.Errorf("add: %v", err)
			}
		})
		if added.Load() != 1 {
			t.Errorf("%d accounts of one name", added.Load())
		}
		clean(t, s)
	})
}

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		id := s.add(t, "boss", staff.Owner)
		got := s.signIn(t, " Boss ")
		if want := (staff.Actor{ID: id, Name: "boss", Role: staff.Owner}); got.Actor != want || !got.ExpiresAt.Equal(clock.Now().Add(12*time.Hour)) {
			t.Errorf("session = %+v", got)
		}
		if a, err := s.Authenticate(t.Context(), got.Token); err != nil || a != got.Actor {
			t.Errorf("authenticate = %+v, %v", a, err)
		}
		for _, bad := range []string{"", got.Token[1:], random.Token(), got.Token + " "} {
			if a, err := s.Authenticate(t.Context(), bad); !errors.Is(err, staff.ErrSession) {
				t.Errorf("token %d characters long = %+v, %v", len(bad), a, err)
			}
		}
		if n := s.count(t, "SELECT COUNT(*) FROM staff_sessions WHERE token_hash = ?", got.Token); n != 0 {
			t.Error("the database keeps the token itself")
		}
		if err := s.SignOut(t.Context(), got.Token); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(t.Context(), got.Token); !errors.Is(err, staff.ErrSession) {
			t.Errorf("after the sign-out: %v", err)
		}
		logs := s.logs.b.String()
		if !strings.Contains(logs, "staff signed in") || strings.Contains(logs, got.Token) || strings.Contains(logs, password) {
			t.Errorf("logs = %s", logs)
		}
		clean(t, s)
	})
}

func TestSessionEnds(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		s.add(t, "boss", staff.Owner)
		start := clock.Now()
		alive := func(token string) bool {
			_, err := s.Authenticate(t.Context(), token)
			return err == nil
		}
		idle := s.signIn(t, "boss")
		clock.Set(start.Add(2*time.Hour - time.Second))
		if !alive(idle.Token) {
			t.Error("a session ended before 2 idle hours")
		}
		clock.Set(start.Add(4 * time.Hour))
		if alive(idle.Token) {
			t.Error("a session lives after 2 idle hours")
		}
		busy := s.signIn(t, "boss")
		for at := clock.Now(); at.Before(busy.ExpiresAt); at = at.Add(time.Hour) {
			clock.Set(at)
			if !alive(busy.Token) {
				t.Fatalf("a session in use ended %s early", busy.ExpiresAt.Sub(at))
			}
		}
		clock.Set(busy.ExpiresAt)
		if alive(busy.Token) {
			t.Error("a session lives after 12 hours")
		}
		clock.Advance(32 * 24 * time.Hour)
		if err := s.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.count(t, "SELECT (SELECT COUNT(*) FROM staff_sessions) + (SELECT COUNT(*) FROM staff_attempts)"); n != 0 {
			t.Errorf("%d rows left after the purge", n)
		}
	})
}

// T23: a new password and a disabled account end every session, on every instance, at once.
func TestT23SessionsEndWithTheAccount(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		there := open(s.db) // another instance on the same database
		boss := s.add(t, "boss", staff.Owner)
		clerk := s.add(t, "wang", staff.Clerk)
		one, two, others := s.signIn(t, "wang"), there.signIn(t, "wang"), s.signIn(t, "boss")
		if err := s.SetPassword(t.Context(), staff.SetPassword{By: boss, Account: clerk, Password: "another-9-river"}); err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{one.Token, two.Token} {
			if _, err := there.Authenticate(t.Context(), token); !errors.Is(err, staff.ErrSession) {
				t.Errorf("after the new password: %v", err)
			}
		}
		if _, err := s.SignIn(t.Context(), "wang", password, home); !errors.Is(err, staff.ErrCredentials) {
			t.Errorf("the old password: %v", err)
		}
		third, err := s.SignIn(t.Context(), "wang", "another-9-river", home)
		if err != nil {
			t.Fatalf("the new password: %v", err)
		}
		for range 2 {
			if err := s.Disable(t.Context(), boss, clerk); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := there.Authenticate(t.Context(), third.Token); !errors.Is(err, staff.ErrSession) {
			t.Errorf("after disabling: %v", err)
		}
		if _, err := s.SignIn(t.Context(), "wang", "another-9-river", home); !errors.Is(err, staff.ErrCredentials) {
			t.Errorf("a disabled account signs in: %v", err)
		}
		if _, err := s.Authenticate(t.Context(), others.Token); err != nil {
			t.Errorf("another account's session: %v", err)
		}
		if n := s.count(t, "SELECT COUNT(*) FROM audit_trail"); n != 4 {
			t.Errorf("%d entries in the staff trail, want 2 accounts, 1 password, 1 disabling", n)
		}
		for _, err := range []error{
			s.SetPassword(t.Context(), staff.SetPassword{Account: 999, Password: "another-9-river"}),
			s.Disable(t.Context(), boss, 999),
		} {
			if !errors.Is(err, staff.ErrUnknown) {
				t.Errorf("an account that does not exist: %v", err)
			}
		}
		if err := s.SetPassword(t.Context(), staff.SetPassword{Account: boss, Password: "boss"}); !errors.Is(err, staff.ErrPassword) {
			t.Errorf("an easy new password: %v", err)
		}
		clean(t, s)
	})
}

// A sign-in whose password is changed while it is being checked does not open a session.
func TestSignInRacesWithNewPassword(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		id := s.add(t, "wang", staff.Clerk)
		var tokens sync.Map
		together(5, func(i int) {
			if i == 0 {
				if err := s.SetPassword(t.Context(), staff.SetPassword{Account: id, Password: "another-9-river"}); err != nil {
					t.Error(err)
				}
				return
			}
			got, err := s.SignIn(t.Context(), "wang", password, fmt.Sprint("203.0.113.", i))
			if err == nil {
				tokens.Store(got.Token, true)
			} else if !errors.Is(err, staff.ErrCredentials) && !errors.Is(err, staff.ErrTooManyAttempts) {
				t.Error(err)
			}
		})
		tokens.Range(func(token, _ any) bool {
			if _, err := s.Authenticate(t.Context(), token.(string)); !errors.Is(err, staff.ErrSession) {
				t.Errorf("a session of the old password lives: %v", err)
			}
			return true
		})
	})
}

// T35: nothing can sign in before the first account is made on the command line, and no known default password can be set.
func TestT35NoDefaultAccount(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := open(d)
	defaults := []string{
		"admin123", "admin", "123456", "password", "litemall", "crmeb.com", "ruoyi", "Admin@1234", "admin12345", "administrator", "password123",
		"1234567890", "0123456789", "aaaaaaaaaaaa", "qwertyuiop", "Qwertyuiop1!", "huitou2026!", "HuiTou123456", "changeme123", "welcome2026", "1qaz2wsx3edc"[:10],
		"passw0rd!!", "P@ssw0rd2026", "woaini1314", "litemall123", "wechat12345", "iloveyou1314", "abcdefghij",
	}
	for i, p := range defaults {
		clock.Advance(time.Hour)
		for _, name := range []string{"admin", "root", "boss"} {
			if _, err := s.SignIn(t.Context(), name, p, fmt.Sprintf("203.0.%d.1", i)); !errors.Is(err, staff.ErrCredentials) {
				t.Errorf("%s with %q on an empty database: %v", name, p, err)
			}
		}
		if _, err := s.Add(t.Context(), staff.Add{Name: "boss", Password: p, Role: staff.Owner}); !errors.Is(err, staff.ErrPassword) {
			t.Errorf("password %q was taken: %v", p, err)
		}
	}
	for _, p := range []string{"boss-boss-2026x", "短密码", strings.Repeat("长", 100), "\xff\xfe\xfd0123456789"} {
		if _, err := s.Add(t.Context(), staff.Add{Name: "boss", Password: p, Role: staff.Owner}); !errors.Is(err, staff.ErrPassword) {
			t.Errorf("password %q was taken: %v", p, err)
		}
	}
	for _, p := range []string{password, "七里香的茶叶店真好喝呀", "correct horse battery", "xK9#mQ2$vL"} {
		if _, err := s.Add(t.Context(), staff.Add{Name: "s" + random.Digits(8), Password: p, Role: staff.Clerk}); err != nil {
			t.Errorf("password %q was refused: %v", p, err)
		}
	}
	if n := s.count(t, "SELECT COUNT(*) FROM staff_sessions"); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// T36: of 10,000 guesses in a minute at one account from many addresses, and at many accounts from one address, at most 10 are
// evaluated. An evaluated guess answers ErrCredentials, a refused one ErrTooManyAttempts.
func TestT36GuessesAreSlowedDown(t *testing.T) {
	shapes := map[string]func(i int) (name, ip string){
		"one account, many addresses":     func(i int) (string, string) { return "boss", fmt.Sprintf("198.51.%d.%d", i/250, i%250) },
		"one address, many accounts":      func(i int) (string, string) { return fmt.Sprint("user", i), "198.51.100.1" },
		"one IPv6 network, many accounts": func(i int) (string, string) { return fmt.Sprint("six", i), fmt.Sprintf("2001:db8:1:2::%x", i+1) },
	}
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		s.add(t, "boss", staff.Owner)
		for name, shape := range shapes {
			n := 500
			if s.db.Driver() == db.SQLite && name == "one account, many addresses" {
				n = 10_000
			}
			start := clock.Now()
			evaluated := 0
			for i := range n {
				clock.Set(start.Add(time.Minute * time.Duration(i) / time.Duration(n)))
				account, ip := shape(i)
				switch _, err := s.SignIn(t.Context(), account, "guess-"+fmt.Sprint(i), ip); {
				case errors.Is(err, staff.ErrCredentials):
					evaluated++
				case !errors.Is(err, staff.ErrTooManyAttempts):
					t.Fatalf("%s: %v", name, err)
				case fault.Of(err).Detail["retry_after_s"].(int) < 1:
					t.Fatalf("%s: retry after %v", name, fault.Of(err).Detail)
				}
			}
			if evaluated < 3 || evaluated > 10 {
				t.Errorf("%s: %d of %d guesses evaluated, want 3 to 10", name, evaluated, n)
			}
			clock.Advance(time.Hour)
		}
	})
}

// T36: guesses that come at once do not all see a small count.
func TestT36GuessesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		s.add(t, "boss", staff.Owner)
		var evaluated, refused atomic.Int64
		together(64, func(i int) {
			switch _, err := s.SignIn(t.Context(), "boss", "guess-of-many", fmt.Sprint("198.51.100.", i)); {
			case errors.Is(err, staff.ErrCredentials):
				evaluated.Add(1)
			case errors.Is(err, staff.ErrTooManyAttempts):
				refused.Add(1)
			default:
				t.Errorf("sign in: %v", err)
			}
		})
		if evaluated.Load() > 10 || evaluated.Load()+refused.Load() != 64 {
			t.Errorf("%d evaluated, %d refused", evaluated.Load(), refused.Load())
		}
	})
}

// T36: the answer does not tell whether an account exists, and neither does the work: the same hash is computed.
func TestT36NoEnumeration(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := openWithFullCost(d)
	s.add(t, "boss", staff.Owner)
	gone := s.add(t, "gone", staff.Clerk)
	if err := s.Disable(t.Context(), 0, gone); err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{}
	fastest := map[string]time.Duration{}
	for i, name := range []string{"boss", "gone", "nobody", "boss", "gone", "nobody", "boss", "gone", "nobody"} {
		pass := "not-the-password"
		if name == "gone" {
			pass = password // right, but the account is disabled
		}
		began := time.Now()
		_, err := s.SignIn(t.Context(), name, pass, fmt.Sprint("198.51.100.", i))
		took := time.Since(began)
		if f := fault.Of(err); f != nil {
			answers[name] = fmt.Sprint(f.Code, f.Chinese, f.English, f.Detail)
		}
		if have, ok := fastest[name]; !ok || took < have {
			fastest[name] = took
		}
	}
	if answers["boss"] == "" || answers["boss"] != answers["gone"] || answers["boss"] != answers["nobody"] {
		t.Errorf("answers differ: %v", answers)
	}
	// Without the dummy hash an unknown name would answer many times faster.
	if fastest["nobody"]*4 < fastest["boss"] || fastest["gone"]*4 < fastest["boss"] {
		t.Errorf("work differs: %v", fastest)
	}
}

// T36: success clears the account's count, and a new password lifts the brake.
func TestBrakeIsReleased(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		id := s.add(t, "boss", staff.Owner)
		tries := 0
		wrong := func() error { // each from another address
			tries++
			_, err := s.SignIn(t.Context(), "boss", "not-the-password", fmt.Sprint("198.51.100.", tries))
			return err
		}
		for range 3 { // never more than four failures in a row
			for range 4 {
				if err := wrong(); !errors.Is(err, staff.ErrCredentials) {
					t.Fatal(err)
				}
			}
			s.signIn(t, "boss")
			clock.Advance(time.Minute)
		}
		for range 10 {
			if errors.Is(wrong(), staff.ErrTooManyAttempts) {
				break
			}
		}
		if _, err := s.SignIn(t.Context(), "boss", password, home); !errors.Is(err, staff.ErrTooManyAttempts) {
			t.Errorf("the right password while slowed down: %v", err)
		}
		if err := s.SetPassword(t.Context(), staff.SetPassword{Account: id, Password: password}); err != nil {
			t.Fatal(err)
		}
		s.signIn(t, "boss")
	})
}

// A whole shop behind one address signs in with right passwords, one after the other, and nobody is slowed down.
func TestSharedAddress(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := open(d)
	for i := range 15 {
		name := fmt.Sprint("clerk-", i)
		s.add(t, name, staff.Clerk)
		s.signIn(t, name)
	}
}

// T10: deny by default. What each role may do is written down here a second time, so that a change is a decision.
func TestT10Permissions(t *testing.T) {
	all := []staff.Permission{
		staff.CouponsIssue, staff.CouponsManage, staff.GiftsManage, staff.RedemptionsPickUp, staff.MembersRead, staff.OrdersRead,
		staff.ParcelsMake, staff.MessagesRead, staff.PointsAdjust, staff.PointsRules, staff.PlansManage, staff.ReportsRead, staff.StaffManage,
	}
	denied := map[staff.Role][]staff.Permission{
		staff.Owner:   nil,
		staff.Manager: {staff.StaffManage},
		staff.Clerk:   {staff.CouponsManage, staff.GiftsManage, staff.PointsRules, staff.PointsAdjust, staff.PlansManage, staff.ReportsRead, staff.StaffManage},
		"":            all,
		"root":        all,
		"Owner":       all,
	}
	for role, no := range denied {
		a := staff.Actor{ID: 1, Role: role}
		for _, p := range all {
			if a.May(p) == slices.Contains(no, p) {
				t.Errorf("%q may %s = %v", role, p, a.May(p))
			}
		}
		if a.May("") || a.May("everything") || a.May("*") {
			t.Errorf("%q may what is no permission", role)
		}
	}
	if (staff.Actor{Role: staff.Owner}).May(staff.MembersRead) {
		t.Error("nobody may something")
	}
}

// A role that is changed counts at the next request.
func TestRoleCountsAtOnce(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := open(d)
	s.add(t, "boss", staff.Owner)
	token := s.signIn(t, "boss").Token
	s.do(t, func(tx *db.Tx) error { return tx.Gorm().Exec("UPDATE staff SET role = 'clerk'").Error })
	if a, err := s.Authenticate(t.Context(), token); err != nil || a.May(staff.StaffManage) {
		t.Errorf("after the change: %+v, %v", a, err)
	}
}

func TestInvariantsTrip(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		s.add(t, "boss", staff.Owner)
		s.add(t, "wang", staff.Clerk)
		s.signIn(t, "boss")
		clean(t, s)
		for _, tt := range []struct{ id, statement string }{
			{"staff.sessions", "UPDATE staff_sessions SET staff_id = 999"},
			{"staff.disabled", "UPDATE staff SET disabled_at = created_at WHERE name = 'boss'"},
			{"staff.roles", "UPDATE staff SET role = 'root' WHERE name = 'wang'"},
			{"staff.hashes", "UPDATE staff SET password_hash = 'e10adc3949ba59abbe56e057f20f883e' WHERE name = 'wang'"},
			{"staff.trail", "INSERT INTO staff (name, display_name, password_hash, role, created_at) SELECT 'ghost', 'ghost', password_hash, role, created_at FROM staff WHERE name = 'boss'"},
		} {
			takeBack := errors.New("take back")
			var ids []string
			err := s.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				ids = nil
				if err := tx.Gorm().Exec(tt.statement).Error; err != nil {
					return err
				}
				for _, inv := range staff.Invariants() {
					violations, err := inv.Check(ctx, tx)
					if err != nil {
						return err
					}
					if len(violations) > 0 {
						ids = append(ids, inv.ID)
					}
				}
				return takeBack
			})
			if !errors.Is(err, takeBack) || !slices.Equal(ids, []string{tt.id}) {
				t.Errorf("after %q: %v, %v, want %s", tt.statement, ids, err, tt.id)
			}
		}
	})
}
