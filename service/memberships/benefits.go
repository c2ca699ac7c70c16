package memberships

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"huitou/model"
)

// Bounds of benefits.
const (
	maxGift     = 1_000_000 // points of a welcome or a birthday
	maxFreight  = 100       // orders in a cycle
	maxEarly    = 168       // hours, a week
	maxServices = 10
	maxService  = 60 // characters
)

func (e Extras) faults(refuse func(bad bool, name, reason string)) {
	refuse(e.CheckInMultiplier < model.WholeBP || e.CheckInMultiplier > maxTimes*model.WholeBP, "check_in_multiplier_bp", "10000 to 100000")
	refuse(e.WelcomePoints < 0 || e.WelcomePoints > maxGift, "welcome_points", "0 to 1000000")
	refuse(e.FreeFreight < 0 || e.FreeFreight > maxFreight, "free_freight", "0 to 100")
	refuse(e.BirthdayPoints < 0 || e.BirthdayPoints > maxGift, "birthday_points", "0 to 1000000")
	refuse(e.BirthdayTemplate != "" && !templateForm.MatchString(string(e.BirthdayTemplate)), "birthday_template", "the id of a coupon template")
	refuse(e.EarlyHours < 0 || e.EarlyHours > maxEarly, "early_hours", "0 to 168")
	refuse(len(e.Services) > maxServices, "services", "at most 10")
	for i, s := range e.Services[:min(len(e.Services), maxServices)] {
		n := utf8.RuneCountInString(strings.TrimSpace(s.Text))
		odd := strings.IndexFunc(s.Text, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0
		refuse(n < 1 || n > maxService || odd || !utf8.ValidString(s.Text), fmt.Sprintf("services[%d].text", i), "1 to 60 printable characters")
	}
}

// none reports whether there are no further benefits.
func (e Extras) none() bool {
	return e.CheckInMultiplier <= model.WholeBP && e.WelcomePoints == 0 && e.FreeFreight == 0 && e.BirthdayPoints == 0 &&
		e.BirthdayTemplate == "" && e.EarlyHours == 0 && len(e.Services) == 0
}

func (e Extras) row() model.PlanExtras {
	row := model.PlanExtras{
		CheckInMultiplierBP: e.CheckInMultiplier, WelcomePoints: e.WelcomePoints, FreeFreight: e.FreeFreight,
		BirthdayPoints: e.BirthdayPoints, BirthdayTemplate: e.BirthdayTemplate, EarlyHours: e.EarlyHours,
	}
	if len(e.Services) > 0 {
		b, err := json.Marshal(e.Services)
		if err != nil {
			panic("memberships: services that cannot be encoded: " + err.Error()) // strings and booleans
		}
		row.Services = string(b)
	}
	return row
}

func extrasOf(row model.PlanExtras) Extras {
	e := Extras{
		CheckInMultiplier: row.CheckInMultiplierBP, WelcomePoints: row.WelcomePoints, FreeFreight: row.FreeFreight,
		BirthdayPoints: row.BirthdayPoints, BirthdayTemplate: row.BirthdayTemplate, EarlyHours: row.EarlyHours,
	}
	if row.Services != "" {
		// We wrote it ourselves; what cannot be read is shown as no services rather than as no card at all.
		_ = json.Unmarshal([]byte(row.Services), &e.Services)
	}
	return e
}

// benefitsInWords lists all benefits of a plan as people in a shop say them.
func benefitsInWords(p model.MembershipPlan, list []model.MembershipPlanCoupon) []string {
	return append(inWords(p.PointsMultiplierBP, p.PercentOffBP, list), extrasOf(p.PlanExtras).inWords()...)
}

func (e Extras) inWords() (words []string) {
	say := func(when bool, text string) {
		if when {
			words = append(words, text)
		}
	}
	say(e.CheckInMultiplier > model.WholeBP, "签到积分 "+decimal(int64(e.CheckInMultiplier), int64(model.WholeBP))+" 倍")
	say(e.WelcomePoints > 0, fmt.Sprintf("开卡送 %d 积分", e.WelcomePoints))
	say(e.FreeFreight > 0, fmt.Sprintf("每月免运费 %d 次", e.FreeFreight))
	switch {
	case e.BirthdayPoints > 0 && e.BirthdayTemplate != "":
		say(true, fmt.Sprintf("生日礼 %d 积分和优惠券", e.BirthdayPoints))
	case e.BirthdayPoints > 0:
		say(true, fmt.Sprintf("生日礼 %d 积分", e.BirthdayPoints))
	default:
		say(e.BirthdayTemplate != "", "生日礼优惠券")
	}
	say(e.EarlyHours > 0, fmt.Sprintf("领券、兑换提前 %d 小时", e.EarlyHours))
	for _, s := range e.Services {
		words = append(words, s.Text)
	}
	return words
}
