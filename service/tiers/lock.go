package tiers

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// Lock fixes a member's level until a day, up or down.
type Lock struct {
	Staff  model.StaffID
	Member model.MemberID
	Level  model.PublicID
	Until  model.Day // the first day on which rules move the member again; within ten years
	Note   string    // why; 1 to 200 characters
	Key    db.Key    `json:"-"`
}

// maxLockYears bounds a lock, so that nobody is forgotten on it.
const maxLockYears = 10

// Lock returns where the member stands then, or fault.ErrInvalid, ErrLevelUnknown, ErrNoLadder or members.ErrUnknown.
func (s *Service) Lock(ctx context.Context, in Lock) (out Tier, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, replayed, err := db.Once(ctx, tx, in.Key, in, func() (Tier, error) {
			if err := s.lock(ctx, tx, in); err != nil {
				return Tier{}, err
			}
			return s.CurrentTx(ctx, tx, in.Member)
		})
		out, out.Replayed = done, replayed
		return err
	})
	return out, err
}

func (s *Service) lock(ctx context.Context, tx *db.Tx, in Lock) error {
	today := dayOf(tx.Now)
	var bad []fault.Field
	if !today.Before(in.Until) || today.AddMonths(12*maxLockYears, today.DayOfMonth()).Before(in.Until) {
		bad = append(bad, fault.Field{Name: "until", Reason: "a day after today, within ten years"})
	}
	if err := fault.InvalidFields(append(bad, noteFaults(in.Note)...)); err != nil {
		return err
	}
	r, row, st, err := s.forStaff(ctx, tx, in.Member)
	if err != nil {
		return err
	}
	level := r.ladder.placeOf(in.Level)
	if level < 0 {
		return ErrLevelUnknown
	}
	until := in.Until.Start(model.Shanghai)
	st.since, st.lockedUntil, st.validUntil, st.warnedUntil = tx.Now, &until, model.Never, nil
	if st.level = level; level > 0 {
		st.validUntil = until
	}
	st.basis, st.refunded = basis{0, tx.Now, tx.Now}, 0
	return s.byHand(ctx, tx, r, in.Member, row, verdict{next: st, reason: model.TierLocked}, by{in.Staff, in.Note}, map[string]any{
		"level": in.Level, "until": in.Until, "note": in.Note})
}

// Unlock ends a lock before its day. The member keeps the level until the next nightly evaluation, which treats it as one whose
// time is over.
type Unlock struct {
	Staff  model.StaffID
	Member model.MemberID
	Note   string
}

// Unlock returns where the member stands then, or fault.ErrInvalid, ErrNoLadder, ErrNotLocked or members.ErrUnknown.
func (s *Service) Unlock(ctx context.Context, in Unlock) (out Tier, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := fault.InvalidFields(noteFaults(in.Note)); err != nil {
			return err
		}
		r, row, st, err := s.forStaff(ctx, tx, in.Member)
		if err != nil {
			return err
		}
		if !st.locked(tx.Now) {
			return ErrNotLocked
		}
		st.lockedUntil = nil
		if st.level > 0 {
			st.validUntil = dayOf(tx.Now).Start(model.Shanghai)
		}
		if err := s.byHand(ctx, tx, r, in.Member, row, verdict{next: st, reason: model.TierUnlocked}, by{in.Staff, in.Note}, map[string]any{"note": in.Note}); err != nil {
			return err
		}
		out, err = s.CurrentTx(ctx, tx, in.Member)
		return err
	})
	return out, err
}

// forStaff locks a member and reads where he stands.
func (s *Service) forStaff(ctx context.Context, tx *db.Tx, m model.MemberID) (r rules, row *model.MemberTier, st standing, err error) {
	if r, err = readRules(tx); err != nil {
		return r, nil, st, err
	}
	if !r.complete() {
		return r, nil, st, ErrNoLadder
	}
	if err = s.Members.LockTx(ctx, tx, m); err != nil {
		return r, nil, st, err
	}
	if row, err = lockTier(tx, m); err != nil {
		return r, nil, st, fmt.Errorf("lock the level of member %d: %w", m, err)
	}
	st, err = r.standing(row)
	return r, row, st, err
}

// byHand moves a member as staff say, with the metric as it is, and records it in the trail.
func (s *Service) byHand(ctx context.Context, tx *db.Tx, r rules, m model.MemberID, row *model.MemberTier, v verdict, who by, detail any) error {
	sums, err := s.sum(ctx, tx, r.scheme.Metric, []model.MemberID{m}, windowStart(r.scheme.Period, dayOf(tx.Now)))
	if err != nil {
		return err
	}
	v.metric = sums[m]
	if err := s.move(ctx, tx, r, m, row, v, who); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Entry{Staff: who.staff, Action: "tiers." + string(v.reason), Ref: fmt.Sprintf("member:%d", m), Detail: detail})
}

func noteFaults(note string) []fault.Field {
	if strings.TrimSpace(note) != "" && utf8.ValidString(note) && utf8.RuneCountInString(note) <= 200 {
		return nil
	}
	return []fault.Field{{Name: "note", Reason: "1 to 200 characters that say why"}}
}
