package replies

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/fault"
	"huitou/service/messages"
	"huitou/wechat"
)

// Terms are what a version of a rule says. They are stored as JSON and must stay readable.
type Terms struct {
	// Source or Code, of a follow or a scan: any code of a kind, or one code.
	Source model.ReplySource `json:"source,omitempty"`
	Code   model.PublicID    `json:"code,omitempty"`
	// Keywords and Match, of a text.
	Keywords []string         `json:"keywords,omitempty"`
	Match    model.ReplyMatch `json:"match,omitempty"`
	// Key, of a tap on the menu.
	Key string `json:"key,omitempty"`
	// Priority decides between rules that are both meant, 0 to 1,000, the higher first.
	Priority int64 `json:"priority,omitempty"`
	// FromMinute and ToMinute are the rule's hours of the day in Shanghai, [From, To) in minutes; From after To goes over midnight, and
	// both 0 is the whole day.
	FromMinute int64  `json:"from_minute,omitempty"`
	ToMinute   int64  `json:"to_minute,omitempty"`
	Answer     Answer `json:"answer"`
}

// AnswerKind is what a rule shows.
type AnswerKind string

// The kinds of answer.
const (
	AnswerText     AnswerKind = "text"
	AnswerImage    AnswerKind = "image"    // by its media id
	AnswerNews     AnswerKind = "news"     // one article
	AnswerTransfer AnswerKind = "transfer" // hands the talk over to customer service
	AnswerOrders   AnswerKind = "orders"   // the state of the writer's own orders
	AnswerPoints   AnswerKind = "points"   // the writer's own points
)

// AnswerKinds are all of them.
var AnswerKinds = []AnswerKind{AnswerText, AnswerImage, AnswerNews, AnswerTransfer, AnswerOrders, AnswerPoints}

// Answer is what a rule shows.
type Answer struct {
	Kind    AnswerKind `json:"kind"`
	Text    string     `json:"text,omitempty"` // of a text; may hold {shop}, {store} and {staff}
	MediaID string     `json:"media_id,omitempty"`
	// Title, Description, URL and PicURL are an article's.
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
	PicURL      string `json:"pic_url,omitempty"`
}

// Bounds of rules.
const (
	maxRules    = 500
	maxKeywords = 20
	maxKeyword  = 32 // characters
	maxPriority = 1000
	minutesADay = 24 * 60

	maxTitle       = 64  // characters
	maxDescription = 120 // characters
	maxURL         = 1024
	maxMediaID     = 128

	// nameRoom is what a name takes at most in a text, in bytes: 64 characters.
	nameRoom = 192
)

// names are the variables of texts.
var names = []string{"{shop}", "{store}", "{staff}"}

// variable is what looks like a name to fill in; one that is none would be shown to people as it stands.
var variable = regexp.MustCompile(`\{[A-Za-z_]{1,32}\}`)

// check returns fault.ErrInvalid with every faulty field, ErrReserved, or ErrPolicy with the platform's rule that a text breaks.
func (s *Service) check(name string, o model.ReplyOccasion, t Terms) error {
	var list []fault.Field
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	bad(!printable(name, 1, 64), "name", "1 to 64 printable characters")
	bad(!slices.Contains(model.ReplyOccasions, o), "occasion", "one of %v", model.ReplyOccasions)
	byCode := o == model.ReplyToFollow || o == model.ReplyToScan
	bad(byCode && (t.Source != "") == (t.Code != ""), "source", "a kind of code or one code")
	bad(!byCode && (t.Source != "" || t.Code != ""), "source", "of a follow or a scan only")
	bad(t.Source != "" && !slices.Contains(model.ReplySources, t.Source), "source", "one of %v", model.ReplySources)
	bad(len(t.Code) > 32, "code", "the id of a code")
	list = append(list, keywordFaults(o, t)...)
	bad((o == model.ReplyToClick) != (t.Key != ""), "key", "of a tap on the menu, and of that only")
	bad(len(t.Key) > wechat.MaxMenuKey || strings.ContainsFunc(t.Key, func(r rune) bool { return r <= ' ' || r > '~' }), "key", "at most %d visible ASCII characters", wechat.MaxMenuKey)
	bad(t.Priority < 0 || t.Priority > maxPriority, "priority", "0 to %d", maxPriority)
	always := t.FromMinute == 0 && t.ToMinute == 0
	bad(!always && (t.FromMinute < 0 || t.FromMinute >= minutesADay || t.ToMinute < 0 || t.ToMinute > minutesADay || t.FromMinute == t.ToMinute), "from_minute",
		"within 0 to %d and other than to_minute, or both 0", minutesADay)
	list = append(list, s.answerFaults(o, t)...)
	if err := fault.InvalidFields(list); err != nil {
		return err
	}
	for _, k := range t.Keywords {
		if messages.WishOf(k) != messages.NoWish {
			return ErrReserved.With("keyword", k)
		}
	}
	return lawful(name, t.Answer)
}

func keywordFaults(o model.ReplyOccasion, t Terms) (list []fault.Field) {
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	if o != model.ReplyToKeyword {
		bad(len(t.Keywords) > 0 || t.Match != "", "keywords", "of a keyword reply only")
		return list
	}
	bad(len(t.Keywords) < 1 || len(t.Keywords) > maxKeywords, "keywords", "1 to %d", maxKeywords)
	bad(t.Match != model.MatchExact && t.Match != model.MatchContains, "match", "exact or contains")
	seen := map[string]bool{}
	for i, k := range t.Keywords {
		n := fold(k)
		bad(!printable(k, 1, maxKeyword) || n == "", fmt.Sprintf("keywords[%d]", i), "1 to %d printable characters", maxKeyword)
		bad(seen[n], fmt.Sprintf("keywords[%d]", i), "stands there already")
		seen[n] = true
	}
	return list
}

func (s *Service) answerFaults(o model.ReplyOccasion, t Terms) (list []fault.Field) {
	a := t.Answer
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: "answer." + field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	bad(!slices.Contains(AnswerKinds, a.Kind), "kind", "one of %v", AnswerKinds)
	bad((a.Kind == AnswerText) != (a.Text != ""), "text", "of a text, and of that only")
	bad((a.Kind == AnswerImage) != (a.MediaID != ""), "media_id", "of a picture, and of that only")
	bad(len(a.MediaID) > maxMediaID || strings.ContainsFunc(a.MediaID, func(r rune) bool { return r <= ' ' || r > '~' }), "media_id", "at most %d visible ASCII characters", maxMediaID)
	news := a.Kind == AnswerNews
	bad(!news && (a.Title != "" || a.Description != "" || a.URL != "" || a.PicURL != ""), "title", "of an article only")
	bad(news && !printable(a.Title, 1, maxTitle), "title", "1 to %d printable characters", maxTitle)
	bad(a.Description != "" && !printable(a.Description, 1, maxDescription), "description", "at most %d printable characters", maxDescription)
	if news {
		why := s.leads(a.URL)
		bad(why != "", "url", "%s", why)
		why = s.pictured(a.PicURL)
		bad(why != "", "pic_url", "%s", why)
	}
	byText := o == model.ReplyToKeyword || o == model.ReplyToClick
	bad(!byText && (a.Kind == AnswerOrders || a.Kind == AnswerPoints), "kind", "shown only to who asks for it, by a keyword or the menu")
	if a.Kind != AnswerText {
		return list
	}
	bad(!readable(a.Text), "text", "printable characters and line breaks")
	room := 0
	for _, v := range names {
		room += strings.Count(a.Text, v) * (nameRoom - len(v))
	}
	bad(len(a.Text)+room > wechat.MaxReplyText, "text", "at most %d bytes with the longest names filled in", wechat.MaxReplyText)
	one := t.Code != ""
	bad(strings.Contains(a.Text, "{store}") && !one && t.Source != model.ReplyFromStore, "text", "{store} is known where a store's code was scanned")
	bad(strings.Contains(a.Text, "{staff}") && !one && t.Source != model.ReplyFromStaff, "text", "{staff} is known where a staff member's code was scanned")
	for _, n := range variable.FindAllString(a.Text, -1) {
		bad(!slices.Contains(names, n), "text", "%s is no name: %v", n, names)
	}
	// Around a name there is no address either: "{staff}.com".
	for _, why := range s.linkFaults(strings.NewReplacer("{shop}", "x", "{store}", "x", "{staff}", "x").Replace(a.Text)) {
		bad(true, "text", "%s", why)
	}
	return list
}

// lawful refuses words that promise something for following, sharing or praise.
func lawful(name string, a Answer) error {
	texts := map[string]string{"name": name, "answer.text": a.Text, "answer.title": a.Title, "answer.description": a.Description}
	for field, text := range texts {
		texts[field] = compatible(text)
	}
	for _, b := range messages.Breaches("", nil, texts, nil) {
		return ErrPolicy.With("field", b.Field).With("text", b.Word).With("rule", b.Rule.Says())
	}
	return nil
}

func printable(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most && utf8.ValidString(s) && (s == "" || strings.TrimSpace(s) != "") && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// readable is printable with line breaks and the joiners of emoji.
func readable(s string) bool {
	return utf8.ValidString(s) && strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\u200d' })
}
