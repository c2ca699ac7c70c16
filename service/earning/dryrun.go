package earning

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// DryRun asks what a rule would have done: to the orders paid on the business days [From, To), beside the rules that are active now.
type DryRun struct {
	Terms
	// Replaces is an active rule that the new one would stand in for; 0 is none.
	Replaces model.EarningRuleID
	From, To model.Day // at most maxDryRunDays apart
}

// Forecast is the answer. Points may be negative, for a rule that takes away.
type Forecast struct {
	Orders   int64        // goods orders that were looked at; those refunded wholly are left out
	Affected int64        // of them, those that would have earned another number of points
	Members  int64        // who they belong to
	Before   model.Points // that all of them earn by the rules of now
	After    model.Points // and with the rule
	Points   model.Points // After - Before
	Cost     model.Fen    // of Points at the shop's rate, rounded up
	Top      []Gain       // the members who gain, or lose, most; at most topGains
}

// Gain is what one member would have got more, or less.
type Gain struct {
	Member model.MemberID
	Points model.Points
}

// Bounds of a dry run.
const (
	maxDryRunDays = 400
	topGains      = 20
	// maxDryRunOrders keeps a dry run well within the time of a request: about 10,000 orders a second on a busy machine.
	maxDryRunOrders = 300_000
)

// Past yields the goods orders of the business days [from, to) that were not refunded wholly, day after day.
type Past func(ctx context.Context, from, to model.Day, yield func(Purchase) error) error

// DryRun runs a rule over the past without writing anything. Orders are streamed; what is kept is one number per member who would gain.
// The steps are those of ForOrderTx, so caps, groups, tiers and cards count, the latter two as they were on the day. It
// returns fault.ErrInvalid, ErrRuleOverlap, ErrRuleUnknown, ErrTooManyRules or ErrDryRunTooLarge.
func (s *Service) DryRun(ctx context.Context, in DryRun, past Past) (f Forecast, err error) {
	in.Terms = in.tidy()
	bad := in.faults()
	if !in.From.Before(in.To) || in.To.Sub(in.From) > maxDryRunDays {
		bad = append(bad, fault.Field{Name: "to", Reason: fmt.Sprintf("after from, at most %d days", maxDryRunDays)})
	}
	if err := fault.InvalidFields(bad); err != nil {
		return Forecast{}, err
	}
	r := &rehearsal{s: s, gains: map[model.MemberID]model.Points{}}
	err = s.d.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := r.open(tx, in); err != nil {
			return err
		}
		return past(ctx, in.From, in.To, func(p Purchase) error { return r.play(ctx, tx, p) })
	})
	if err != nil {
		return Forecast{}, err
	}
	return r.forecast(s.d.CostPerHundred), nil
}

// rehearsal is the state of one dry run.
type rehearsal struct {
	s            *Service
	now, changed book // without the rule and with it
	candidate    Rule
	replaces     bool
	capped       bool
	day          model.Day
	usedNow      map[model.MemberID]used // of the day, kept when something is capped
	usedChanged  map[model.MemberID]used
	result       Forecast
	gains        map[model.MemberID]model.Points
}

// candidateID is the id of the rule that is tried: no row has it, and at equal priority it comes last.
const candidateID = model.EarningRuleID(math.MaxInt64)

func (r *rehearsal) open(tx *db.Tx, in DryRun) (err error) {
	if r.now, err = r.s.book(tx); err != nil {
		return err
	}
	r.changed = r.now
	r.changed.rules = slices.Clone(r.now.rules)
	if in.Replaces != 0 {
		i := slices.IndexFunc(r.changed.rules, func(o Rule) bool { return o.ID == in.Replaces })
		if i < 0 {
			return ErrRuleUnknown
		}
		r.changed.rules = slices.Delete(r.changed.rules, i, i+1)
	}
	if err := joins(in.Terms, r.changed.rules); err != nil {
		return err
	}
	r.replaces = in.Replaces != 0
	r.candidate = Rule{ID: candidateID, State: model.RuleActive, Terms: in.Terms}
	r.changed.rules = append(r.changed.rules, r.candidate)
	slices.SortFunc(r.changed.rules, byPriority)
	r.capped = r.now.counts() || r.changed.counts()
	return nil
}

// play works an order out both ways.
func (r *rehearsal) play(ctx context.Context, tx *db.Tx, p Purchase) error {
	if r.result.Orders++; r.result.Orders > maxDryRunOrders {
		return ErrDryRunTooLarge.With("most", maxDryRunOrders).With("reached", model.DayOf(p.PaidAt, model.Shanghai).String())
	}
	st, err := r.s.standing(ctx, tx, p.Member, p.PaidAt)
	if err != nil {
		return fmt.Errorf("read the standing of member %d: %w", p.Member, err)
	}
	if day := model.DayOf(p.PaidAt, model.Shanghai); r.capped && day != r.day {
		r.day, r.usedNow, r.usedChanged = day, map[model.MemberID]used{}, map[model.MemberID]used{}
	}
	before := r.now.award(p, st, r.usedNow[p.Member])
	after := before
	if r.capped || r.replaces || r.candidate.fits(p, st) { // otherwise nothing can differ
		after = r.changed.award(p, st, r.usedChanged[p.Member])
	}
	if r.capped {
		r.usedNow[p.Member] = r.usedNow[p.Member].plus(before)
		r.usedChanged[p.Member] = r.usedChanged[p.Member].plus(after)
	}
	r.result.Before += before.Points
	r.result.After += after.Points
	if gain := after.Points - before.Points; gain != 0 {
		r.result.Affected++
		r.gains[p.Member] += gain
	}
	return nil
}

// plus adds an award to what a day has earned.
func (u used) plus(a Award) used {
	sum := used{all: u.all + a.Points, byRule: maps.Clone(u.byRule)}
	if sum.byRule == nil {
		sum.byRule = map[model.EarningRuleID]model.Points{}
	}
	for _, p := range a.Parts {
		sum.byRule[p.Rule] += p.Points
	}
	return sum
}

func (r *rehearsal) forecast(perHundred model.Fen) Forecast {
	f := r.result
	f.Points, f.Members = f.After-f.Before, int64(len(r.gains))
	f.Cost = cost(f.Points, perHundred)
	most := make([]Gain, 0, topGains+1)
	for m, points := range r.gains {
		g := Gain{m, points}
		i, _ := slices.BinarySearchFunc(most, g, byGain)
		if most = slices.Insert(most, i, g); len(most) > topGains {
			most = most[:topGains]
		}
	}
	f.Top = most
	return f
}

// byGain puts the largest change first, whichever way it goes; ties by member.
func byGain(a, b Gain) int {
	size := func(g Gain) model.Points { return max(g.Points, -g.Points) }
	return cmp.Or(cmp.Compare(size(b), size(a)), cmp.Compare(a.Member, b.Member))
}

// cost returns what points cost the shop, rounded up; what is saved is rounded up too.
func cost(points model.Points, perHundred model.Fen) model.Fen {
	size := max(points, -points)
	fen, ok := model.MulFloor(int64(size), int64(perHundred), 100)
	if !ok {
		return model.Fen(math.MaxInt64)
	}
	if model.Fen(fen)*100 != model.Fen(size)*perHundred {
		fen++
	}
	if points < 0 {
		return -model.Fen(fen)
	}
	return model.Fen(fen)
}
