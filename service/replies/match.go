package replies

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"huitou/model"
	"huitou/service/messages"
)

// Why says what made a reply the one.
type Why string

// The reasons.
const (
	WhyNothing  Why = ""             // no reply
	WhyCode     Why = "code"         // made for the very code
	WhySource   Why = "source"       // made for its kind
	WhyPlain    Why = "plain"        // for whoever comes
	WhyStop     Why = "stop"         // a wish to be left alone is confirmed
	WhyStart    Why = "start"        // a wish to hear from us again is confirmed
	WhyExact    Why = "exact"        // the text is a keyword
	WhyNumber   Why = "order_number" // the text looks like the number of an order
	WhyContains Why = "contains"     // a keyword stands in the text
	WhyKey      Why = "key"          // of the menu
	WhyAnything Why = "anything"     // nothing else answers
)

// came is how somebody came: by which kind of code, and which one.
type came struct {
	source model.ReplySource
	code   model.PublicID // empty: none, or a parcel's
	name   string         // of the code
	err    error          // why it is not known; it then counts as plain
}

// choice is the reply for something, and why it is the one. A rule with ID 0 is none.
type choice struct {
	rule    rule
	why     Why
	keyword string // as staff wrote it
}

// rule is an active rule, read.
type rule struct {
	model.ReplyRule
	terms Terms
}

// book is the rules in the order in which they are looked at. It does not change once it is made.
type book struct {
	at         time.Time // when it was read
	generation int64     // see books
	bySource   map[spot][]rule
	byKey      map[string][]rule
	exact      map[string][]keyword
	contains   []keyword // the longest first
	orders     []rule    // that show orders, for texts that are a number
	anything   []rule
}

// spot is a place in which follows and scans are looked up.
type spot struct {
	occasion model.ReplyOccasion
	source   model.ReplySource
	code     model.PublicID
}

type keyword struct {
	rule
	folded, written string
}

// newBook sorts rules: the higher priority first, then the older.
func newBook(list []rule) *book {
	b := &book{bySource: map[spot][]rule{}, byKey: map[string][]rule{}, exact: map[string][]keyword{}}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b rule) int {
		return cmp.Or(cmp.Compare(b.terms.Priority, a.terms.Priority), cmp.Compare(a.ID, b.ID))
	})
	for _, r := range list {
		switch r.Occasion {
		case model.ReplyToFollow, model.ReplyToScan:
			at := spot{r.Occasion, r.terms.Source, r.terms.Code}
			b.bySource[at] = append(b.bySource[at], r)
		case model.ReplyToClick:
			b.byKey[r.terms.Key] = append(b.byKey[r.terms.Key], r)
		case model.ReplyToAnything:
			b.anything = append(b.anything, r)
		case model.ReplyToKeyword:
			b.addKeywords(r)
		}
	}
	slices.SortStableFunc(b.contains, func(a, c keyword) int {
		return cmp.Compare(utf8.RuneCountInString(c.folded), utf8.RuneCountInString(a.folded))
	})
	return b
}

func (b *book) addKeywords(r rule) {
	for _, written := range r.terms.Keywords {
		k := keyword{r, fold(written), written}
		if r.terms.Match == model.MatchContains {
			b.contains = append(b.contains, k)
		} else {
			b.exact[k.folded] = append(b.exact[k.folded], k)
		}
	}
	if r.terms.Answer.Kind == AnswerOrders {
		b.orders = append(b.orders, r)
	}
}

// comes chooses for a follow or a scan.
func (b *book) comes(o model.ReplyOccasion, c came, at time.Time) choice {
	if c.code != "" {
		if r, ok := first(b.bySource[spot{o, "", c.code}], at); ok {
			return choice{rule: r, why: WhyCode}
		}
	}
	if c.source != model.ReplyFromPlain {
		if r, ok := first(b.bySource[spot{o, c.source, ""}], at); ok {
			return choice{rule: r, why: WhySource}
		}
	}
	if r, ok := first(b.bySource[spot{o, model.ReplyFromPlain, ""}], at); ok {
		return choice{rule: r, why: WhyPlain}
	}
	return choice{}
}

// taps chooses for an entry of the menu.
func (b *book) taps(key string, at time.Time) choice {
	if r, ok := first(b.byKey[key], at); ok {
		return choice{rule: r, why: WhyKey}
	}
	return choice{}
}

// maxText is how much of a text is looked at, in bytes; people can write less.
const maxText = 4096

// writes chooses for a text.
func (b *book) writes(text string, at time.Time) choice {
	text = text[:min(len(text), maxText)]
	switch messages.WishOf(text) {
	case messages.WishStop:
		return choice{why: WhyStop}
	case messages.WishStart:
		return choice{why: WhyStart}
	}
	folded := fold(text)
	if folded == "" {
		return b.sends(at)
	}
	for _, k := range b.exact[folded] {
		if k.open(at) {
			return choice{k.rule, WhyExact, k.written}
		}
	}
	if wholeNumber.MatchString(folded) && digits(folded) >= fewestDigits {
		if r, ok := first(b.orders, at); ok {
			return choice{rule: r, why: WhyNumber}
		}
	}
	for _, k := range b.contains {
		if strings.Contains(folded, k.folded) && k.open(at) {
			return choice{k.rule, WhyContains, k.written}
		}
	}
	return b.sends(at)
}

// sends chooses for a picture, a place and the like.
func (b *book) sends(at time.Time) choice {
	if r, ok := first(b.anything, at); ok {
		return choice{rule: r, why: WhyAnything}
	}
	return choice{}
}

// first is the first rule that is within its hours.
func first(list []rule, at time.Time) (rule, bool) {
	for _, r := range list {
		if r.open(at) {
			return r, true
		}
	}
	return rule{}, false
}

// open tells whether an instant is within the rule's hours.
func (r rule) open(at time.Time) bool {
	from, to := r.terms.FromMinute, r.terms.ToMinute
	if from == 0 && to == 0 {
		return true
	}
	at = at.In(model.Shanghai)
	minute := int64(at.Hour()*60 + at.Minute())
	if from < to {
		return from <= minute && minute < to
	}
	return minute >= from || minute < to // over midnight
}

// compatible is a text in Unicode's compatible form: full-width letters and digits become the usual ones. What is no text is left out.
func compatible(s string) string { return norm.NFKC.String(strings.ToValidUTF8(s, "")) }

// fold is what texts and keywords are compared by.
func fold(s string) string {
	s = compatible(cases.Fold().String(compatible(s)))
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}

const (
	fewestDigits = 4
	mostNumbers  = 3
)

var (
	wholeNumber = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{5,63}$`)
	someNumber  = regexp.MustCompile(`[A-Za-z0-9][A-Za-z0-9_-]{5,63}`)
)

// numbersIn returns what may be numbers of orders in a text, as written, at most three.
func numbersIn(text string) (list []string) {
	for _, n := range someNumber.FindAllString(compatible(text[:min(len(text), maxText)]), -1) {
		if digits(n) >= fewestDigits && !slices.Contains(list, n) && len(list) < mostNumbers {
			list = append(list, n)
		}
	}
	return list
}

func digits(s string) (n int) {
	for _, c := range []byte(s) {
		if '0' <= c && c <= '9' {
			n++
		}
	}
	return n
}
