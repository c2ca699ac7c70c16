package members

import (
	"regexp"
	"strings"

	"huitou/model/sealed"
)

var (
	mainlandMobile = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	e164           = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	phoneFiller    = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "")
)

// normalise writes a number in the E.164 form, "+8613800138000". A number without country code is a mobile of mainland China;
// those are checked closely, others by their length. Blanks, dashes and brackets are passed over; full-width digits are not digits.
func normalise(number string) (string, error) {
	n := phoneFiller.Replace(strings.TrimSpace(number))
	if rest, ok := strings.CutPrefix(n, "00"); ok {
		n = "+" + rest
	}
	switch {
	case mainlandMobile.MatchString(n):
		return "+86" + n, nil
	case len(n) == 13 && strings.HasPrefix(n, "86") && mainlandMobile.MatchString(n[2:]):
		return "+" + n, nil
	case strings.HasPrefix(n, "+86"):
		if mainlandMobile.MatchString(n[3:]) {
			return n, nil
		}
		return "", ErrPhone
	case e164.MatchString(n):
		return n, nil
	}
	return "", ErrPhone
}

// mask returns what people may see of a number in E.164 form: 138****0000, and +852****01 abroad.
func mask(e164 string) string {
	if n, ok := strings.CutPrefix(e164, "+86"); ok && len(n) == 11 {
		return n[:3] + "****" + n[7:]
	}
	if len(e164) < 7 {
		return "****"
	}
	return e164[:4] + "****" + e164[len(e164)-2:]
}

// newPhones returns the box that hides numbers.
func newPhones(key []byte) sealed.Box {
	if key == nil {
		panic("members: PhoneKey is missing")
	}
	return sealed.NewBox(key, "huitou members phone cipher", "huitou members phone index")
}
