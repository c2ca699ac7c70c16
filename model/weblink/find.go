package weblink

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Address is what looks like an address.
type Address struct {
	Text   string // as it stands in the flat text, without the stops and quotes after it
	Scheme bool   // it names a scheme; else Text is a host, with its port if it names one
}

var (
	// schemed takes all that stands before the path: a host that holds a quote or a letter of another script must be seen whole to be
	// refused. The path ends where phones end it, at what is not ASCII.
	schemed = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:[/\\]+[^\s/?#\\]*(?:[/?#\\][!#-&(-;=?-~]*)?|\b(?:https?|javascript|data|weixin|alipays?|intent|tel|sms|smsto|mailto|geo|market):[^\s/\\][^\s]*`)
	// latin and mixed are labels with dots between them.
	latin = regexp.MustCompile(`[A-Za-z0-9_-]+(?:[.。][A-Za-z0-9_-]+)+(?::[0-9]{1,5})?`)
	mixed = regexp.MustCompile(`[\pL\pM\pN_-]+(?:[.。][\pL\pM\pN_-]+)+`)

	letters  = regexp.MustCompile(`^(?:[A-Za-z]{2,}|(?i:xn--)[A-Za-z0-9-]+)$`)
	latinEnd = regexp.MustCompile(`^[A-Za-z]+`)
)

// after is what ends a sentence or a quotation behind an address.
const after = "\"'.,;:!?)]}>。、》】”’」"

var (
	files  = []string{"pdf", "jpg", "jpeg", "png", "gif", "bmp", "webp", "txt", "doc", "docx", "xls", "xlsx", "csv", "ppt", "pptx", "mp3", "apk", "exe", "rar", "js", "html", "htm", "json"}
	titles = []string{"no", "vol", "dr", "mr", "mrs", "ms", "st"}
)

// Find returns what looks like an address in a text: those with a scheme first.
func Find(text string) (list []Address) {
	rest := schemed.ReplaceAllStringFunc(Flat(text), func(at string) string {
		list = append(list, Address{Text: strings.TrimRight(at, after), Scheme: true})
		return " "
	})
	for _, run := range latin.FindAllString(rest, -1) {
		if host := latinHost(run); host != "" {
			list = append(list, Address{Text: host})
		}
	}
	for _, run := range mixed.FindAllString(rest, -1) {
		if host := mixedHost(run); host != "" {
			list = append(list, Address{Text: host})
		}
	}
	return list
}

// latinHost returns the host in a run of Latin labels, or "".
func latinHost(run string) string {
	name, port, _ := strings.Cut(run, ":")
	labels, stops := split(name)
	if isIP(labels) {
		return run
	}
	for i := len(labels) - 1; i > 0; i-- {
		if !domain(labels[:i], labels[i], stops[i-1]) {
			continue
		}
		host := strings.Join(labels[:i+1], ".")
		if port != "" && i == len(labels)-1 {
			host += ":" + port
		}
		return host
	}
	return ""
}

// domain tells whether a label after others and a stop is a top-level domain.
func domain(before []string, label, stop string) bool {
	switch {
	case !letters.MatchString(label):
		return false
	case listed(label):
		// "回复TD。VIP专享": sentences begin with capitals, and with words that are domains.
		return stop == "." || label == strings.ToLower(label)
	case stop != ".":
		return false
	}
	word := strings.ToLower(label)
	titled := len(before) == 1 && slices.Contains(titles, strings.ToLower(before[0]))
	return !titled && !slices.Contains(files, word)
}

// mixedHost returns the host in a run of labels that are not all Latin, or "": a domain in other letters, or a Latin one after them.
func mixedHost(run string) string {
	labels, stops := split(run)
	for i := len(labels) - 1; i > 0; i-- {
		last, _ := utf8.DecodeLastRuneInString(labels[i-1])
		first, _ := utf8.DecodeRuneInString(labels[i])
		top := labels[i]
		switch {
		case first > unicode.MaxASCII && (stops[i-1] == "." || last <= unicode.MaxASCII): // "支付宝.中国"; "关注我们。世界很大" is none
		case first <= unicode.MaxASCII && last > unicode.MaxASCII: // "支付宝.com看看"
			top = latinEnd.FindString(top)
			if stops[i-1] != "." && top != labels[i] && top != strings.ToLower(top) {
				continue // "欢迎光临。VIP专享"
			}
		default:
			continue // both Latin: latinHost has it
		}
		if top != "" && listed(top) {
			return strings.Join(labels[:i], ".") + "." + top
		}
	}
	return ""
}

// split takes a run apart at its stops.
func split(run string) (labels, stops []string) {
	for {
		i := strings.IndexAny(run, ".。")
		if i < 0 {
			return append(labels, run), stops
		}
		_, n := utf8.DecodeRuneInString(run[i:])
		labels, stops, run = append(labels, run[:i]), append(stops, run[i:i+n]), run[i+n:]
	}
}

func isIP(labels []string) bool {
	at, err := netip.ParseAddr(strings.Join(labels, "."))
	return err == nil && at.Is4()
}

// listed tells whether a label is a top-level domain by the public suffix list.
func listed(label string) bool {
	ascii, err := idna.Lookup.ToASCII(strings.ToLower(label))
	if err != nil {
		return false
	}
	_, icann := publicsuffix.PublicSuffix("x." + ascii)
	return icann
}
