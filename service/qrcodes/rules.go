package qrcodes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/model/weblink"
	"huitou/service/messages"
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
	list := nameFaults(in.Kind, in.Name)
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
		if !weblink.Line(in.Ref, maxCampaign) {
			list = append(list, fault.Field{Name: "ref", Reason: "1 to 40 printable characters: the campaign's name"})
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

// nameFaults says what is wrong with a name. Replies show the names of stores and of people to whoever scanned, in the shop's name: they must
// lead nowhere and promise nothing.
func nameFaults(k model.QRKind, name string) []fault.Field {
	if !weblink.Line(name, maxName) {
		return []fault.Field{{Name: "name", Reason: "1 to 30 printable characters without blanks at the ends"}}
	}
	if at := weblink.Find(name); len(at) > 0 {
		return []fault.Field{{Name: "name", Reason: fmt.Sprintf("holds an address: %q", at[0].Text)}}
	}
	broken := messages.NameBreaches(name)
	if k == model.QRCampaign { // seen by staff only
		broken = messages.Breaches("", nil, map[string]string{"name": name}, nil)
	}
	if len(broken) > 0 {
		return []fault.Field{{Name: "name", Reason: fmt.Sprintf("%q: %s", broken[0].Word, broken[0].Rule.Says())}}
	}
	return nil
}

// staffOf reads the ref of a staff member's code; 0 when it is none. Only one writing of an id is taken, so that a code is found by it.
func staffOf(ref string) model.StaffID {
	n, err := strconv.ParseInt(ref, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != ref {
		return 0
	}
	return model.StaffID(n)
}
