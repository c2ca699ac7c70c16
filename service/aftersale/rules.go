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
	// qrTTL is the longest that WeChat allows.
	qrTTL = wechat.MaxQRTTL
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

// stale reports whether a code needs a new picture to have one for so long.
func stale(c model.ParcelCode, now time.Time, least time.Duration) bool {
	return c.Ticket == "" || c.ExpiresAt == nil || c.ExpiresAt.Sub(now) < least
}

// alive reports whether a code has a picture that still works.
func alive(c model.ParcelCode, now time.Time) bool {
	return c.Ticket != "" && c.ExpiresAt != nil && c.ExpiresAt.After(now)
}
