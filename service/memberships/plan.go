package memberships

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/payments"
)

// NewPlan is a plan as staff set it up. What it gives decides how it may be paid, see rules_channel.go.
type NewPlan struct {
	Staff            model.StaffID
	Name             string    // 1 .. 30 characters
	Price, ListPrice model.Fen // 1 fen .. payments.MaxAmount; the list price is at least the price
	Unit             model.PlanUnit
	Length           int               // 1 .. 120 months, 1 .. 3660 days, 0 for a lifetime
	PointsMultiplier model.BasisPoints // 10000 (as usual) .. 100000 (ten times)
	PercentOff       model.BasisPoints // off goods, 0 .. 9000
	Coupons          []CouponBenefit   // at most 10
	OnSale           bool
	SaleFrom         *time.Time // nil: at once
	SaleUntil        *time.Time // exclusive; nil: without end
	Trial            bool       // once per person
	MaxStack         int        // periods of this plan from today on, 0 (no limit) .. 100
	GraceDays        int        // 0 .. 30
	Refund           model.PlanRefund
	Channel          model.PlanChannel // empty: the one that the benefits allow
	Extras           Extras
	Key              db.Key `json:"-"`
}

// Extras are the benefits beyond member price, points multiplier and coupons; zero values give nothing.
type Extras struct {
	CheckInMultiplier model.BasisPoints   // 10000 (as usual, or 0) .. 100000
	WelcomePoints     model.Points        // 0 .. 1,000,000
	FreeFreight       int                 // orders in each monthly cycle, 0 .. 100
	BirthdayPoints    model.Points        // once a year, 0 .. 1,000,000
	BirthdayTemplate  model.PublicID      // a coupon once a year; "" is none
	EarlyHours        int                 // 0 .. 168
	Services          []model.PlanService // at most 10, each 1 .. 60 characters
}

// CouponBenefit is so many coupons of a template in each cycle, 1 .. 20.
type CouponBenefit struct {
	Template model.PublicID
	Quantity int
}

// Plan is a plan with its benefits.
type Plan struct {
	ID                 model.PublicID
	Name               string
	Price, ListPrice   model.Fen
	Unit               model.PlanUnit
	Length             int
	LengthWords        string
	PointsMultiplierBP model.BasisPoints
	PercentOffBP       model.BasisPoints
	Coupons            []CouponBenefit
	Benefits           []string // in words
	// BreakEven is the shopping at which the member price has paid for the card; 0 when there is no member price.
	BreakEven model.Fen
	// Warnings are rules of the platform and of trade that staff should know before they sell this.
	Warnings  []string
	Trial     bool
	MaxStack  int
	GraceDays int
	Refund    model.PlanRefund
	Channel   model.PlanChannel
	Extras    Extras
	OnSale    bool // now, the sale window counted in
	SaleFrom  *time.Time
	SaleUntil *time.Time
	CreatedAt time.Time
	Replayed  bool `json:"-"`
}

var templateForm = regexp.MustCompile(`^[0-9a-z]{24}$`)

// CreatePlan adds a plan. It returns fault.ErrInvalid with every faulty field, or ErrNeedsVirtual or ErrNeedsJSAPI when the benefits may not
// be paid through the channel.
func (s *Service) CreatePlan(ctx context.Context, in NewPlan) (p Plan, err error) {
	in = in.whole()
	if err := fault.InvalidFields(in.faults()); err != nil {
		return Plan{}, err
	}
	if err := channelFault(in.Channel, needed(in.PercentOff, len(in.Coupons), in.Extras)); err != nil {
		return Plan{}, err
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, p.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Plan, error) { return s.createPlan(ctx, tx, in) })
		return err
	})
	return p, err
}

func (s *Service) createPlan(ctx context.Context, tx *db.Tx, in NewPlan) (Plan, error) {
	row := model.MembershipPlan{
		PublicID: model.PublicID(random.ID()), Name: strings.TrimSpace(in.Name), PriceFen: in.Price, ListPriceFen: in.ListPrice,
		Unit: in.Unit, Length: in.Length, PointsMultiplierBP: in.PointsMultiplier, PercentOffBP: in.PercentOff,
		OnSale: in.OnSale, SaleFrom: utc(in.SaleFrom), SaleUntil: utc(in.SaleUntil), CreatedBy: in.Staff, CreatedAt: tx.Now,
		Trial: in.Trial, MaxStack: in.MaxStack, GraceDays: in.GraceDays, PlanRefund: in.Refund, Channel: in.Channel, PlanExtras: in.Extras.row(),
	}
	list := make([]model.MembershipPlanCoupon, len(in.Coupons))
	for i, c := range in.Coupons {
		list[i] = model.MembershipPlanCoupon{Ordinal: i + 1, TemplateID: c.Template, Quantity: c.Quantity}
	}
	if err := insertPlan(tx, &row, list); err != nil {
		return Plan{}, err
	}
	err := audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "memberships.plan_create", Ref: fmt.Sprintf("plan:%d", row.ID), Detail: in})
	return planView(row, list, tx.Now), err
}

func (in NewPlan) faults() []fault.Field {
	var fields []fault.Field
	refuse := func(bad bool, name, reason string) {
		if bad {
			fields = append(fields, fault.Field{Name: name, Reason: reason})
		}
	}
	n := utf8.RuneCountInString(strings.TrimSpace(in.Name))
	refuse(n < 1 || n > maxName || !utf8.ValidString(in.Name), "name", "1 to 30 characters")
	refuse(in.Price < 1 || in.Price > payments.MaxAmount, "price_fen", "1 to 100000000")
	refuse(in.ListPrice < in.Price || in.ListPrice > model.MaxFen, "list_price_fen", "at least the price")
	switch in.Unit {
	case model.PlanMonths:
		refuse(in.Length < 1 || in.Length > maxMonths, "length", "1 to 120 months")
	case model.PlanDays:
		refuse(in.Length < 1 || in.Length > maxDays, "length", "1 to 3660 days")
	case model.PlanLifetime:
		refuse(in.Length != 0, "length", "0 for a lifetime")
	default:
		refuse(true, "unit", "months, days or lifetime")
	}
	refuse(in.PointsMultiplier < model.WholeBP || in.PointsMultiplier > maxTimes*model.WholeBP, "points_multiplier_bp", "10000 to 100000")
	refuse(in.PercentOff < 0 || in.PercentOff > 9000, "percent_off_bp", "0 to 9000")
	refuse(len(in.Coupons) > maxCoupons, "coupons", "at most 10 kinds")
	for i, c := range in.Coupons {
		refuse(!templateForm.MatchString(string(c.Template)), fmt.Sprintf("coupons[%d].template", i), "the id of a coupon template")
		refuse(c.Quantity < 1 || c.Quantity > maxPerMo, fmt.Sprintf("coupons[%d].quantity", i), "1 to 20")
	}
	refuse(in.SaleFrom != nil && in.SaleUntil != nil && !in.SaleFrom.Before(*in.SaleUntil), "sale_until", "after sale_from")
	in.termFaults(refuse)
	in.Extras.faults(refuse)
	refuse(len(in.Coupons) == 0 && in.PercentOff == 0 && in.PointsMultiplier == model.WholeBP && in.Extras.none(), "benefits", "a plan must give something")
	return fields
}

// whole fills in what staff left out.
func (in NewPlan) whole() NewPlan {
	if in.Refund.RefundPolicy == "" {
		in.Refund.RefundPolicy = model.NoRefund
	}
	if in.Extras.CheckInMultiplier == 0 {
		in.Extras.CheckInMultiplier = model.WholeBP
	}
	if in.Channel == "" {
		in.Channel = needed(in.PercentOff, len(in.Coupons), in.Extras)
	}
	return in
}

// termFaults judges stacking, grace and refunds.
func (in NewPlan) termFaults(refuse func(bad bool, name, reason string)) {
	refuse(in.Trial && in.Unit == model.PlanLifetime, "trial", "a lifetime is no trial")
	refuse(in.MaxStack < 0 || in.MaxStack > 100, "max_stack", "0 to 100")
	refuse(in.GraceDays < 0 || in.GraceDays > maxGrace, "grace_days", "0 to 30")
	refuse(in.GraceDays > 0 && in.Unit == model.PlanLifetime, "grace_days", "a lifetime has no end")
	days := in.Refund.RefundDays
	switch in.Refund.RefundPolicy {
	case model.NoRefund:
		refuse(days != 0, "refund_days", "only with a refund policy")
	case model.WholeRefund:
		refuse(days < 1 || days > 366, "refund_days", "1 to 366")
	case model.ProratedRefund:
		refuse(days < 0 || days > maxDays, "refund_days", "0 (as long as it lasts) to 3660")
	default:
		refuse(true, "refund_policy", "none, whole or prorated")
	}
}

// Plans returns the plans that can be bought now, the cheapest first.
func (s *Service) Plans(ctx context.Context) ([]Plan, error) {
	all, err := s.AllPlans(ctx)
	if err != nil {
		return nil, err
	}
	selling := make([]Plan, 0, len(all))
	for _, p := range all {
		if p.OnSale {
			selling = append(selling, p)
		}
	}
	return selling, nil
}

// AllPlans returns every plan, the cheapest first, for staff. A shop has a handful.
func (s *Service) AllPlans(ctx context.Context) (plans []Plan, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, benefits, err := allPlans(tx)
		if err != nil {
			return err
		}
		plans = make([]Plan, len(rows))
		for i, r := range rows {
			plans[i] = planView(r, benefits[r.ID], tx.Now)
		}
		return nil
	})
	return plans, err
}

func planView(r model.MembershipPlan, list []model.MembershipPlanCoupon, now time.Time) Plan {
	p := Plan{
		ID: r.PublicID, Name: r.Name, Price: r.PriceFen, ListPrice: r.ListPriceFen, Unit: r.Unit, Length: r.Length,
		LengthWords: lengthInWords(r.Unit, r.Length), PointsMultiplierBP: r.PointsMultiplierBP, PercentOffBP: r.PercentOffBP,
		Coupons: make([]CouponBenefit, len(list)), Benefits: benefitsInWords(r, list),
		BreakEven: breakEven(r.PriceFen, r.PercentOffBP), OnSale: sellable(r, now) == nil,
		SaleFrom: r.SaleFrom, SaleUntil: r.SaleUntil, CreatedAt: r.CreatedAt,
		Trial: r.Trial, MaxStack: r.MaxStack, GraceDays: r.GraceDays, Refund: r.PlanRefund, Channel: r.Channel, Extras: extrasOf(r.PlanExtras),
	}
	p.Warnings = warnings(r)
	for i, c := range list {
		p.Coupons[i] = CouponBenefit{c.TemplateID, c.Quantity}
	}
	return p
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
