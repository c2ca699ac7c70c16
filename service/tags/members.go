package tags

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// maxBulk is how many members one call may name.
const maxBulk = 1000

// OnMembers puts a tag on members or takes it away.
type OnMembers struct {
	Staff   model.StaffID
	Tag     model.PublicID
	Members []model.MemberID // 1 to 1,000; each counts once
}

// Outcome says what a call did.
type Outcome struct {
	Changed   int64
	Unchanged int64            // they had it already, or did not have it
	Unknown   []model.MemberID // there is no such member; never nil
}

// Tag puts a tag on members. It returns fault.ErrInvalid or ErrUnknown; members who do not exist are told in the outcome.
func (s *Service) Tag(ctx context.Context, in OnMembers) (Outcome, error) {
	return s.onMembers(ctx, in, "tags.tag", func(tx *db.Tx, t model.Tag, ids []model.MemberID) (changed []model.MemberID, err error) {
		has, err := rowsOf(tx, t.ID, ids)
		if err != nil {
			return nil, err
		}
		var fresh, again []model.MemberID
		for _, m := range ids {
			switch r, known := has[m]; {
			case !known:
				fresh = append(fresh, m)
			case !r.Present:
				again = append(again, m)
			}
		}
		if err := insertTagged(tx, t.ID, fresh, in.Staff, false); err != nil {
			return nil, err
		}
		return append(fresh, again...), setPresent(tx, t.ID, again, in.Staff)
	})
}

// Untag takes a tag from members. It returns fault.ErrInvalid or ErrUnknown.
func (s *Service) Untag(ctx context.Context, in OnMembers) (Outcome, error) {
	return s.onMembers(ctx, in, "tags.untag", func(tx *db.Tx, t model.Tag, ids []model.MemberID) (changed []model.MemberID, err error) {
		has, err := rowsOf(tx, t.ID, ids)
		if err != nil {
			return nil, err
		}
		var gone []model.MemberID
		for _, m := range ids {
			if has[m].Present {
				changed = append(changed, m)
				if !t.Shared && !has[m].AtWeChat {
					gone = append(gone, m)
				}
			}
		}
		// A row that says "not here" stays until WeChat has been told, so that the comparison does not take what stands there for news.
		if err := setAbsent(tx, t.ID, changed, in.Staff); err != nil {
			return nil, err
		}
		return changed, deleteRows(tx, t.ID, gone)
	})
}

func (s *Service) onMembers(ctx context.Context, in OnMembers, action string, do func(*db.Tx, model.Tag, []model.MemberID) ([]model.MemberID, error)) (out Outcome, err error) {
	if n := len(in.Members); n < 1 || n > maxBulk {
		return Outcome{}, fault.InvalidFields([]fault.Field{{Name: "member_ids", Reason: "1 to 1000"}})
	}
	ids := slices.Compact(slices.Sorted(slices.Values(in.Members)))
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		out = Outcome{Unknown: []model.MemberID{}}
		t, err := lockTag(tx, in.Tag) // nobody else tags while we look
		if err != nil {
			return err
		}
		known, err := s.d.Members.KnownTx(ctx, tx, ids)
		if err != nil {
			return err
		}
		list := make([]model.MemberID, 0, len(ids))
		for _, m := range ids {
			if known[m] {
				list = append(list, m)
			} else {
				out.Unknown = append(out.Unknown, m)
			}
		}
		changed, err := do(tx, t, list)
		if err != nil {
			return fmt.Errorf("change tag %d on %d members: %w", t.ID, len(list), err)
		}
		out.Changed, out.Unchanged = int64(len(changed)), int64(len(list)-len(changed))
		if len(changed) == 0 {
			return nil
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: action, Ref: ref(t), Detail: map[string]any{"members": changed}})
	})
	return out, err
}

// Tagged is a member with a tag.
type Tagged struct {
	Member model.MemberID
	By     model.StaffID // 0: it came from WeChat
	At     time.Time
}

// Members returns a page of those who have a tag, by descending id, and the cursor of the next page ("" at the end). It returns ErrUnknown.
func (s *Service) Members(ctx context.Context, tag model.PublicID, page db.Page) (list []Tagged, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		t, err := tagByPublicID(tx, tag)
		if err != nil {
			return err
		}
		rows, err := taggedBefore(tx, t.ID, before, page.Size()+1)
		if err != nil {
			return err
		}
		if len(rows) > page.Size() {
			rows = rows[:page.Size()]
			next = db.NextCursor(int64(rows[len(rows)-1].MemberID))
		}
		list = make([]Tagged, len(rows))
		for i, r := range rows {
			list[i] = Tagged{r.MemberID, r.TaggedBy, r.ChangedAt.UTC()}
		}
		return nil
	})
	return list, next, err
}

// Of returns the tags of a member, by their names; Members is not filled in.
func (s *Service) Of(ctx context.Context, m model.MemberID) (list []Tag, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := tagsOf(tx, m)
		if err != nil {
			return err
		}
		list = make([]Tag, len(rows))
		for i, r := range rows {
			list[i] = view(r, 0)
		}
		return nil
	})
	return list, err
}

// AnyTx returns those of some members who have one of the tags now. An ended tag is nobody's.
func (s *Service) AnyTx(_ context.Context, tx *db.Tx, tags []model.PublicID, of []model.MemberID) (map[model.MemberID]bool, error) {
	rows, err := tagsByPublicID(tx, tags)
	if err != nil || len(rows) == 0 || len(of) == 0 {
		return map[model.MemberID]bool{}, err
	}
	ids := make([]model.TagID, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return havingOne(tx, ids, of)
}
