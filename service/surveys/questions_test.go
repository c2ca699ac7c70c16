package surveys

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"huitou/model/fault"
)

func number(n int64) *int64 { return &n }

var asked = []Question{
	{Kind: Score, Ask: "愿意推荐吗", Required: true, Most: 10},
	{Kind: Score, Ask: "几颗星", Most: 5},
	{Kind: Choice, Ask: "包裹完好吗", Options: []Option{{Text: "完好"}, {Text: "破损", Problem: true}}},
	{Kind: Text, Ask: "想说的话", Most: 10},
}

func TestReadingAnswers(t *testing.T) {
	one := Given{Question: 1, Number: number(7)}
	tests := []struct {
		name         string
		given        []Given
		items        int
		low, problem bool
		bad          string // field
	}{
		{name: "the least", given: []Given{one}, items: 1},
		{name: "everything", given: []Given{one, {Question: 4, Text: " 很好\n喝 "}, {Question: 3, Number: number(1)}, {Question: 2, Number: number(3)}}, items: 4},
		{name: "low of ten", given: []Given{{Question: 1, Number: number(6)}}, items: 1, low: true},
		{name: "zero of ten", given: []Given{{Question: 1, Number: number(0)}}, items: 1, low: true},
		{name: "low of five", given: []Given{one, {Question: 2, Number: number(2)}}, items: 2, low: true},
		{name: "a problem", given: []Given{one, {Question: 3, Number: number(2)}}, items: 2, problem: true},
		{name: "blank words are none", given: []Given{one, {Question: 4, Text: "  "}}, items: 1},
		{name: "nothing", bad: "answers[1]"},
		{name: "the required one is missing", given: []Given{{Question: 2, Number: number(5)}}, bad: "answers[1]"},
		{name: "eleven of ten", given: []Given{{Question: 1, Number: number(11)}}, bad: "answers[1]"},
		{name: "below zero", given: []Given{{Question: 1, Number: number(-1)}}, bad: "answers[1]"},
		{name: "no star", given: []Given{one, {Question: 2, Number: number(0)}}, bad: "answers[2]"},
		{name: "six stars", given: []Given{one, {Question: 2, Number: number(6)}}, bad: "answers[2]"},
		{name: "no option", given: []Given{one, {Question: 3, Number: number(0)}}, bad: "answers[3]"},
		{name: "a third option", given: []Given{one, {Question: 3, Number: number(3)}}, bad: "answers[3]"},
		{name: "words for a score", given: []Given{{Question: 1, Text: "好"}}, bad: "answers[1]"},
		{name: "both for a score", given: []Given{{Question: 1, Number: number(7), Text: "好"}}, bad: "answers[1]"},
		{name: "a number for words", given: []Given{one, {Question: 4, Number: number(1)}}, bad: "answers[4]"},
		{name: "too many words", given: []Given{one, {Question: 4, Text: strings.Repeat("长", 11)}}, bad: "answers[4]"},
		{name: "control characters", given: []Given{one, {Question: 4, Text: "a\x00b"}}, bad: "answers[4]"},
		{name: "broken UTF-8", given: []Given{one, {Question: 4, Text: "\xff"}}, bad: "answers[4]"},
		{name: "twice", given: []Given{one, one}, bad: "answers[1]"},
		{name: "a fifth question", given: []Given{one, {Question: 5, Number: number(1)}}, bad: "answers[5]"},
		{name: "question zero", given: []Given{one, {Question: 0, Number: number(1)}}, bad: "answers[0]"},
	}
	for _, tt := range tests {
		items, faults := read(asked, tt.given)
		if tt.bad != "" {
			if len(faults) == 0 || faults[0].Name != tt.bad {
				t.Errorf("%s: faults %v, want %s", tt.name, faults, tt.bad)
			}
			continue
		}
		low, problem := trouble(asked, items)
		if len(faults) > 0 || len(items) != tt.items || low != tt.low || problem != tt.problem {
			t.Errorf("%s: %d items, low %v, problem %v, faults %v", tt.name, len(items), low, problem, faults)
		}
	}
	// What was said before is not unsaid by what comes after.
	twice := append(slices.Clone(asked), asked...)
	twice[4].Required = false
	items, _ := read(twice, []Given{{Question: 1, Number: number(2)}, {Question: 3, Number: number(2)}, {Question: 5, Number: number(10)}, {Question: 7, Number: number(1)}})
	if low, problem := trouble(twice, items); len(items) != 4 || !low || !problem {
		t.Errorf("a low score and a problem, then good words: %d items, low %v, problem %v", len(items), low, problem)
	}
	if _, faults := read([]Question{{Kind: Text, Ask: "?", Most: 5}}, nil); len(faults) != 1 {
		t.Errorf("nothing at all to a survey without duties: %v", faults)
	}
}

func TestWhatIsLow(t *testing.T) {
	never, three := int64(-1), int64(3)
	for _, tt := range []struct {
		q     Question
		score int64
		low   bool
	}{
		{Question{Kind: Score, Most: 10}, 6, true}, {Question{Kind: Score, Most: 10}, 7, false}, {Question{Kind: Score, Most: 5}, 2, true}, {Question{Kind: Score, Most: 5}, 3, false},
		{Question{Kind: Score, Most: 10, LowAt: &never}, 0, false}, {Question{Kind: Score, Most: 10, LowAt: &three}, 3, true},
		{Question{Kind: Score, Most: 10, LowAt: &three}, 4, false}, {Question{Kind: Choice}, 1, false},
	} {
		if got := tt.q.low(tt.score); got != tt.low {
			t.Errorf("%d of %+v is low: %v", tt.score, tt.q, got)
		}
	}
}

func TestBadSurveys(t *testing.T) {
	far, deep := int64(10), int64(-2)
	tests := map[string]struct {
		spoil func(*NewSurvey)
		field string
	}{
		"no name":           {func(n *NewSurvey) { n.Name = "" }, "name"},
		"a name of lines":   {func(n *NewSurvey) { n.Name = "a\nb" }, "name"},
		"a long intro":      {func(n *NewSurvey) { n.Intro = strings.Repeat("长", 501) }, "intro"},
		"no question":       {func(n *NewSurvey) { n.Questions = nil }, "questions"},
		"eleven questions":  {func(n *NewSurvey) { n.Questions = slices.Repeat(n.Questions[:1], 11) }, "questions"},
		"an unknown kind":   {func(n *NewSurvey) { n.Questions[0].Kind = "photo" }, "questions[0].kind"},
		"nothing asked":     {func(n *NewSurvey) { n.Questions[0].Ask = "" }, "questions[0].ask"},
		"seven of seven":    {func(n *NewSurvey) { n.Questions[0].Most = 7 }, "questions[0].most"},
		"always low":        {func(n *NewSurvey) { n.Questions[0].LowAt = &far }, "questions[0].low_at"},
		"lower than never":  {func(n *NewSurvey) { n.Questions[0].LowAt = &deep }, "questions[0].low_at"},
		"a low choice":      {func(n *NewSurvey) { n.Questions[2].LowAt = &far }, "questions[2].low_at"},
		"one option":        {func(n *NewSurvey) { n.Questions[2].Options = n.Questions[2].Options[:1] }, "questions[2].options"},
		"eleven options":    {func(n *NewSurvey) { n.Questions[2].Options = slices.Repeat(n.Questions[2].Options[:1], 11) }, "questions[2].options"},
		"an empty option":   {func(n *NewSurvey) { n.Questions[2].Options = []Option{{}, {Text: "b"}} }, "questions[2].options[0].text"},
		"options of a text": {func(n *NewSurvey) { n.Questions[3].Options = []Option{{Text: "a"}, {Text: "b"}} }, "questions[3].options"},
		"endless words":     {func(n *NewSurvey) { n.Questions[3].Most = 1001 }, "questions[3].most"},
	}
	for name, tt := range tests {
		in := NewSurvey{Name: "体验", Questions: slices.Clone(asked)}
		tt.spoil(&in)
		f := fault.Of(in.check())
		if f == nil || !errors.Is(f, fault.ErrInvalid) || !strings.Contains(fmt.Sprint(f.Detail["fields"]), "field:"+tt.field+" ") {
			t.Errorf("%s: %v, want a fault of %s", name, f, tt.field)
		}
	}
}

// A reward for following, sharing or praise is refused wherever staff can write it, with the name of the rule.
func TestNoRewardForFollowingSharingOrPraise(t *testing.T) {
	for text, bad := range map[string]bool{
		"关注公众号送 50 积分": true, "转发朋友圈领红包": true, "五星好评返现": true, "分享给好友得优惠券": true, "晒图送积分": true,
		"填完送 50 积分": false, "欢迎关注我们": false, "您会给几颗星": false, "您愿意把我们推荐给朋友吗": false,
	} {
		for _, in := range []NewSurvey{
			{Name: text, Questions: asked}, {Name: "体验", Intro: text, Questions: asked}, {Name: "体验", Questions: []Question{{Kind: Text, Ask: text, Most: 5}}},
			{Name: "体验", Questions: []Question{{Kind: Choice, Ask: "?", Options: []Option{{Text: text}, {Text: "b"}}}}},
		} {
			err := in.check()
			if bad != errors.Is(err, ErrInducement) || bad && fault.Of(err).Detail["rule"] == "" {
				t.Errorf("%s: %v, want refused: %v", text, err, bad)
			}
		}
	}
}

func TestNPSAndAverage(t *testing.T) {
	for _, tt := range []struct {
		counts       map[int64]int64
		answers, avg int64
		nps          *int64
	}{
		{nil, 0, 0, nil},
		{map[int64]int64{10: 1}, 1, 1000, number(10_000)},
		{map[int64]int64{0: 1}, 1, 0, number(-10_000)},
		{map[int64]int64{9: 2, 8: 1, 7: 1, 6: 1}, 5, 780, number(2_000)},
		{map[int64]int64{9: 1, 7: 1, 8: 1}, 3, 800, number(3_333)},
		{map[int64]int64{6: 2, 9: 1}, 3, 700, number(-3_333)},
	} {
		r := sumUp(asked[0], tt.counts)
		if r.Answers != tt.answers || r.AverageHundredths != tt.avg || (r.NPS == nil) != (tt.nps == nil) || r.NPS != nil && *r.NPS != *tt.nps {
			t.Errorf("%v: %+v, nps %v", tt.counts, r, r.NPS)
		}
	}
	if r := sumUp(asked[1], map[int64]int64{4: 1, 5: 1}); r.AverageHundredths != 450 || r.NPS != nil {
		t.Errorf("stars: %+v", r)
	}
}
