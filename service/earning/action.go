package earning

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/points"
)

// Act is something that a member did and is to be rewarded for.
type Act struct {
	Member model.MemberID
	Action model.EarningAction
	// Key names the occasion within the member and the action, for ever: "order:12", "survey:7", "2026".
	Key string
}

// Reward is what a member got for an action.
type Reward struct {
	Action model.EarningAction
	Day    model.Day
	Points model.Points // 0 when the step is worth nothing
	// Streak is the number of days in a row; 1 for all but check-ins.
	Streak int64
	At     time.Time
	Fresh  bool // false: rewarded before, and this is that reward
}

// Action rewards a member, once for a key. It returns fault.ErrInvalid, ErrActionOff, ErrActionLimit, or what members says
// about the member.
func (s *Service) Action(ctx context.Context, in Act) (r Reward, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err = s.ActionTx(ctx, tx, in)
		return err
	})
	return r, err
}

// ActionTx is Action in a given transaction. A check-in is CheckIn's, which chooses its key.
func (s *Service) ActionTx(ctx context.Context, tx *db.Tx, in Act) (Reward, error) {
	bad := actionFaults(in.Action)
	if in.Action == model.ActionCheckIn {
		bad = append(bad, fault.Field{Name: "action", Reason: "check-ins have a door of their own"})
	}
	if !key(in.Key) {
		bad = append(bad, fault.Field{Name: "key", Reason: "1 to 64 printable ASCII characters"})
	}
	if err := fault.InvalidFields(bad); err != nil {
		return Reward{}, err
	}
	return s.reward(ctx, tx, in)
}

// actionFaults refuses what is no action: the list is closed, so that nobody is rewarded for following or sharing.
func actionFaults(a model.EarningAction) []fault.Field {
	if slices.Contains(model.EarningActions, a) {
		return nil
	}
	return []fault.Field{{Name: "action", Reason: "check_in, survey, review or birthday"}}
}

func key(s string) bool {
	return s != "" && len(s) <= 64 && !slices.ContainsFunc([]byte(s), func(c byte) bool { return c <= ' ' || c > '~' })
}

// reward is the one door through which points for actions go.
func (s *Service) reward(ctx context.Context, tx *db.Tx, in Act) (Reward, error) {
	if err := s.d.Members.LockTx(ctx, tx, in.Member); err != nil {
		return Reward{}, err
	}
	known, err := rewardBySource(tx, in.Member, in.Action, in.Key)
	if err == nil {
		return rewardOf(known, false), nil
	}
	if !db.IsNotFound(err) {
		return Reward{}, fmt.Errorf("look up %s %s of member %d: %w", in.Action, in.Key, in.Member, err)
	}
	row, err := s.next(ctx, tx, in)
	if err != nil {
		return Reward{}, err
	}
	if row.Points > 0 {
		entry, _, err := s.d.Points.EarnTx(ctx, tx, points.Earn{
			Member: in.Member, Points: row.Points, Reason: model.PointsForAction, Source: in.source(), ExpiresAt: s.d.Expires(tx.Now),
		})
		if err != nil {
			return Reward{}, fmt.Errorf("earn the points of %s: %w", in.source(), err)
		}
		row.EntrySeq = &entry.Seq
	}
	fresh, err := tx.Insert(&row)
	if err != nil {
		return Reward{}, fmt.Errorf("insert the reward %s: %w", in.source(), err)
	}
	if !fresh { // the slot of the day is taken; only a writer who does not hold the lock could have done that
		return Reward{}, ErrActionLimit
	}
	return rewardOf(row, true), nil
}

// next decides what the member gets for the action now.
func (s *Service) next(ctx context.Context, tx *db.Tx, in Act) (row model.EarningReward, err error) {
	terms, err := actionTerms(tx, in.Action)
	if err != nil {
		return row, fmt.Errorf("read what %s is worth: %w", in.Action, err)
	}
	if !terms.Enabled {
		return row, ErrActionOff
	}
	today := model.DayOf(tx.Now, model.Shanghai)
	thisDay, err := rewardsIn(tx, in.Member, in.Action, today, today.AddDays(1))
	if err != nil {
		return row, fmt.Errorf("count the rewards of member %d: %w", in.Member, err)
	}
	if thisDay >= terms.PerDay {
		return row, ErrActionLimit.With("per_day", terms.PerDay)
	}
	if terms.PerYear > 0 {
		from := yearOf(today)
		thisYear, err := rewardsIn(tx, in.Member, in.Action, from, from.AddMonths(12, 1))
		if err != nil {
			return row, fmt.Errorf("count the rewards of member %d: %w", in.Member, err)
		}
		if thisYear >= terms.PerYear {
			return row, ErrActionLimit.With("per_year", terms.PerYear)
		}
	}
	row = model.EarningReward{MemberID: in.Member, Action: in.Action, Day: today, Ordinal: thisDay + 1, Source: in.Key, Streak: 1, At: tx.Now}
	if in.Action == model.ActionCheckIn {
		last, ok, err := lastReward(tx, in.Member, in.Action)
		if err != nil {
			return row, fmt.Errorf("read the last check-in of member %d: %w", in.Member, err)
		}
		if ok {
			row.Streak = streak(last.Day, last.Streak, today)
		}
	}
	row.Points = rung(terms.Ladder, row.Streak)
	if in.Action == model.ActionCheckIn {
		row.Points, err = s.checkInPoints(ctx, tx, in.Member, row.Points)
	}
	return row, err
}

// yearOf returns the first day of a day's year.
func yearOf(d model.Day) model.Day { return model.NewDay(d.Start(time.UTC).Year(), time.January, 1) }

// streak returns the days in a row on a day, when the last check-in was on another.
func streak(last model.Day, days int64, today model.Day) int64 {
	if last.AddDays(1) == today {
		return days + 1
	}
	return 1
}

// rung returns the points of the n-th day of a streak, n from 1: up the ladder, after its top from the bottom again.
func rung(ladder []int64, n int64) model.Points {
	if len(ladder) == 0 || n < 1 {
		return 0
	}
	return model.Points(ladder[(n-1)%int64(len(ladder))])
}

// source names the points of an action.
func (in Act) source() string {
	return "action:" + string(in.Action) + ":" + strconv.FormatInt(int64(in.Member), 10) + ":" + in.Key
}

func rewardOf(row model.EarningReward, fresh bool) Reward {
	return Reward{row.Action, row.Day, row.Points, row.Streak, row.At.UTC(), fresh}
}
