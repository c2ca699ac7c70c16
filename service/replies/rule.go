package replies

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
	"huitou/service/audit"
)

// Rule is a reply as staff see it.
type Rule struct {
	ID       model.PublicID
	Name     string
	Occasion model.ReplyOccasion
	Active   bool
	Version  int64
	Terms
	CreatedAt, UpdatedAt time.Time
	Replayed             bool `json:"-"`
}

// NewRule is a reply to be made.
type NewRule struct {
	Staff    model.StaffID
	Name     string // 1 to 64 characters, for staff
	Occasion model.ReplyOccasion
	Active   bool
	Terms
	Key db.Key `json:"-"`
}

// Create makes a reply. It returns fault.ErrInvalid with every faulty field, ErrPolicy, ErrReserved, ErrTooMany or qrcodes.ErrUnknown.
func (s *Service) Create(ctx context.Context, in NewRule) (v Rule, err error) {
	if err := s.check(in.Name, in.Occasion, in.Terms); err != nil {
		return v, err
	}
	if err := s.exists(ctx, in.Terms); err != nil {
		return v, err
	}
	terms, err := encode(in.Terms)
	if err != nil {
		return v, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		v, v.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Rule, error) {
			if n, err := countLive(tx); err != nil || n >= maxRules {
				if err == nil {
					err = ErrTooMany
				}
				return Rule{}, err
			}
			row := model.ReplyRule{PublicID: model.PublicID(random.ID()), Name: in.Name, Occasion: in.Occasion, Terms: terms, Active: in.Active, Version: 1,
				CreatedBy: in.Staff, CreatedAt: tx.Now, UpdatedAt: tx.Now}
			if _, err := tx.Insert(&row); err != nil {
				return Rule{}, fmt.Errorf("insert a reply: %w", err)
			}
			if err := addVersion(tx, row, in.Staff); err != nil {
				return Rule{}, err
			}
			tx.OnCommit(s.changed)
			return view(row, in.Terms), trail(ctx, tx, in.Staff, "replies.create", row)
		})
		return err
	})
	return v, err
}

// Change is a new version of a reply. What it answers to stays; make another one for another occasion.
type Change struct {
	Staff  model.StaffID
	ID     model.PublicID
	Name   string
	Active bool
	Terms
	// Version is the newest one that the caller has seen.
	Version int64
}

// Change adds a version. It returns ErrUnknown, ErrChanged when somebody else added one meanwhile, ErrInMenu when an entry of the menu
// would have no answer any more, or what Create says about the terms.
func (s *Service) Change(ctx context.Context, in Change) (v Rule, err error) {
	if err := s.exists(ctx, in.Terms); err != nil {
		return v, err
	}
	terms, err := encode(in.Terms)
	if err != nil {
		return v, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		others, err := s.lockFor(tx, in.ID)
		if err != nil {
			return err
		}
		row, err := lockRule(tx, in.ID)
		switch {
		case err != nil:
			return err
		case row.Version != in.Version:
			return ErrChanged.With("version", row.Version)
		}
		if err := s.check(in.Name, row.Occasion, in.Terms); err != nil {
			return err
		}
		was, err := decode(row.Terms)
		if err != nil {
			return err
		}
		if row.Occasion == model.ReplyToClick && (!in.Active || was.Key != in.Key) && s.lastFor(was.Key, row.ID, others) {
			return ErrInMenu
		}
		row.Name, row.Terms, row.Active, row.Version, row.UpdatedAt = in.Name, terms, in.Active, row.Version+1, tx.Now
		if err := saveRule(tx, row, in.Staff); err != nil {
			return err
		}
		tx.OnCommit(s.changed)
		v = view(row, in.Terms)
		return trail(ctx, tx, in.Staff, "replies.change", row)
	})
	return v, err
}

// End takes a reply away; its versions and counts stay. It returns ErrUnknown or ErrInMenu.
func (s *Service) End(ctx context.Context, staff model.StaffID, id model.PublicID) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		others, err := s.lockFor(tx, id)
		if err != nil {
			return err
		}
		row, err := lockRule(tx, id)
		if err != nil {
			return err
		}
		was, err := decode(row.Terms)
		if err != nil {
			return err
		}
		if row.Occasion == model.ReplyToClick && s.lastFor(was.Key, row.ID, others) {
			return ErrInMenu
		}
		if err := endRule(tx, row.ID); err != nil {
			return err
		}
		tx.OnCommit(s.changed)
		return trail(ctx, tx, staff, "replies.end", row)
	})
}

// exists returns qrcodes.ErrUnknown for a code that nobody made.
func (s *Service) exists(ctx context.Context, t Terms) error {
	if t.Code == "" {
		return nil
	}
	_, err := s.Codes.One(ctx, t.Code)
	return err
}

// lockFor locks, for a reply to a tap, all of them in the order of their ids: of two rules with one key two people must not each take one
// away because the other is still there. For other replies it locks nothing.
func (s *Service) lockFor(tx *db.Tx, id model.PublicID) ([]model.ReplyRule, error) {
	row, err := ruleByPublicID(tx, id)
	if err != nil || row.Occasion != model.ReplyToClick {
		return nil, err
	}
	return lockClicks(tx)
}

// lastFor tells whether the menu of the settings has an entry with a key that only this rule answers.
func (s *Service) lastFor(key string, id model.ReplyRuleID, clicks []model.ReplyRule) bool {
	if !slices.Contains(menuKeys(s.WantedMenu), key) {
		return false
	}
	return !slices.ContainsFunc(clicks, func(r model.ReplyRule) bool {
		t, err := decode(r.Terms)
		return err == nil && r.ID != id && t.Key == key
	})
}

// Rule returns a reply, or ErrUnknown.
func (s *Service) Rule(ctx context.Context, id model.PublicID) (v Rule, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := ruleByPublicID(tx, id)
		if err != nil {
			return err
		}
		v, err = viewed(row)
		return err
	})
	return v, err
}

// Rules returns all replies, the oldest first.
func (s *Service) Rules(ctx context.Context) (list []Rule, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := liveRules(tx)
		if err != nil {
			return err
		}
		list = make([]Rule, len(rows))
		for i, r := range rows {
			if list[i], err = viewed(r); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// Version is what a reply was from one change to the next.
type Version struct {
	Version int64
	Name    string
	Active  bool
	Terms
	Staff model.StaffID // who made it; 0: it came with the shop
	At    time.Time
}

// Versions returns a page of a reply's versions, the newest first, or ErrUnknown.
func (s *Service) Versions(ctx context.Context, id model.PublicID, page db.Page) (list []Version, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := ruleByPublicID(tx, id)
		if err != nil {
			return err
		}
		rows, err := versionsOf(tx, row.ID, before, page.Size()+1)
		if err != nil {
			return err
		}
		if len(rows) > page.Size() {
			rows = rows[:page.Size()]
			next = db.NextCursor(rows[len(rows)-1].Version)
		}
		list = make([]Version, len(rows))
		for i, r := range rows {
			t, err := decode(r.Terms)
			if err != nil {
				return err
			}
			list[i] = Version{r.Version, r.Name, r.Active, t, r.CreatedBy, r.CreatedAt.UTC()}
		}
		return nil
	})
	return list, next, err
}

func encode(t Terms) (string, error) {
	b, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encode the terms of a reply: %w", err)
	}
	return string(b), nil
}

func opened(row model.ReplyRule) (rule, error) {
	t, err := decode(row.Terms)
	return rule{row, t}, err
}

func viewed(row model.ReplyRule) (Rule, error) {
	t, err := decode(row.Terms)
	return view(row, t), err
}

func view(row model.ReplyRule, t Terms) Rule {
	return Rule{ID: row.PublicID, Name: row.Name, Occasion: row.Occasion, Active: row.Active, Version: row.Version, Terms: t,
		CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC()}
}

// trail records what a version says in full: the words spoke in the shop's name.
func trail(ctx context.Context, tx *db.Tx, staff model.StaffID, action string, row model.ReplyRule) error {
	return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: action, Ref: "reply:" + string(row.PublicID), Detail: map[string]any{
		"name": row.Name, "occasion": row.Occasion, "active": row.Active, "version": row.Version, "terms": json.RawMessage(strings.TrimSpace(row.Terms))}})
}
