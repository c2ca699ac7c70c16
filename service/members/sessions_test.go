package members_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/random"
	"huitou/service/members"
	"huitou/wechat"
)

func TestSignIn(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		first := s.signIn(t, "o-ann", "")
		again := s.signIn(t, "o-ann", "u-ann")
		if !first.New || again.New || first.Member != again.Member || first.Token == again.Token {
			t.Errorf("two sign-ins of one person = %+v and %+v", first, again)
		}
		if want := clock.Now().Add(30 * 24 * time.Hour); !first.ExpiresAt.Equal(want) {
			t.Errorf("session ends %s, want %s", first.ExpiresAt, want)
		}
		if id, err := s.Find(t.Context(), members.Ref{UnionID: "u-ann"}); err != nil || id != first.Member {
			t.Errorf("member by the unionid of the second sign-in = %d, %v", id, err)
		}
		for _, token := range []string{first.Token, again.Token} {
			if id, err := s.Authenticate(t.Context(), token); err != nil || id != first.Member {
				t.Errorf("authenticate = %d, %v, want %d", id, err, first.Member)
			}
		}
		s.do(t, func(ctx context.Context, tx *db.Tx) error {
			if openID, err := s.ShopperTx(ctx, tx, first.Member); err != nil || openID != "o-ann" {
				t.Errorf("openid of the payer = %q, %v", openID, err)
			}
			return nil
		})
	})
}

// A person who was met as two members, by the mini-program without unionid and by the official account with it, gets in.
func TestSignInOfAPersonWhoIsTwoMembers(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		follower := s.must(t, members.Ref{AppID: oa, OpenID: "f-ann", UnionID: "u-ann"})
		first := s.signIn(t, "o-ann", "")
		again := s.signIn(t, "o-ann", "u-ann")
		if again.Member != first.Member || again.Member == follower {
			t.Errorf("signed in as %d, before as %d, follower is %d", again.Member, first.Member, follower)
		}
	})
}

func TestT23CodeMakesOneSession(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		code := s.wechat.login("o-ann", "u-ann")
		var opened, refused atomic.Int64
		together(16, func(int) {
			switch _, err := s.SignIn(t.Context(), code); {
			case err == nil:
				opened.Add(1)
			case errors.Is(err, members.ErrLoginCode):
				refused.Add(1)
			default:
				t.Errorf("sign in: %v", err)
			}
		})
		if opened.Load() != 1 || refused.Load() != 15 {
			t.Errorf("%d sessions and %d refusals from one code, want 1 and 15", opened.Load(), refused.Load())
		}
		if n := s.count(t, "SELECT COUNT(*) FROM member_sessions"); n != 1 {
			t.Errorf("%d sessions stored", n)
		}
	})
}

func TestSignInWhenWeChatRefuses(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := open(d)
	tests := []struct {
		name string
		err  error
		want error
	}{
		{"code that was never given", nil, members.ErrLoginCode},
		{"person of high risk", &wechat.Error{Code: 40226}, members.ErrRefused},
		{"too often", &wechat.Error{Code: 45011}, members.ErrTooOften},
		{"busy", &wechat.Error{Code: -1}, members.ErrWeChat},
		{"no answer", &wechat.TransportError{Err: errors.New("time-out")}, members.ErrWeChat},
		{"wrong secret is ours to mend", &wechat.Error{Code: 40125}, nil},
	}
	for _, tt := range tests {
		s.wechat.down = tt.err
		_, err := s.SignIn(t.Context(), "nobody's")
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if tt.want == nil && (errors.Is(err, members.ErrWeChat) || errors.Is(err, members.ErrLoginCode)) {
			t.Errorf("%s: %v, want an internal error", tt.name, err)
		}
		_, err = s.BindPhone(t.Context(), 1, "nobody's")
		if tt.want == members.ErrLoginCode {
			tt.want = members.ErrPhoneCode
		}
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("phone, %s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if n := s.count(t, "SELECT COUNT(*) FROM members"); n != 0 {
		t.Errorf("%d members from refused sign-ins", n)
	}
}

func TestSessionEnds(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		start := clock.Now()
		alive := func(token string) bool {
			_, err := s.Authenticate(t.Context(), token)
			if err != nil && !errors.Is(err, members.ErrSession) {
				t.Fatalf("authenticate: %v", err)
			}
			return err == nil
		}
		idle := s.signIn(t, "o-idle", "").Token
		clock.Set(start.Add(7*24*time.Hour - time.Second))
		if !alive(idle) {
			t.Error("a session ended before 7 idle days")
		}
		clock.Advance(time.Hour)
		busy := s.signIn(t, "o-busy", "")
		clock.Set(start.Add(14*24*time.Hour - time.Second))
		if alive(idle) {
			t.Error("a session lives after 7 idle days")
		}
		for at := clock.Now(); at.Before(busy.ExpiresAt); at = at.Add(3 * 24 * time.Hour) {
			clock.Set(at)
			if !alive(busy.Token) {
				t.Fatalf("a session in use ended %s early", busy.ExpiresAt.Sub(at))
			}
		}
		clock.Set(busy.ExpiresAt.Add(-time.Millisecond))
		if !alive(busy.Token) {
			t.Error("a session ended before its 30 days")
		}
		clock.Set(busy.ExpiresAt) // still believed from a millisecond ago, and ended all the same
		if alive(busy.Token) {
			t.Error("a session lives after its 30 days")
		}
		clock.Advance(32 * 24 * time.Hour)
		if err := s.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.count(t, "SELECT COUNT(*) FROM member_sessions"); n != 0 {
			t.Errorf("%d sessions left after the purge", n)
		}
	})
}

// Sign-out on one instance counts there at once and on every other within a second.
func TestT23SignOutOnTwoInstances(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock, o := dbtest.NewClock(), dbtest.Empty(t, driver)
			w := newWeChat()
			here, there := openWith(dbtest.Reopen(t, o, clock), w), openWith(dbtest.Reopen(t, o, clock), w)
			mine, other := here.signIn(t, "o-ann", ""), here.signIn(t, "o-bob", "")
			for _, s := range []*shop{here, there} {
				if id, err := s.Authenticate(t.Context(), mine.Token); err != nil || id != mine.Member {
					t.Fatalf("authenticate = %d, %v", id, err)
				}
			}
			if err := here.SignOut(t.Context(), mine.Token); err != nil {
				t.Fatal(err)
			}
			if _, err := here.Authenticate(t.Context(), mine.Token); !errors.Is(err, members.ErrSession) {
				t.Errorf("on the instance that signed out: %v", err)
			}
			clock.Advance(time.Second)
			if _, err := there.Authenticate(t.Context(), mine.Token); !errors.Is(err, members.ErrSession) {
				t.Errorf("on the other instance a second later: %v", err)
			}
			if _, err := there.Authenticate(t.Context(), other.Token); err != nil {
				t.Errorf("another member's session after the sign-out: %v", err)
			}
			if err := here.SignOut(t.Context(), mine.Token); err != nil {
				t.Errorf("signing out again: %v", err)
			}
		})
	}
}

func TestT9SessionIsOfOneMember(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		tokens := map[string]model.MemberID{}
		for i := range 40 {
			got := s.signIn(t, fmt.Sprint("o-", i), "")
			tokens[got.Token] = got.Member
		}
		var wg sync.WaitGroup
		for range 8 {
			for token, want := range tokens {
				wg.Go(func() {
					if id, err := s.Authenticate(t.Context(), token); err != nil || id != want {
						t.Errorf("a token of member %d = member %d, %v", want, id, err)
					}
				})
			}
		}
		wg.Wait()
	})
}

// Tokens are opaque: nothing that is derived, cut, lengthened or read from the database opens a session.
func TestT22TokensThatAreNone(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := open(d)
	token := s.signIn(t, "o-ann", "").Token
	sum := sha256.Sum256([]byte(token))
	for _, bad := range []string{
		"", "x", token[1:], token + "=", token[:42] + "!", " " + token, hex.EncodeToString(sum[:]), hex.EncodeToString(sum[:])[:43],
		random.Token(), "eyJhbGciOiJub25lIn0.eyJtZW1iZXIiOjF9.", string(make([]byte, 43)), string(make([]byte, 1<<20)),
	} {
		if id, err := s.Authenticate(t.Context(), bad); !errors.Is(err, members.ErrSession) {
			t.Errorf("a token of %d characters = member %d, %v", len(bad), id, err)
		}
	}
	if n := s.count(t, "SELECT COUNT(*) FROM member_sessions WHERE token_hash = ?", token); n != 0 {
		t.Error("the database keeps the token itself")
	}
}

// The last use is written once an hour, however many requests come.
func TestSeenOnceAnHour(t *testing.T) {
	each(t, func(t *testing.T, s *shop, clock *dbtest.Clock) {
		token := s.signIn(t, "o-ann", "").Token
		seen := func() time.Time {
			var row model.MemberSession
			s.do(t, func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Take(&row).Error })
			return row.SeenAt
		}
		use := func() {
			together(20, func(int) {
				if _, err := s.Authenticate(t.Context(), token); err != nil {
					t.Error(err)
				}
			})
		}
		start := clock.Now()
		clock.Advance(59 * time.Minute)
		use()
		if at := seen(); !at.Equal(start) {
			t.Errorf("last use written after %s", at.Sub(start))
		}
		clock.Advance(time.Minute)
		use()
		if at := seen(); !at.Equal(start.Add(time.Hour)) {
			t.Errorf("after an hour the last use is %s after the start", at.Sub(start))
		}
	})
}

// A session that cannot be looked up is no refusal: the client must not be signed out by a database that is away.
func TestAuthenticateWithoutDatabase(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := open(d)
	d.Close()
	if _, err := s.Authenticate(t.Context(), random.Token()); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("authenticate without a database = %v", err)
	}
}

// BenchmarkAuthenticate shows what one look-up costs in a flood: 1,000 sessions, 64 callers a core.
func BenchmarkAuthenticate(b *testing.B) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		for _, believed := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/believed=%v", driver, believed), func(b *testing.B) {
				clock := dbtest.NewClock()
				s := open(dbtest.Open(b, driver, clock))
				tokens := make([]string, 1000)
				for i := range tokens {
					got, err := s.SignIn(b.Context(), s.wechat.login(fmt.Sprint("o", i), ""))
					if err != nil {
						b.Fatal(err)
					}
					tokens[i] = got.Token
				}
				var n atomic.Int64
				b.SetParallelism(64)
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						i := n.Add(1)
						if !believed {
							clock.Advance(time.Second / 100) // each token comes back too late to be believed
						}
						if _, err := s.Authenticate(context.Background(), tokens[i%1000]); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}
