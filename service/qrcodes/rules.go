package qrcodes

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/wechat"
)

const (
	scenePrefix = "q_"
	tokenLength = 20 // of an alphabet of 32: 100 bits (threat T33)
	maxName     = 30 // characters
	maxCampaign = 40 // characters
)

var (
	tokenForm = regexp.MustCompile(`^[0-9a-z]{20}$`)
	storeForm = regexp.MustCompile(`^[!-~]{1,64}$`)
)

func newToken() string { return random.ID()[:tokenLength] }

func sceneOf(token string) string { return scenePrefix + token }

// tokenIn returns the token of a scene, or "" when the scene is none of ours.
func tokenIn(scene string) string {
	token, ok := strings.CutPrefix(scene, scenePrefix)
	if !ok || !tokenForm.MatchString(token) {
		return ""
	}
	return token
}

// IsScene reports whether a scene has the form of these codes'.
func IsScene(scene string) bool { return tokenIn(scene) != "" }

// over reports whether a code needs another picture before it can be shown.
func over(c model.QRCode, now time.Time) bool {
	return c.Ticket == "" || c.ExpiresAt != nil && !now.Before(*c.ExpiresAt)
}

// credits reports whether a code is still a source at an instant.
func credits(c model.QRCode, at time.Time) bool { return c.StoppedAt == nil || at.Before(*c.StoppedAt) }

// miniKey names the one scan that counts of a person, a code and a day.
func miniKey(openID string, code model.QRCodeID, day model.Day) string {
	h := sha256.Sum256([]byte("mini\n" + openID + "\n" + strconv.FormatInt(int64(code), 10) + "\n" + day.String()))
	return hex.EncodeToString(h[:])
}

// faults lists what is wrong with a code to be made, apart from who may make it.
func (in NewCode) faults() []fault.Field {
	list := nameFaults(in.Name)
	switch in.Kind {
	case model.QRStore:
		if !storeForm.MatchString(in.Ref) {
			list = append(list, fault.Field{Name: "ref", Reason: "1 to 64 visible characters without spaces: the store's number"})
		}
	case model.QRStaff:
		if staffOf(in.Ref) == 0 {
			list = append(list, fault.Field{Name: "ref", Reason: "the id of a member of staff"})
		}
	case model.QRCampaign:
		if n := utf8.RuneCountInString(in.Ref); n < 1 || n > maxCampaign || !plain(in.Ref) {
			list = append(list, fault.Field{Name: "ref", Reason: "1 to 40 characters: the campaign's name"})
		}
	default:
		list = append(list, fault.Field{Name: "kind", Reason: "store, staff or campaign"})
	}
	switch ttl := in.TTL; {
	case in.Permanent && ttl != 0:
		list = append(list, fault.Field{Name: "ttl_seconds", Reason: "a permanent code has none"})
	case !in.Permanent && (ttl < time.Second || ttl > wechat.MaxQRTTL || ttl%time.Second != 0):
		list = append(list, fault.Field{Name: "ttl_seconds", Reason: "1 to 2592000, which is 30 days"})
	}
	return list
}

func nameFaults(name string) []fault.Field {
	if n := utf8.RuneCountInString(name); n < 1 || n > maxName || !plain(name) {
		return []fault.Field{{Name: "name", Reason: "1 to 30 characters"}}
	}
	return nil
}

// plain reports whether a text is one line without blanks at its ends.
func plain(s string) bool {
	return utf8.ValidString(s) && s == strings.TrimSpace(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// staffOf reads the ref of a staff member's code; 0 when it is none. Only one writing of an id is taken, so that a code is found by it.
func staffOf(ref string) model.StaffID {
	n, err := strconv.ParseInt(ref, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != ref {
		return 0
	}
	return model.StaffID(n)
}
