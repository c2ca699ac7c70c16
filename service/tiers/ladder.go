package tiers

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// Bounds of a ladder.
const (
	maxLevels    = 20
	maxThreshold = 1_000_000_000_000
)

// Level is one level as it is shown. Rank counts from 1, the lowest.
type Level struct {
	ID         model.PublicID    `json:"id"`
	Rank       int               `json:"rank"`
	Name       string            `json:"name"`
	Threshold  int64             `json:"threshold"`
	Multiplier model.BasisPoints `json:"multiplier"`
	Benefits   []string          `json:"benefits"`
	Icon       string            `json:"icon"`
	Gift       model.PublicID    `json:"gift"`
	Replayed   bool              `json:"-"`
}

func (l ladder) view(i int) Level {
	r := l[i]
	v := Level{ID: r.PublicID, Rank: i + 1, Name: r.Name, Threshold: r.Threshold, Multiplier: r.PointsMultiplierBP, Benefits: []string{},
		Icon: r.Icon, Gift: r.GiftTemplate}
	if r.Benefits != "" {
		v.Benefits = strings.Split(r.Benefits, "\n")
	}
	return v
}

// AddLevel adds a level to the ladder. Its place follows from its threshold; the first one has 0.
type AddLevel struct {
	Staff      model.StaffID
	Name       string // 1 to 20 characters
	Threshold  int64  // of the metric: fen or points
	Multiplier model.BasisPoints
	Benefits   []string
	Icon       string
	Gift       model.PublicID // template of the coupon for reaching it; may be empty
	Key        db.Key         `json:"-"`
}

// AddLevel returns fault.ErrInvalid, ErrNoBase, ErrThresholdTaken or ErrTooManyLevels.
func (s *Service) AddLevel(ctx context.Context, in AddLevel) (v Level, err error) {
	if err := fault.InvalidFields(in.faults()); err != nil {
		return v, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, replayed, err := db.Once(ctx, tx, in.Key, in, func() (Level, error) { return s.addLevel(ctx, tx, in) })
		v, v.Replayed = done, replayed
		return err
	})
	return v, err
}

func (s *Service) addLevel(ctx context.Context, tx *db.Tx, in AddLevel) (v Level, err error) {
	l, err := readLadder(tx)
	if err != nil {
		return v, err
	}
	switch {
	case len(l) == 0 && in.Threshold != 0:
		return v, ErrNoBase
	case len(l) >= maxLevels:
		return v, ErrTooManyLevels
	}
	row := model.TierLevel{PublicID: model.PublicID(random.ID()), Name: in.Name, Threshold: in.Threshold, PointsMultiplierBP: in.Multiplier,
		Benefits: strings.Join(in.Benefits, "\n"), Icon: in.Icon, GiftTemplate: in.Gift, CreatedBy: in.Staff, CreatedAt: tx.Now}
	fresh, err := tx.Insert(&row)
	if err != nil {
		return v, fmt.Errorf("insert level %s: %w", in.Name, err)
	}
	if !fresh {
		return v, ErrThresholdTaken
	}
	if err := audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "tiers.add_level", Ref: levelRef(row.ID), Detail: in}); err != nil {
		return v, err
	}
	if l, err = readLadder(tx); err != nil {
		return v, err
	}
	return l.view(l.place(row.ID)), nil
}

// ChangeLevel changes what is not nil.
type ChangeLevel struct {
	Staff      model.StaffID
	Level      model.PublicID
	Name       *string
	Threshold  *int64             // lower only, and above the level below
	Multiplier *model.BasisPoints // higher only
	Benefits   *[]string
	Icon       *string
	Gift       *model.PublicID
}

// ChangeLevel returns ErrLevelUnknown, fault.ErrInvalid, or ErrNarrowing for a change that would take something away. Members who
// meet a threshold that fell move up at the next nightly evaluation.
func (s *Service) ChangeLevel(ctx context.Context, in ChangeLevel) (v Level, err error) {
	if in.Name == nil && in.Threshold == nil && in.Multiplier == nil && in.Benefits == nil && in.Icon == nil && in.Gift == nil {
		return v, fault.InvalidFields([]fault.Field{{Name: "body", Reason: "nothing is to be changed"}})
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		l, err := readLadder(tx)
		if err != nil {
			return err
		}
		i := l.placeOf(in.Level)
		if i < 0 {
			return ErrLevelUnknown
		}
		changed, err := in.onto(l, i)
		if err != nil {
			return err
		}
		if err := saveLevel(tx, l[i], changed); err != nil {
			return fmt.Errorf("change level %s: %w", in.Level, err)
		}
		l[i] = changed
		v = l.view(i)
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "tiers.change_level", Ref: levelRef(changed.ID), Detail: in})
	})
	return v, err
}

// onto returns a level with the changes, or why they are refused.
func (in ChangeLevel) onto(l ladder, i int) (model.TierLevel, error) {
	row := l[i]
	set(&row.Name, in.Name)
	set(&row.Threshold, in.Threshold)
	set(&row.PointsMultiplierBP, in.Multiplier)
	set(&row.Icon, in.Icon)
	set(&row.GiftTemplate, in.Gift)
	whole := AddLevel{Name: row.Name, Threshold: row.Threshold, Multiplier: row.PointsMultiplierBP, Icon: row.Icon, Gift: row.GiftTemplate}
	if in.Benefits != nil {
		whole.Benefits = *in.Benefits
		row.Benefits = strings.Join(*in.Benefits, "\n")
	}
	if err := fault.InvalidFields(whole.faults()); err != nil {
		return row, err
	}
	narrower := row.Threshold > l[i].Threshold || row.PointsMultiplierBP < l[i].PointsMultiplierBP
	if narrower || i > 0 && row.Threshold <= l[i-1].Threshold {
		return row, ErrNarrowing.With("threshold", l[i].Threshold).With("multiplier_bp", l[i].PointsMultiplierBP)
	}
	return row, nil
}

func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}

// Scheme is by which metric levels are earned and how they are kept.
type Scheme struct {
	Metric     model.TierMetric `json:"metric"`
	Period     model.TierPeriod `json:"period"`
	KeepMonths int              `json:"keep_months"` // 1 to 120
	OnEnd      model.TierOnEnd  `json:"on_end"`
	GraceDays  int              `json:"grace_days"` // 0 to 90
	WarnDays   int              `json:"warn_days"`  // 0 to 90; 0 does not warn
}

// SetScheme sets the scheme of everybody from now on. Times of validity that have begun keep their ends.
type SetScheme struct {
	Staff model.StaffID
	Scheme
}

// SetScheme returns fault.ErrInvalid with every faulty field.
func (s *Service) SetScheme(ctx context.Context, in SetScheme) error {
	if err := fault.InvalidFields(in.faults()); err != nil {
		return err
	}
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row := model.TierScheme{Metric: in.Metric, Period: in.Period, KeepMonths: in.KeepMonths, OnEnd: in.OnEnd, GraceDays: in.GraceDays,
			WarnDays: in.WarnDays, CreatedBy: in.Staff, CreatedAt: tx.Now}
		if err := insertScheme(tx, &row); err != nil {
			return fmt.Errorf("insert a scheme: %w", err)
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "tiers.set_scheme", Ref: fmt.Sprintf("tier_scheme:%d", row.ID), Detail: in.Scheme})
	})
}

// Ladder is everything that is set up, with how many members stand on each level; those whom no rule ever moved count on the
// lowest. Scheme is nil before there is one.
type Ladder struct {
	Levels  []Level
	Members []int64
	Scheme  *Scheme
	Since   time.Time // of the scheme
}

// Ladder returns the set-up.
func (s *Service) Ladder(ctx context.Context) (out Ladder, err error) {
	err = s.DB.Snapshot(ctx, func(_ context.Context, tx *db.Tx) error {
		r, err := readRules(tx)
		if err != nil {
			return err
		}
		out = Ladder{Levels: make([]Level, len(r.ladder)), Members: make([]int64, len(r.ladder))}
		if len(r.ladder) > 0 {
			if out.Members, err = countLevels(tx, r.ladder); err != nil {
				return err
			}
		}
		for i := range r.ladder {
			out.Levels[i] = r.ladder.view(i)
		}
		if r.scheme.ID != 0 {
			out.Scheme, out.Since = &Scheme{r.scheme.Metric, r.scheme.Period, r.scheme.KeepMonths, r.scheme.OnEnd, r.scheme.GraceDays, r.scheme.WarnDays}, r.scheme.CreatedAt
		}
		return nil
	})
	return out, err
}

func (l ladder) placeOf(id model.PublicID) int {
	for i := range l {
		if l[i].PublicID == id {
			return i
		}
	}
	return -1
}

func levelRef(id model.TierLevelID) string { return fmt.Sprintf("tier_level:%d", id) }

var publicID = regexp.MustCompile(`^[0-9a-z]{24}$`)

func (in AddLevel) faults() []fault.Field {
	var list []fault.Field
	bad := func(wrong bool, field, reason string) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: reason})
		}
	}
	bad(in.Name == "" || !line(in.Name, 20), "name", "1 to 20 characters")
	bad(in.Threshold < 0 || in.Threshold > maxThreshold, "threshold", "0 to 1000000000000")
	bad(in.Multiplier < model.WholeBP || in.Multiplier > 10*model.WholeBP, "points_multiplier_bp", "10000 to 100000")
	bad(len(in.Benefits) > 20, "benefits", "at most 20")
	for i, b := range in.Benefits[:min(len(in.Benefits), 20)] {
		bad(b == "" || !line(b, 60), fmt.Sprintf("benefits[%d]", i), "1 to 60 characters")
	}
	bad(!line(in.Icon, 512), "icon", "at most 512 characters")
	bad(in.Gift != "" && !publicID.MatchString(string(in.Gift)), "gift", "the id of a coupon template")
	return list
}

func (in Scheme) faults() []fault.Field {
	var list []fault.Field
	bad := func(wrong bool, field, reason string) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: reason})
		}
	}
	bad(in.Metric != model.TierByMoney && in.Metric != model.TierByPoints, "metric", "goods_money or points")
	bad(in.Period != model.TierRolling && in.Period != model.TierCalendar, "period", "rolling or calendar")
	bad(in.OnEnd != model.TierKeep && in.OnEnd != model.TierOneStep && in.OnEnd != model.TierByMetric, "on_end", "keep, one_step or by_metric")
	bad(in.KeepMonths < 1 || in.KeepMonths > 120, "keep_months", "1 to 120")
	bad(in.GraceDays < 0 || in.GraceDays > 90, "grace_days", "0 to 90")
	bad(in.WarnDays < 0 || in.WarnDays > 90, "warn_days", "0 to 90")
	return list
}

// line reports whether s is one line of at most so many printable characters.
func line(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
