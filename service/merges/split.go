package merges

import (
	"context"
	"fmt"
	"strings"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/moves"
)

// Split makes two of one again.
type Split struct {
	Staff  model.StaffID
	Merge  model.MergeID
	Reason string // 1 to 200 characters
}

// Split puts back what a merge moved. It returns ErrUnknown, ErrSplit and ErrSplitOrder.
func (s *Service) Split(ctx context.Context, in Split) (out Merge, err error) {
	bad := words("reason", in.Reason, true)
	if in.Staff <= 0 {
		bad = append(bad, fault.Field{Name: "staff", Reason: "must be who splits"})
	}
	if err := fault.InvalidFields(bad); err != nil {
		return out, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := s.splitTx(ctx, tx, in)
		if err != nil {
			return err
		}
		out = merge(row)
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "members.split", Ref: ref(row.ID),
			Detail: map[string]any{"from": row.FromMember, "to": row.ToMember, "reason": in.Reason}})
	})
	return out, err
}

func (s *Service) splitTx(ctx context.Context, tx *db.Tx, in Split) (row model.Merge, err error) {
	if row, err = mergeByID(tx, in.Merge); err != nil {
		return row, err
	}
	p, err := s.d.Members.LockPairTx(ctx, tx, row.FromMember, row.ToMember)
	if err != nil {
		return row, err
	}
	if row, err = mergeByID(tx, in.Merge); err != nil { // somebody may have split it while we waited
		return row, err
	}
	switch {
	case row.Live == nil:
		return row, ErrSplit
	case p.To.MergedInto != 0:
		return row, ErrSplitOrder
	}
	m := moves.Merge{ID: row.ID, From: row.FromMember, To: row.ToMember, Staff: in.Staff}
	for _, p := range s.d.Parts {
		if p.Split == nil {
			continue
		}
		if err := p.Split(ctx, tx, m); err != nil {
			return row, fmt.Errorf("split %s: %w", p.Name(), err)
		}
	}
	row.Live, row.SplitAt, row.SplitBy, row.SplitReason = nil, &tx.Now, in.Staff, in.Reason
	return row, endMerge(tx, row)
}
