package staff

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Deps is what the service needs.
type Deps struct {
	DB  *db.DB
	Log *slog.Logger // nil discards
}

// Service signs staff in and keeps their accounts. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	log    *slog.Logger
	hasher *hasher
}

// New returns the service.
func New(d Deps) *Service {
	log := d.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{db: d.DB, log: log, hasher: newHasher(fullCost)}
}

// How long a session lasts.
const (
	sessionLife = 12 * time.Hour
	sessionIdle = 2 * time.Hour
	// seenEvery is how old the note of the last use may get, so that not every request writes.
	seenEvery = 5 * time.Minute
)

// Session is a sign-in. Token is known to the caller only and cannot be read again.
type Session struct {
	Token     string
	Actor     Actor
	ExpiresAt time.Time
}

// Authenticate returns who a token belongs to, or ErrSession.
func (s *Service) Authenticate(ctx context.Context, token string) (Actor, error) {
	var (
		row   model.StaffSession
		actor Actor
		stale bool
	)
	err := s.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		if row, actor, err = sessionByToken(tx, hashToken(token)); err != nil {
			return err
		}
		if !alive(row, tx.Now) {
			return ErrSession
		}
		stale = tx.Now.Sub(row.SeenAt) >= seenEvery
		return nil
	})
	if err != nil {
		return Actor{}, err
	}
	if stale {
		err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error { return markSeen(tx, row.ID) })
		if err != nil { // the session is good all the same
			s.log.WarnContext(ctx, "note the use of a staff session", "staff", actor.ID, "err", err)
		}
	}
	return actor, nil
}

// SignOut ends a session. A token without a live session is no error: its caller is signed out already.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error { return revokeToken(tx, hashToken(token)) })
}

// alive is the rule of when a session counts.
func alive(row model.StaffSession, now time.Time) bool {
	return row.RevokedAt == nil && now.Before(row.ExpiresAt) && now.Sub(row.SeenAt) < sessionIdle
}

// hashToken names a session in the database, so that a copy of the database opens no session. Finding a row by this hash
// compares nothing secret byte by byte (threat T21).
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
