package replies

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// ownHosts are WeChat's: articles of the account, and its pictures.
const (
	articleHost = "mp.weixin.qq.com"
	pictureHost = "mmbiz.qpic.cn"
)

var (
	anchor    = regexp.MustCompile(`(?is)<\s*a\b[^>]*>`)
	attribute = regexp.MustCompile(`(?is)([a-z][a-z0-9-]*)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)`)
	// address is what WeChat makes a link of by itself.
	address = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://[^\s<>"'，。！？、；）】》]*|\bwww\.[^\s<>"'，。！？、；）】》]*`)
	// relative is how a bare domain looks, which phones make a link of as well.
	bareDomain = regexp.MustCompile(`(?i)\b[a-z0-9-]+(\.[a-z0-9-]+)*\.(com|cn|net|org|top|vip|shop|xyz|cc|io|me|link|site|club|info|app|ltd)\b`)
)

// linkFaults says what is wrong with the links in a text.
func (s *Service) linkFaults(text string) (list []string) {
	flat := compatible(text)
	for _, tag := range anchor.FindAllString(flat, -1) {
		if why := s.anchored(tag); why != "" {
			list = append(list, why)
		}
	}
	rest := anchor.ReplaceAllString(flat, " ")
	for _, at := range address.FindAllString(rest, -1) {
		if why := s.leads(at); why != "" {
			list = append(list, why)
		}
	}
	for _, host := range bareDomain.FindAllString(address.ReplaceAllString(rest, " "), -1) {
		if !s.allowed(host) {
			list = append(list, fmt.Sprintf("%q is not a host of this shop", host))
		}
	}
	return list
}

// anchored says what is wrong with an <a> tag: it must lead to an allowed address or into the shop's own mini-program.
func (s *Service) anchored(tag string) string {
	attrs := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		name := strings.ToLower(m[1])
		if _, twice := attrs[name]; twice {
			return "a link names " + name + " twice"
		}
		attrs[name] = strings.Trim(m[2], `"'`)
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
	case err != nil || u.Host == "" || u.User != nil || len(at) > maxURL:
		return "an https address of at most 1024 bytes"
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
