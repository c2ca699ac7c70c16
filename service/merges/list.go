package merges

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/moves"
)

// Merge is a merge as staff see it.
type Merge struct {
	ID          model.MergeID
	From, To    model.MemberID
	Cause       model.MergeCause
	Reason      string
	AskedBy     model.StaffID
	DecidedBy   model.StaffID
	At          time.Time
	SplitAt     *time.Time
	SplitBy     model.StaffID
	SplitReason string
	Moved       map[string]int64 // rows by part; nil in lists
}

func merge(r model.Merge) Merge {
	return Merge{ID: r.ID, From: r.FromMember, To: r.ToMember, Cause: r.Cause, Reason: r.Reason, AskedBy: r.AskedBy, DecidedBy: r.DecidedBy,
		At: r.At, SplitAt: r.SplitAt, SplitBy: r.SplitBy, SplitReason: r.SplitReason}
}

// Merge returns one merge and how many rows it moved, or ErrUnknown.
func (s *Service) Merge(ctx context.Context, id model.MergeID) (out Merge, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := mergeByID(tx, id)
		if err != nil {
			return err
		}
		out = merge(row)
		out.Moved, err = moves.Counts(tx, id)
		return err
	})
	return out, err
}

// Merges lists the merges of a member, or all with member 0, newest first.
func (s *Service) Merges(ctx context.Context, member model.MemberID, page db.Page) (list []Merge, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := mergesBefore(tx, member, before, page.Size()+1)
		if err != nil {
			return fmt.Errorf("list merges: %w", err)
		}
		if len(rows) > page.Size() {
			rows = rows[:page.Size()]
			next = db.NextCursor(int64(rows[len(rows)-1].ID))
		}
		for _, r := range rows {
			list = append(list, merge(r))
		}
		return nil
	})
	return list, next, err
}

// Requests lists requests in a state, or all, newest first.
func (s *Service) Requests(ctx context.Context, state model.MergeRequestState, page db.Page) (list []Request, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := requestsBefore(tx, state, before, page.Size()+1)
		if err != nil {
			return fmt.Errorf("list requests for merges: %w", err)
		}
		if len(rows) > page.Size() {
			rows = rows[:page.Size()]
			next = db.NextCursor(int64(rows[len(rows)-1].ID))
		}
		for _, r := range rows {
			list = append(list, request(r))
		}
		return nil
	})
	return list, next, err
}
