package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"huitou/model"
)

// sound is a load in which all went well: four shoppers came for three coupons.
func sound() ([]answer, []model.MemberID, state) {
	members := []model.MemberID{11, 12, 13, 14, 15}
	answers := []answer{
		{shopper: 0, status: 201, coupon: "a"},
		{shopper: 1, status: 201, coupon: "b"},
		{shopper: 2, status: 201, coupon: "c"},
		{shopper: 3, status: 409, code: "coupons.sold_out"},
	}
	return answers, members, state{noun: "coupon", soldOut: "coupons.sold_out", total: 3, counter: 3, rows: []held{{"a", 11}, {"b", 12}, {"c", 13}}}
}

func TestCompareFindsNothingInASoundLoad(t *testing.T) {
	answers, members, s := sound()
	if found := compare(answers, members, s); len(found) > 0 {
		t.Errorf("compare = %q", found)
	}
	// An answer that broke off may have been written or not; both are sound.
	answers[2] = answer{shopper: 2, code: "EOF"}
	if found := compare(answers, members, s); len(found) > 0 {
		t.Errorf("compare of a written claim whose answer broke off = %q", found)
	}
	s.rows, s.counter = s.rows[:2], 2
	answers[3] = answer{shopper: 3, status: 503, code: "db.unavailable"}
	if found := compare(answers, members, s); len(found) > 0 {
		t.Errorf("compare of an unwritten claim whose answer broke off = %q", found)
	}
}

func TestCompareFindsEveryBreak(t *testing.T) {
	tests := []struct {
		name   string
		damage func(answers []answer, s *state) []answer
		want   []string // kinds, sorted
	}{
		{"a lost acknowledgement", func(a []answer, s *state) []answer {
			s.rows, s.counter = s.rows[:2], 2
			return a
		}, []string{"count", "lost", "stock", "stock"}},
		{"an acknowledgement of another's coupon", func(a []answer, s *state) []answer {
			s.rows[0].member, s.rows[1].member = 12, 11
			return a
		}, []string{"lost", "lost"}},
		{"a coupon acknowledged twice", func(a []answer, _ *state) []answer {
			a[1].coupon = "a"
			return a
		}, []string{"doubled", "lost"}},
		{"a member with two coupons", func(a []answer, s *state) []answer {
			s.rows = append(s.rows, held{"d", 11})
			s.total, s.counter = 4, 4
			return a[:3]
		}, []string{"count", "doubled"}},
		{"a coupon nobody was told of", func(a []answer, s *state) []answer {
			s.rows = append(s.rows, held{"d", 15})
			s.total, s.counter = 4, 4
			return a[:3]
		}, []string{"count", "unasked"}},
		{"an over-handed stock", func(a []answer, s *state) []answer {
			s.rows = append(s.rows, held{"d", 14})
			s.counter = 4
			a[3] = answer{shopper: 3, status: 201, coupon: "d"}
			return a
		}, []string{"stock"}},
		{"a stock that was not handed out", func(a []answer, s *state) []answer {
			s.total = 4
			return a
		}, []string{"stock", "stock"}},
		{"a counter that drifted", func(a []answer, s *state) []answer {
			s.counter = 2
			return a
		}, []string{"counter"}},
		{"a refused shopper with a coupon", func(a []answer, s *state) []answer {
			s.rows = append(s.rows, held{"d", 14})
			s.total, s.counter = 4, 4
			return a
		}, []string{"count", "refused"}},
		{"a refusal for no good reason", func(a []answer, _ *state) []answer {
			a[3].code = "session.required"
			return a
		}, []string{"refused"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answers, members, s := sound()
			answers = tt.damage(answers, &s)
			var kinds []string
			found := compare(answers, members, s)
			for _, f := range found {
				kind, _, _ := strings.Cut(f, ":")
				kinds = append(kinds, kind)
			}
			slices.Sort(kinds)
			if !slices.Equal(kinds, tt.want) {
				t.Errorf("compare found %q, want the kinds %q", found, tt.want)
			}
		})
	}
}

func TestCompareTellsAFewOfMany(t *testing.T) {
	var answers []answer
	members := make([]model.MemberID, 1000)
	for i := range members {
		members[i] = model.MemberID(i + 1)
		answers = append(answers, answer{shopper: i, status: 201, coupon: model.PublicID(fmt.Sprint("c", i))})
	}
	found := compare(answers, members, state{noun: "coupon", soldOut: "coupons.sold_out", total: 1000})
	if !slices.Contains(found, "lost: 995 more") {
		t.Errorf("compare = %q, want 5 lost ones and the number of the others", found)
	}
}
