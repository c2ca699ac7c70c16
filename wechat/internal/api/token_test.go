package api

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"huitou/model/kv"
	"huitou/wechat"
)

// T49: 500 calls on two instances that share one kv are all told that their token expired before any of them hears of another one.
// Exactly one of them goes to WeChat for the next.
func TestT49TokenStormRefreshesOnce(t *testing.T) {
	for code, storm := range map[int]int{42001: 500, 40001: 50, 40014: 50} {
		clock := newClock()
		fake, client := newFakeFor(t, storm)
		fake.refuseWith = code
		store := memory(clock)
		instances := []*Client{
			newClient(t, client, store, clock.Now),
			newClient(t, client, store, clock.Now),
		}
		for _, c := range instances {
			mustEcho(t, c)
		}
		normal, _, before := fake.counts()
		if normal != 1 {
			t.Fatalf("two instances took %d tokens to begin with", normal)
		}

		dead := fake.valid
		fake.renew() // the token everybody holds is dead now
		var waiting sync.WaitGroup
		waiting.Add(storm)
		fake.gate = func(token string) {
			if token == dead {
				waiting.Done() // a call too many would panic
				waiting.Wait()
			}
		}
		var wg sync.WaitGroup
		for i := range storm {
			wg.Go(func() {
				if _, err := Post[echo](t.Context(), instances[i%2], "/cgi-bin/echo", nil); err != nil {
					t.Errorf("call %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		normal, forced, calls := fake.counts()
		if normal != 2 || forced != 0 || calls-before != 2*storm {
			t.Errorf("errcode %d: %d refreshes, %d forced ones, %d calls; want 1, 0 and %d, each refused once", code, normal-1, forced, calls-before, 2*storm)
		}
	}
}

// Without kv every instance refreshes for itself, once, and works.
func TestT50TokenStormWithoutKV(t *testing.T) {
	clock := newClock()
	fake, client := newFake(t)
	instances := []*Client{
		newClient(t, client, deadStore{}, clock.Now),
		newClient(t, client, deadStore{}, clock.Now),
	}
	for _, c := range instances {
		mustEcho(t, c)
	}
	fake.renew()
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if _, err := Post[echo](t.Context(), instances[i%2], "/cgi-bin/echo", nil); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if normal, _, _ := fake.counts(); normal != 4 {
		t.Errorf("%d tokens taken, want 2 at first and 2 after", normal)
	}
}

// T50: what lies in kv may be anything.
func TestT50TokenSurvivesRubbishInKV(t *testing.T) {
	clock := newClock()
	_, client := newFake(t)
	for _, rubbish := range []string{"", "not json", "null", `{"token":"","until":"2099-01-01T00:00:00Z"}`, `{"token":7}`} {
		store := memory(clock)
		c := newClient(t, client, store, clock.Now)
		if err := store.Set(t.Context(), c.tokens.key("token"), rubbish, time.Hour); err != nil {
			t.Fatal(err)
		}
		mustEcho(t, c)
	}
}

func TestTokenIsTakenAnewBeforeItsEnd(t *testing.T) {
	clock := newClock()
	fake, client := newFake(t)
	c := newClient(t, client, memory(clock), clock.Now)
	mustEcho(t, c)
	clock.Step(7200*time.Second - tokenMargin - time.Second)
	mustEcho(t, c)
	if normal, _, _ := fake.counts(); normal != 1 {
		t.Errorf("%d tokens taken while the first was good", normal)
	}
	clock.Step(time.Second)
	mustEcho(t, c)
	if normal, _, _ := fake.counts(); normal != 2 {
		t.Errorf("%d tokens taken, want a second at the margin", normal)
	}
}

// WeChat promises only that a life is at least 300 seconds; whatever it says, the token is
// cached for a while and not for ever.
func TestTokenLifeHasBounds(t *testing.T) {
	for _, expiresIn := range []int{-5, 0, 1, 300, 7200, 1 << 40} {
		clock := newClock()
		fake, client := newFake(t)
		fake.expiresIn = expiresIn
		c := newClient(t, client, memory(clock), clock.Now)
		mustEcho(t, c)
		mustEcho(t, c)
		if normal, _, _ := fake.counts(); normal != 1 {
			t.Errorf("expires_in %d: %d tokens for 2 calls", expiresIn, normal)
		}
		clock.Step(25 * time.Hour)
		mustEcho(t, c)
		if normal, _, _ := fake.counts(); normal != 2 {
			t.Errorf("expires_in %d: still the old token after a day", expiresIn)
		}
	}
}

// When normal mode hands out the refused token again, one forced refresh helps.
func TestInsistedTokenIsForcedOnce(t *testing.T) {
	clock := newClock()
	fake, client := newFake(t)
	store := memory(clock)
	instances := []*Client{newClient(t, client, store, clock.Now), newClient(t, client, store, clock.Now)}
	for _, c := range instances {
		mustEcho(t, c)
	}
	fake.revoke()
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if _, err := Post[echo](t.Context(), instances[i%2], "/cgi-bin/echo", nil); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if _, forced, _ := fake.counts(); forced != 1 {
		t.Errorf("%d forced refreshes, want 1", forced)
	}
}

// Forced refreshes are few: one a minute and ten a day over all instances, and a token that
// stays refused does not turn every call into a call for a token.
func TestForcedRefreshIsBounded(t *testing.T) {
	clock := newClock()
	fake, client := newFake(t)
	store := memory(clock)
	instances := []*Client{newClient(t, client, store, clock.Now), newClient(t, client, store, clock.Now)}
	for _, c := range instances {
		mustEcho(t, c)
	}
	for i := range 200 { // 200 times 5 seconds
		fake.revoke()
		_, err := Post[echo](t.Context(), instances[i%2], "/cgi-bin/echo", nil)
		if err != nil && wechat.ClassOf(err) != wechat.ClassToken {
			t.Fatalf("call %d: %v", i, err)
		}
		clock.Step(5 * time.Second)
	}
	normal, forced, calls := fake.counts()
	if forced != forcePerDay {
		t.Errorf("%d forced refreshes, want the day's %d", forced, forcePerDay)
	}
	if normal > calls/2 {
		t.Errorf("%d calls for a token for %d calls", normal, calls)
	}

	clock.Step(forceDay)
	fake.revoke()
	mustEcho(t, instances[0])
	if _, again, _ := fake.counts(); again != forced+1 {
		t.Errorf("%d forced refreshes on the next day, want 1", again-forced)
	}
}

// T49: a budget that all instances share is asked before each forced refresh, and nothing is forced when it cannot be read.
func TestT49SharedBudgetOfForcedRefreshes(t *testing.T) {
	for name, tt := range map[string]struct {
		left int
		err  error
		want int
	}{
		"one left for two instances": {1, nil, 1},
		"none left":                  {0, nil, 0},
		"cannot be read":             {9, errors.New("no database"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			fake, client := newFake(t)
			var mu sync.Mutex
			spend := func(context.Context) (bool, error) {
				mu.Lock()
				defer mu.Unlock()
				tt.left--
				return tt.left >= 0, tt.err
			}
			var instances []*Client
			for range 2 { // each with a cache of its own, as if Redis were away
				c := newClient(t, client, memory(clock), clock.Now)
				c.tokens.force = spend
				if _, err := Post[echo](t.Context(), c, "/cgi-bin/echo", map[string]string{}); err != nil {
					t.Fatal(err)
				}
				instances = append(instances, c)
			}
			fake.revoke()
			var wg sync.WaitGroup
			for _, c := range instances {
				for range 20 {
					wg.Go(func() { _, _ = Post[echo](t.Context(), c, "/cgi-bin/echo", map[string]string{}) })
				}
			}
			wg.Wait()
			if _, forced, _ := fake.counts(); forced != tt.want {
				t.Errorf("%d forced refreshes, want %d", forced, tt.want)
			}
		})
	}
}

func TestWrongSecretIsAConfigurationFault(t *testing.T) {
	clock := newClock()
	_, client := newFake(t)
	c, err := New(Config{AppID: testApp, Secret: "wrong", HTTP: client, KV: memory(clock), Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Post[echo](t.Context(), c, "/cgi-bin/echo", nil)
	if wechat.ClassOf(err) != wechat.ClassConfig {
		t.Errorf("error = %v of class %s, want config", err, wechat.ClassOf(err))
	}
}

// A dead lease holder delays the others, it does not stop them; a caller who leaves does
// not wait that long.
func TestLeaseHolderMayDie(t *testing.T) {
	clock := newClock()
	_, client := newFake(t)
	store := memory(clock)
	c := newClient(t, client, store, clock.Now)
	if ok, err := store.SetNX(t.Context(), c.tokens.key("lease"), "dead instance", time.Hour); err != nil || !ok {
		t.Fatal(ok, err)
	}
	hurry, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Post[echo](hurry, c, "/cgi-bin/echo", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an impatient call = %v, want its deadline", err)
	}
	mustEcho(t, c)
	if v, ok, _ := store.Get(t.Context(), c.tokens.key("lease")); !ok || v != "dead instance" {
		t.Errorf("the lease of another was released: %q", v)
	}
}

// A token that another instance has shared is used without asking WeChat.
func TestTokenOfAnotherInstanceIsUsed(t *testing.T) {
	clock := newClock()
	fake, client := newFake(t)
	var store kv.Store = memory(clock)
	mustEcho(t, newClient(t, client, store, clock.Now))
	mustEcho(t, newClient(t, client, store, clock.Now))
	if normal, _, _ := fake.counts(); normal != 1 {
		t.Errorf("%d tokens taken by two instances", normal)
	}
}

func mustEcho(t *testing.T, c *Client) {
	t.Helper()
	if _, err := Post[echo](t.Context(), c, "/cgi-bin/echo", map[string]string{}); err != nil {
		t.Fatal(err)
	}
}
