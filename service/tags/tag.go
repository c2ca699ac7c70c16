package tags

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/wechat"
)

const (
	// maxTags bounds the tags in use: a list that people still overlook.
	maxTags = 1000
	maxNote = 200 // characters
)

// Tag is a tag as staff see it.
type Tag struct {
	ID        model.PublicID
	Name      string
	Note      string
	Shared    bool       // kept in step with the official account
	AtWeChat  bool       // it exists there
	SyncedAt  *time.Time // of the last comparison of its members
	Problem   string     // why the last comparison of the tag failed
	Members   int64
	CreatedAt time.Time
	Replayed  bool `json:"-"`
}

// NewTag is a tag to be made.
type NewTag struct {
	Staff      model.StaffID
	Name, Note string
	Shared     bool
	Key        db.Key `json:"-"`
}

// Create makes a tag. It returns fault.ErrInvalid, ErrNameTaken, ErrTooMany or ErrTooManyShared.
func (s *Service) Create(ctx context.Context, in NewTag) (v Tag, err error) {
	in.Name = strings.TrimSpace(in.Name)
	if err := fault.InvalidFields(faults(in.Name, in.Note)); err != nil {
		return Tag{}, err
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		v, v.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Tag, error) {
			if err := roomFor(tx, in.Shared); err != nil {
				return Tag{}, err
			}
			row := model.Tag{PublicID: model.PublicID(random.ID()), Name: in.Name, LiveName: &in.Name, Note: in.Note, Shared: in.Shared,
				CreatedBy: in.Staff, CreatedAt: tx.Now, UpdatedAt: tx.Now}
			fresh, err := tx.Insert(&row)
			switch {
			case err != nil:
				return Tag{}, fmt.Errorf("insert a tag: %w", err)
			case !fresh:
				return Tag{}, ErrNameTaken
			}
			return view(row, 0), audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "tags.create", Ref: ref(row), Detail: in})
		})
		return err
	})
	return v, err
}

// Change changes a tag; what is nil stays.
type Change struct {
	Staff      model.StaffID
	ID         model.PublicID
	Name, Note *string
	Shared     *bool
}

// Change changes a tag. It returns fault.ErrInvalid, ErrUnknown, ErrNameTaken or ErrTooManyShared.
func (s *Service) Change(ctx context.Context, in Change) (v Tag, err error) {
	if in.Name == nil && in.Note == nil && in.Shared == nil {
		return Tag{}, fault.InvalidFields([]fault.Field{{Name: "body", Reason: "at least one field"}})
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := lockTag(tx, in.ID)
		if err != nil {
			return err
		}
		was := row
		if in.Name != nil {
			row.Name = strings.TrimSpace(*in.Name)
			row.LiveName = &row.Name
		}
		if in.Note != nil {
			row.Note = *in.Note
		}
		if in.Shared != nil {
			row.Shared = *in.Shared
		}
		if err := fault.InvalidFields(faults(row.Name, row.Note)); err != nil {
			return err
		}
		if row.Shared && !was.Shared {
			if err := roomToShare(tx); err != nil {
				return err
			}
		}
		if err := saveTag(tx, row); err != nil {
			return err
		}
		n, err := countMembers(tx, []model.TagID{row.ID})
		if err != nil {
			return err
		}
		v = view(row, n[row.ID])
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "tags.change", Ref: ref(row), Detail: in})
	})
	return v, err
}

// End takes a tag out of use: nobody has it any more, and the next comparison deletes it at WeChat. It returns ErrUnknown.
func (s *Service) End(ctx context.Context, staff model.StaffID, id model.PublicID) error {
	return s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := lockTag(tx, id)
		if err != nil {
			return err
		}
		if err := endTag(tx, row.ID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "tags.end", Ref: ref(row)})
	})
}

// List returns the tags in use by their names, each with the number of its members.
func (s *Service) List(ctx context.Context) (list []Tag, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := liveTags(tx)
		if err != nil {
			return err
		}
		n, err := countMembers(tx, tagIDs(rows))
		if err != nil {
			return err
		}
		list = make([]Tag, len(rows))
		for i, r := range rows {
			list[i] = view(r, n[r.ID])
		}
		return nil
	})
	return list, err
}

// NamesTx returns the names of tags in use, in the order of their ids, or ErrUnknown.
func (s *Service) NamesTx(_ context.Context, tx *db.Tx, ids []model.PublicID) ([]string, error) {
	rows, err := tagsByPublicID(tx, ids)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		r, ok := rows[id]
		if !ok {
			return nil, ErrUnknown
		}
		names[i] = r.Name
	}
	return names, nil
}

// faults lists what is wrong with the words of a tag.
func faults(name, note string) []fault.Field {
	var list []fault.Field
	if n := len(name); n < 1 || n > wechat.MaxTagName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		list = append(list, fault.Field{Name: "name", Reason: "1 to 30 bytes, a Chinese character has three"})
	}
	if utf8.RuneCountInString(note) > maxNote {
		list = append(list, fault.Field{Name: "note", Reason: "at most 200 characters"})
	}
	return list
}

func roomFor(tx *db.Tx, shared bool) error {
	n, err := countLive(tx)
	if err != nil {
		return err
	}
	if n >= maxTags {
		return ErrTooMany
	}
	if shared {
		return roomToShare(tx)
	}
	return nil
}

func roomToShare(tx *db.Tx) error {
	n, err := countShared(tx)
	if err == nil && n >= wechat.MaxTags {
		err = ErrTooManyShared
	}
	return err
}

func view(r model.Tag, members int64) Tag {
	return Tag{ID: r.PublicID, Name: r.Name, Note: r.Note, Shared: r.Shared, AtWeChat: r.WeChatID != nil, SyncedAt: r.SyncedAt, Problem: r.Problem,
		Members: members, CreatedAt: r.CreatedAt.UTC()}
}

func ref(r model.Tag) string { return "tag:" + string(r.PublicID) }

func tagIDs(rows []model.Tag) []model.TagID {
	ids := make([]model.TagID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

// orUnknown turns "no row" into ErrUnknown.
func orUnknown(err error) error {
	if db.IsNotFound(err) {
		return ErrUnknown
	}
	if err != nil && !errors.Is(err, ErrUnknown) {
		return fmt.Errorf("read a tag: %w", err)
	}
	return err
}
