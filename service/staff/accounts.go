package staff

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// Add makes an account.
type Add struct {
	// By is who does it; 0 is the server's command line.
	By model.StaffID
	// Name signs in: 3 to 32 of a-z, 0-9, dot, dash, underscore; capitals are taken as small letters.
	Name string
	// DisplayName is 1 to 32 characters; empty means Name.
	DisplayName string
	Password    string
	Role        Role
}

// SetPassword gives an account another password and ends all its sessions.
type SetPassword struct {
	By       model.StaffID
	Account  model.StaffID
	Password string
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{2,31}$`)

// validate returns every faulty field at once.
func (in Add) validate() error {
	var bad []fault.Field
	if !nameForm.MatchString(in.Name) {
		bad = append(bad, fault.Field{Name: "name", Reason: "3 to 32 of a-z, 0-9, dot, dash, underscore; a letter or digit first"})
	}
	if n := utf8.RuneCountInString(in.DisplayName); n == 0 || n > 32 || !utf8.ValidString(in.DisplayName) {
		bad = append(bad, fault.Field{Name: "display_name", Reason: "1 to 32 characters"})
	}
	if !in.Role.Valid() {
		bad = append(bad, fault.Field{Name: "role", Reason: "one of owner, manager, clerk"})
	}
	if err := fault.InvalidFields(bad); err != nil {
		return err
	}
	return checkPassword(in.Name, in.Password)
}

// Add makes an account. It returns ErrNameTaken, ErrPassword or the faulty fields.
func (s *Service) Add(ctx context.Context, in Add) (model.StaffID, error) {
	in.Name = strings.ToLower(strings.TrimSpace(in.Name))
	if in.DisplayName = strings.TrimSpace(in.DisplayName); in.DisplayName == "" {
		in.DisplayName = in.Name
	}
	if err := in.validate(); err != nil {
		return 0, err
	}
	hash, err := s.hasher.hash(ctx, in.Password)
	if err != nil {
		return 0, err
	}
	var id model.StaffID
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row := model.Staff{Name: in.Name, DisplayName: in.DisplayName, PasswordHash: hash, Role: string(in.Role), CreatedAt: tx.Now}
		fresh, err := tx.Insert(&row)
		if err != nil {
			return fmt.Errorf("add the account: %w", err)
		}
		if !fresh {
			return ErrNameTaken
		}
		id = row.ID
		return audit.Record(ctx, tx, audit.Entry{
			Staff: in.By, Action: "staff.add", Ref: ref(id), Detail: map[string]string{"name": in.Name, "role": string(in.Role)},
		})
	})
	return id, err
}

// SetPassword gives an account another password, ends its sessions and lifts the brake on its sign-ins. It returns
// ErrUnknown or ErrPassword.
func (s *Service) SetPassword(ctx context.Context, in SetPassword) error {
	row, err := s.Account(ctx, in.Account)
	if err != nil {
		return err
	}
	if err := checkPassword(row.Name, in.Password); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, in.Password)
	if err != nil {
		return err
	}
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := lockAccount(tx, in.Account); err != nil {
			return err
		}
		if err := savePassword(tx, in.Account, hash); err != nil {
			return err
		}
		if err := revokeAll(tx, in.Account); err != nil {
			return err
		}
		if err := deleteAttempt(tx, attemptKey("account", row.Name)); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: in.By, Action: "staff.set_password", Ref: ref(in.Account)})
	})
}

// Disable closes an account and ends its sessions. Closing it again changes nothing. It returns ErrUnknown.
func (s *Service) Disable(ctx context.Context, by, account model.StaffID) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := lockAccount(tx, account)
		if err != nil {
			return err
		}
		if row.DisabledAt != nil {
			return nil
		}
		if err := saveDisabled(tx, account); err != nil {
			return err
		}
		if err := revokeAll(tx, account); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: by, Action: "staff.disable", Ref: ref(account)})
	})
}

// Account returns who an account belongs to, or ErrUnknown.
func (s *Service) Account(ctx context.Context, id model.StaffID) (a Actor, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := accountByID(tx, id)
		a = actorOf(row)
		return err
	})
	return a, err
}

// Works reports whether somebody works here under an id: the account exists and was not disabled.
func (s *Service) Works(ctx context.Context, id model.StaffID) (works bool, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := accountByID(tx, id)
		if errors.Is(err, ErrUnknown) {
			return nil
		}
		works = err == nil && row.DisabledAt == nil
		return err
	})
	return works, err
}

// Named returns the account that signs in with a name, or ErrUnknown. It is for staff and the command line, not for sign-in.
func (s *Service) Named(ctx context.Context, name string) (a Actor, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := accountByName(tx, strings.ToLower(strings.TrimSpace(name)))
		if db.IsNotFound(err) {
			return ErrUnknown
		}
		a = actorOf(row)
		return err
	})
	return a, err
}

func ref(id model.StaffID) string { return fmt.Sprintf("staff:%d", id) }
