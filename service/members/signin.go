package members

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
)

// Session is a sign-in. Token is known to the caller only and cannot be read again.
type Session struct {
	Token     string
	Member    model.MemberID
	ExpiresAt time.Time
	New       bool // the member was not known before
}

// SignIn turns the code of wx.login into a session. WeChat takes each code once, so one code makes one session. It returns
// ErrLoginCode, ErrRefused, ErrTooOften or ErrWeChat.
func (s *Service) SignIn(ctx context.Context, code string) (Session, error) {
	who, err := s.mini.Code2Session(ctx, code)
	if err != nil {
		return Session{}, outward(err, ErrLoginCode)
	}
	// WeChat's session key would decrypt what the client sends; nothing here needs it, so it ends here.
	out := Session{Token: random.Token()}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if out.Member, out.New, err = s.ensurePerson(ctx, tx, s.miniApp, who.OpenID, who.UnionID); err != nil {
			return err
		}
		out.ExpiresAt = tx.Now.Add(sessionLife)
		return insertSession(tx, model.MemberSession{
			TokenHash: hashToken(out.Token), MemberID: out.Member, CreatedAt: tx.Now, SeenAt: tx.Now, ExpiresAt: out.ExpiresAt,
		})
	})
	if err != nil {
		return Session{}, fmt.Errorf("open a session: %w", err)
	}
	s.log.InfoContext(ctx, "shopper signed in", "member", out.Member, "new", out.New)
	return out, nil
}
