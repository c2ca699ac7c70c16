package points

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// Adjust is a correction by staff: positive gives, negative takes. It needs a note, stands in the staff trail and may not
// move more than Deps.AdjustLimit at once.
type Adjust struct {
	Staff     model.StaffID
	Member    model.MemberID
	Points    model.Points
	Note      string
	ExpiresAt time.Time // of points that are given; zero = never
	Key       db.Key    `json:"-"`
}

// Adjusted is the outcome of an adjustment.
type Adjusted struct {
	Seq      int64        `json:"seq"`
	Balance  model.Points `json:"balance"`
	Replayed bool         `json:"-"`
}

// Adjust corrects a member's points. It returns ErrAdjustLimit, or ErrInsufficient when fewer points can be taken.
func (s *Service) Adjust(ctx context.Context, in Adjust) (out Adjusted, err error) {
	if err := s.checkAdjust(in); err != nil {
		return out, err
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, replayed, err := db.Once(ctx, tx, in.Key, in, func() (Adjusted, error) { return s.adjust(ctx, tx, in) })
		out, out.Replayed = done, replayed
		return err
	})
	return out, err
}

func (s *Service) adjust(ctx context.Context, tx *db.Tx, in Adjust) (out Adjusted, err error) {
	source := "adjust:" + random.ID()
	var e model.PointsEntry
	if in.Points > 0 {
		e, _, err = s.EarnTx(ctx, tx, Earn{Member: in.Member, Points: in.Points, Reason: model.PointsAdjusted, Source: source,
			ExpiresAt: in.ExpiresAt, Note: in.Note, Staff: in.Staff})
	} else {
		e, _, err = s.SpendTx(ctx, tx, Spend{Member: in.Member, Points: -in.Points, Reason: model.PointsAdjusted, Source: source,
			Note: in.Note, Staff: in.Staff})
	}
	if err != nil {
		return out, err
	}
	err = audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "points.adjust", Ref: e.Ref(),
		Detail: map[string]any{"points": in.Points, "note": in.Note}})
	if err != nil {
		return out, fmt.Errorf("record the adjustment: %w", err)
	}
	return Adjusted{Seq: e.Seq, Balance: e.BalanceAfter}, nil
}

func (s *Service) checkAdjust(in Adjust) error {
	var bad []fault.Field
	if in.Staff <= 0 {
		bad = append(bad, fault.Field{Name: "staff", Reason: "must be who adjusts"})
	}
	if in.Points == 0 {
		bad = append(bad, fault.Field{Name: "points", Reason: "must not be 0"})
	}
	if strings.TrimSpace(in.Note) == "" {
		bad = append(bad, fault.Field{Name: "note", Reason: "must say why"})
	}
	if err := invalid(bad); err != nil {
		return err
	}
	if in.Points > s.d.AdjustLimit || in.Points < -s.d.AdjustLimit {
		return ErrAdjustLimit.With("limit", s.d.AdjustLimit)
	}
	return nil
}
