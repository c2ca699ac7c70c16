package merges

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/jobs"
	"huitou/service/moves"
)

// join is a merge that is to be made.
type join struct {
	from, to model.MemberID
	cause    model.MergeCause
	reason   string
	asked    model.StaffID
	decided  model.StaffID
}

// joinTx makes one of two, in the caller's transaction. It returns what speaks against it, and then the caller must not commit.
func (s *Service) joinTx(ctx context.Context, tx *db.Tx, in join) (row model.Merge, err error) {
	if in.from <= 0 || in.to <= 0 || in.from == in.to {
		return row, fault.InvalidFields([]fault.Field{{Name: "to", Reason: "must be another member"}})
	}
	p, err := s.d.Members.LockPairTx(ctx, tx, in.from, in.to)
	if err != nil {
		return row, err
	}
	split, err := wasSplit(tx, in.from, in.to)
	if err != nil {
		return row, err
	}
	if in.decided != 0 { // staff may do what the program may not
		if why := against(p, model.MergeByStaff, split); why != nil {
			return row, why
		}
	} else if why := against(p, in.cause, split); why != nil {
		return row, why
	}
	row = model.Merge{FromMember: in.from, ToMember: in.to, Live: &in.from, Cause: in.cause, Reason: in.reason, AskedBy: in.asked,
		DecidedBy: in.decided, At: tx.Now}
	if fresh, err := insertMerge(tx, &row); err != nil || !fresh {
		if err == nil {
			err = ErrMergedAlready
		}
		return row, err
	}
	m := moves.Merge{ID: row.ID, From: in.from, To: in.to, Staff: in.decided}
	for _, p := range s.d.Parts {
		if p.Join == nil {
			continue
		}
		if err := p.Join(ctx, tx, m); err != nil {
			return row, fmt.Errorf("merge %s: %w", p.Name(), err)
		}
	}
	if err := s.follow(ctx, tx, row); err != nil {
		return row, err
	}
	if in.decided != 0 {
		err = audit.Record(ctx, tx, audit.Entry{Staff: in.decided, Action: "members.merge", Ref: ref(row.ID),
			Detail: map[string]any{"from": in.from, "to": in.to, "cause": in.cause, "reason": in.reason, "asked_by": in.asked}})
		if err != nil {
			return row, err
		}
	}
	tx.OnCommit(func() {
		s.d.Log.InfoContext(ctx, "two members are one", "merge", row.ID, "from", in.from, "to", in.to, "cause", in.cause)
	})
	return row, nil
}

const jobSweep = "merges.sweep"

type sweepArgs struct {
	Merge model.MergeID `json:"merge"`
}

// follow schedules the looks for rows that were being written for the emptied member while he was merged: by requests that had
// found his session alive, which is believed for a second, and by facts on their way.
func (s *Service) follow(ctx context.Context, tx *db.Tx, row model.Merge) error {
	for _, after := range []time.Duration{10 * time.Second, 5 * time.Minute} {
		_, err := s.d.Queue.Insert(ctx, tx, jobs.Job{Kind: jobSweep, Args: sweepArgs{row.ID}, Key: fmt.Sprintf("merge:%d:%s", row.ID, after),
			RunAt: tx.Now.Add(after)})
		if err != nil {
			return err
		}
	}
	return nil
}

// sweep moves rows that came late.
func (s *Service) sweep(ctx context.Context, in sweepArgs) error {
	return s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := mergeByID(tx, in.Merge)
		if err != nil {
			return err
		}
		if _, err := s.d.Members.LockPairTx(ctx, tx, row.FromMember, row.ToMember); err != nil {
			return err
		}
		if row, err = mergeByID(tx, in.Merge); err != nil || row.Live == nil {
			return err
		}
		m := moves.Merge{ID: row.ID, From: row.FromMember, To: row.ToMember, Staff: row.DecidedBy}
		for _, p := range s.d.Parts {
			if !p.Late {
				continue
			}
			if err := p.Join(ctx, tx, m); err != nil {
				return fmt.Errorf("move what came late to %s: %w", p.Name(), err)
			}
		}
		return nil
	})
}

func ref(id model.MergeID) string { return fmt.Sprintf("merge:%d", id) }
