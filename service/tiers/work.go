package tiers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/messages"
)

// passSize is how many members one transaction of an evaluation looks at.
const passSize = 500

// Evaluated is what an evaluation of all members did, all its interrupted runs together.
type Evaluated struct {
	Members, Moved int64
}

// Evaluate looks at every member and moves those whom the rules move. Under the rules of a day it does so once: it can be stopped at any
// instant, goes on where it was, and does nothing more when it is done. Several may run at once.
func (s *Service) Evaluate(ctx context.Context) (out Evaluated, err error) {
	for done := false; !done; {
		err := s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			out, done, err = s.evaluateSome(ctx, tx)
			return err
		})
		if err != nil {
			return out, fmt.Errorf("evaluate levels: %w", err)
		}
	}
	return out, nil
}

// evaluateSome looks at the next members of today's pass.
func (s *Service) evaluateSome(ctx context.Context, tx *db.Tx) (out Evaluated, done bool, err error) {
	r, err := readRules(tx)
	if err != nil || !r.complete() {
		return out, true, err
	}
	p, err := lockPass(tx, passName(r, tx.Now))
	if err != nil {
		return out, false, fmt.Errorf("lock the pass of today: %w", err)
	}
	if p.DoneAt != nil {
		return Evaluated{p.Members, p.Moved}, true, nil
	}
	ids, err := s.Members.IDsAfterTx(ctx, tx, p.AfterMember, passSize)
	if err != nil {
		return out, false, err
	}
	next := p
	if len(ids) == 0 {
		next.DoneAt = &tx.Now
	} else {
		moved, err := s.evaluateMembers(ctx, tx, r, ids)
		if err != nil {
			return out, false, err
		}
		next.AfterMember, next.Members, next.Moved = ids[len(ids)-1], p.Members+int64(len(ids)), p.Moved+int64(moved)
	}
	if err := savePass(tx, p, next); err != nil {
		return out, false, fmt.Errorf("keep how far the pass is: %w", err)
	}
	return Evaluated{next.Members, next.Moved}, len(ids) == 0, nil
}

// passName is a new one for every day, and for every change of the rules.
func passName(r rules, now time.Time) string {
	type level struct {
		ID        model.TierLevelID
		Threshold int64
	}
	levels := make([]level, len(r.ladder))
	for i, l := range r.ladder {
		levels[i] = level{l.ID, l.Threshold}
	}
	return dayOf(now).String() + ":" + db.HashInput([]any{levels, r.scheme.ID})[:16]
}

// evaluateMembers judges members, who are sorted, and writes what follows.
func (s *Service) evaluateMembers(ctx context.Context, tx *db.Tx, r rules, ids []model.MemberID) (moved int, err error) {
	rows, err := lockTiers(tx, ids)
	if err != nil {
		return 0, fmt.Errorf("lock levels: %w", err)
	}
	sums, err := s.sum(ctx, tx, r.scheme.Metric, ids, windowStart(r.scheme.Period, dayOf(tx.Now)))
	if err != nil {
		return 0, err
	}
	standings := make(map[model.MemberID]standing, len(ids))
	for _, m := range ids {
		if standings[m], err = r.standing(rows[m]); err != nil {
			return 0, err
		}
	}
	keeps, err := s.keeps(ctx, tx, r.scheme, ids, standings)
	if err != nil {
		return 0, err
	}
	for _, m := range ids {
		st := standings[m]
		v := judge(r.ladder, r.scheme, st, sums[m], keeps[m], tx.Now)
		switch {
		case v.reason != "":
			moved++
			err = s.move(ctx, tx, r, m, rows[m], v, by{})
		case v.warn:
			err = s.warn(ctx, tx, r, *rows[m], v)
		case st.lockedUntil != nil && v.next.lockedUntil == nil:
			next := *rows[m]
			next.LockedUntil = nil
			err = saveTier(tx, *rows[m], next)
		}
		if err != nil {
			return 0, fmt.Errorf("evaluate member %d: %w", m, err)
		}
	}
	return moved, nil
}

// keeps returns the metrics that decide about levels which end or will soon. Members whose levels end on one day share a window.
func (s *Service) keeps(ctx context.Context, tx *db.Tx, scheme model.TierScheme, ids []model.MemberID, standings map[model.MemberID]standing) (map[model.MemberID]int64, error) {
	byEnd := map[model.Day][]model.MemberID{}
	for _, m := range ids {
		if st := standings[m]; weighs(scheme, st, tx.Now) {
			end := dayOf(st.validUntil)
			byEnd[end] = append(byEnd[end], m)
		}
	}
	out := map[model.MemberID]int64{}
	for end, of := range byEnd {
		sums, err := s.sum(ctx, tx, scheme.Metric, of, keepStart(scheme.Period, end))
		if err != nil {
			return nil, err
		}
		for m, n := range sums {
			out[m] = n
		}
	}
	return out, nil
}

// warningTemplate is our name of the message before a downgrade.
const warningTemplate = "tier.ending"

// warn tells a member what is missing to keep his level, once for each end.
func (s *Service) warn(ctx context.Context, tx *db.Tx, r rules, row model.MemberTier, v verdict) error {
	next := row
	next.WarnedUntil = v.next.warnedUntil
	if err := saveTier(tx, row, next); err != nil {
		return err
	}
	last := dayOf(row.ValidUntil).AddDays(r.scheme.GraceDays - 1) // on which something can still be done
	_, err := s.Messages.EnqueueTx(ctx, tx, messages.Message{
		Key: fmt.Sprintf("tier:%d:%s:ending", row.MemberID, dayOf(row.ValidUntil)), Member: row.MemberID, Template: warningTemplate, URL: s.Page,
		Data: map[string]string{
			"level":   r.ladder[v.next.level].Name,
			"until":   chineseDay(last),
			"missing": amount(r.scheme.Metric, v.missing),
			"advice":  "保级还差" + amount(r.scheme.Metric, v.missing),
		},
	})
	return err
}

// amount writes a metric for people.
func amount(metric model.TierMetric, n int64) string {
	if metric == model.TierByMoney {
		return model.Fen(n).String() + "元"
	}
	return fmt.Sprintf("%d积分", n)
}

func chineseDay(d model.Day) string {
	parts := strings.Split(d.String(), "-")
	return parts[0] + "年" + parts[1] + "月" + parts[2] + "日"
}
