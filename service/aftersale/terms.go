package aftersale

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/fault"
	"huitou/service/messages"
	"huitou/service/surveys"
)

// StopCondition is something that stops the visits of an order which have not been made yet.
type StopCondition string

// The stop conditions. Do-not-contact and the outbox's own limits need no condition: they hold for every message.
const (
	StopRefunded     StopCondition = "refunded"      // the order was wholly refunded
	StopPartRefunded StopCondition = "part_refunded" // any of its money was given back
	StopUnfollowed   StopCondition = "unfollowed"    // the member followed the official account and does no more
	StopComplaint    StopCondition = "complaint"     // staff have a low score or a parcel's problem of his to solve
	StopBoughtAgain  StopCondition = "bought_again"  // he bought goods after this order
)

// StopConditions are all of them.
var StopConditions = []StopCondition{StopRefunded, StopPartRefunded, StopUnfollowed, StopComplaint, StopBoughtAgain}

// ByStaff is the channel that is no message: a member of staff calls. It can only be the last one.
const ByStaff model.MessageChannel = "staff"

// Channels are all channels of visits.
var Channels = []model.MessageChannel{
	model.ChannelOATemplate, model.ChannelOASubscribe, model.ChannelMiniSubscribe, model.ChannelCustomerService, model.ChannelSMS, ByStaff,
}

// Terms are what a version of a plan says. They are stored as JSON and must stay readable.
type Terms struct {
	// CoolingDays is how long a member is left alone after a visit before visits of another order reach him, 0 to 365.
	CoolingDays int64 `json:"cooling_days"`
	// MaxLateDays is how late a visit may be made, 1 to 30; one that is later is skipped.
	MaxLateDays int64           `json:"max_late_days"`
	Stop        []StopCondition `json:"stop"`
	// Visits are one to three.
	Visits []VisitTerms `json:"visits"`
}

// VisitTerms are one visit's.
type VisitTerms struct {
	// DelayMinutes after the trigger, at most 180 days.
	DelayMinutes int64 `json:"delay_minutes"`
	// FromMinute and ToMinute are the visit's hours of the day in Shanghai, [From, To) in minutes, 0 to 1440.
	FromMinute int64 `json:"from_minute"`
	ToMinute   int64 `json:"to_minute"`
	// Channels are tried in their order.
	Channels []model.MessageChannel `json:"channels"`
	// Purpose says what the message is for; the platform's rules and the outbox's limits depend on it.
	Purpose model.MessagePurpose `json:"purpose"`
	// Template is our name of the message. Texts are its words beside those of the order (number, amount, paid_at, goods, advice); they may
	// hold {number}, {amount}, {paid_at} and {goods}.
	Template string            `json:"template"`
	Texts    map[string]string `json:"texts,omitempty"`
	// URL opens on a tap; a visit with a survey opens that instead.
	URL string `json:"url,omitempty"`
	// Survey is put with the visit; 0 is none. It can be answered for AnswerDays, 1 to 60.
	Survey     model.SurveyID `json:"survey,omitempty"`
	AnswerDays int64          `json:"answer_days,omitempty"`
	// Reward is for an answer, whatever it says.
	Reward surveys.Reward `json:"reward,omitzero"`
	// ShareBP is how many of the orders get the visit, 1 to 10,000 of 10,000; which ones is fixed by the order's number.
	ShareBP int64 `json:"share_bp"`
}

// Bounds of plans.
const (
	maxVisits   = 3
	maxDelay    = 180 * 24 * 60
	maxCooling  = 365
	maxLate     = 30
	maxTexts    = 10
	maxTextLen  = 200
	wholeShare  = 10_000
	minutesADay = 24 * 60
)

var (
	fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	variable  = regexp.MustCompile(`\{[^{}]*\}`)
	variables = []string{"{number}", "{amount}", "{paid_at}", "{goods}"}
)

// check returns fault.ErrInvalid with every faulty field, or ErrPolicy with the platform's rule that a text breaks.
func (t Terms) check() error {
	var list []fault.Field
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	bad(t.CoolingDays < 0 || t.CoolingDays > maxCooling, "cooling_days", "0 to %d", maxCooling)
	bad(t.MaxLateDays < 1 || t.MaxLateDays > maxLate, "max_late_days", "1 to %d", maxLate)
	bad(!subset(t.Stop, StopConditions), "stop", "different ones of %v", StopConditions)
	bad(len(t.Visits) < 1 || len(t.Visits) > maxVisits, "visits", "1 to %d: more would be a burden", maxVisits)
	for i, v := range t.Visits {
		list = append(list, v.faults(fmt.Sprintf("visits[%d].", i))...)
		bad(i > 0 && v.DelayMinutes < t.Visits[i-1].DelayMinutes, fmt.Sprintf("visits[%d].delay_minutes", i), "not before the visit before")
	}
	if err := fault.InvalidFields(list); err != nil {
		return err
	}
	for i, v := range t.Visits {
		for _, b := range messages.Breaches(v.Purpose, v.messageChannels(), v.Texts, nil) {
			return ErrPolicy.With("visit", i+1).With("field", b.Field).With("text", b.Word).With("rule", b.Rule.Says())
		}
	}
	return nil
}

func (v VisitTerms) faults(at string) (list []fault.Field) {
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: at + field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	bad(v.DelayMinutes < 0 || v.DelayMinutes > maxDelay, "delay_minutes", "0 to %d", maxDelay)
	bad(v.FromMinute < 0 || v.FromMinute >= v.ToMinute || v.ToMinute > minutesADay, "from_minute", "before to_minute, within 0 to %d", minutesADay)
	bad(len(v.Channels) == 0 || !subset(v.Channels, Channels), "channels", "one or more different ones of %v", Channels)
	if i := slices.Index(v.Channels, ByStaff); i >= 0 {
		bad(i != len(v.Channels)-1, "channels", "staff is the last one: who was called is not written to as well")
	}
	bad(!slices.Contains(model.MessagePurposes, v.Purpose), "purpose", "service, care or marketing")
	bad(!word(v.Template) && len(v.messageChannels()) > 0, "template", "1 to 64 visible ASCII characters")
	bad(len(v.Texts) > maxTexts, "texts", "at most %d", maxTexts)
	for name, text := range v.Texts {
		bad(!fieldName.MatchString(name), "texts", "%q is no name of a field", name)
		bad(!printable(text, maxTextLen), "texts."+name, "1 to %d printable characters", maxTextLen)
		for _, used := range variable.FindAllString(text, -1) {
			bad(!slices.Contains(variables, used), "texts."+name, "%s is not one of %v", used, variables)
		}
	}
	bad(!address(v.URL), "url", "an https address of at most 512 characters")
	bad(v.Survey < 0, "survey", "an id, or 0")
	bad(v.Survey > 0 && (v.AnswerDays < 1 || v.AnswerDays > 60), "answer_days", "1 to 60")
	bad(v.Survey == 0 && v.AnswerDays != 0, "answer_days", "only with a survey")
	bad(v.Survey > 0 && v.URL != "", "url", "a visit with a survey opens the survey")
	bad(v.Survey > 0 && len(v.messageChannels()) == 0, "survey", "needs a channel that can carry its link")
	bad(v.Survey == 0 && v.Reward != surveys.Reward{}, "reward", "is for an answer to a survey")
	bad(v.Reward.Points < 0 || v.Reward.Points > surveys.MaxReward, "reward.points", "0 to %d", surveys.MaxReward)
	bad(v.Reward.Points > 0 && v.Reward.Coupon != "", "reward", "points or a coupon")
	bad(v.Reward.Coupon != "" && !word(string(v.Reward.Coupon)), "reward.coupon", "a coupon template")
	bad(v.ShareBP < 1 || v.ShareBP > wholeShare, "share_bp", "1 to %d", wholeShare)
	return list
}

// messageChannels are the channels without staff.
func (v VisitTerms) messageChannels() []model.MessageChannel {
	return slices.DeleteFunc(slices.Clone(v.Channels), func(c model.MessageChannel) bool { return c == ByStaff })
}

// byStaff reports whether staff make the visit when nothing else does.
func (v VisitTerms) byStaff() bool { return slices.Contains(v.Channels, ByStaff) }

func (t Terms) stops(c StopCondition) bool { return slices.Contains(t.Stop, c) }

// subset reports whether the list holds different ones of all.
func subset[T comparable](list, all []T) bool {
	seen := map[T]bool{}
	for _, v := range list {
		if seen[v] || !slices.Contains(all, v) {
			return false
		}
		seen[v] = true
	}
	return true
}

func word(s string) bool {
	return len(s) >= 1 && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func printable(s string, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= 1 && n <= most && strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError })
}

func address(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && len(s) <= 512
}
