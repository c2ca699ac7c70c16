package followers_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/facts"
	"huitou/service/followers"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/wechat"
)

const oa = "wxoa"

// account is an official account whose list a test writes.
type account struct {
	fans     []string // in WeChat's order
	page     int
	told     map[string]wechat.Follower
	foreign  map[string]bool
	endless  bool
	failures int // how many calls fail before one gets through
	asked    []string
}

var errDown = &wechat.Error{Code: -1, Message: "system busy"}

func (a *account) Fans(_ context.Context, after string) ([]string, int64, error) {
	if a.failures > 0 {
		a.failures--
		return nil, 0, errDown
	}
	from := 0
	if after != "" && !a.endless {
		from = slices.Index(a.fans, after) + 1
	}
	return a.fans[from:min(len(a.fans), from+a.page)], int64(len(a.fans)), nil
}

func (a *account) FanInfos(ctx context.Context, openIDs []string) (list []wechat.Follower, err error) {
	if a.failures > 0 {
		a.failures--
		return nil, errDown
	}
	for _, id := range openIDs {
		f, err := a.UserInfo(ctx, id)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

func (a *account) UserInfo(_ context.Context, id string) (wechat.Follower, error) {
	a.asked = append(a.asked, id)
	if a.foreign[id] {
		return wechat.Follower{}, &wechat.Error{Code: 40003, Message: "invalid openid"}
	}
	if f, ok := a.told[id]; ok {
		return f, nil
	}
	return wechat.Follower{OpenID: id, Following: slices.Contains(a.fans, id), FollowedAt: dbtest.Start.Add(-time.Hour)}, nil
}

type shop struct {
	*followers.Service
	t       *testing.T
	d       *db.DB
	q       *jobs.Queue
	clock   *dbtest.Clock
	members *members.Service
	account *account
	same    [][2]model.MemberID // who was found to be one person
}

func open(t *testing.T, d *db.DB, clock *dbtest.Clock) *shop {
	s := &shop{t: t, d: d, q: jobs.New(d, slog.New(slog.DiscardHandler)), clock: clock, account: &account{page: 3, told: map[string]wechat.Follower{}, foreign: map[string]bool{}}}
	s.members = members.New(members.Deps{DB: d, MiniAppID: "wxmini", OAAppID: oa, PhoneKey: make([]byte, 32), Facts: facts.New(s.q), Kin: members.Kin{
		SamePersonTx: func(_ context.Context, _ *db.Tx, a, b model.MemberID) error {
			s.same = append(s.same, [2]model.MemberID{a, b})
			return nil
		}}})
	s.Service = followers.New(followers.Deps{DB: d, Members: s.members, Account: s.account, Queue: s.q})
	return s
}

func (s *shop) do(f func(ctx context.Context, tx *db.Tx) error) {
	s.t.Helper()
	if err := s.d.Do(context.Background(), f); err != nil {
		s.t.Fatal(err)
	}
}

// follows lets us hear of a follower as an event.
func (s *shop) follows(openID, unionID string) (id model.MemberID) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx *db.Tx) (err error) {
		id, err = s.members.FollowTx(ctx, tx, members.Follow{OpenID: openID, UnionID: unionID, At: tx.Now.Add(-24 * time.Hour)})
		return err
	})
	return id
}

func (s *shop) following(openID string) (f bool) {
	s.t.Helper()
	var rows []model.MemberOpenID
	s.do(func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where("open_id = ?", openID).Find(&rows).Error
	})
	return len(rows) == 1 && rows[0].Following
}

// run makes a whole run and returns how it ended.
func (s *shop) run() followers.Sync {
	s.t.Helper()
	if _, err := s.Start(context.Background(), 7); err != nil {
		s.t.Fatal(err)
	}
	return s.finish()
}

func (s *shop) finish() followers.Sync {
	s.t.Helper()
	for range 50 {
		if _, err := s.q.RunDue(context.Background()); err != nil {
			s.t.Fatal(err)
		}
		if last, err := s.Latest(context.Background()); err != nil || last.DoneAt != nil {
			if err != nil {
				s.t.Fatal(err)
			}
			s.clean()
			return last
		}
		s.clock.Advance(time.Hour)
	}
	s.t.Fatal("the run does not end")
	return followers.Sync{}
}

func (s *shop) clean() {
	s.t.Helper()
	broken, err := audit.Run(context.Background(), s.d, append(followers.Invariants(), s.members.Invariants()...))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, b := range broken {
		s.t.Errorf("%s: %v", b.ID, b.Violations)
	}
}

// What events missed is found: who follows, who left, and a unionid that joins two members.
func TestARunFindsWhatEventsMissed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := open(t, d, clock)
		s.follows("known", "u-known")
		s.follows("gone", "")
		nameless := s.follows("nameless", "")
		var shopper model.MemberID
		s.do(func(ctx context.Context, tx *db.Tx) (err error) {
			shopper, _, err = s.members.EnsureTx(ctx, tx, members.Ref{AppID: "wxmini", OpenID: "m1", UnionID: "u-shared"})
			return err
		})
		s.account.fans = []string{"known", "missed-1", "nameless", "missed-2", "missed-3", "missed-4", "missed-5"}
		s.account.told["missed-1"] = wechat.Follower{OpenID: "missed-1", Following: true, FollowedAt: dbtest.Start.Add(-time.Hour), UnionID: "u-1", Scene: "p_1"}
		s.account.told["nameless"] = wechat.Follower{OpenID: "nameless", Following: true, FollowedAt: dbtest.Start.Add(-24 * time.Hour), UnionID: "u-shared"}
		got := s.run()
		if got.State != model.SyncDone || got.Listed != 7 || got.Followed != 5 || got.Unfollowed != 1 || got.Learnt != 2 || got.StartedBy != 7 {
			t.Errorf("run = %+v", got)
		}
		for _, id := range s.account.fans {
			if !s.following(id) {
				t.Errorf("%s does not follow", id)
			}
		}
		if s.following("gone") {
			t.Error("who left follows")
		}
		if len(s.same) != 1 || s.same[0] != [2]model.MemberID{nameless, shopper} {
			t.Errorf("found to be one: %v, want %d and %d", s.same, nameless, shopper)
		}
		if slices.Contains(s.account.asked, "known") {
			t.Error("asked about somebody of whom all is known")
		}
		// The second run finds nothing new.
		s.same = nil
		clock.Advance(time.Hour)
		if got := s.run(); got.Followed+got.Unfollowed != 0 {
			t.Errorf("second run = %+v", got)
		}
	})
}

// A run that fails on its way goes on where it was, and counts nothing twice.
func TestARunGoesOnAfterFailures(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := open(t, d, clock)
		for i := range 20 {
			s.account.fans = append(s.account.fans, fmt.Sprintf("fan-%02d", i))
		}
		for i := range 5 {
			s.follows(fmt.Sprintf("gone-%d", i), "")
		}
		if _, err := s.Start(context.Background(), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Start(context.Background(), 7); !errors.Is(err, followers.ErrRunning) {
			t.Errorf("a second run = %v", err)
		}
		s.account.failures = 2
		got := s.finish()
		if got.State != model.SyncDone || got.Listed != 20 || got.Followed != 20 || got.Unfollowed != 5 {
			t.Errorf("run = %+v", got)
		}
	})
}

// The list of the platform may repeat itself for ever (the SDK's walk never ends then), be cut short, or name openids of another app.
func TestARunSurvivesAStrangeList(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := open(t, d, clock)
	s.account.fans, s.account.endless = []string{"a", "b", "c"}, true
	if got := s.run(); got.State != model.SyncFailed || !strings.Contains(got.Problem, "repeats") {
		t.Errorf("endless list: %+v", got)
	}
	s.account.endless = false
	// Cut short: "c" is in the account and not in the list.
	s.account.fans = []string{"a", "b"}
	s.account.told["c"] = wechat.Follower{OpenID: "c", Following: true, FollowedAt: dbtest.Start.Add(-time.Hour)}
	clock.Advance(time.Hour)
	if got := s.run(); got.State != model.SyncDone || got.Unfollowed != 0 || !s.following("c") {
		t.Errorf("a list cut short: %+v", got)
	}
	s.follows("foreign", "")
	s.follows("gone", "")
	s.account.foreign["foreign"] = true
	clock.Advance(time.Hour)
	if got := s.run(); got.State != model.SyncDone || got.Unfollowed != 1 || s.following("gone") {
		t.Errorf("an openid of another app: %+v", got)
	}
}

// A run that never ends does not keep others from beginning, and ends by its own row.
func TestARunIsGivenUpAfterADay(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s, ctx := open(t, d, clock), context.Background()
	if _, err := s.Latest(ctx); !errors.Is(err, followers.ErrNever) {
		t.Errorf("before the first run = %v", err)
	}
	first, err := s.Start(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(25 * time.Hour)
	second, err := s.Start(ctx, 7)
	if err != nil || second.ID == first.ID {
		t.Fatalf("the next run = %+v, %v", second, err)
	}
	if got := s.finish(); got.ID != second.ID || got.State != model.SyncDone {
		t.Errorf("run = %+v", got)
	}
}

func TestInvariantsSeeWhatIsBroken(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := open(t, d, clock)
	s.run()
	for _, tt := range []struct{ statement, want string }{
		{"UPDATE follower_syncs SET state = 'failed'", "followers.runs"},
		{"UPDATE follower_syncs SET done_at = NULL", "followers.runs"},
		{"UPDATE follower_syncs SET done_at = NULL, state = 'listing', id = 99", "followers.jobs"},
	} {
		boom := errors.New("undo")
		err := d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			if err := tx.Gorm().Exec(tt.statement).Error; err != nil {
				return err
			}
			var tripped []string
			for _, inv := range followers.Invariants() {
				if v, err := inv.Check(ctx, tx); err != nil {
					return err
				} else if len(v) > 0 {
					tripped = append(tripped, inv.ID)
				}
			}
			if strings.Join(tripped, " ") != tt.want {
				t.Errorf("%s trips %v, want %q", tt.statement, tripped, tt.want)
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
	}
}
