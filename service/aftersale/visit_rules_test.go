package aftersale

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/fault"
	"huitou/service/messages"
	"huitou/service/orders"
	"huitou/service/surveys"
)

// shanghai reads "11-21 12:00" of 2026 in the shop's zone.
func shanghai(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", "2026-"+s, model.Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestOpening(t *testing.T) {
	tests := []struct {
		name     string
		at       string
		from, to int64
		want     string
	}{
		{"inside", "11-21 12:00", 600, 1200, "11-21 12:00"},
		{"the first minute", "11-21 10:00", 600, 1200, "11-21 10:00"},
		{"the last minute", "11-21 19:59", 600, 1200, "11-21 19:59"},
		{"the end is outside", "11-21 20:00", 600, 1200, "11-22 10:00"},
		{"too early", "11-21 00:00", 600, 1200, "11-21 10:00"},
		{"too late", "11-21 23:59", 600, 1200, "11-22 10:00"},
		{"all day", "11-21 23:59", 0, 1440, "11-21 23:59"},
		{"all day at midnight", "11-22 00:00", 0, 1440, "11-22 00:00"},
		{"the end of a month", "11-30 21:00", 600, 1200, "12-01 10:00"},
		{"the end of February", "02-28 21:00", 540, 600, "03-01 09:00"},
		{"one minute only", "11-21 10:01", 600, 601, "11-22 10:00"},
		{"up to midnight", "11-21 23:59", 1380, 1440, "11-21 23:59"},
		{"where other zones change to summer", "03-29 02:30", 150, 180, "03-29 02:30"},
	}
	for _, tt := range tests {
		if got, want := opening(shanghai(t, tt.at).UTC(), tt.from, tt.to), shanghai(t, tt.want); !got.Equal(want) {
			t.Errorf("%s: opening(%s, %d, %d) = %s, want %s", tt.name, tt.at, tt.from, tt.to, got.In(model.Shanghai), want)
		}
	}
	// At any instant: never before it, inside the hours, and at most a day later.
	for from := int64(0); from < 1440; from += 97 {
		for to := from + 1; to <= 1440; to += 203 {
			for minute := range 2880 {
				at := shanghai(t, "12-30 00:00").Add(time.Duration(minute)*time.Minute + 30*time.Second)
				got := opening(at, from, to).In(model.Shanghai)
				if m := int64(got.Hour()*60 + got.Minute()); got.Before(at) || got.Sub(at) > 24*time.Hour || m < from || m >= to {
					t.Fatalf("opening(%s, %d, %d) = %s", at, from, to, got)
				}
			}
		}
	}
}

func TestSampleIsStableAndGrows(t *testing.T) {
	in := func(share int64, order model.OrderID) bool { return VisitTerms{ShareBP: share}.sampled(order, 2) }
	n := 0
	for order := model.OrderID(1); order <= 20_000; order++ {
		if in(3000, order) {
			n++
			if !in(3001, order) || !in(9999, order) || !in(3000, order) {
				t.Fatalf("order %d is in a sample and not in a larger one", order)
			}
		}
		if !in(10_000, order) {
			t.Fatalf("order %d is not in all", order)
		}
	}
	for order := model.OrderID(1); order <= 100_000; order++ { // some ten of them are the first that any share takes
		if in(0, order) || in(-1, order) {
			t.Fatalf("order %d is in a sample of nobody", order)
		}
	}
	if n < 5700 || n > 6300 { // 3,000 of 10,000 of 20,000; the orders are fixed, so is the number
		t.Errorf("%d of 20,000 orders are in a sample of 30 %%", n)
	}
	if (VisitTerms{ShareBP: 5000}).sampled(1, 2) == (VisitTerms{ShareBP: 5000}).sampled(1, 3) &&
		(VisitTerms{ShareBP: 5000}).sampled(2, 2) == (VisitTerms{ShareBP: 5000}).sampled(2, 3) &&
		(VisitTerms{ShareBP: 5000}).sampled(3, 2) == (VisitTerms{ShareBP: 5000}).sampled(3, 3) &&
		(VisitTerms{ShareBP: 5000}).sampled(4, 2) == (VisitTerms{ShareBP: 5000}).sampled(4, 3) {
		t.Error("the same orders are in the samples of both visits")
	}
}

func TestTheLastLook(t *testing.T) {
	terms := Terms{CoolingDays: 7, MaxLateDays: 2, Stop: StopConditions, Visits: []VisitTerms{{FromMinute: 600, ToMinute: 1200, ShareBP: wholeShare}}}
	due := shanghai(t, "11-21 12:00").UTC()
	other := func(d time.Duration) *time.Time { at := due.Add(-d); return &at }
	tests := []struct {
		name  string
		terms func(*Terms)
		m     moment
		after time.Duration // now is so long after due
		skip  string
		until string
	}{
		{name: "goes"},
		{name: "refunded", m: moment{order: orders.View{State: model.OrderRefunded, RefundedFen: 1}}, skip: "refunded"},
		{name: "refunded, and the plan does not mind", m: moment{order: orders.View{State: model.OrderRefunded}}, terms: func(t *Terms) { t.Stop = nil }},
		{name: "part refunded", m: moment{order: orders.View{State: model.OrderPartRefunded, RefundedFen: 1}}, skip: "part_refunded"},
		{name: "part refunded, and only all of it stops", m: moment{order: orders.View{State: model.OrderPartRefunded, RefundedFen: 1}},
			terms: func(t *Terms) { t.Stop = []StopCondition{StopRefunded} }},
		{name: "left", m: moment{left: true}, skip: "unfollowed"},
		{name: "complains", m: moment{complaint: true}, skip: "complaint"},
		{name: "bought again", m: moment{boughtAgain: true}, skip: "bought_again"},
		{name: "left, and the plan does not mind", m: moment{left: true}, terms: func(t *Terms) { t.Stop = []StopCondition{StopRefunded} }},
		{name: "complains, and the plan does not mind", m: moment{complaint: true}, terms: func(t *Terms) { t.Stop = []StopCondition{StopRefunded} }},
		{name: "bought again, and the plan does not mind", m: moment{boughtAgain: true}, terms: func(t *Terms) { t.Stop = []StopCondition{StopRefunded} }},
		{name: "paused", m: moment{plan: model.PlanPaused}, skip: "plan_paused"},
		{name: "ended", m: moment{plan: model.PlanEnded}, skip: "plan_ended"},
		{name: "a stop counts before the pause", m: moment{plan: model.PlanPaused, left: true}, skip: "unfollowed"},
		{name: "late, but not too late", after: 48*time.Hour - time.Microsecond},
		{name: "too late", after: 48 * time.Hour, skip: "late"},
		{name: "late outside its hours", after: 9 * time.Hour, until: "11-22 10:00"},
		{name: "a minute before its hours", after: 22*time.Hour - time.Minute, until: "11-22 10:00"},
		{name: "the first minute of its hours", after: 22 * time.Hour},
		{name: "not in the sample", terms: func(t *Terms) { t.Visits = []VisitTerms{{FromMinute: 600, ToMinute: 1200}} }, skip: "sampled_out"},
		{name: "visited about another order a week ago", m: moment{other: other(7 * 24 * time.Hour)}},
		{name: "visited about another order not quite a week ago", m: moment{other: other(7*24*time.Hour - time.Microsecond)}, skip: "cooling"},
		{name: "one day of cooling", m: moment{other: other(24*time.Hour - time.Microsecond)}, terms: func(t *Terms) { t.CoolingDays = 1 }, skip: "cooling"},
		{name: "one day of cooling is over", m: moment{other: other(24 * time.Hour)}, terms: func(t *Terms) { t.CoolingDays = 1 }},
		{name: "no cooling", m: moment{other: other(0)}, terms: func(t *Terms) { t.CoolingDays = 0 }},
		{name: "waits for its hours before it cools", m: moment{other: other(0)}, after: 9 * time.Hour, until: "11-22 10:00"},
	}
	for _, tt := range tests {
		plan := terms
		if tt.terms != nil {
			tt.terms(&plan)
		}
		if tt.m.plan == "" {
			tt.m.plan = model.PlanActive
		}
		tt.m.now = due.Add(tt.after)
		got := plan.judge(model.Visit{OrderID: 1, Ordinal: 1, DueAt: due}, tt.m)
		want := verdict{skip: tt.skip}
		if tt.until != "" {
			want.until = shanghai(t, tt.until).UTC()
		}
		if got.skip != want.skip || !got.until.Equal(want.until) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, want)
		}
	}
}

func TestOutcomeOfAMessage(t *testing.T) {
	for state, want := range map[model.MessageState]struct {
		state  model.VisitState
		reason string
	}{
		model.MessageDelivered: {model.VisitDelivered, ""}, model.MessageSuppressed: {model.VisitSkipped, "cap"}, model.MessageBlocked: {model.VisitBlocked, "cap"},
		model.MessageFailed: {model.VisitFailed, "cap"}, model.MessageDead: {model.VisitFailed, "cap"}, model.MessageUnknown: {model.VisitFailed, "cap"},
	} {
		reason := "cap"
		if state == model.MessageDelivered {
			reason = ""
		}
		if s, r := outcome(messages.Ended{State: state, Reason: reason}); s != want.state || r != want.reason {
			t.Errorf("%s: %s %q, want %s %q", state, s, r, want.state, want.reason)
		}
		if s, r := outcome(messages.Ended{State: state}); s != model.VisitDelivered && r == "" {
			t.Errorf("%s without a reason: %s without one", state, s)
		}
	}
}

func TestGoodsInAFewWords(t *testing.T) {
	line := func(names ...string) (out []orders.Line) {
		for _, n := range names {
			out = append(out, orders.Line{Name: n})
		}
		return out
	}
	for _, tt := range []struct {
		lines []orders.Line
		want  string
	}{
		{nil, "您购买的商品"},
		{line("一二三四五六七八九十一二三四五"), "一二三四五六七八九十一二三四五"},
		{line("一二三四五六七八九十一二", "茶"), "一二三四五六七八九十一二等2种商品"},
		{line("一二三四五六七八九十一二三", "茶", "杯"), "一二三四五六七八九十一…等3种商品"},
	} {
		if got := goods(tt.lines); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.lines, got, tt.want)
		}
	}
}

func TestVisitKeys(t *testing.T) {
	if o, n, ok := visitOf(visitKey(12, 3)); o != 12 || n != 3 || !ok {
		t.Errorf("visit:12:3 is %d %d %v", o, n, ok)
	}
	for _, key := range []string{"", "visit:", "visit:1", "visit:1:", "visit:01:1", "visit:1:1:1", "visit:+1:1", "visit: 1:1", "order:1:1", "visit:99999999999999999999:1"} {
		if _, _, ok := visitOf(key); ok {
			t.Errorf("%q is no visit", key)
		}
	}
}

func TestTexts(t *testing.T) {
	o := orders.View{Number: "T1", PaidFen: 12800, PaidAt: shanghai(t, "11-21 12:00"), Lines: []orders.Line{{Name: "龙井{number}"}, {Name: "壶"}}}
	got := visitTexts(o, "请看说明", map[string]string{"advice": "{goods}好用吗,单号{number}", "tip": "共{amount}"})
	want := map[string]string{"number": "T1", "amount": "128.00元", "paid_at": "2026年11月21日 12:00", "goods": "龙井{number}等2种商品",
		"advice": "龙井{number}等2种商品好用吗,单号T1", "tip": "共128.00元"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("texts %v, want %v", got, want)
	}
}

// good are terms with everything.
func good() Terms {
	return Terms{CoolingDays: 7, MaxLateDays: 3, Stop: StopConditions, Visits: []VisitTerms{
		{DelayMinutes: 0, FromMinute: 0, ToMinute: 1440, Channels: []model.MessageChannel{model.ChannelOATemplate}, Purpose: model.PurposeService, Template: "visit1", ShareBP: wholeShare},
		{DelayMinutes: 1440, FromMinute: 600, ToMinute: 1200, Channels: []model.MessageChannel{model.ChannelMiniSubscribe, model.ChannelSMS, ByStaff}, Purpose: model.PurposeCare,
			Template: "visit1", Texts: map[string]string{"advice": "{goods}好用吗?填问卷送积分"}, Survey: 1, AnswerDays: 14, Reward: surveys.Reward{Points: 50}, ShareBP: 3000},
		{DelayMinutes: 43200, FromMinute: 600, ToMinute: 1200, Channels: []model.MessageChannel{ByStaff}, Purpose: model.PurposeMarketing, ShareBP: wholeShare},
	}}
}

func TestBadTerms(t *testing.T) {
	if err := good().check(); err != nil {
		t.Fatalf("good terms: %v", err)
	}
	first := func(f func(v *VisitTerms)) func(*Terms) { return func(t *Terms) { f(&t.Visits[1]) } }
	tests := map[string]struct {
		spoil func(*Terms)
		field string
	}{
		"no visit":              {func(t *Terms) { t.Visits = nil }, "visits"},
		"a fourth visit":        {func(t *Terms) { t.Visits = append(t.Visits, t.Visits[2]) }, "visits"},
		"cooling below zero":    {func(t *Terms) { t.CoolingDays = -1 }, "cooling_days"},
		"cooling of years":      {func(t *Terms) { t.CoolingDays = 366 }, "cooling_days"},
		"never too late":        {func(t *Terms) { t.MaxLateDays = 0 }, "max_late_days"},
		"an unknown stop":       {func(t *Terms) { t.Stop = []StopCondition{"rain"} }, "stop"},
		"a stop twice":          {func(t *Terms) { t.Stop = []StopCondition{StopRefunded, StopRefunded} }, "stop"},
		"out of order":          {func(t *Terms) { t.Visits[2].DelayMinutes = 0 }, "visits[2].delay_minutes"},
		"delay below zero":      {first(func(v *VisitTerms) { v.DelayMinutes = -1 }), "visits[1].delay_minutes"},
		"delay of years":        {first(func(v *VisitTerms) { v.DelayMinutes = maxDelay + 1 }), "visits[1].delay_minutes"},
		"no hours":              {first(func(v *VisitTerms) { v.ToMinute = 600 }), "visits[1].from_minute"},
		"hours over midnight":   {first(func(v *VisitTerms) { v.FromMinute, v.ToMinute = 1200, 600 }), "visits[1].from_minute"},
		"hours of another day":  {first(func(v *VisitTerms) { v.ToMinute = 1441 }), "visits[1].from_minute"},
		"no channel":            {first(func(v *VisitTerms) { v.Channels = nil }), "visits[1].channels"},
		"an unknown channel":    {first(func(v *VisitTerms) { v.Channels = []model.MessageChannel{"pigeon"} }), "visits[1].channels"},
		"staff first":           {first(func(v *VisitTerms) { v.Channels = []model.MessageChannel{ByStaff, model.ChannelSMS} }), "visits[1].channels"},
		"an unknown purpose":    {first(func(v *VisitTerms) { v.Purpose = "fun" }), "visits[1].purpose"},
		"no template":           {first(func(v *VisitTerms) { v.Template = "" }), "visits[1].template"},
		"a template with blank": {first(func(v *VisitTerms) { v.Template = "visit 1" }), "visits[1].template"},
		"an odd name":           {first(func(v *VisitTerms) { v.Texts = map[string]string{"Advice!": "x"} }), "visits[1].texts"},
		"an unknown variable":   {first(func(v *VisitTerms) { v.Texts = map[string]string{"advice": "{phone}"} }), "visits[1].texts.advice"},
		"a text of lines":       {first(func(v *VisitTerms) { v.Texts = map[string]string{"advice": "a\nb"} }), "visits[1].texts.advice"},
		"a long text":           {first(func(v *VisitTerms) { v.Texts = map[string]string{"advice": strings.Repeat("长", 201)} }), "visits[1].texts.advice"},
		"an address without s":  {func(t *Terms) { t.Visits[0].URL = "http://shop.example" }, "visits[0].url"},
		"a script":              {func(t *Terms) { t.Visits[0].URL = "javascript:alert(1)" }, "visits[0].url"},
		"survey and address":    {first(func(v *VisitTerms) { v.URL = "https://shop.example" }), "visits[1].url"},
		"no time to answer":     {first(func(v *VisitTerms) { v.AnswerDays = 0 }), "visits[1].answer_days"},
		"a reward for nothing":  {first(func(v *VisitTerms) { v.Survey, v.AnswerDays = 0, 0 }), "visits[1].reward"},
		"two rewards":           {first(func(v *VisitTerms) { v.Reward.Coupon = "abc" }), "visits[1].reward"},
		"a huge reward":         {first(func(v *VisitTerms) { v.Reward.Points = 10_001 }), "visits[1].reward.points"},
		"points below zero":     {first(func(v *VisitTerms) { v.Reward.Points = -1 }), "visits[1].reward.points"},
		"nobody is asked":       {first(func(v *VisitTerms) { v.ShareBP = 0 }), "visits[1].share_bp"},
		"more than everybody":   {first(func(v *VisitTerms) { v.ShareBP = 10_001 }), "visits[1].share_bp"},
		"a survey by staff":     {func(t *Terms) { t.Visits[2].Survey, t.Visits[2].AnswerDays = 1, 1 }, "visits[2].survey"},
	}
	for name, tt := range tests {
		terms := good()
		tt.spoil(&terms)
		f := fault.Of(terms.check())
		if f == nil || !errors.Is(f, fault.ErrInvalid) || !strings.Contains(fmt.Sprint(f.Detail["fields"]), "field:"+tt.field) {
			t.Errorf("%s: %v, want a fault of %s", name, f, tt.field)
		}
	}
	for _, text := range []string{"关注公众号送积分", "分享到朋友圈领红包", "五星好评返现 5 元"} {
		terms := good()
		terms.Visits[0].Texts = map[string]string{"advice": text}
		if f := fault.Of(terms.check()); !errors.Is(f, ErrPolicy) || f.Detail["rule"] == "" {
			t.Errorf("%s: %v, want a refusal that names the rule", text, f)
		}
	}
	terms := good()
	terms.Visits[0].Purpose = model.PurposeMarketing
	if err := terms.check(); !errors.Is(err, ErrPolicy) {
		t.Errorf("marketing by a service notice: %v", err)
	}
}

// Every reason and state has words for staff.
func TestEveryReasonHasWords(t *testing.T) {
	for _, reason := range []string{reasonRefunded, reasonPartRefunded, reasonUnfollowed, reasonComplaint, reasonBoughtAgain, reasonPlanPaused, reasonPlanEnded,
		reasonLate, reasonSampledOut, reasonCooling, reasonSurveyClosed, reasonGone, reasonDoNotContact} {
		if Words(reason) == reason {
			t.Errorf("%s has no words", reason)
		}
	}
	for _, reason := range []string{"cap_day", "no_consent", "quiet", "not_following", "do_not_contact:unsubscribed", "policy:service_only", "data:thing1"} {
		if Words(reason) == reason {
			t.Errorf("the outbox's %s has no words", reason)
		}
	}
}
