package members_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/members"
)

func TestBindPhone(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		ann, bob := s.signIn(t, "o-ann", "").Member, s.signIn(t, "o-bob", "").Member
		steps := []struct {
			name   string
			who    model.MemberID
			number string
			want   string
			err    error
		}{
			{"first", ann, "13800000001", "138****0001", nil},
			{"the same again", ann, "13800000001", "138****0001", nil},
			{"another member's", bob, "13800000001", "", members.ErrPhoneTaken},
			{"his own", bob, "13800000002", "138****0002", nil},
			{"a new one in place of the old", ann, "13800000003", "138****0003", nil},
			{"the one that became free", bob, "13800000001", "138****0001", nil},
			{"not a mobile", bob, "02166667777", "", members.ErrPhone},
			{"nobody's", 999999, "13800000009", "", members.ErrUnknown},
		}
		for _, st := range steps {
			got, err := s.BindPhone(t.Context(), st.who, s.wechat.phone(st.number))
			if got != st.want || !errors.Is(err, st.err) {
				t.Errorf("%s: %q, %v, want %q, %v", st.name, got, err, st.want, st.err)
			}
		}
		for number, want := range map[string]model.MemberID{"13800000003": ann, "13800000001": bob} {
			if id, err := s.Find(t.Context(), members.Ref{Phone: number}); err != nil || id != want {
				t.Errorf("member of %s = %d, %v, want %d", number, id, err, want)
			}
		}
		if _, err := s.Find(t.Context(), members.Ref{Phone: "13800000002"}); !errors.Is(err, members.ErrUnknown) {
			t.Errorf("member of a number that was replaced: %v", err)
		}
		if v, err := s.Member(t.Context(), ann); err != nil || v.Phone != "138****0003" {
			t.Errorf("member = %+v, %v", v, err)
		}
		clean(t, s)
	})
}

func TestBindPhoneRace(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		ids := make([]model.MemberID, 64)
		codes := make([]string, 64)
		for i := range ids {
			ids[i], codes[i] = s.must(t, members.Ref{AppID: mini, OpenID: fmt.Sprint("o", i)}), s.wechat.phone("13800000001")
		}
		var won atomic.Int64
		together(64, func(i int) {
			switch _, err := s.BindPhone(t.Context(), ids[i], codes[i]); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, members.ErrPhoneTaken):
				t.Errorf("bind: %v", err)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d members have one number", won.Load())
		}
		clean(t, s)
	})
}

func TestMemberView(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		id := s.signIn(t, "o-ann", "u-ann").Member
		v, err := s.Member(t.Context(), id)
		if err != nil || v.ID != id || len(v.Number) != 12 || v.Phone != "" || v.Follower || v.FirstOrderAt != nil || v.Orders != 0 || !v.JoinedAt.Equal(clock.Now()) {
			t.Errorf("new member = %+v, %v", v, err)
		}
		if found, err := s.Find(t.Context(), members.Ref{Number: v.Number}); err != nil || found != id {
			t.Errorf("find by member number = %d, %v", found, err)
		}
		if _, err := s.Member(t.Context(), id+1); !errors.Is(err, members.ErrUnknown) {
			t.Errorf("a member who does not exist: %v", err)
		}
		s.do(t, func(ctx context.Context, tx *db.Tx) error {
			if err := s.LockTx(ctx, tx, id+1); !errors.Is(err, members.ErrUnknown) {
				t.Errorf("lock a member who does not exist: %v", err)
			}
			return s.LockTx(ctx, tx, id)
		})
	})
}

// TestFollowInAnyOrder delivers events in a drawn order, some of them twice, and expects what the latest one says.
func TestFollowInAnyOrder(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := open(d)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		openID := fmt.Sprint("f-", round)
		n := rapid.IntRange(1, 6).Draw(rt, "events")
		order := rapid.Permutation(indexes(n)).Draw(rt, "order")
		order = append(order, rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 3).Draw(rt, "again")...)
		id, err := follow(s, openID, "", "", clock.Now().Add(-time.Hour))
		if err != nil {
			rt.Fatal(err)
		}
		for _, i := range order { // even ones follow, odd ones unfollow, i minutes later
			at := clock.Now().Add(time.Duration(i) * time.Minute)
			if i%2 == 0 {
				_, err = follow(s, openID, "", fmt.Sprint("scene-", i), at)
			} else {
				err = s.db.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error { return s.UnfollowTx(ctx, tx, openID, at) })
			}
			if err != nil {
				rt.Fatal(err)
			}
		}
		want := (n-1)%2 == 0
		v, err := s.Member(context.Background(), id)
		if err != nil || v.Follower != want {
			rt.Fatalf("after events 0..%d in order %v: follower = %v, %v, want %v", n-1, order, v.Follower, err, want)
		}
	})
	clean(t, s)
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func follow(s *shop, openID, unionID, scene string, at time.Time) (id model.MemberID, err error) {
	err = s.db.Do(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		id, err = s.FollowTx(ctx, tx, members.Follow{OpenID: openID, UnionID: unionID, Scene: scene, At: at})
		return err
	})
	return id, err
}

func TestFollow(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		ann := s.signIn(t, "o-ann", "u-ann").Member
		at := clock.Now()
		id, err := follow(s, "f-ann", "u-ann", strings.Repeat("码", 70), at)
		if err != nil || id != ann {
			t.Fatalf("follower of a known unionid = %d, %v, want %d", id, err, ann)
		}
		if _, err := follow(s, "f-ann", "u-ann", "", at); err != nil { // the same event again
			t.Fatal(err)
		}
		s.do(t, func(ctx context.Context, tx *db.Tx) error {
			openID, following, err := s.FollowerTx(ctx, tx, ann)
			if openID != "f-ann" || !following || err != nil {
				t.Errorf("follower = %q, %v, %v", openID, following, err)
			}
			if err := s.UnfollowTx(ctx, tx, "f-ann", at.Add(time.Minute)); err != nil {
				t.Errorf("unfollow: %v", err)
			}
			if openID, following, err = s.FollowerTx(ctx, tx, ann); openID != "f-ann" || following || err != nil {
				t.Errorf("after the unfollow = %q, %v, %v", openID, following, err)
			}
			if err := s.UnfollowTx(ctx, tx, "f-nobody", at); err != nil {
				t.Errorf("unfollow of a stranger: %v", err)
			}
			bob := s.must2(ctx, tx, t, members.Ref{Source: "pos", External: "B"})
			if openID, following, err = s.FollowerTx(ctx, tx, bob); openID != "" || following || err != nil {
				t.Errorf("who never followed = %q, %v, %v", openID, following, err)
			}
			if _, err := s.ShopperTx(ctx, tx, bob); !errors.Is(err, members.ErrUnknown) {
				t.Errorf("openid of who never signed in: %v", err)
			}
			return nil
		})
		for name, want := range map[string]int64{"members.followed": 1, "members.unfollowed": 1} {
			if n := s.count(t, "SELECT COUNT(*) FROM facts WHERE name = ?", name); n != want {
				t.Errorf("%d facts %s, want %d", n, name, want)
			}
		}
		clean(t, s)
	})
}

func (s *shop) must2(ctx context.Context, tx *db.Tx, t *testing.T, ref members.Ref) model.MemberID {
	t.Helper()
	id, _, err := s.EnsureTx(ctx, tx, ref)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Orders of one member that are recorded at once all count, in whatever order they come.
func TestRecordOrderRace(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		ann, bob := s.must(t, members.Ref{Source: "pos", External: "A"}), s.must(t, members.Ref{Source: "pos", External: "B"})
		together(64, func(i int) {
			at := clock.Now().Add(time.Duration((i*37)%64) * time.Hour)
			err := s.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return s.RecordOrderTx(ctx, tx, ann, model.Fen(i), at)
			})
			if err != nil {
				t.Error(err)
			}
		})
		v, err := s.Member(t.Context(), ann)
		if err != nil || v.Orders != 64 || v.Total != 64*63/2 || !v.FirstOrderAt.Equal(clock.Now()) || !v.LastOrderAt.Equal(clock.Now().Add(63*time.Hour)) {
			t.Errorf("figures = %+v, %v", v, err)
		}
		if v, _ := s.Member(t.Context(), bob); v.Orders != 0 || v.FirstOrderAt != nil {
			t.Errorf("another member's figures = %+v", v)
		}
		clean(t, s)
	})
}

func TestRecordOrders(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		day := func(n int) time.Time { return clock.Now().AddDate(0, 0, n) }
		var list []members.OrderFigures
		ids := make([]model.MemberID, 250) // three statements
		for i := range ids {
			ids[i] = s.must(t, members.Ref{Source: "pos", External: fmt.Sprint(i)})
			list = append(list,
				members.OrderFigures{Member: ids[i], Orders: 2, Amount: model.Fen(100 * i), First: day(3), Last: day(5)},
				members.OrderFigures{Member: ids[i], Orders: 1, Amount: 0, First: day(1), Last: day(1)})
		}
		record := func(list []members.OrderFigures) error {
			return s.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return s.RecordOrdersTx(ctx, tx, list) })
		}
		if err := record(list); err != nil {
			t.Fatal(err)
		}
		if err := record([]members.OrderFigures{{Member: ids[7], Orders: 1, Amount: 5, First: day(4), Last: day(4)}}); err != nil {
			t.Fatal(err)
		}
		for _, i := range []int{0, 7, 99, 100, 249} {
			orders, total := int64(3), model.Fen(100*i)
			if i == 7 {
				orders, total = 4, total+5
			}
			v, err := s.Member(t.Context(), ids[i])
			if err != nil || v.Orders != orders || v.Total != total || !v.FirstOrderAt.Equal(day(1)) || !v.LastOrderAt.Equal(day(5)) {
				t.Errorf("figures of member %d = %+v, %v", i, v, err)
			}
		}
		bad := map[string]members.OrderFigures{
			"no order":        {Member: ids[0], First: day(1), Last: day(1)},
			"negative amount": {Member: ids[0], Orders: 1, Amount: -1, First: day(1), Last: day(1)},
			"last first":      {Member: ids[0], Orders: 1, First: day(2), Last: day(1)},
			"no time":         {Member: ids[0], Orders: 1},
			"no such member":  {Member: 999999, Orders: 1, First: day(1), Last: day(1)},
		}
		before, _ := s.Member(t.Context(), ids[1])
		for name, f := range bad {
			good := members.OrderFigures{Member: ids[1], Orders: 1, Amount: 1, First: day(1), Last: day(1)}
			if err := record([]members.OrderFigures{good, f}); err == nil {
				t.Errorf("%s was recorded", name)
			}
		}
		if after, _ := s.Member(t.Context(), ids[1]); after.Orders != before.Orders || after.Total != before.Total {
			t.Errorf("refused figures changed %+v to %+v", before, after)
		}
		for _, amount := range []model.Fen{-1, model.MaxFen + 1, 1<<63 - 1} {
			err := s.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return s.RecordOrderTx(ctx, tx, ids[0], amount, day(1)) })
			if !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("an order of %d fen: %v", amount, err)
			}
		}
		clean(t, s)
	})
}

// Each invariant trips, alone, on what no code of ours would write.
func TestInvariantsTrip(t *testing.T) {
	tests := []struct{ id, index, statement string }{
		{"members.openids", "", "UPDATE member_openids SET member_id = 999999 WHERE open_id = 'o-ann'"},
		{"members.externals", "", "UPDATE member_externals SET member_id = 999999 WHERE external = 'B'"},
		{"members.sessions", "", "UPDATE member_sessions SET member_id = 999999"},
		{"members.unique_openid", "member_openids_open_id ON member_openids", "UPDATE member_openids SET open_id = 'o-ann', app_id = 'wxtest-mini'"},
		{"members.unique_external", "member_externals_external ON member_externals", "UPDATE member_externals SET external = 'B'"},
		{"members.unique_unionid", "members_union_id ON members", "UPDATE members SET union_id = 'u-ann'"},
		{"members.figures", "", "UPDATE members SET orders = 0 WHERE orders > 0"},
		{"members.figures", "", "UPDATE members SET first_order_at = '2099-01-01 00:00:00' WHERE orders > 0"},
		{"members.following", "", "UPDATE member_openids SET followed_at = NULL WHERE following"},
		{"members.held", "", "UPDATE member_openids SET held = TRUE, held_union = 'u-other' WHERE open_id = 'o-ann'"},
		{"members.held", "", "UPDATE member_openids SET held_union = 'u-ann' WHERE open_id = 'o-ann'"},
		{"members.phones", "", "UPDATE members SET phone_cipher = NULL"},
		{"members.phones", "", "UPDATE members SET phone_cipher = 'AQ==' WHERE phone_cipher IS NOT NULL"},
		{"members.phones", "", "UPDATE members SET phone_index = '0' WHERE phone_index IS NOT NULL"},
		{"members.birthdays", "", "UPDATE member_birthdays SET member_id = 999999"},
		{"members.birth_dates", "", "UPDATE member_birthdays SET month_day = '02-30'"},
		{"members.birth_dates", "", "UPDATE member_birthdays SET public_id = 'another'"},
		{"members.phones", "", "UPDATE members SET public_id = 'another' WHERE phone_index IS NOT NULL"},
	}
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		ann := s.signIn(t, "o-ann", "u-ann")
		s.must(t, members.Ref{Member: ann.Member, Phone: "13800000001"})
		bob := s.must(t, members.Ref{Source: "pos", External: "B"})
		s.must(t, members.Ref{Source: "pos", External: "C"})
		if _, err := follow(s, "f-ann", "u-ann", "", clock.Now()); err != nil {
			t.Fatal(err)
		}
		s.do(t, func(ctx context.Context, tx *db.Tx) error { return s.RecordOrderTx(ctx, tx, bob, 100, clock.Now()) })
		if err := s.SetBirthday(t.Context(), bob, model.BirthDate{Month: 2, Day: 29, Year: 1992}); err != nil {
			t.Fatal(err)
		}
		clean(t, s)
		for _, tt := range tests {
			if tt.index != "" { // the unique key stands in the way, as it should
				drop := "DROP INDEX " + tt.index
				if s.db.Driver() == db.SQLite {
					drop, _, _ = strings.Cut(drop, " ON ")
				}
				s.exec(t, drop)
			}
			if got := tripped(t, s, tt.statement); !slices.Equal(got, []string{tt.id}) {
				t.Errorf("after %q: %v, want %s", tt.statement, got, tt.id)
			}
		}
		clean(t, s)
	})
}

// tripped returns the invariants that a statement breaks, and takes the statement back.
func tripped(t *testing.T, s *shop, statement string) (ids []string) {
	t.Helper()
	takeBack := errors.New("take back")
	err := s.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		ids = nil
		if err := tx.Gorm().Exec(statement).Error; err != nil {
			return err
		}
		for _, inv := range s.Invariants() {
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
	if !errors.Is(err, takeBack) {
		t.Fatal(err)
	}
	return ids
}

// The unique phone is checked apart: two rows with one hash also break what their seals say.
func TestInvariantUniquePhone(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := open(d)
	s.must(t, members.Ref{Phone: "13800000001"})
	s.must(t, members.Ref{Phone: "13800000002"})
	s.exec(t, "DROP INDEX members_phone_index")
	got := tripped(t, s, "UPDATE members SET phone_index = (SELECT phone_index FROM members WHERE id = 1)")
	if !slices.Equal(got, []string{"members.unique_phone", "members.phones"}) {
		t.Errorf("two members with one phone: %v", got)
	}
}

// T24, T34: whatever happens, logs and errors hold no number, openid, unionid, token, code or session key.
func TestT24T34NothingPersonalInLogsAndErrors(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		var texts []string
		var mu sync.Mutex
		note := func(err error) {
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				texts = append(texts, err.Error())
				if f := fault.Of(err); f != nil {
					texts = append(texts, fmt.Sprint(f.Detail))
				}
			}
		}
		ann, err := s.SignIn(t.Context(), s.wechat.login("canary-openid", "canary-unionid"))
		note(err)
		_, err = s.SignIn(t.Context(), "login-0")
		note(err)
		_, err = s.BindPhone(t.Context(), ann.Member, s.wechat.phone("13877778888"))
		note(err)
		bob := s.signIn(t, "canary-openid-2", "")
		_, err = s.BindPhone(t.Context(), bob.Member, s.wechat.phone("13877778888"))
		note(err)
		_, err = s.BindPhone(t.Context(), bob.Member, "phone-1")
		note(err)
		_, err = s.SignIn(t.Context(), s.wechat.login("canary-openid-2", "canary-unionid"))
		note(err)
		refs := []members.Ref{
			{Phone: "13877778888", AppID: mini, OpenID: "canary-openid-2"},
			{Phone: "canary-13877778888"}, {OpenID: "canary'openid", AppID: mini}, {Source: "pos", External: "canary\nexternal"},
		}
		together(len(refs), func(i int) {
			_, _, err := s.ensure(t.Context(), refs[i])
			note(err)
			if err == nil {
				t.Errorf("reference %d was taken", i)
			}
		})
		s.do(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.ImportTx(ctx, tx, []members.NewMember{{Phone: "13877778888"}})
			note(err)
			return nil
		})
		note(s.SignOut(t.Context(), bob.Token))
		_, err = s.Authenticate(t.Context(), bob.Token)
		note(err)
		s.exec(t, "UPDATE members SET phone_cipher = 'AQ==' WHERE phone_cipher IS NOT NULL")
		_, err = s.Member(t.Context(), ann.Member)
		note(err)
		broken, err := audit.Run(t.Context(), s.db, s.Invariants())
		note(err)
		texts = append(texts, fmt.Sprint(broken), fmt.Sprint(refs), fmt.Sprintf("%+v %#v", refs, refs[0]), s.logs.String())
		s.db.Close()
		_, err = s.Authenticate(t.Context(), ann.Token)
		note(err)
		_, _, err = s.ensure(t.Context(), members.Ref{Phone: "13877778888"})
		note(err)
		all := strings.Join(texts, "\n")
		if len(texts) < 12 || !strings.Contains(all, "shopper signed in") {
			t.Fatalf("too little was captured:\n%s", all)
		}
		for _, secret := range []string{"canary", "13877778888", "7777", ann.Token, bob.Token, "login-0", "phone-1"} {
			if strings.Contains(all, secret) {
				t.Errorf("%q in logs or errors:\n%s", secret, all)
			}
		}
	})
}
