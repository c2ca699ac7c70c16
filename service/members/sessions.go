package members

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"slices"
	"sync"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// How long a session lasts.
const (
	sessionLife = 30 * 24 * time.Hour
	sessionIdle = 7 * 24 * time.Hour
	// seenEvery is how old the note of the last use may get.
	seenEvery = time.Hour
	// believedFor is how long a session that was found is believed without another look, and so how long a
	// sign-out on one instance may go unnoticed on another.
	believedFor = time.Second
	// believedMost bounds the memory of what is believed: about 200 bytes each.
	believedMost = 50_000
	tokenLen     = 43 // of random.Token
)

// sessions looks sessions up for a flood of requests.
type sessions struct {
	db     *db.DB
	log    *slog.Logger
	loader *db.Loader[string, model.MemberSession]
	seen   *db.Group[struct{}, int64, struct{}]

	mu       sync.Mutex
	believed map[string]believed // by token hash
}

type believed struct {
	row model.MemberSession
	at  time.Time // when the look-up began
}

func newSessions(d *db.DB, log *slog.Logger) *sessions {
	s := &sessions{db: d, log: log, believed: map[string]believed{}}
	s.loader = db.NewLoader(500, 2, func(ctx context.Context, hashes []string) (out map[string]model.MemberSession, err error) {
		err = d.Read(ctx, func(_ context.Context, tx *db.Tx) error {
			out, err = sessionsByToken(tx, hashes)
			return err
		})
		return out, err
	})
	s.seen = db.NewGroup(d, 500, func(_ context.Context, tx *db.Tx, _ struct{}, ids []int64) ([]db.Outcome[struct{}], error) {
		return make([]db.Outcome[struct{}], len(ids)), markSeen(tx, slices.Compact(slices.Sorted(slices.Values(ids))))
	})
	return s
}

// Authenticate returns the member whose session a token is, or ErrSession. When the database does not answer it returns
// db.ErrUnavailable, so that nobody is signed out by that.
func (s *Service) Authenticate(ctx context.Context, token string) (model.MemberID, error) {
	if len(token) != tokenLen {
		return 0, ErrSession
	}
	return s.sessions.authenticate(ctx, hashToken(token))
}

// SignOut ends a session. A token without a live session is no error: its caller is signed out already.
func (s *Service) SignOut(ctx context.Context, token string) error {
	hash := hashToken(token)
	err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error { return revokeToken(tx, hash) })
	s.sessions.forget(hash)
	return err
}

func (s *sessions) authenticate(ctx context.Context, hash string) (model.MemberID, error) {
	now := s.db.Now()
	row, ok := s.recall(hash, now)
	if !ok {
		var err error
		if row, ok, err = s.loader.Load(ctx, hash); err != nil {
			if fault.Of(err) == nil {
				err = db.ErrUnavailable.Because(err)
			}
			return 0, err
		}
		if !ok || !alive(row, now) {
			return 0, ErrSession // not remembered: a flood of made-up tokens must not push out real ones
		}
		s.believe(hash, row, now)
	}
	if !alive(row, now) {
		return 0, ErrSession
	}
	if now.Sub(row.SeenAt) >= seenEvery {
		s.note(ctx, hash, row, now)
	}
	return row.MemberID, nil
}

// note writes the last use down, together with others'. When it cannot, the session is good all the same.
func (s *sessions) note(ctx context.Context, hash string, row model.MemberSession, now time.Time) {
	if _, err := s.seen.Do(ctx, struct{}{}, row.ID); err != nil {
		s.log.WarnContext(ctx, "note the use of a session", "member", row.MemberID, "err", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.believed[hash]; ok {
		b.row.SeenAt = now
		s.believed[hash] = b
	}
}

func (s *sessions) recall(hash string, now time.Time) (model.MemberSession, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.believed[hash]
	// A clock that was set back makes the age negative; then look again.
	if age := now.Sub(b.at); !ok || age < 0 || age >= believedFor {
		return model.MemberSession{}, false
	}
	return b.row, true
}

func (s *sessions) believe(hash string, row model.MemberSession, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.believed) >= believedMost {
		for h, b := range s.believed {
			if age := at.Sub(b.at); age < 0 || age >= believedFor {
				delete(s.believed, h)
			}
		}
		if len(s.believed) >= believedMost { // all of them within one second: begin anew rather than grow
			clear(s.believed)
		}
	}
	s.believed[hash] = believed{row, at}
}

func (s *sessions) forget(hash string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.believed, hash)
}

// alive is the rule of when a session counts.
func alive(row model.MemberSession, now time.Time) bool {
	return row.RevokedAt == nil && now.Before(row.ExpiresAt) && now.Sub(row.SeenAt) < sessionIdle
}

// hashToken names a session in the database, so that a copy of the database opens no session. Finding a row by this hash
// compares nothing secret byte by byte (threat T21).
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
