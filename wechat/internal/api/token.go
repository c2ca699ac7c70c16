package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"huitou/model/kv"
)

const (
	stableTokenPath = "/cgi-bin/stable_token"

	tokenMargin = 200 * time.Second // taken anew this long before its end
	tokenFloor  = 30 * time.Second  // shortest life in the cache, whatever WeChat says

	forceGap    = 60 * time.Second // between two forced refreshes; WeChat's own limit is 30 s
	forceDay    = 24 * time.Hour
	forcePerDay = 10 // WeChat's own limit is 20
	// stuckFor is how long a token that WeChat insists on is kept although calls with it
	// are refused: every refusal would otherwise cost a useless call for a new one.
	stuckFor = 30 * time.Second

	leaseFor   = 10 * time.Second       // longer than a call for a token may take
	leasePoll  = 20 * time.Millisecond  // between two looks for the lease holder's token
	leaseWait  = 3 * time.Second        // then the holder is taken for dead
	flightLife = 2*leaseFor + leaseWait // of one refresh, however many wait for it
)

// tokens hands out the access token of one app.
type tokens struct {
	api   *Client
	store kv.Store
	// instance marks this process as a lease owner.
	instance string
	force    func(ctx context.Context) (bool, error) // budget of all instances; nil: see mayForce
	flights  singleflight.Group

	mu     sync.Mutex
	local  token
	bad    string // last refused token: not to be taken from the cache again
	stuck  token  // refused token that WeChat insists on, and until when we accept that
	forced []time.Time
}

// token is an access token and the instant it must no longer be used; it is also the value
// in kv.
type token struct {
	Token string    `json:"token"`
	Until time.Time `json:"until"`
}

func (t token) validAt(now time.Time) bool { return t.Token != "" && now.Before(t.Until) }

func newTokens(api *Client, store kv.Store) *tokens {
	return &tokens{api: api, store: store, instance: rand.Text()}
}

func (s *tokens) key(name string) string { return "wechat:" + name + ":" + s.api.appID }

// Token returns a token believed to be valid. A caller who leaves does not stop the refresh
// that others wait for; the refresh ends by itself within flightLife.
func (s *tokens) Token(ctx context.Context) (string, error) {
	if t, ok := s.remembered(); ok {
		return t, nil
	}
	flight := s.flights.DoChan("token", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flightLife)
		defer cancel()
		return s.refresh(ctx)
	})
	select {
	case r := <-flight:
		if r.Err != nil {
			return "", r.Err
		}
		return r.Val.(string), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Invalidate says that WeChat refused bad. Only that very token is forgotten.
func (s *tokens) Invalidate(ctx context.Context, bad string) {
	s.mu.Lock()
	if s.stuck.Token == bad && s.stuck.validAt(s.api.now()) && s.stuck.Until.Sub(s.api.now()) <= stuckFor {
		s.mu.Unlock()
		return
	}
	s.bad = bad
	if s.local.Token == bad {
		s.local = token{}
	}
	s.mu.Unlock()

	raw, ok, err := s.store.Get(ctx, s.key("token"))
	if err != nil || !ok || decodeToken(raw).Token != bad {
		return // away, gone already, or replaced: nothing to remove
	}
	if _, err := s.store.CompareAndDelete(ctx, s.key("token"), raw); err != nil {
		s.api.log.WarnContext(ctx, "refused token stays in the cache", "error", err)
	}
}

// refresh finds or makes a token. Only one call runs at a time in this process.
func (s *tokens) refresh(ctx context.Context) (string, error) {
	if t, ok := s.remembered(); ok {
		return t, nil
	}
	if t, ok := s.cached(ctx); ok {
		return t, nil
	}
	release, t, ok := s.lease(ctx)
	if ok {
		return t, nil
	}
	defer release()
	return s.issue(ctx)
}

// remembered returns the local copy.
func (s *tokens) remembered() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.local.Token, s.local.validAt(s.api.now())
}

// cached takes over the token that another instance has put into kv.
func (s *tokens) cached(ctx context.Context) (string, bool) {
	raw, ok, err := s.store.Get(ctx, s.key("token"))
	if err != nil || !ok {
		return "", false
	}
	t := decodeToken(raw)
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Token == s.bad || !t.validAt(s.api.now()) {
		return "", false
	}
	s.local = t
	return t.Token, true
}

// lease makes this instance the one that asks WeChat, or waits for the token of the one
// that does. release is never nil.
func (s *tokens) lease(ctx context.Context) (release func(), t string, ok bool) {
	wait, cancel := context.WithTimeout(ctx, leaseWait)
	defer cancel()
	for {
		mine, err := s.store.SetNX(ctx, s.key("lease"), s.instance, leaseFor)
		if err != nil {
			return func() {}, "", false // without kv everybody asks; it is the same token
		}
		if mine {
			release = func() { _ = s.store.Release(ctx, s.key("lease"), s.instance) }
			// The holder before may have finished between our look and our lease.
			if t, ok := s.cached(ctx); ok {
				release()
				return func() {}, t, true
			}
			return release, "", false
		}
		select {
		case <-wait.Done():
			return func() {}, "", false
		case <-time.After(leasePoll):
		}
		if t, ok := s.cached(ctx); ok {
			return func() {}, t, true
		}
	}
}

// issue asks WeChat for the token, by force if it insists on the refused one.
func (s *tokens) issue(ctx context.Context) (string, error) {
	t, err := s.fetch(ctx, false)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	bad := s.bad
	s.mu.Unlock()
	if t.Token == bad && s.mayForce(ctx) {
		s.api.log.WarnContext(ctx, "WeChat hands out a refused token again; forcing a new one")
		if t, err = s.fetch(ctx, true); err != nil {
			return "", err
		}
	}
	if t.Token == bad {
		s.api.log.ErrorContext(ctx, "WeChat refuses the token it hands out; using it for now")
		s.mu.Lock()
		s.bad = ""
		s.stuck = token{Token: t.Token, Until: s.api.now().Add(stuckFor)}
		s.mu.Unlock()
	}
	s.keep(ctx, t)
	return t.Token, nil
}

// fetch makes the call to WeChat.
func (s *tokens) fetch(ctx context.Context, force bool) (token, error) {
	body, err := encode(map[string]any{
		"grant_type":    "client_credential",
		"appid":         s.api.appID,
		"secret":        s.api.secret.Reveal(),
		"force_refresh": force,
	})
	if err != nil {
		return token{}, fmt.Errorf("encode token request: %w", err)
	}
	out, err := call[struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
	}](ctx, s.api, stableTokenPath, nil, body, s.api.secret.Reveal())
	if err != nil {
		return token{}, err
	}
	if out.AccessToken == "" {
		return token{}, Malformed(stableTokenPath, "access_token")
	}
	// A life beyond a day is not WeChat's; it is bounded so that the sum cannot overflow.
	life := time.Duration(min(out.ExpiresIn, 86_400))*time.Second - tokenMargin
	life = max(life, tokenFloor)
	s.api.log.InfoContext(ctx, "access token taken", "forced", force, "life", life)
	return token{Token: out.AccessToken, Until: s.api.now().Add(life)}, nil
}

// keep remembers a token here and for the other instances.
func (s *tokens) keep(ctx context.Context, t token) {
	s.mu.Lock()
	s.local = t
	s.mu.Unlock()
	raw, err := json.Marshal(t)
	if err == nil {
		err = s.store.Set(ctx, s.key("token"), string(raw), t.Until.Sub(s.api.now()))
	}
	if err != nil && !errors.Is(err, kv.ErrInvalid) {
		s.api.log.WarnContext(ctx, "token is not shared", "error", err)
	}
}

// mayForce spends one forced refresh from the budget of this process and from that of all
// instances: the given one or, without one, kv's when it answers.
func (s *tokens) mayForce(ctx context.Context) bool {
	now := s.api.now()
	s.mu.Lock()
	for len(s.forced) > 0 && now.Sub(s.forced[0]) >= forceDay {
		s.forced = s.forced[1:]
	}
	n := len(s.forced)
	if n >= forcePerDay || n > 0 && now.Sub(s.forced[n-1]) < forceGap {
		s.mu.Unlock()
		return false
	}
	s.forced = append(s.forced, now)
	s.mu.Unlock()

	if s.force != nil {
		ok, err := s.force(ctx)
		if err != nil { // nobody knows what the others have spent: better a refused call than a day without forced refreshes
			s.api.log.ErrorContext(ctx, "the budget of forced refreshes cannot be read", "error", err)
		}
		return ok && err == nil
	}
	if alone, err := s.store.SetNX(ctx, s.key("force"), s.instance, forceGap); err == nil && !alone {
		return false
	}
	count, err := s.store.Incr(ctx, s.key("forceday"), forceDay)
	return err != nil || count <= forcePerDay
}

func decodeToken(raw string) token {
	var t token
	if json.Unmarshal([]byte(raw), &t) != nil {
		return token{}
	}
	return t
}
