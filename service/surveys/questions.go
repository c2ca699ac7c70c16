package surveys

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"huitou/model/fault"
)

// Kind is what a question asks for.
type Kind string

// The kinds of question.
const (
	Score  Kind = "score"  // 0 to 10, or 1 to 5
	Choice Kind = "choice" // one option
	Text   Kind = "text"   // free words
)

// Bounds of surveys.
const (
	maxQuestions = 10
	maxOptions   = 10
	maxAsk       = 100  // characters of a question or option
	maxText      = 1000 // characters of an answer
)

// Question is one question. It is stored as JSON and must stay readable.
type Question struct {
	Kind     Kind   `json:"kind"`
	Ask      string `json:"ask"`
	Required bool   `json:"required"`
	// Most is 10 (scores from 0) or 5 (stars from 1); of a text the most characters, 1 to 1000.
	Most int64 `json:"most,omitempty"`
	// LowAt is the highest score that counts as low; nil is 6 of 10 and 2 of 5. -1 is none.
	LowAt *int64 `json:"low_at,omitempty"`
	// Options of a choice, 2 to 10.
	Options []Option `json:"options,omitempty"`
}

// Option is one answer to choose.
type Option struct {
	Text string `json:"text"`
	// Problem says that whoever chooses it has a problem with the parcel, about which staff get a task.
	Problem bool `json:"problem,omitempty"`
}

// Least is the lowest score: 0 of ten, 1 of five stars.
func (q Question) Least() int64 {
	if q.Most == 5 {
		return 1
	}
	return 0
}

// low reports whether a score is a low one.
func (q Question) low(score int64) bool {
	if q.Kind != Score {
		return false
	}
	if q.LowAt != nil {
		return score <= *q.LowAt
	}
	if q.Most == 5 {
		return score <= 2
	}
	return score <= 6
}

func questionFaults(list []Question) (faults []fault.Field) {
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			faults = append(faults, fault.Field{Name: field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	bad(len(list) < 1 || len(list) > maxQuestions, "questions", "1 to %d", maxQuestions)
	for i, q := range list {
		at := func(field string) string { return fmt.Sprintf("questions[%d].%s", i, field) }
		bad(!line(q.Ask, 1, maxAsk), at("ask"), "1 to %d printable characters", maxAsk)
		bad(q.Kind != Choice && len(q.Options) > 0, at("options"), "only a choice has options")
		bad(q.Kind != Score && q.LowAt != nil, at("low_at"), "only a score can be low")
		switch q.Kind {
		case Score:
			bad(q.Most != 5 && q.Most != 10, at("most"), "5 (stars from 1) or 10 (scores from 0)")
			bad(q.LowAt != nil && (*q.LowAt < -1 || *q.LowAt >= q.Most), at("low_at"), "-1, or a score below the highest")
		case Choice:
			bad(q.Most != 0, at("most"), "a choice has none")
			bad(len(q.Options) < 2 || len(q.Options) > maxOptions, at("options"), "2 to %d", maxOptions)
			for j, o := range q.Options {
				bad(!line(o.Text, 1, maxAsk), fmt.Sprintf("questions[%d].options[%d].text", i, j), "1 to %d printable characters", maxAsk)
			}
		case Text:
			bad(q.Most < 1 || q.Most > maxText, at("most"), "1 to %d characters", maxText)
		default:
			bad(true, at("kind"), "score, choice or text")
		}
	}
	return faults
}

// Given is the answer to one question, from 1: the score, or the option from 1, or words.
type Given struct {
	Question int64
	Number   *int64
	Text     string
}

// read checks answers against the questions and returns them in the order of the questions, without those that were left out.
func read(questions []Question, given []Given) (items []Given, faults []fault.Field) {
	bad := func(n int64, reason string, args ...any) {
		faults = append(faults, fault.Field{Name: fmt.Sprintf("answers[%d]", n), Reason: fmt.Sprintf(reason, args...)})
	}
	byQuestion := map[int64]Given{}
	for _, g := range given {
		if _, twice := byQuestion[g.Question]; twice || g.Question < 1 || g.Question > int64(len(questions)) {
			bad(g.Question, "there is no such question, or it is answered twice")
			continue
		}
		byQuestion[g.Question] = g
	}
	for i, q := range questions {
		n := int64(i + 1)
		g, there := byQuestion[n]
		g.Text = strings.TrimSpace(g.Text)
		there = there && (g.Number != nil || g.Text != "")
		if !there {
			if q.Required {
				bad(n, "must be answered")
			}
			continue
		}
		switch {
		case q.Kind == Text && (g.Number != nil || !words(g.Text, q.Most)):
			bad(n, "1 to %d characters", q.Most)
		case q.Kind != Text && (g.Number == nil || g.Text != ""):
			bad(n, "a number")
		case q.Kind == Score && (*g.Number < q.Least() || *g.Number > q.Most):
			bad(n, "%d to %d", q.Least(), q.Most)
		case q.Kind == Choice && (*g.Number < 1 || *g.Number > int64(len(q.Options))):
			bad(n, "1 to %d", len(q.Options))
		default:
			items = append(items, g)
		}
	}
	if len(items) == 0 && len(faults) == 0 {
		faults = append(faults, fault.Field{Name: "answers", Reason: "at least one"})
	}
	return items, faults
}

// trouble reports what an answer says that staff must look at.
func trouble(questions []Question, items []Given) (low, problem bool) {
	for _, g := range items {
		switch q := questions[g.Question-1]; q.Kind {
		case Score:
			low = low || q.low(*g.Number)
		case Choice:
			problem = problem || q.Options[*g.Number-1].Problem
		}
	}
	return low, problem
}

// line reports whether a text has from least to most characters, all printable.
func line(s string, least, most int) bool {
	n := 0
	for _, r := range s {
		if n++; !unicode.IsPrint(r) || r == utf8.RuneError {
			return false
		}
	}
	return n >= least && n <= most
}

// words reports whether a text is at most so long and has no control characters but ends of lines.
func words(s string, most int64) bool {
	if !utf8.ValidString(s) || int64(utf8.RuneCountInString(s)) > most {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' })
}
