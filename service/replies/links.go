package replies

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"huitou/model/weblink"
)

// WeChat's own hosts: of articles, whoever wrote them, and of pictures.
const (
	articleHost = "mp.weixin.qq.com"
	pictureHost = "mmbiz.qpic.cn"
)

var (
	// opening is an <a> tag in the one form that is taken. Browsers read many more; in what they read otherwise than we do a link could hide.
	opening   = regexp.MustCompile(`(?i)^<\s*a(?:[ \n]+[a-z][a-z0-9-]*[ \n]*=[ \n]*(?:"[^"<>]*"|'[^'<>]*'|[^ \n"'<>=]+))*[ \n]*>`)
	closing   = regexp.MustCompile(`(?i)^<[ \n]*/[ \n]*a[ \n]*>`)
	beginning = regexp.MustCompile(`(?i)<[\s/]*a(?:[\s/>"'=]|$)`)
	attribute = regexp.MustCompile(`(?i)([a-z][a-z0-9-]*)[ \n]*=[ \n]*(?:"([^"]*)"|'([^']*)'|([^ \n"'<>=]+))`)
	// web is the one form of an address: nothing that a browser mends, and no host but a plain one.
	web = regexp.MustCompile(`(?i)^https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?(?:[/?#][^\s"'<>\\]*)?$`)
)

// linkFaults says what is wrong with the links in a text.
func (s *Service) linkFaults(text string) (list []string) {
	rest, list := s.withoutAnchors(weblink.Flat(text))
	for _, at := range weblink.Find(rest) {
		switch {
		case at.Scheme:
			if why := s.leads(at.Text); why != "" {
				list = append(list, why)
			}
		case !s.allowed(at.Text):
			list = append(list, fmt.Sprintf("%q is not a host of this shop", at.Text))
		}
	}
	return list
}

// withoutAnchors returns the text without its <a> tags, and what is wrong with them.
func (s *Service) withoutAnchors(text string) (rest string, list []string) {
	var b strings.Builder
	open := false
	for {
		at := beginning.FindStringIndex(text)
		if at == nil {
			break
		}
		b.WriteString(text[:at[0]])
		b.WriteByte(' ')
		text = text[at[0]:]
		start, end := opening.FindString(text), closing.FindString(text)
		switch {
		case start != "" && !open:
			if why := s.anchored(start); why != "" {
				list = append(list, why)
			}
		case end == "" || !open:
			return b.String() + text[1:], append(list, `a link is written <a href="https://…">…</a>`)
		}
		open = start != ""
		text = text[len(start)+len(end):]
	}
	if open {
		list = append(list, "a link that is not closed with </a>")
	}
	return b.String() + text, list
}

// anchored says what is wrong with an <a> tag: it must lead to an allowed address or into the shop's own mini-program.
func (s *Service) anchored(tag string) string {
	attrs := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		name := strings.ToLower(m[1])
		if _, twice := attrs[name]; twice {
			return "a link names " + name + " twice"
		}
		attrs[name] = m[2] + m[3] + m[4]
	}
	app, isProgram := attrs["data-miniprogram-appid"]
	href, hasAddress := attrs["href"]
	switch {
	case isProgram && (app != s.MiniAppID || app == ""):
		return "a link into another mini-program"
	case isProgram && attrs["data-miniprogram-path"] == "":
		return "a link into the mini-program needs data-miniprogram-path"
	case !isProgram && !hasAddress:
		return "a link without href"
	case hasAddress:
		return s.leads(href)
	}
	return ""
}

// leads says what is wrong with an address that opens on a tap.
func (s *Service) leads(at string) string {
	u, err := url.Parse(at)
	switch {
	case err != nil || u.Host == "" || u.User != nil || len(at) > maxURL || !web.MatchString(at):
		return fmt.Sprintf("%q: an https address of at most 1024 bytes is wanted", cut(at, 60))
	case u.Scheme != "https" && !(u.Scheme == "http" && s.plainHost != "" && u.Host == s.plainHost):
		return "links must be https"
	case !s.allowed(u.Host):
		return fmt.Sprintf("%q is not a host of this shop", u.Host)
	}
	return ""
}

// pictured says what is wrong with the address of a picture.
func (s *Service) pictured(at string) string {
	if u, err := url.Parse(at); at == "" || err == nil && u.Scheme == "https" && u.Host == pictureHost && len(at) <= maxURL {
		return ""
	}
	return s.leads(at)
}

func (s *Service) allowed(host string) bool {
	return slices.Contains(s.hosts, strings.ToLower(host))
}
