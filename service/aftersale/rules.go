package aftersale

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/random"
	"huitou/service/orders"
	"huitou/wechat"
)

const (
	scenePrefix = "p_"
	tokenLength = 20 // of an alphabet of 32: 100 bits (threat T33)
	// qrTTL is the longest that WeChat allows; renewBefore is how long a picture that is handed out must still live.
	qrTTL       = wechat.MaxQRTTL
	renewBefore = 7 * 24 * time.Hour
)

var tokenForm = regexp.MustCompile(`^[0-9a-z]{20}$`)

func newToken() string { return random.ID()[:tokenLength] }

func sceneOf(token string) string { return scenePrefix + token }

// tokenIn returns the token of a scene, or "" when the scene is not a parcel's.
func tokenIn(scene string) string {
	token, ok := strings.CutPrefix(scene, scenePrefix)
	if !ok || !tokenForm.MatchString(token) {
		return ""
	}
	return token
}

// stale reports whether a code needs a new picture.
func stale(c model.ParcelCode, now time.Time) bool {
	return c.Ticket == "" || c.ExpiresAt == nil || c.ExpiresAt.Sub(now) < renewBefore
}

// skipReason says why an order gets no visit; "" means that it gets one.
func skipReason(o orders.View) string {
	if o.State == model.OrderRefunded {
		return "refunded"
	}
	return ""
}

// visitKey is the key of a visit's message.
func visitKey(order model.OrderID, ordinal int64) string {
	return fmt.Sprintf("visit:%d:%d", order, ordinal)
}

// visitTexts are the texts of the first visit by our names; the merchant's template picks from them.
func visitTexts(o orders.View, advice string) map[string]string {
	return map[string]string{
		"number":  o.Number,
		"amount":  o.PaidFen.String() + "元",
		"paid_at": o.PaidAt.In(model.Shanghai).Format("2006年1月2日 15:04"),
		"goods":   goods(o.Lines),
		"advice":  advice,
	}
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
