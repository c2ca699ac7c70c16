package merges

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/members"
)

// Preview is what a merge would do.
type Preview struct {
	From, To model.MemberID
	// Against is what makes it impossible, nil when nothing does. Some faults show only when it is made.
	Against *fault.Fault
	// TwoUnionIDs and TwoPhones are for staff to look at twice: WeChat knows two persons, and one number is an alias only.
	TwoUnionIDs, TwoPhones bool
	Parts                  []PreviewPart
}

// PreviewPart is one rule and how many rows of the emptied member it is about.
type PreviewPart struct {
	Name string
	Says string
	Rows int64
}

// Preview tells what a merge of one member into another would move. It changes nothing and returns members.ErrUnknown.
func (s *Service) Preview(ctx context.Context, from, to model.MemberID) (out Preview, err error) {
	if from <= 0 || to <= 0 || from == to {
		return out, fault.InvalidFields([]fault.Field{{Name: "to", Reason: "must be another member"}})
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err := s.d.Members.LockPairTx(ctx, tx, from, to)
		if err != nil {
			return err
		}
		out = Preview{From: from, To: to, Against: against(p, model.MergeByStaff, false),
			TwoUnionIDs: p.From.UnionID && p.To.UnionID && !p.From.SameUnionID, TwoPhones: p.From.Phone && p.To.Phone}
		for _, part := range s.d.Parts {
			row := PreviewPart{Name: part.Name(), Says: part.Says}
			if part.Count != nil {
				if row.Rows, err = part.Count(tx, from); err != nil {
					return fmt.Errorf("count what would move of %s: %w", part.Name(), err)
				}
			}
			out.Parts = append(out.Parts, row)
		}
		return nil
	})
	return out, err
}

// Candidate is a member who may be the same person as another one, and why.
type Candidate struct {
	Member model.MemberID
	Why    string
}

// Candidates lists who may be the same person as a member: by requests that wait, and by parcels of the one that the other scanned. It
// returns members.ErrUnknown.
func (s *Service) Candidates(ctx context.Context, member model.MemberID) (list []Candidate, err error) {
	err = s.d.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		list = nil
		if member, err = s.d.Members.FindTx(ctx, tx, members.Ref{Member: member}); err != nil {
			return err
		}
		for _, by := range []struct {
			why string
			of  func(*db.Tx, model.MemberID) ([]model.MemberID, error)
		}{{"合并申请待审批", askedWith}, {"扫过对方包裹上的二维码", scannedWith}} {
			ids, err := by.of(tx, member)
			if err != nil {
				return fmt.Errorf("look for candidates of member %d: %w", member, err)
			}
			for _, id := range ids {
				if id != member {
					list = append(list, Candidate{Member: id, Why: by.why})
				}
			}
		}
		return nil
	})
	return list, err
}
