package points

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// AdjustRules bound what staff may do to points by hand (threat T11).
type AdjustRules struct {
	// Limit is how many points one adjustment may move; 0 means 10,000.
	Limit model.Points
	// Daily is how many points the adjustments of one member of staff may move on one business day, in both directions together
	// and also when they are refused later; 0 means 50,000.
	Daily model.Points
	// Alone is how many points one person may move without a second one; 0 means 1,000.
	Alone model.Points
}

func (r AdjustRules) orDefaults() AdjustRules {
	for _, f := range []struct {
		value *model.Points
		or    model.Points
	}{{&r.Limit, 10_000}, {&r.Daily, 50_000}, {&r.Alone, 1_000}} {
		if *f.value == 0 {
			*f.value = f.or
		}
	}
	return r
}

// AdjustCodes are all codes.
var AdjustCodes = []model.AdjustCode{model.AdjustGoodwill, model.AdjustMissing, model.AdjustMistake, model.AdjustCampaign, model.AdjustFraud, model.AdjustOther}

// Adjust is a correction by staff: positive gives, negative takes. It needs a code and a note, stands in the staff trail and is bounded
// by AdjustRules. Above AdjustRules.Alone it waits for Approve by somebody else.
type Adjust struct {
	Staff     model.StaffID
	Member    model.MemberID
	Points    model.Points
	Code      model.AdjustCode
	Note      string
	ExpiresAt time.Time // of points that are given; zero = never
	Key       db.Key    `json:"-"`
}

// Adjustment is a correction as staff see it.
type Adjustment struct {
	ID           model.AdjustmentID `json:"id"`
	Member       model.MemberID     `json:"member"`
	Points       model.Points       `json:"points"`
	Code         model.AdjustCode   `json:"code"`
	Note         string             `json:"note"`
	ExpiresAt    *time.Time         `json:"expires_at"`
	Staff        model.StaffID      `json:"staff"` // who asked for it
	State        model.AdjustState  `json:"state"`
	DecidedBy    model.StaffID      `json:"decided_by"` // who approved or refused; 0 = nobody
	DecidedAt    *time.Time         `json:"decided_at"`
	DecisionNote string             `json:"decision_note"`
	CreatedAt    time.Time          `json:"created_at"`
	Seq          int64              `json:"seq"`     // of the entry; 0 while there is none
	Balance      model.Points       `json:"balance"` // after it, of an adjustment that was just applied
	Replayed     bool               `json:"-"`
}

// Adjust corrects a member's points or asks for a second person. It returns ErrAdjustLimit, ErrAdjustDaily, or ErrInsufficient when fewer
// points can be taken.
func (s *Service) Adjust(ctx context.Context, in Adjust) (out Adjustment, err error) {
	if err := s.checkAdjust(in); err != nil {
		return out, err
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, replayed, err := db.Once(ctx, tx, in.Key, in, func() (Adjustment, error) { return s.adjust(ctx, tx, in) })
		out, out.Replayed = done, replayed
		return err
	})
	return out, err
}

func (s *Service) adjust(ctx context.Context, tx *db.Tx, in Adjust) (out Adjustment, err error) {
	row := model.PointsAdjustment{MemberID: in.Member, Points: in.Points, Code: in.Code, Note: in.Note, StaffID: in.Staff,
		Day: model.DayOf(tx.Now, model.Shanghai), NeedsSecond: abs(in.Points) > s.d.Adjust.Alone, State: model.AdjustApplied, CreatedAt: tx.Now}
	if !in.ExpiresAt.IsZero() {
		end := in.ExpiresAt.UTC().Truncate(time.Microsecond)
		row.ExpiresAt = &end
	}
	if row.NeedsSecond {
		row.State = model.AdjustWaiting
	}
	if err := insertAdjustment(tx, &row); err != nil {
		return out, fmt.Errorf("keep the adjustment of member %d: %w", in.Member, err)
	}
	balance := model.Points(0)
	if !row.NeedsSecond {
		if balance, err = s.applyAdjustment(ctx, tx, &row); err != nil {
			return out, err
		}
	}
	used, ok, err := countAdjusted(tx, row, s.d.Adjust.Daily)
	if err != nil {
		return out, fmt.Errorf("count what staff %d has adjusted: %w", in.Staff, err)
	}
	if !ok {
		return out, ErrAdjustDaily.With("limit", s.d.Adjust.Daily).With("used", used)
	}
	trail := audit.Entry{Staff: in.Staff, Action: "points.adjust_request", Ref: adjustmentRef(row.ID),
		Detail: map[string]any{"member": in.Member, "points": in.Points, "code": in.Code, "note": in.Note}}
	if !row.NeedsSecond {
		trail.Action, trail.Ref = "points.adjust", entryRef(row)
	}
	if err := audit.Record(ctx, tx, trail); err != nil {
		return out, err
	}
	out = adjustmentView(row)
	out.Balance = balance
	return out, nil
}

// applyAdjustment writes the entry of an adjustment and notes it there.
func (s *Service) applyAdjustment(ctx context.Context, tx *db.Tx, row *model.PointsAdjustment) (balance model.Points, err error) {
	var e model.PointsEntry
	source := adjustmentRef(row.ID)
	if row.Points > 0 {
		in := Earn{Member: row.MemberID, Points: row.Points, Reason: model.PointsAdjusted, Source: source, Note: row.Note, Staff: row.StaffID}
		if row.ExpiresAt != nil {
			in.ExpiresAt = *row.ExpiresAt
		}
		e, _, err = s.EarnTx(ctx, tx, in)
	} else {
		e, _, err = s.SpendTx(ctx, tx, Spend{Member: row.MemberID, Points: -row.Points, Reason: model.PointsAdjusted, Source: source,
			Note: row.Note, Staff: row.StaffID})
	}
	if err != nil {
		return 0, err
	}
	row.EntrySeq = &e.Seq
	if err := noteEntry(tx, row.ID, e.Seq); err != nil {
		return 0, fmt.Errorf("note the entry of adjustment %d: %w", row.ID, err)
	}
	return e.BalanceAfter, nil
}

// Decide is the answer of the second person.
type Decide struct {
	Staff      model.StaffID // not who asked for the adjustment
	Adjustment model.AdjustmentID
	Note       string // required to refuse
}

// Approve applies an adjustment that waits. It returns ErrAdjustmentUnknown, ErrSelfApproval, ErrAdjustmentDecided when it was refused
// before, or approved by another, and what applying it returns, upon which it waits on.
func (s *Service) Approve(ctx context.Context, in Decide) (Adjustment, error) {
	return s.decide(ctx, in, model.AdjustApplied)
}

// Refuse ends an adjustment that waits; its faults are those of Approve.
func (s *Service) Refuse(ctx context.Context, in Decide) (Adjustment, error) {
	if strings.TrimSpace(in.Note) == "" {
		return Adjustment{}, invalid([]fault.Field{{Name: "note", Reason: "must say why"}})
	}
	return s.decide(ctx, in, model.AdjustRefused)
}

func (s *Service) decide(ctx context.Context, in Decide, to model.AdjustState) (out Adjustment, err error) {
	if err := invalid(checkNote(in.Note)); err != nil {
		return out, err
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, ok, err := adjustmentOf(tx, in.Adjustment)
		switch {
		case err != nil:
			return fmt.Errorf("read adjustment %d: %w", in.Adjustment, err)
		case !ok:
			return ErrAdjustmentUnknown
		case in.Staff <= 0 || in.Staff == row.StaffID:
			return ErrSelfApproval
		case row.State == to && row.DecidedBy == in.Staff:
			out = adjustmentView(row)
			out.Replayed = true
			return nil
		case row.State != model.AdjustWaiting:
			return ErrAdjustmentDecided
		}
		out, err = s.decideWaiting(ctx, tx, row, in, to)
		return err
	})
	return out, err
}

func (s *Service) decideWaiting(ctx context.Context, tx *db.Tx, row model.PointsAdjustment, in Decide, to model.AdjustState) (out Adjustment, err error) {
	row.State, row.DecidedBy, row.DecidedAt, row.DecisionNote = to, in.Staff, &tx.Now, in.Note
	first, err := decideAdjustment(tx, row)
	if err != nil {
		return out, fmt.Errorf("decide adjustment %d: %w", row.ID, err)
	}
	if !first {
		return out, ErrAdjustmentDecided // by somebody else, just now
	}
	balance, trail := model.Points(0), audit.Entry{Staff: in.Staff, Action: "points.adjust_refuse", Ref: adjustmentRef(row.ID),
		Detail: map[string]any{"member": row.MemberID, "points": row.Points, "code": row.Code, "asked_by": row.StaffID, "note": in.Note}}
	if to == model.AdjustApplied {
		if balance, err = s.applyAdjustment(ctx, tx, &row); err != nil {
			return out, err
		}
		trail.Action, trail.Ref = "points.adjust", entryRef(row)
	}
	if err := audit.Record(ctx, tx, trail); err != nil {
		return out, err
	}
	out = adjustmentView(row)
	out.Balance = balance
	return out, nil
}

// Adjustments lists adjustments in a state, newest first; an empty state means all.
func (s *Service) Adjustments(ctx context.Context, state model.AdjustState, page db.Page) (list []Adjustment, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	var rows []model.PointsAdjustment
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		rows, err = adjustmentsBefore(tx, state, before, page.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list adjustments: %w", err)
	}
	if len(rows) > page.Size() {
		rows = rows[:page.Size()]
		next = db.NextCursor(int64(rows[len(rows)-1].ID))
	}
	list = make([]Adjustment, len(rows))
	for i, r := range rows {
		list[i] = adjustmentView(r)
	}
	return list, next, nil
}

func (s *Service) checkAdjust(in Adjust) error {
	var bad []fault.Field
	say := func(wrong bool, name, why string) {
		if wrong {
			bad = append(bad, fault.Field{Name: name, Reason: why})
		}
	}
	say(in.Staff <= 0, "staff", "must be who adjusts")
	say(in.Member <= 0, "member", "must be a member's id")
	say(in.Points == 0, "points", "must not be 0")
	say(!slices.Contains(AdjustCodes, in.Code), "code", "must be one of the codes")
	say(strings.TrimSpace(in.Note) == "", "note", "must say why")
	say(!in.ExpiresAt.IsZero() && (in.Points < 0 || !in.ExpiresAt.After(s.d.DB.Now()) || in.ExpiresAt.After(model.Never)),
		"expires_at", "must lie in the future, of points that are given")
	if err := invalid(append(bad, checkNote(in.Note)...)); err != nil {
		return err
	}
	if in.Points > s.d.Adjust.Limit || in.Points < -s.d.Adjust.Limit {
		return ErrAdjustLimit.With("limit", s.d.Adjust.Limit)
	}
	return nil
}

func adjustmentRef(id model.AdjustmentID) string { return fmt.Sprintf("adjustment:%d", id) }

// entryRef names the entry of an adjustment that was applied.
func entryRef(row model.PointsAdjustment) string {
	return model.PointsEntry{MemberID: row.MemberID, Seq: *row.EntrySeq}.Ref()
}

func abs(p model.Points) model.Points { return max(p, -p) }

func adjustmentView(r model.PointsAdjustment) Adjustment {
	v := Adjustment{ID: r.ID, Member: r.MemberID, Points: r.Points, Code: r.Code, Note: r.Note, ExpiresAt: r.ExpiresAt, Staff: r.StaffID,
		State: r.State, DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt, DecisionNote: r.DecisionNote, CreatedAt: r.CreatedAt}
	if r.EntrySeq != nil {
		v.Seq = *r.EntrySeq
	}
	return v
}
