package aftersale

import (
	"regexp"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/random"
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
