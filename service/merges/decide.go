package merges

import (
	"context"
	"strings"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// Decide is the answer of the second person.
type Decide struct {
	Staff   model.StaffID // not who asked
	Request model.MergeRequestID
	Note    string // required to refuse; at most 200 characters
}

// Approve makes the merge. It returns ErrRequestUnknown, ErrSelfDecision, ErrDecided, and what speaks against the merge now, upon which the
// request waits on.
func (s *Service) Approve(ctx context.Context, in Decide) (Request, error) {
	return s.decide(ctx, in, model.MergeDone)
}

// Refuse ends a request. Its faults are those of Approve.
func (s *Service) Refuse(ctx context.Context, in Decide) (Request, error) {
	return s.decide(ctx, in, model.MergeRefused)
}

func (s *Service) decide(ctx context.Context, in Decide, to model.MergeRequestState) (out Request, err error) {
	if err := fault.InvalidFields(words("note", in.Note, to == model.MergeRefused)); err != nil {
		return out, err
	}
	in.Note = strings.TrimSpace(in.Note)
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := requestByID(tx, in.Request)
		switch {
		case err != nil:
			return err
		case in.Staff <= 0 || in.Staff == row.AskedBy:
			return ErrSelfDecision
		case row.State == to && row.DecidedBy == in.Staff:
			out = request(row)
			out.Replayed = true
			return nil
		case row.State != model.MergeWaiting:
			return ErrDecided
		}
		if to == model.MergeDone {
			made, err := s.joinTx(ctx, tx, join{from: row.FromMember, to: row.ToMember, cause: row.Cause, reason: row.Reason, asked: row.AskedBy, decided: in.Staff})
			if err != nil {
				return err
			}
			row.MergeID = &made.ID
		}
		row.State, row.DecidedBy, row.DecidedAt, row.DecisionNote, row.Pending = to, in.Staff, &tx.Now, in.Note, nil
		if err := decideRequest(tx, row); err != nil {
			return err
		}
		out = request(row)
		if to == model.MergeDone {
			return nil // the merge stands in the trail
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "members.merge_refuse", Ref: requestRef(row.ID),
			Detail: map[string]any{"from": row.FromMember, "to": row.ToMember, "asked_by": row.AskedBy, "note": in.Note}})
	})
	return out, err
}
