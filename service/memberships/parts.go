package memberships

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/moves"
)

const (
	periodPart = "membership_periods.member_id"
	restPart   = "membership_periods.gift_source" // days that were given for the rest of a period
)

// MergeParts says what becomes of cards when two members turn out to be one.
//
// A period of the emptied member that does not meet one of the survivor's moves as it is. One that has not begun and would overlap is laid
// after the survivor's last, by the rules of renewals. One that runs and overlaps stays, and the days that are left of it are given after
// the survivor's last period, with its price and multiplier but without coupons, which the survivor's own period brings. What has
// ended stays as history. When one of two cards that run is for life, staff must settle that first: ErrLifetime.
//
// A split puts periods back on their days, ends the days that were given, and takes along what was paid for by an order that goes back.
func (s *Service) MergeParts() []moves.Part {
	return []moves.Part{
		moves.Rows("membership_orders", "member_id", "会员卡订单归保留的会员"),
		{
			Columns: []string{periodPart},
			Says:    "会员卡期不重叠的直接转移;未开始而重叠的顺延到最后一期之后;进行中而重叠的,剩余天数顺延为赠送天数;已结束的留作历史",
			Join:    s.joinPeriods,
			Split:   s.splitPeriods,
			Count:   countLive,
		},
		moves.Rows("membership_uses", "member_id", "权益使用记录归保留的会员"),
		moves.Rows("membership_trials", "member_id", "试用记录归保留的会员,每人仍只能试用一次"),
		moves.Rows("membership_codes", "member_id", "用过的卡密归保留的会员"),
		moves.Rows("membership_refunds", "member_id", "会员卡退款跟随其订单"),
		moves.Stays("卡密试错的限制各算各的,到时失效", "membership_code_tries.member_id"),
	}
}

// placed is where a period lies.
type placed struct {
	Seq    int       `json:"seq"`
	From   model.Day `json:"from"`
	To     model.Day `json:"to"`
	Anchor int       `json:"anchor"`
}

func placeOf(p model.MembershipPeriod) placed { return placed{p.Seq, p.FromDay, p.ToDay, p.Anchor} }

// movedPeriod is a period before and after it moved.
type movedPeriod struct{ Was, Is placed }

func (s *Service) joinPeriods(_ context.Context, tx *db.Tx, m moves.Merge) error {
	today := model.DayOf(tx.Now, model.Shanghai)
	list, err := livePeriods(tx, m.From, today)
	if err != nil {
		return err
	}
	last, err := lastPeriod(tx, m.To)
	if err != nil {
		return err
	}
	for _, p := range list {
		if last != nil && last.ToDay.Before(today) {
			last = nil // history
		}
		fate, at := laid(today, p, last)
		switch fate {
		case forLife:
			return ErrLifetime
		case restGiven:
			err = s.giveRest(tx, m, p, last)
		default:
			err = movePeriod(tx, m, p, at)
		}
		if err != nil {
			return err
		}
		if last, err = lastPeriod(tx, m.To); err != nil {
			return err
		}
	}
	return nil
}

func movePeriod(tx *db.Tx, m moves.Merge, p model.MembershipPeriod, at placed) (err error) {
	if at.Seq, err = nextSeq(tx, m.To); err != nil {
		return err
	}
	row := moves.Row{Key: fmt.Sprint(p.ID), Was: movedPeriod{placeOf(p), at}}
	if err := moves.Note(tx, m, periodPart, []moves.Row{row}); err != nil {
		return err
	}
	return placePeriod(tx, p.ID, m.From, m.To, at)
}

// giveRest gives what is left of a period that runs.
func (s *Service) giveRest(tx *db.Tx, m moves.Merge, p model.MembershipPeriod, last *model.MembershipPeriod) error {
	today := model.DayOf(tx.Now, model.Shanghai)
	days := p.ToDay.Sub(today)
	source := fmt.Sprintf("merge:%d:period:%d", m.ID, p.ID)
	from, anchor := next(today, last)
	given := model.MembershipPeriod{
		MemberID: m.To, PlanID: p.PlanID, FromDay: from, ToDay: from.AddDays(days), Unit: model.PlanDays, Anchor: anchor,
		PointsMultiplierBP: p.PointsMultiplierBP, PercentOffBP: p.PercentOffBP, State: model.PeriodLive, CreatedAt: tx.Now,
		GiftSource: &source, GiftDays: int64(days),
	}
	if err := insertPeriod(tx, &given); err != nil {
		return err
	}
	return moves.Note(tx, m, restPart, []moves.Row{{Key: fmt.Sprint(given.ID)}})
}

func (s *Service) splitPeriods(_ context.Context, tx *db.Tx, m moves.Merge) error {
	list, err := moves.Noted(tx, m, periodPart)
	if err != nil {
		return err
	}
	for _, line := range list {
		moved, err := moves.Was[movedPeriod](line)
		if err != nil {
			return err
		}
		ids, err := moves.IDs([]model.MergeMove{line})
		if err != nil {
			return err
		}
		p, err := periodByID(tx, model.MembershipID(ids[0]))
		if err != nil {
			return err
		}
		at := moved.Was
		if now := placeOf(p); now.From != moved.Is.From || now.To != moved.Is.To {
			at.From, at.To, at.Anchor = now.From, now.To, now.Anchor // a refund has cut or moved it since
		}
		if err := placePeriod(tx, p.ID, m.To, m.From, at); err != nil {
			return err
		}
	}
	if err := moves.Back(tx, list); err != nil {
		return err
	}
	if err := s.endRest(tx, m); err != nil {
		return err
	}
	return follow(tx, m.To, m.From)
}

// endRest ends days that were given for the rest of a period: the period itself counts again.
func (s *Service) endRest(tx *db.Tx, m moves.Merge) error {
	list, err := moves.Noted(tx, m, restPart)
	if err != nil {
		return err
	}
	today := model.DayOf(tx.Now, model.Shanghai)
	ids, err := moves.IDs(list)
	if err != nil {
		return err
	}
	for _, id := range ids {
		p, err := periodByID(tx, model.MembershipID(id))
		if err != nil {
			return err
		}
		switch {
		case today.Before(p.FromDay):
			err = dropPeriod(tx, p.ID)
		case today.Before(p.ToDay):
			end := today.AddDays(1)
			err = cutGiven(tx, p.ID, end, end.Sub(p.FromDay))
		}
		if err != nil {
			return err
		}
	}
	return moves.Back(tx, list)
}

// follow moves the periods of orders that went back and were paid in between.
func follow(tx *db.Tx, from, to model.MemberID) error {
	list, err := periodsOfOrders(tx, from, to)
	if err != nil {
		return err
	}
	for _, p := range list {
		at := placeOf(p)
		if at.Seq, err = nextSeq(tx, to); err != nil {
			return err
		}
		if err := placePeriod(tx, p.ID, from, to, at); err != nil {
			return err
		}
	}
	return nil
}
