package coupons

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// Bounds of share packs.
const (
	maxPackSize  = 20
	maxPackHours = 720
)

// NewRule says that an event gives a coupon.
type NewRule struct {
	Staff    model.StaffID
	Event    model.CouponEvent
	Template model.PublicID
	MinFen   model.Fen // order_paid: what the order must have cost at least
	Rank     int64     // tier_reached: only this level, 1 is the lowest; 0 is every one
	// PackSize makes the buyer of an order get a pack of so many coupons to pass on to friends, instead of a coupon. PackHours is how
	// long friends can take from it.
	PackSize, PackHours int64
	// DaysBefore lets a birthday's coupon come so many days ahead; 0 is on the day.
	DaysBefore int64  `json:",omitempty"`
	Key        db.Key `json:"-"`
}

// Rule is a rule as staff see it.
type Rule struct {
	ID                  model.PublicID
	Event               model.CouponEvent
	Template            model.PublicID
	MinFen              model.Fen
	Rank                int64
	PackSize, PackHours int64
	DaysBefore          int64
	CreatedAt           time.Time
	EndedAt             *time.Time
	Replayed            bool `json:"-"`
}

// AddRule adds a rule; it holds for events from now on. It returns ErrFollowReward for following the official account, which
// the platform forbids to reward, ErrTemplateUnknown, ErrNotIssuable or ErrEnded.
func (s *Service) AddRule(ctx context.Context, in NewRule) (r Rule, err error) {
	if in.Event == model.CouponOnFollowing {
		return Rule{}, ErrFollowReward
	}
	if err := fault.InvalidFields(in.faults()); err != nil {
		return Rule{}, err
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, r.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Rule, error) {
			t, err := templateByID(tx, in.Template)
			switch {
			case db.IsNotFound(err):
				return Rule{}, ErrTemplateUnknown
			case err != nil:
				return Rule{}, fmt.Errorf("read template %s: %w", in.Template, err)
			case !t.Issuable:
				return Rule{}, ErrNotIssuable
			case t.State == model.TemplateEnded:
				return Rule{}, ErrEnded
			}
			row := model.CouponRule{PublicID: model.PublicID(random.ID()), Event: in.Event, TemplateID: t.ID, MinFen: in.MinFen, Rank: in.Rank,
				PackSize: in.PackSize, PackHours: in.PackHours, DaysBefore: in.DaysBefore, CreatedBy: in.Staff, CreatedAt: tx.Now}
			if err := insertRule(tx, &row); err != nil {
				return Rule{}, fmt.Errorf("insert a rule: %w", err)
			}
			return ruleView(row, t.PublicID), audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "coupons.rule_add",
				Ref: "coupon_rule:" + string(row.PublicID), Detail: in})
		})
		return err
	})
	return r, err
}

func (in NewRule) faults() []fault.Field {
	var list []fault.Field
	bad := func(wrong bool, field, reason string) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: reason})
		}
	}
	switch in.Event {
	case model.CouponOnOrder, model.CouponOnJoin, model.CouponOnTier, model.CouponOnPaidCard, model.CouponOnBirthday:
	default:
		bad(true, "event", "order_paid, joined, tier_reached, card_bought or birthday")
	}
	order := in.Event == model.CouponOnOrder
	bad(in.MinFen < 0 || in.MinFen > model.MaxFen || in.MinFen > 0 && !order, "min_fen", "0 to 1000000000, of order_paid only")
	bad(in.Rank < 0 || in.Rank > 100 || in.Rank > 0 && in.Event != model.CouponOnTier, "rank", "0 to 100, of tier_reached only")
	bad(in.PackSize < 0 || in.PackSize > maxPackSize || in.PackSize > 0 && !order, "pack_size", "0 to 20, of order_paid only")
	bad(in.PackSize > 0 && (in.PackHours < 1 || in.PackHours > maxPackHours), "pack_hours", "1 to 720")
	birthday := in.Event == model.CouponOnBirthday
	bad(in.DaysBefore < 0 || in.DaysBefore > maxDaysBefore || in.DaysBefore > 0 && !birthday, "days_before", "0 to 30, of birthday only")
	bad(in.PackSize == 0 && in.PackHours != 0, "pack_hours", "belongs to a pack")
	return list
}

// Rules returns the newest 200 rules, also those that ended.
func (s *Service) Rules(ctx context.Context) (list []Rule, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := rules(tx, 200)
		if err != nil {
			return fmt.Errorf("read the rules: %w", err)
		}
		ids := make([]model.CouponTemplateID, len(rows))
		for i, r := range rows {
			ids[i] = r.TemplateID
		}
		templates, err := templatesByID(tx, ids)
		if err != nil {
			return fmt.Errorf("read the templates of the rules: %w", err)
		}
		list = make([]Rule, len(rows))
		for i, r := range rows {
			list[i] = ruleView(r, templates[r.TemplateID].PublicID)
		}
		return nil
	})
	return list, err
}

// EndRule ends a rule; what it gave stays given. It returns ErrRuleUnknown.
func (s *Service) EndRule(ctx context.Context, staff model.StaffID, id model.PublicID) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := ruleByPublicID(tx, id)
		if db.IsNotFound(err) {
			return ErrRuleUnknown
		}
		if err != nil {
			return fmt.Errorf("read rule %s: %w", id, err)
		}
		ended, err := endRule(tx, row.ID)
		if err != nil || !ended {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "coupons.rule_end", Ref: "coupon_rule:" + string(id)})
	})
}

// Event is something that happened to a member.
type Event struct {
	Kind   model.CouponEvent
	Member model.MemberID
	// Ref is the event's natural key, at most 96 visible ASCII characters: each rule answers it once for ever.
	Ref    string
	Amount model.Fen // of an order
	Rank   int64     // of a level
}

// OnEvent gives what the rules promise for an event, each in a transaction of its own. The same event again gives nothing more. A
// template that cannot give (sold out, limit reached, ended) passes without an error, because a retry would not help.
func (s *Service) OnEvent(ctx context.Context, e Event) error {
	var open []model.CouponRule
	err := s.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		open, err = openRules(tx, e.Kind)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the rules for %s: %w", e.Kind, err)
	}
	for _, r := range open {
		if !applies(r, e) {
			continue
		}
		if err := s.answer(ctx, r, e); err != nil {
			return err
		}
	}
	return nil
}

// answer gives what one rule promises for an event.
func (s *Service) answer(ctx context.Context, r model.CouponRule, e Event) error {
	err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return s.reward(ctx, tx, r, e) })
	if f := fault.Of(err); f != nil && f.Kind != fault.Unavailable {
		s.log.WarnContext(ctx, "rule gave nothing", "rule", r.PublicID, "event", e.Ref, "member", e.Member, "code", f.Code)
		return nil
	}
	if err != nil {
		return fmt.Errorf("give what rule %d promises for %s: %w", r.ID, e.Ref, err)
	}
	return nil
}

// ruleSource makes a rule answer an event once for ever.
func ruleSource(r model.CouponRule, ref string) string { return fmt.Sprintf("rule:%d:%s", r.ID, ref) }

// applies tells whether a rule answers an event.
func applies(r model.CouponRule, e Event) bool {
	return r.Event == e.Kind && r.EndedAt == nil && e.Amount >= r.MinFen && (r.Rank == 0 || r.Rank == e.Rank)
}

func (s *Service) reward(ctx context.Context, tx *db.Tx, r model.CouponRule, e Event) error {
	source := ruleSource(r, e.Ref)
	if r.PackSize > 0 {
		return s.openPack(tx, r, e, source)
	}
	templates, err := templatesByID(tx, []model.CouponTemplateID{r.TemplateID})
	if err != nil {
		return fmt.Errorf("read the template of rule %d: %w", r.ID, err)
	}
	channel := model.ChannelEvent
	if e.Kind == model.CouponOnOrder {
		channel = model.ChannelOrder
	}
	_, err = s.IssueTx(ctx, tx, Issue{Member: e.Member, Template: templates[r.TemplateID].PublicID, Source: source, Channel: channel})
	return err
}

func ruleView(r model.CouponRule, t model.PublicID) Rule {
	return Rule{ID: r.PublicID, Event: r.Event, Template: t, MinFen: r.MinFen, Rank: r.Rank, PackSize: r.PackSize, PackHours: r.PackHours, DaysBefore: r.DaysBefore,
		CreatedAt: r.CreatedAt.UTC(), EndedAt: r.EndedAt}
}
