package members

import (
	"log/slog"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/fault"
)

// Ref names a member in any one way, or in several that must agree. AppID goes with OpenID, Source with External.
type Ref struct {
	Member           model.MemberID
	Number           string // public member number
	AppID, OpenID    string
	UnionID          string
	Phone            string
	Source, External string // number in a shop's own system or in a file
}

// String hides who is meant: references are personal data.
func (r Ref) String() string { return "members.Ref(hidden)" }

// GoString hides who is meant.
func (r Ref) GoString() string { return r.String() }

// LogValue shows the id only.
func (r Ref) LogValue() slog.Value { return slog.Int64Value(int64(r.Member)) }

// keys is a Ref after checking, with the number in the form by which it is found.
type keys struct {
	member           model.MemberID
	number           string
	appID, openID    string
	unionID          string
	phone            string // E.164
	source, external string
}

var (
	wechatID   = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`) // openid has 28 today; its length is not promised
	sourceName = regexp.MustCompile(`^[0-9A-Za-z_.:-]{1,64}$`)
	numberForm = regexp.MustCompile(`^[0-9]{12}$`)
)

// maxExternal is the longest number in a shop's own system, in bytes.
const maxExternal = 128

// check returns the references that are given, or every faulty one. At least one must be given.
func (r Ref) check() (k keys, err error) {
	var bad []fault.Field
	refuse := func(name, reason string) { bad = append(bad, fault.Field{Name: name, Reason: reason}) }
	k = keys{
		member: r.Member, number: strings.TrimSpace(r.Number), appID: r.AppID, openID: r.OpenID, unionID: r.UnionID,
		source: r.Source, external: strings.TrimSpace(r.External),
	}
	if r.Member < 0 {
		refuse("member", "not a member's id")
	}
	if k.number != "" && !numberForm.MatchString(k.number) {
		refuse("number", "a member number has 12 digits")
	}
	if k.openID != "" && (!wechatID.MatchString(k.openID) || !wechatID.MatchString(k.appID)) {
		refuse("open_id", "an openid and the app that it belongs to")
	}
	if k.unionID != "" && !wechatID.MatchString(k.unionID) {
		refuse("union_id", "not a unionid")
	}
	if k.external != "" || r.External != "" {
		if why := badExternal(k.external); why != "" {
			refuse("external", why)
		}
		if !sourceName.MatchString(k.source) {
			refuse("source", "1 to 64 of 0-9, A-Z, a-z, dot, colon, dash, underscore")
		}
	}
	if phone := strings.TrimSpace(r.Phone); phone != "" {
		if k.phone, err = normalise(phone); err != nil {
			refuse("phone", "not a phone number")
		}
	}
	if len(bad) == 0 && k.member == 0 && k.number == "" && k.openID == "" && k.unionID == "" && k.external == "" && k.phone == "" {
		refuse("member", "no reference to a member is given")
	}
	return k, fault.InvalidFields(bad)
}

func badExternal(s string) string {
	switch {
	case s == "":
		return "blank"
	case len(s) > maxExternal:
		return "longer than 128 bytes"
	case !utf8.ValidString(s):
		return "not UTF-8"
	case strings.ContainsFunc(s, unicode.IsControl):
		return "has control characters"
	}
	return ""
}
