package aftersale

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"huitou/model"
	"huitou/service/orders"
)

// opening returns the first instant from t on that lies within the hours [from, to) of a business day, in minutes. Shanghai keeps no
// daylight saving time, so a day always has 1,440 of them.
func opening(t time.Time, from, to int64) time.Time {
	day := model.DayOf(t, model.Shanghai)
	start := day.Start(model.Shanghai)
	minute := func(d model.Day) time.Time { return d.Start(model.Shanghai).Add(time.Duration(from) * time.Minute) }
	switch {
	case t.Before(minute(day)):
		return minute(day)
	case t.Before(start.Add(time.Duration(to) * time.Minute)):
		return t
	}
	return minute(day.AddDays(1))
}

// dueAt is when a visit is planned for.
func (v VisitTerms) dueAt(trigger time.Time) time.Time {
	return opening(trigger.Add(time.Duration(v.DelayMinutes)*time.Minute), v.FromMinute, v.ToMinute).UTC()
}

// sampled reports whether an order is among those that get the visit. The answer is the same at any time, on any machine and in every
// version of the plan, so that a larger share adds orders and takes none away.
func (v VisitTerms) sampled(order model.OrderID, ordinal int64) bool {
	if v.ShareBP >= wholeShare {
		return true
	}
	sum := sha256.Sum256([]byte("visit sample " + strconv.FormatInt(int64(order), 10) + " " + strconv.FormatInt(ordinal, 10)))
	return binary.BigEndian.Uint64(sum[:8])%wholeShare < uint64(max(v.ShareBP, 0))
}

// Reasons why a visit was skipped. What the outbox says of a message that it suppressed is a reason too.
const (
	reasonRefunded     = "refunded"
	reasonPartRefunded = "part_refunded"
	reasonUnfollowed   = "unfollowed"
	reasonComplaint    = "complaint"
	reasonBoughtAgain  = "bought_again"
	reasonPlanPaused   = "plan_paused"
	reasonPlanEnded    = "plan_ended"
	reasonLate         = "late"
	reasonSampledOut   = "sampled_out"
	reasonCooling      = "cooling"
	reasonSurveyClosed = "survey_closed"
	reasonGone         = "order_gone"
	reasonDoNotContact = "do_not_contact" // the outbox's word, followed by whose wish it is
)

// moment is everything that the last look before a visit depends on.
type moment struct {
	now         time.Time
	plan        model.VisitPlanState
	order       orders.View
	left        bool // followed once and does no more
	complaint   bool
	boughtAgain bool
	// other is when he was last visited about another order; nil is never.
	other *time.Time
}

// verdict is what becomes of a visit whose time has come: Skip says why not, Until when to look again, and neither means now.
type verdict struct {
	skip  string
	until time.Time
}

// judge decides at the last moment.
func (t Terms) judge(v model.Visit, m moment) verdict {
	visit := t.Visits[v.Ordinal-1]
	if reason := t.stopped(m); reason != "" {
		return verdict{skip: reason}
	}
	switch m.plan {
	case model.PlanPaused:
		return verdict{skip: reasonPlanPaused}
	case model.PlanEnded:
		return verdict{skip: reasonPlanEnded}
	}
	if !m.now.Before(t.lastCall(v)) {
		return verdict{skip: reasonLate}
	}
	if !visit.sampled(v.OrderID, v.Ordinal) {
		return verdict{skip: reasonSampledOut}
	}
	if at := opening(m.now, visit.FromMinute, visit.ToMinute); at.After(m.now) {
		return verdict{until: at}
	}
	if m.other != nil && m.now.Before(m.other.Add(time.Duration(t.CoolingDays)*24*time.Hour)) {
		return verdict{skip: reasonCooling}
	}
	return verdict{}
}

// lastCall is the instant from which a visit is not made any more, and its message not sent.
func (t Terms) lastCall(v model.Visit) time.Time {
	return v.DueAt.Add(time.Duration(t.MaxLateDays) * 24 * time.Hour)
}

// stopped says which stop condition holds, or "".
func (t Terms) stopped(m moment) string {
	switch {
	case t.stops(StopRefunded) && m.order.State == model.OrderRefunded:
		return reasonRefunded
	case t.stops(StopPartRefunded) && m.order.RefundedFen > 0:
		return reasonPartRefunded
	case t.stops(StopUnfollowed) && m.left:
		return reasonUnfollowed
	case t.stops(StopComplaint) && m.complaint:
		return reasonComplaint
	case t.stops(StopBoughtAgain) && m.boughtAgain:
		return reasonBoughtAgain
	}
	return ""
}

// visitKey is the key of a visit's message, invitation and task.
func visitKey(order model.OrderID, ordinal int64) string {
	return fmt.Sprintf("visit:%d:%d", order, ordinal)
}

// visitOf reads a visit's key; ok is false for everything else.
func visitOf(key string) (order model.OrderID, ordinal int64, ok bool) {
	rest, ok := strings.CutPrefix(key, "visit:")
	if !ok {
		return 0, 0, false
	}
	a, b, _ := strings.Cut(rest, ":")
	o, err1 := strconv.ParseInt(a, 10, 64)
	n, err2 := strconv.ParseInt(b, 10, 64)
	if err1 != nil || err2 != nil || visitKey(model.OrderID(o), n) != key {
		return 0, 0, false
	}
	return model.OrderID(o), n, true
}

// visitTexts are the texts of a visit by our names; the merchant's template picks from them. The plan's own words come over those of the
// order.
func visitTexts(o orders.View, advice string, own map[string]string) map[string]string {
	texts := map[string]string{
		"number":  o.Number,
		"amount":  o.PaidFen.String() + "元",
		"paid_at": o.PaidAt.In(model.Shanghai).Format("2006年1月2日 15:04"),
		"goods":   goods(o.Lines),
		"advice":  advice,
	}
	fill := strings.NewReplacer("{number}", texts["number"], "{amount}", texts["amount"], "{paid_at}", texts["paid_at"], "{goods}", texts["goods"])
	for name, text := range own {
		texts[name] = fill.Replace(text)
	}
	return texts
}

// goods names what was bought in a few words.
func goods(lines []orders.Line) string {
	switch len(lines) {
	case 0:
		return "您购买的商品"
	case 1:
		return lines[0].Name
	}
	return fmt.Sprintf("%s等%d种商品", cutRunes(lines[0].Name, 12), len(lines))
}

func cutRunes(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}
