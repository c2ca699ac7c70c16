package wechat

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FieldKind is the type of a template field: its key without the trailing number.
type FieldKind string

// Kinds of category-template and subscribe-message fields. Fields of older templates
// (keyword1, first, remark) have no kind and only must not be empty.
const (
	FieldThing     FieldKind = "thing"
	FieldNumber    FieldKind = "number"
	FieldLetter    FieldKind = "letter"
	FieldSymbol    FieldKind = "symbol"
	FieldString    FieldKind = "character_string"
	FieldTime      FieldKind = "time"
	FieldDate      FieldKind = "date"
	FieldAmount    FieldKind = "amount"
	FieldPhone     FieldKind = "phone_number"
	FieldCarNumber FieldKind = "car_number"
	FieldName      FieldKind = "name"
	FieldPhrase    FieldKind = "phrase"
	FieldConst     FieldKind = "const"
)

// KindOfField returns the kind that a key announces, e.g. thing for "thing3".
func KindOfField(key string) FieldKind {
	return FieldKind(strings.TrimRight(key, "0123456789"))
}

// FieldLimit is what a field of one kind may hold, from WeChat's table of parameter limits.
// WeChat answers 47003 to anything else.
type FieldLimit struct {
	MaxRunes int // characters, not bytes
	Rule     string
	allows   func(string) bool
}

// FieldLimits are the limits by kind.
var FieldLimits = map[FieldKind]FieldLimit{
	FieldThing:     {20, "at most 20 characters", anyText},
	FieldNumber:    {32, "at most 32 digits, decimals allowed", regexp.MustCompile(`^-?\d+(\.\d+)?$`).MatchString},
	FieldLetter:    {32, "at most 32 letters", regexp.MustCompile(`^[A-Za-z]+$`).MatchString},
	FieldSymbol:    {5, "at most 5 symbols", all(isSymbol)},
	FieldString:    {32, "at most 32 digits, letters or symbols, nothing Chinese", all(isVisibleASCII)},
	FieldTime:      {64, "a time of day, with or without a date", timeText.MatchString},
	FieldDate:      {64, "a date, with or without a time of day", dateText.MatchString},
	FieldAmount:    {15, "a currency sign and at most 10 digits, decimals and 元 allowed", amountText.MatchString},
	FieldPhone:     {17, "at most 17 digits and symbols", regexp.MustCompile(`^[0-9+()\- ]+$`).MatchString},
	FieldCarNumber: {8, "at most 8 characters", regexp.MustCompile(`^[\p{Han}A-Za-z0-9·]+$`).MatchString},
	FieldName:      {20, "at most 10 Chinese characters or 20 letters", nameText},
	FieldPhrase:    {5, "at most 5 Chinese characters", all(isHan)},
	FieldConst:     {20, "one of the template's own values", anyText},
}

const (
	day     = `\d{4}(年|-|/|\.)\d{1,2}(月|-|/|\.)\d{1,2}日?`
	clock   = `\d{1,2}:\d{2}(:\d{2})?`
	between = `\s*[~～]\s*`
)

var (
	timeText   = regexp.MustCompile(`^((` + day + `)?\s*` + clock + `)(` + between + `(` + day + `)?\s*` + clock + `)?$`)
	dateText   = regexp.MustCompile(`^` + day + `(\s*` + clock + `)?(` + between + day + `(\s*` + clock + `)?)?$`)
	amountText = regexp.MustCompile(`^\p{Sc}?\d{1,10}(\.\d{1,2})?元?$`)
)

func anyText(string) bool { return true }

func all(is func(rune) bool) func(string) bool {
	return func(s string) bool {
		for _, r := range s {
			if !is(r) {
				return false
			}
		}
		return true
	}
}

func isHan(r rune) bool          { return unicode.Is(unicode.Han, r) }
func isVisibleASCII(r rune) bool { return r >= ' ' && r <= '~' }
func isSymbol(r rune) bool       { return unicode.IsPunct(r) || unicode.IsSymbol(r) }

func nameText(s string) bool {
	if strings.ContainsFunc(s, isHan) {
		return utf8.RuneCountInString(s) <= 10
	}
	return all(func(r rune) bool { return !unicode.IsDigit(r) })(s)
}

// FieldFault is one value that WeChat would refuse. It does not repeat the value, which may
// be personal.
type FieldFault struct {
	Key   string
	Fault string
}

// DataError lists every field of a template message that WeChat would refuse.
type DataError struct{ Faults []FieldFault }

func (e *DataError) Error() string {
	parts := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		parts[i] = f.Key + ": " + f.Fault
	}
	return "wechat template data: " + strings.Join(parts, "; ")
}

// CheckTemplateData compares every value with what its key announces and reports all faults
// at once, ordered by key, as a *DataError. Keys of no known kind need only not be empty.
func CheckTemplateData(data map[string]string) error {
	var faults []FieldFault
	for key, value := range data {
		if fault := checkField(key, value); fault != "" {
			faults = append(faults, FieldFault{key, fault})
		}
	}
	if len(data) == 0 {
		faults = append(faults, FieldFault{"data", "is empty"})
	}
	if faults == nil {
		return nil
	}
	slices.SortFunc(faults, func(a, b FieldFault) int { return strings.Compare(a.Key, b.Key) })
	return &DataError{faults}
}

func checkField(key, value string) string {
	if !utf8.ValidString(value) {
		return "is not UTF-8"
	}
	if strings.TrimSpace(value) == "" {
		return "is empty"
	}
	limit, ok := FieldLimits[KindOfField(key)]
	if !ok {
		return ""
	}
	if n := utf8.RuneCountInString(value); n > limit.MaxRunes {
		return fmt.Sprintf("has %d characters, may have %s", n, limit.Rule)
	}
	if !limit.allows(value) {
		return "must be " + limit.Rule
	}
	return ""
}

// Truncate makes a text fit a field of the given kind. White space runs become one blank;
// a cut text ends in "…" where the kind allows one. Kinds whose meaning would change if
// cut (numbers, amounts, times, phones) come back whole, for CheckTemplateData to refuse.
func Truncate(kind FieldKind, s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	switch kind {
	case FieldThing, FieldConst:
		return cut(s, FieldLimits[kind].MaxRunes, "…")
	case FieldName:
		if strings.ContainsFunc(s, isHan) {
			return cut(s, 10, "")
		}
		return cut(s, 20, "")
	case FieldPhrase:
		return cut(keep(s, isHan), FieldLimits[kind].MaxRunes, "")
	case FieldString:
		return cut(keep(s, isVisibleASCII), FieldLimits[kind].MaxRunes, "")
	case FieldLetter, FieldSymbol, FieldCarNumber:
		return cut(s, FieldLimits[kind].MaxRunes, "")
	default:
		return s
	}
}

// MayCut reports whether values of a kind still say something true when Truncate has cut them: half an order number does not.
func MayCut(kind FieldKind) bool {
	switch kind {
	case FieldThing, FieldConst, FieldName, FieldPhrase:
		return true
	}
	return false
}

func cut(s string, max int, tail string) string {
	if utf8.RuneCountInString(s) <= max {
		return s
	}
	runes := []rune(s)
	return string(runes[:max-utf8.RuneCountInString(tail)]) + tail
}

func keep(s string, is func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if is(r) {
			return r
		}
		return -1
	}, s)
}
