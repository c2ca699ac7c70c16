package aftersale

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/orders"
)

// Preview asks what terms would do for one order.
type Preview struct {
	Terms
	// Source and Number name an order; both empty stand for an invented one.
	Source, Number string
	// At is when the trigger would be; zero is now.
	At time.Time
}

// Previewed is one visit as it would be.
type Previewed struct {
	Ordinal  int64
	DueAt    time.Time
	Sampled  bool // this order gets it
	Channels []model.MessageChannel
	Texts    map[string]string
	URL      string
	Survey   model.SurveyID
}

// Preview works out what terms would do, and changes nothing. It returns what CreatePlan says about the terms, or orders.ErrUnknown.
func (s *Service) Preview(ctx context.Context, in Preview) (list []Previewed, err error) {
	if err := s.fits(ctx, "", in.Terms); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if in.At.IsZero() {
			in.At = tx.Now
		}
		order := sampleOrder(tx.Now)
		if in.Number != "" {
			if order, err = s.Orders.FindTx(ctx, tx, in.Source, in.Number); err != nil {
				return err
			}
		}
		list = make([]Previewed, len(in.Visits))
		for i, v := range in.Visits {
			n := int64(i + 1)
			list[i] = Previewed{Ordinal: n, DueAt: v.dueAt(in.At), Sampled: v.sampled(order.ID, n), Channels: v.Channels,
				Texts: visitTexts(order, s.Texts.Advice, v.Texts), URL: v.URL, Survey: v.Survey}
		}
		return nil
	})
	return list, err
}

// sampleOrder is an order as shops have them.
func sampleOrder(now time.Time) orders.View {
	return orders.View{ID: 1, Number: "SY202611210001", PaidAt: now, PaidFen: 128_00, Lines: []orders.Line{{Name: "明前龙井", Quantity: 1, PriceFen: 128_00}}}
}
