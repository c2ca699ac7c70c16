package merges

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// Ask asks for a merge of From into To. Somebody else decides.
type Ask struct {
	Staff    model.StaffID
	From, To model.MemberID
	Reason   string // 1 to 200 characters
	Key      db.Key `json:"-"`
}

// Request is a merge that staff look at.
type Request struct {
	ID           model.MergeRequestID    `json:"id"`
	From         model.MemberID          `json:"from"`
	To           model.MemberID          `json:"to"`
	Cause        model.MergeCause        `json:"cause"`
	Reason       string                  `json:"reason"` // of the program: the code of what speaks against doing it by itself
	AskedBy      model.StaffID           `json:"asked_by"`
	State        model.MergeRequestState `json:"state"`
	DecidedBy    model.StaffID           `json:"decided_by"`
	DecidedAt    *time.Time              `json:"decided_at"`
	DecisionNote string                  `json:"decision_note"`
	Merge        model.MergeID           `json:"merge"` // 0 while there is none
	CreatedAt    time.Time               `json:"created_at"`
	Replayed     bool                    `json:"-"`
}

// Ask leaves a request. It returns what makes the merge impossible, members.ErrUnknown, and ErrPending when one about the two waits.
func (s *Service) Ask(ctx context.Context, in Ask) (out Request, err error) {
	bad := words("reason", in.Reason, true)
	if in.From <= 0 || in.To <= 0 || in.From == in.To {
		bad = append(bad, fault.Field{Name: "to", Reason: "must be another member"})
	}
	if err := fault.InvalidFields(bad); err != nil {
		return out, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, replayed, err := db.Once(ctx, tx, in.Key, in, func() (Request, error) {
			p, err := s.d.Members.LockPairTx(ctx, tx, in.From, in.To)
			if err != nil {
				return Request{}, err
			}
			if why := against(p, model.MergeByStaff, false); why != nil {
				return Request{}, why
			}
			row, err := s.ask(tx, join{from: in.From, to: in.To, cause: model.MergeByStaff, asked: in.Staff}, in.Reason)
			if err != nil {
				return Request{}, err
			}
			return request(row), audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "members.merge_request", Ref: requestRef(row.ID),
				Detail: map[string]any{"from": in.From, "to": in.To, "reason": in.Reason}})
		})
		out, out.Replayed = done, replayed
		return err
	})
	return out, err
}

// ask writes a request that waits, unless one about the two does already.
func (s *Service) ask(tx *db.Tx, in join, reason string) (model.MergeRequest, error) {
	pending := pair(in.from, in.to)
	row := model.MergeRequest{FromMember: in.from, ToMember: in.to, Pending: &pending, Cause: in.cause, Reason: reason, AskedBy: in.asked,
		State: model.MergeWaiting, CreatedAt: tx.Now}
	fresh, err := tx.Insert(&row)
	if err != nil {
		return row, fmt.Errorf("ask for a merge of %d and %d: %w", in.from, in.to, err)
	}
	if !fresh {
		return row, ErrPending
	}
	return row, nil
}

func requestRef(id model.MergeRequestID) string { return fmt.Sprintf("merge_request:%d", id) }

func request(r model.MergeRequest) Request {
	out := Request{ID: r.ID, From: r.FromMember, To: r.ToMember, Cause: r.Cause, Reason: r.Reason, AskedBy: r.AskedBy, State: r.State,
		DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt, DecisionNote: r.DecisionNote, CreatedAt: r.CreatedAt}
	if r.MergeID != nil {
		out.Merge = *r.MergeID
	}
	return out
}
