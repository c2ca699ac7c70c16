package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/earning"
	"huitou/service/staff"
)

// Earning declares what staff do about earning points: rules, what a rule would have cost, what holds for all of them, what actions are
// worth. past is where a rule is tried.
func Earning(r *web.Routes, s *earning.Service, past earning.Past) {
	earningRules(r, s, past)
	earningSettings(r, s)
}

func earningRules(r *web.Routes, s *earning.Service, past earning.Past) {
	web.Get(r, "/earning-rules", web.Staff(staff.PointsRules), web.Doc{
		ID: "list-earning-rules", Summary: "全部积分规则,新的在前", Tag: "积分规则", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *earningRulesRequest) (*earningRulesReply, error) {
		list, next, err := s.Rules(ctx, in.Page())
		if err != nil {
			return nil, err
		}
		out := &earningRulesReply{}
		out.Body.Rules, out.Body.Next = make([]earningRuleView, len(list)), next
		for i, rule := range list {
			out.Body.Rules[i] = earningRuleOf(rule)
		}
		return out, nil
	})
	web.Post(r, "/earning-rules", web.Staff(staff.PointsRules), web.Doc{
		ID: "create-earning-rule", Summary: "新建积分规则(草稿)", Tag: "积分规则", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, db.ErrKeyReused},
	}, func(ctx context.Context, in *newEarningRuleRequest) (*earningRuleReply, error) {
		rule, err := s.CreateRule(ctx, earning.NewRule{Staff: web.Actor(ctx).ID, Terms: in.Body.terms(), Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, rule.Replayed)
		return &earningRuleReply{Body: earningRuleOf(rule)}, nil
	})
	moveEarningRule(r, "activate", "启用积分规则", s.Activate, earning.ErrRuleEnded, earning.ErrRuleOverlap, earning.ErrTooManyRules)
	moveEarningRule(r, "pause", "暂停积分规则", s.Pause, earning.ErrRuleDraft, earning.ErrRuleEnded)
	moveEarningRule(r, "end", "结束积分规则,不可恢复", s.End)
	web.Post(r, "/earning-rules/dry-runs", web.Staff(staff.PointsRules), web.Doc{
		ID: "dry-run-earning-rule", Summary: "试算:该规则在过去会多发多少积分、发给谁、成本多少;不改动任何数据", Tag: "积分规则",
		Errors: []*fault.Fault{fault.ErrInvalid, earning.ErrRuleUnknown, earning.ErrRuleOverlap, earning.ErrTooManyRules, earning.ErrDryRunTooLarge},
	}, func(ctx context.Context, in *dryRunRequest) (*dryRunReply, error) {
		run, err := in.command()
		if err != nil {
			return nil, err
		}
		f, err := s.DryRun(ctx, run, past)
		if err != nil {
			return nil, err
		}
		return &dryRunReply{Body: forecastOf(f)}, nil
	})
}

func moveEarningRule(r *web.Routes, verb, summary string,
	move func(context.Context, model.StaffID, model.EarningRuleID) (earning.Rule, error), faults ...*fault.Fault) {
	web.Post(r, "/earning-rules/{id}/"+verb, web.Staff(staff.PointsRules), web.Doc{
		ID: verb + "-earning-rule", Summary: summary, Tag: "积分规则", Errors: append(faults, earning.ErrRuleUnknown),
	}, func(ctx context.Context, in *earningRuleRequest) (*earningRuleReply, error) {
		rule, err := move(ctx, web.Actor(ctx).ID, in.ID)
		if err != nil {
			return nil, err
		}
		return &earningRuleReply{Body: earningRuleOf(rule)}, nil
	})
}

func earningSettings(r *web.Routes, s *earning.Service) {
	web.Get(r, "/earning-settings", web.Staff(staff.PointsRules), web.Doc{
		ID: "earning-settings", Summary: "积分总则:不积分的商品与总上限", Tag: "积分规则",
	}, func(ctx context.Context, _ *struct{}) (*earningSettingsReply, error) {
		v, err := s.Settings(ctx)
		if err != nil {
			return nil, err
		}
		return &earningSettingsReply{earningSettingsOf(v)}, nil
	})
	web.Put(r, "/earning-settings", web.Staff(staff.PointsRules), web.Doc{
		ID: "save-earning-settings", Summary: "修改积分总则,对之后的订单生效", Tag: "积分规则", Errors: []*fault.Fault{fault.ErrInvalid},
	}, func(ctx context.Context, in *earningSettingsRequest) (*earningSettingsReply, error) {
		b := in.Body
		v, err := s.SaveSettings(ctx, web.Actor(ctx).ID, earning.Settings{ExcludeSKUs: b.ExcludeSKUs, ExcludeCategories: b.ExcludeCategories,
			CapOrder: b.CapOrder, CapDay: b.CapDay})
		if err != nil {
			return nil, err
		}
		return &earningSettingsReply{earningSettingsOf(v)}, nil
	})
	web.Get(r, "/earning-actions", web.Staff(staff.PointsRules), web.Doc{
		ID: "list-earning-actions", Summary: "签到、问卷、评价、生日各得多少积分", Tag: "积分规则",
	}, func(ctx context.Context, _ *struct{}) (*earningActionsReply, error) {
		list, err := s.Actions(ctx)
		if err != nil {
			return nil, err
		}
		out := &earningActionsReply{}
		for _, a := range list {
			out.Body.Actions = append(out.Body.Actions, earningActionView(a))
		}
		return out, nil
	})
	web.Put(r, "/earning-actions/{action}", web.Staff(staff.PointsRules), web.Doc{
		ID: "save-earning-action", Summary: "修改某种行为的积分与次数上限,即时生效", Tag: "积分规则", Errors: []*fault.Fault{fault.ErrInvalid},
	}, func(ctx context.Context, in *earningActionRequest) (*earningActionReply, error) {
		b := in.Body
		v, err := s.SaveAction(ctx, web.Actor(ctx).ID, earning.ActionTerms{Action: in.Action, Enabled: b.Enabled, Ladder: b.Ladder, PerDay: b.PerDay, PerYear: b.PerYear})
		if err != nil {
			return nil, err
		}
		return &earningActionReply{earningActionView(v)}, nil
	})
}

// EarningTerms are what a rule says; the view and the request share them. Its name is exported for the sake of the OpenAPI document, which
// passes over what is embedded and not exported.
type EarningTerms struct {
	Name           string                `json:"name" minLength:"1" maxLength:"40" example:"周末茶叶双倍"`
	Kind           model.EarningRuleKind `json:"kind" enum:"base,multiplier,bonus" doc:"base: the ratio; multiplier: times; bonus: a fixed number, once per order"`
	Group          string                `json:"group,omitempty" maxLength:"32" pattern:"^[a-z0-9_-]*$" doc:"of one group the highest priority fires; empty stacks with everything; base rules are a group of their own"`
	Priority       int64                 `json:"priority,omitempty" minimum:"0" maximum:"1000"`
	PerHundredYuan model.Points          `json:"per_hundred_yuan,omitempty" minimum:"0" maximum:"100000" doc:"base: points for 100 yuan"`
	MultiplierBP   model.BasisPoints     `json:"multiplier_bp,omitempty" minimum:"0" maximum:"1000000" doc:"multiplier: 20000 doubles, 0 takes everything away"`
	Bonus          model.Points          `json:"bonus,omitempty" minimum:"0" maximum:"1000000000" doc:"bonus: points"`
	MinFen         model.Fen             `json:"min_fen,omitempty" minimum:"0" maximum:"1000000000" doc:"least money paid for the goods that it is about"`
	From           *time.Time            `json:"from,omitempty"`
	Until          *time.Time            `json:"until,omitempty" doc:"exclusive"`
	SKUs           []string              `json:"skus,omitempty" nullable:"false" maxItems:"200" doc:"together with categories; both empty is all goods"`
	Categories     []string              `json:"categories,omitempty" nullable:"false" maxItems:"50" doc:"with those below: 茶 for 茶/绿茶"`
	Tiers          []int64               `json:"tiers,omitempty" nullable:"false" maxItems:"20" doc:"ranks; 0 is without a tier"`
	Weekdays       []int64               `json:"weekdays,omitempty" nullable:"false" maxItems:"7" doc:"1 is Monday, 7 Sunday"`
	FromHour       int64                 `json:"from_hour,omitempty" minimum:"0" maximum:"23" doc:"of the payment, in the shop's zone"`
	ToHour         int64                 `json:"to_hour,omitempty" minimum:"0" maximum:"24" doc:"exclusive; 0 and 0 is the whole day"`
	FirstOrder     bool                  `json:"first_order,omitempty" doc:"only for the member's first order of goods"`
	CapOrder       model.Points          `json:"cap_order,omitempty" minimum:"0" maximum:"1000000000" doc:"most that it adds to one order; 0 is no cap"`
	CapDay         model.Points          `json:"cap_day,omitempty" minimum:"0" maximum:"1000000000" doc:"most that it adds for one member and business day; 0 is no cap"`
}

func (t EarningTerms) terms() earning.Terms {
	return earning.Terms{
		Name: t.Name, Kind: t.Kind, Group: t.Group, Priority: t.Priority, PerHundredYuan: t.PerHundredYuan, Multiplier: t.MultiplierBP,
		Bonus: t.Bonus, MinFen: t.MinFen, From: t.From, Until: t.Until, SKUs: t.SKUs, Categories: t.Categories, Tiers: t.Tiers,
		Weekdays: t.Weekdays, FromHour: t.FromHour, ToHour: t.ToHour, FirstOrder: t.FirstOrder, CapOrder: t.CapOrder, CapDay: t.CapDay,
	}
}

func earningTermsOf(t earning.Terms) EarningTerms {
	return EarningTerms{
		Name: t.Name, Kind: t.Kind, Group: t.Group, Priority: t.Priority, PerHundredYuan: t.PerHundredYuan, MultiplierBP: t.Multiplier,
		Bonus: t.Bonus, MinFen: t.MinFen, From: t.From, Until: t.Until, SKUs: t.SKUs, Categories: t.Categories, Tiers: t.Tiers,
		Weekdays: t.Weekdays, FromHour: t.FromHour, ToHour: t.ToHour, FirstOrder: t.FirstOrder, CapOrder: t.CapOrder, CapDay: t.CapDay,
	}
}

type earningRulesRequest struct {
	web.Paged
}

type earningRulesReply struct {
	Body struct {
		Rules []earningRuleView `json:"rules"`
		Next  string            `json:"next"`
	}
}

type newEarningRuleRequest struct {
	web.Idempotent
	Body EarningTerms
}

type earningRuleRequest struct {
	ID model.EarningRuleID `path:"id" minimum:"1"`
}

type earningRuleReply struct{ Body earningRuleView }

type earningRuleView struct {
	ID    model.EarningRuleID    `json:"id"`
	State model.EarningRuleState `json:"state" enum:"draft,active,paused,ended"`
	EarningTerms
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func earningRuleOf(r earning.Rule) earningRuleView {
	return earningRuleView{r.ID, r.State, earningTermsOf(r.Terms), r.CreatedAt, r.UpdatedAt}
}

type dryRunRequest struct {
	Body struct {
		Rule     EarningTerms        `json:"rule"`
		Replaces model.EarningRuleID `json:"replaces,omitempty" minimum:"0" doc:"an active rule that it would stand in for"`
		From     string              `json:"from" format:"date" doc:"first business day"`
		To       string              `json:"to" format:"date" doc:"exclusive; at most 400 days after from"`
	}
}

func (in *dryRunRequest) command() (run earning.DryRun, err error) {
	run = earning.DryRun{Terms: in.Body.Rule.terms(), Replaces: in.Body.Replaces}
	var bad []fault.Field
	for _, d := range []struct {
		name, text string
		day        *model.Day
	}{{"from", in.Body.From, &run.From}, {"to", in.Body.To, &run.To}} {
		if *d.day, err = model.ParseDay(d.text); err != nil {
			bad = append(bad, fault.Field{Name: d.name, Reason: "a day, 2026-11-21"})
		}
	}
	return run, fault.InvalidFields(bad)
}

type dryRunReply struct{ Body forecastView }

type forecastView struct {
	Orders   int64        `json:"orders" doc:"goods orders that were looked at"`
	Affected int64        `json:"affected" doc:"of them, those that would have earned another number of points"`
	Members  int64        `json:"members" doc:"who they belong to"`
	Before   model.Points `json:"points_before" doc:"by the rules of now"`
	After    model.Points `json:"points_after" doc:"with the rule"`
	Points   model.Points `json:"points" doc:"the difference"`
	CostFen  model.Fen    `json:"cost_fen" doc:"of the difference at the shop's rate, rounded up"`
	Top      []gainView   `json:"top" doc:"the members with the largest difference"`
}

type gainView struct {
	MemberID model.MemberID `json:"member_id"`
	Points   model.Points   `json:"points"`
}

func forecastOf(f earning.Forecast) forecastView {
	v := forecastView{f.Orders, f.Affected, f.Members, f.Before, f.After, f.Points, f.Cost, make([]gainView, len(f.Top))}
	for i, g := range f.Top {
		v.Top[i] = gainView{g.Member, g.Points}
	}
	return v
}

type earningSettingsRequest struct{ Body earningSettingsView }

type earningSettingsReply struct{ Body earningSettingsView }

type earningSettingsView struct {
	ExcludeSKUs       []string     `json:"exclude_skus" nullable:"false" maxItems:"200" doc:"earn nothing"`
	ExcludeCategories []string     `json:"exclude_categories" nullable:"false" maxItems:"50" doc:"earn nothing, with those below"`
	CapOrder          model.Points `json:"cap_order" minimum:"0" maximum:"1000000000" doc:"most that one order earns; 0 is no cap"`
	CapDay            model.Points `json:"cap_day" minimum:"0" maximum:"1000000000" doc:"most that a member's orders of one business day earn; 0 is no cap"`
}

func earningSettingsOf(v earning.Settings) earningSettingsView {
	list := func(l []string) []string { return append([]string{}, l...) }
	return earningSettingsView{list(v.ExcludeSKUs), list(v.ExcludeCategories), v.CapOrder, v.CapDay}
}

type earningActionsReply struct {
	Body struct {
		Actions []earningActionView `json:"actions"`
	}
}

type earningActionView struct {
	Action  model.EarningAction `json:"action" enum:"check_in,survey,review,birthday"`
	Enabled bool                `json:"enabled"`
	Ladder  []int64             `json:"ladder" doc:"points of the first day in a row, of the second …, then from the start again"`
	PerDay  int64               `json:"per_day"`
	PerYear int64               `json:"per_year" doc:"0 is no limit"`
}

type earningActionRequest struct {
	Action model.EarningAction `path:"action" enum:"check_in,survey,review,birthday"`
	Body   struct {
		Enabled bool    `json:"enabled"`
		Ladder  []int64 `json:"ladder" nullable:"false" minItems:"1" maxItems:"31" doc:"one step for all but check_in"`
		PerDay  int64   `json:"per_day" minimum:"1" maximum:"20" doc:"rewards per member and business day; 1 for check_in"`
		PerYear int64   `json:"per_year,omitempty" minimum:"0" maximum:"1000" doc:"rewards per member and calendar year; 0 is no limit"`
	}
}

type earningActionReply struct{ Body earningActionView }
