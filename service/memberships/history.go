package memberships

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Origin is where a period came from.
type Origin string

const (
	OfOrder Origin = "bought"
	OfCode  Origin = "code"
	OfGift  Origin = "given"
)

// Fate is how a period stands on a day.
type Fate string

const (
	Coming  Fate = "coming"
	Running Fate = "running"
	Over    Fate = "over"
	Cut     Fate = "cut"     // a refund ended it sooner
	Revoked Fate = "revoked" // the whole price went back
)

// Period is one span of a member's membership, past, present or to come.
type Period struct {
	ID        model.MembershipID
	Plan      string
	From, To  model.Day // To is exclusive; model.Forever for a lifetime
	Origin    Origin
	Fate      Fate
	Price     model.Fen
	Saved     model.Fen
	Order     model.PublicID // "" unless it was bought
	CreatedAt time.Time
}

// History lists all periods of a member, the newest first. next is the cursor of the following page, empty at the end.
func (s *Service) History(ctx context.Context, m model.MemberID, page db.Page) (list []Period, next string, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		list = nil
		rows, cursor, err := periodsOf(tx, m, page)
		if err != nil {
			return err
		}
		next = cursor
		today := model.DayOf(tx.Now, model.Shanghai)
		for _, r := range rows {
			p, err := describe(tx, r, today)
			if err != nil {
				return err
			}
			list = append(list, p)
		}
		return nil
	})
	return list, next, err
}

// MemberCard is the card of a member and a page of his periods, for staff. It returns members.ErrUnknown.
func (s *Service) MemberCard(ctx context.Context, m model.MemberID, page db.Page) (c Card, list []Period, next string, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := s.people.PersonTx(ctx, tx, m)
		return err
	})
	if err != nil {
		return c, nil, "", err
	}
	if c, err = s.Current(ctx, m); err != nil {
		return c, nil, "", err
	}
	list, next, err = s.History(ctx, m, page)
	return c, list, next, err
}

func describe(tx *db.Tx, r model.MembershipPeriod, today model.Day) (Period, error) {
	plan, err := planByID(tx, r.PlanID)
	if err != nil {
		return Period{}, err
	}
	saved, _, err := savedByKind(tx, r.ID)
	if err != nil {
		return Period{}, err
	}
	cut, err := wasCut(tx, r.ID)
	if err != nil {
		return Period{}, err
	}
	p := Period{ID: r.ID, Plan: plan.Name, From: r.FromDay, To: r.ToDay, Origin: OfGift, Price: r.PriceFen, Saved: saved, CreatedAt: r.CreatedAt.UTC()}
	switch {
	case r.State != model.PeriodLive:
		p.Fate = Revoked
	case cut && !today.Before(r.ToDay):
		p.Fate = Cut
	case today.Before(r.FromDay):
		p.Fate = Coming
	case today.Before(r.ToDay):
		p.Fate = Running
	default:
		p.Fate = Over
	}
	switch {
	case r.CodeID != nil:
		p.Origin = OfCode
	case r.OrderID != nil:
		p.Origin = OfOrder
		o, err := orderByID(tx, *r.OrderID)
		if err != nil {
			return Period{}, err
		}
		p.Order = o.Number
	}
	return p, nil
}
