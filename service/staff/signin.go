package staff

import (
	"context"
	"math"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
)

// SignIn opens a session. It returns ErrCredentials for every wrong pair of name and password, and ErrTooManyAttempts,
// without looking at the password, while the account or the address is slowed down. ip is the caller's address.
func (s *Service) SignIn(ctx context.Context, name, password, ip string) (Session, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	account, address := attemptKey("account", name), attemptKey("address", network(ip))
	if err := s.charge(ctx, account, address); err != nil {
		return Session{}, err
	}
	row, err := s.known(ctx, name)
	if err != nil {
		return Session{}, err
	}
	if len(password) > maxPassword {
		password = password[:maxPassword] // cannot be right, and must not cost more
	}
	hash := row.PasswordHash
	if row.DisabledAt != nil {
		hash = ""
	}
	right, err := s.hasher.check(ctx, hash, password)
	if err != nil {
		return Session{}, err
	}
	if !right {
		s.log.InfoContext(ctx, "staff sign-in refused", "staff", row.ID, "address", network(ip))
		return Session{}, ErrCredentials
	}
	return s.open(ctx, row, account, address)
}

// charge counts the try against the account and the address, or refuses it.
func (s *Service) charge(ctx context.Context, account, address string) error {
	// A flood of refused tries costs one read each and no write.
	err := s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := attempts(tx, account, address)
		if err != nil {
			return err
		}
		return tooMany(max(rows[account].NextAt.Sub(tx.Now), rows[address].NextAt.Sub(tx.Now)))
	})
	if err != nil {
		return err
	}
	return s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := lockAttempts(tx, account, address)
		if err != nil {
			return err
		}
		a, waitA := accountBrake.charge(rows[account], tx.Now)
		b, waitB := addressBrake.charge(rows[address], tx.Now)
		if err := tooMany(max(waitA, waitB)); err != nil {
			return err
		}
		return saveAttempts(tx, a, b)
	})
}

func tooMany(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	return ErrTooManyAttempts.With("retry_after_s", int(math.Ceil(wait.Seconds())))
}

// known returns the account, or an empty row when there is none.
func (s *Service) known(ctx context.Context, name string) (row model.Staff, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		row, err = accountByName(tx, name)
		if db.IsNotFound(err) {
			return nil
		}
		return err
	})
	return row, err
}

// open makes the session, takes the charge back and makes sure that the account did not change since its password was checked.
func (s *Service) open(ctx context.Context, checked model.Staff, account, address string) (Session, error) {
	token := random.Token()
	var out Session
	err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := lockAccount(tx, checked.ID)
		if err != nil {
			return err
		}
		if row.DisabledAt != nil || row.PasswordHash != checked.PasswordHash {
			return ErrCredentials
		}
		rows, err := lockAttempts(tx, account, address)
		if err != nil {
			return err
		}
		cleared := rows[account]
		cleared.Failures, cleared.NextAt = 0, tx.Now
		if err := saveAttempts(tx, cleared, addressBrake.refund(rows[address])); err != nil {
			return err
		}
		out = Session{Token: token, Actor: actorOf(row), ExpiresAt: tx.Now.Add(sessionLife)}
		return insertSession(tx, model.StaffSession{
			TokenHash: hashToken(token), StaffID: row.ID, CreatedAt: tx.Now, SeenAt: tx.Now, ExpiresAt: out.ExpiresAt,
		})
	})
	if err != nil {
		return Session{}, err
	}
	s.log.InfoContext(ctx, "staff signed in", "staff", out.Actor.ID)
	return out, nil
}

func actorOf(row model.Staff) Actor { return Actor{ID: row.ID, Name: row.Name, Role: Role(row.Role)} }
