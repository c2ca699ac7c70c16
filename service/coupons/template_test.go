package coupons_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
)

func TestCreateTemplateRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*coupons.NewTemplate)
		fields string
	}{
		{"no name", func(n *coupons.NewTemplate) { n.Name = "  " }, "name"},
		{"long name", func(n *coupons.NewTemplate) { n.Name = strings.Repeat("券", 41) }, "name"},
		{"line feed in the name", func(n *coupons.NewTemplate) { n.Name = "券\n券" }, "name"},
		{"long rules", func(n *coupons.NewTemplate) { n.RulesText = strings.Repeat("x", 2001) }, "rules_text"},
		{"no kind", func(n *coupons.NewTemplate) { n.Kind = "" }, "kind"},
		{"amount 0", func(n *coupons.NewTemplate) { n.AmountFen = 0 }, "amount_fen"},
		{"negative amount", func(n *coupons.NewTemplate) { n.AmountFen = -1 }, "amount_fen"},
		{"huge amount", func(n *coupons.NewTemplate) { n.AmountFen = model.MaxFen + 1 }, "amount_fen"},
		{"amount with a share", func(n *coupons.NewTemplate) { n.PercentOffBP = 100 }, "percent_off_bp"},
		{"amount with a cap", func(n *coupons.NewTemplate) { n.CapFen = 100 }, "cap_fen"},
		{"exchange for anything", func(n *coupons.NewTemplate) { n.Kind, n.AmountFen = model.CouponExchange, 0 }, "scope"},
		{"freight with an amount", func(n *coupons.NewTemplate) { n.Kind = model.CouponFreight }, "amount_fen"},
		{"negative limit per day", func(n *coupons.NewTemplate) { n.PerDay = -1 }, "per_day"},
		{"more per day than for life", func(n *coupons.NewTemplate) { n.PerDay = 2 }, "per_day"},
		{"negative budget", func(n *coupons.NewTemplate) { n.BudgetFen = -1 }, "budget_fen"},
		{"unknown audience", func(n *coupons.NewTemplate) { n.Audience = "vip" }, "audience"},
		{"no levels", func(n *coupons.NewTemplate) { n.Audience = model.ForTiers }, "audience_of"},
		{"21 tags", func(n *coupons.NewTemplate) { n.Audience, n.AudienceOf = model.ForTagged, make([]model.PublicID, 21) }, "audience_of"},
		{"a tag without an id", func(n *coupons.NewTemplate) { n.Audience, n.AudienceOf = model.ForTagged, []model.PublicID{"x"} }, "audience_of"},
		{"levels of buyers", func(n *coupons.NewTemplate) { n.Audience, n.AudienceOf = model.ForBuyers, []model.PublicID{gold} }, "audience_of"},
		{"empty SKU", func(n *coupons.NewTemplate) { n.Scope.SKUs = []string{"a", ""} }, "scope.skus"},
		{"a million SKUs", func(n *coupons.NewTemplate) { n.Scope.SKUs = make([]string, 1_000_000) }, "scope.skus scope.skus"},
		{"category with an empty part", func(n *coupons.NewTemplate) { n.Scope.ExceptCategories = []string{"服装//童装"} }, "scope.except_categories"},
		{"store with a space", func(n *coupons.NewTemplate) { n.Stores = []string{"a b"} }, "stores"},
		{"long group", func(n *coupons.NewTemplate) { n.Group = strings.Repeat("g", 33) }, "group"},
		{"negative priority", func(n *coupons.NewTemplate) { n.Priority = -1 }, "priority"},
		{"unknown refund policy", func(n *coupons.NewTemplate) { n.Refund = "maybe" }, "refund"},
		{"grace without days", func(n *coupons.NewTemplate) { n.Refund = model.RefundGrace }, "grace_days"},
		{"days without grace", func(n *coupons.NewTemplate) { n.GraceDays = 3 }, "grace_days"},
		{"percent 0", func(n *coupons.NewTemplate) { n.Kind, n.AmountFen = model.CouponPercent, 0 }, "percent_off_bp"},
		{"more than the whole", func(n *coupons.NewTemplate) {
			n.Kind, n.AmountFen, n.PercentOffBP = model.CouponPercent, 0, 10_001
		}, "percent_off_bp"},
		{"percent with an amount", func(n *coupons.NewTemplate) { n.Kind, n.PercentOffBP = model.CouponPercent, 2000 }, "amount_fen"},
		{"negative cap", func(n *coupons.NewTemplate) {
			n.Kind, n.AmountFen, n.PercentOffBP, n.CapFen = model.CouponPercent, 0, 2000, -1
		}, "cap_fen"},
		{"negative threshold", func(n *coupons.NewTemplate) { n.ThresholdFen = -1 }, "threshold_fen"},
		{"claim window backwards", func(n *coupons.NewTemplate) {
			n.ClaimFrom, n.ClaimUntil = at(dbtest.Start, 0), at(dbtest.Start, 0)
		}, "claim_until"},
		{"no validity", func(n *coupons.NewTemplate) { n.UseDays = 0 }, "use_days"},
		{"half a validity", func(n *coupons.NewTemplate) { n.UseDays, n.UseFrom = 0, at(dbtest.Start, 0) }, "use_days"},
		{"two validities", func(n *coupons.NewTemplate) { n.UseUntil = at(dbtest.Start, time.Hour) }, "use_days"},
		{"validity backwards", func(n *coupons.NewTemplate) {
			n.UseDays, n.UseFrom, n.UseUntil = 0, at(dbtest.Start, 0), at(dbtest.Start, 0)
		}, "use_until"},
		{"too many days", func(n *coupons.NewTemplate) { n.UseDays = 3651 }, "use_days"},
		{"stock 0", func(n *coupons.NewTemplate) { n.Total = 0 }, "total"},
		{"stock -2", func(n *coupons.NewTemplate) { n.Total = -2 }, "total"},
		{"huge stock", func(n *coupons.NewTemplate) { n.Total = 1 << 62 }, "total"},
		{"negative limit", func(n *coupons.NewTemplate) { n.PerMember = -1 }, "per_member"},
		{"no channel", func(n *coupons.NewTemplate) { n.Claimable, n.Issuable = false, false }, "claimable"},
		{"two at once", func(n *coupons.NewTemplate) { n.Name, n.Total = "", 0 }, "name total"},
	}
	d, _ := dbtest.SQLite(t)
	s := service(d)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := tenOff()
			tt.change(&n)
			_, err := s.CreateTemplate(ctx, n)
			f := fault.Of(err)
			if f == nil || f.Code != fault.ErrInvalid.Code {
				t.Fatalf("CreateTemplate = %v, want %v", err, fault.ErrInvalid)
			}
			var names []string
			for _, field := range f.Detail["fields"].([]map[string]string) {
				names = append(names, field["field"])
			}
			if got := strings.Join(names, " "); got != tt.fields {
				t.Errorf("faulty fields %q, want %q", got, tt.fields)
			}
		})
	}
	if n := trail(t, d, "coupons.template_create"); n != 0 {
		t.Errorf("%d refused templates in the staff trail", n)
	}
}

func TestCreateTemplateOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.Key = db.Key{Scope: "create staff:3", Key: "k"}
		n.ClaimFrom, n.ClaimUntil = at(dbtest.Start, 0), at(dbtest.Start, time.Hour)
		first, err := s.CreateTemplate(ctx, n)
		if err != nil || first.State != model.TemplateDraft {
			t.Fatalf("CreateTemplate = %+v, %v", first, err)
		}
		again, err := s.CreateTemplate(ctx, n)
		if err != nil || !again.Replayed || again.ID != first.ID {
			t.Errorf("again = %+v, %v; want the first one, replayed", again, err)
		}
		n.Total = 5
		_, err = s.CreateTemplate(ctx, n)
		is(t, "the same key with another total", err, db.ErrKeyReused)
		if n := trail(t, d, "coupons.template_create"); n != 1 {
			t.Errorf("%d entries in the staff trail, want 1", n)
		}
	})
}

// Every move of a template from every state.
func TestTemplateMoves(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := service(d)
	type move struct {
		name string
		do   func(model.PublicID) (coupons.Template, error)
	}
	moves := []move{
		{"activate", func(id model.PublicID) (coupons.Template, error) { return s.Activate(ctx, clerk, id) }},
		{"pause", func(id model.PublicID) (coupons.Template, error) { return s.Pause(ctx, clerk, id) }},
		{"end", func(id model.PublicID) (coupons.Template, error) { return s.End(ctx, clerk, id) }},
	}
	reach := map[string][]int{"draft": nil, "active": {0}, "paused": {0, 1}, "ended": {2}}
	want := map[string]string{
		"draft activate": "active", "draft pause": "coupons.draft", "draft end": "ended",
		"active activate": "active", "active pause": "paused", "active end": "ended",
		"paused activate": "active", "paused pause": "paused", "paused end": "ended",
		"ended activate": "coupons.ended", "ended pause": "coupons.ended", "ended end": "ended",
	}
	for state, path := range reach {
		for _, m := range moves {
			v, err := s.CreateTemplate(ctx, tenOff())
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range path {
				if _, err := moves[i].do(v.ID); err != nil {
					t.Fatal(err)
				}
			}
			before := trail(t, d, "coupons.template_"+m.name)
			got, err := m.do(v.ID)
			end := string(got.State)
			if f := fault.Of(err); f != nil {
				end = f.Code
			}
			if name := state + " " + m.name; end != want[name] {
				t.Errorf("%s = %s (%v), want %s", name, end, err, want[name])
			}
			moved := end != state && err == nil
			if after := trail(t, d, "coupons.template_"+m.name); (after == before+1) != moved {
				t.Errorf("%s %s: the staff trail went from %d to %d", state, m.name, before, after)
			}
		}
	}
	for _, m := range moves {
		_, err := m.do("nosuchtemplate0000000000")
		is(t, m.name+" of no template", err, coupons.ErrTemplateUnknown)
	}
}

// Staff who pause while shoppers claim: after the pause was answered nothing is given any more.
func TestPauseStopsAStampede(t *testing.T) {
	pair(t, func(t *testing.T, d *db.DB, s [2]*coupons.Service) {
		id := active(t, s[0], tenOff())
		var y tally
		var atPause int64
		together(401, func(i int) {
			if i == 400 {
				v, err := s[1].Pause(ctx, clerk, id)
				if err != nil {
					t.Errorf("Pause: %v", err)
				}
				atPause = v.Claimed
				return
			}
			_, err := claim(s[i%2], model.MemberID(i+1), id)
			y.add(t, err)
		})
		counter, rows := claimed(t, s[0], d, id)
		if counter != atPause || rows != atPause || int64(y.n[""]) != atPause || y.n[""]+y.n["coupons.paused"] != 400 {
			t.Errorf("the pause saw %d given, afterwards there are %d (%d rows), ends %v", atPause, counter, rows, y.n)
		}
		sound(t, d)
	})
}

func TestTemplatesSaysWhyNot(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := service(d)
	mk := func(name string, change func(*coupons.NewTemplate)) model.PublicID {
		n := tenOff()
		n.Name = name
		if change != nil {
			change(&n)
		}
		return active(t, s, n)
	}
	mk("open", func(n *coupons.NewTemplate) { n.Total = 9 })
	mk("mine", nil)
	mk("gone", func(n *coupons.NewTemplate) { n.Total = 1 })
	mk("soon", func(n *coupons.NewTemplate) { n.ClaimFrom = at(clock.Now(), time.Hour) })
	paused := mk("paused", nil)
	mk("hidden: staff only", func(n *coupons.NewTemplate) { n.Claimable = false })
	mk("hidden: window over", func(n *coupons.NewTemplate) { n.ClaimUntil = at(clock.Now(), 0) })
	ended := mk("hidden: ended", nil)
	if _, err := s.CreateTemplate(ctx, tenOff()); err != nil { // a draft is hidden
		t.Fatal(err)
	}
	if _, err := s.Pause(ctx, clerk, paused); err != nil {
		t.Fatal(err)
	}
	if _, err := s.End(ctx, clerk, ended); err != nil {
		t.Fatal(err)
	}
	offers, err := s.Templates(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range offers {
		switch o.Name {
		case "mine":
			_, err = claim(s, 1, o.ID)
		case "gone":
			_, err = claim(s, 2, o.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if offers, err = s.Templates(ctx, 1); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range offers {
		code := ""
		if f := fault.Of(o.Refusal); f != nil {
			code = f.Code
		}
		got = append(got, fmt.Sprintf("%s %d %d %s", o.Name, o.Remaining, o.Mine, code))
	}
	want := []string{"paused -1 0 coupons.paused", "soon -1 0 coupons.not_started", "gone 0 0 coupons.sold_out",
		"mine -1 1 coupons.limit_reached", "open 9 0 "}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the claim centre shows\n%q, want\n%q", got, want)
	}
}

func TestHeldPages(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := service(d)
	n := tenOff()
	n.PerMember = 0
	id := active(t, s, n)
	var want []model.PublicID
	for range 7 {
		c, err := claim(s, 1, id)
		if err != nil {
			t.Fatal(err)
		}
		want = append([]model.PublicID{c.ID}, want...)
		if _, err := claim(s, 2, id); err != nil {
			t.Fatal(err)
		}
	}
	var got []model.PublicID
	page := db.Page{Limit: 3}
	for {
		list, next, err := s.Held(ctx, 1, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			got = append(got, c.ID)
		}
		if next == "" {
			break
		}
		page.Cursor = next
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("pages hold %v, want %v", got, want)
	}
	_, _, err := s.Held(ctx, 1, db.Page{Cursor: "x"})
	is(t, "a made-up cursor", err, db.ErrCursor)
}
