package sim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// pushField is one element of a push, in order.
type pushField struct {
	name  string
	value string
	plain bool // a number: no CDATA, no quotes
	// entries make it a list. In XML each is a List inside this element; in JSON all are
	// the key List, an object when there is one and an array when there are several.
	entries [][]pushField
}

func text(name, value string) pushField { return pushField{name: name, value: value} }

func number(name string, value int64) pushField {
	return pushField{name: name, value: strconv.FormatInt(value, 10), plain: true}
}

func list(name string, entries ...[]pushField) pushField {
	return pushField{name: name, entries: entries}
}

// accountPush carries a message or event of the 服务号 or mini-program.
type accountPush struct {
	app    *app
	user   *customer
	fields []pushField
	// answerable: the customer waits for a reply, and sees when there is none.
	answerable bool

	// Fixed at the first genuine try: a retry repeats query and body byte for byte.
	query       string
	body        []byte
	clear       string
	contentType string

	replies []Message // what the customer saw in answer
}

func laneOf(kind appKind, u *customer) string { return string(kind) + ":" + u.ID }

func (p *accountPush) lane() string { return laneOf(p.app.kind, p.user) }

// newPush makes an event of a customer; dispatch sends it. s.mu is held.
func (s *Sim) newPush(kind appKind, u *customer, event string, at time.Time, answerable bool, extra []pushField) *Delivery {
	a := s.apps[kind]
	fields := []pushField{
		text("ToUserName", a.gh), text("FromUserName", u.openID[kind]), number("CreateTime", at.Unix()),
	}
	if event == "text" {
		fields = append(fields, text("MsgType", "text"))
	} else {
		fields = append(fields, text("MsgType", "event"), text("Event", event))
	}
	return s.track(&Delivery{
		App: kind, Event: event, Subject: u.ID, CreatedAt: at,
		carrier: &accountPush{app: a, user: u, fields: append(fields, extra...), answerable: answerable},
	})
}

// alteredPush are the faults that make one attempt a push the platform did not mean;
// refusePush those of them that nobody but a forger sends.
var (
	alteredPush = []faultKind{faultTampered, faultExpired, faultAppID, faultCiphertext, faultPlaintext, faultOversized, faultExtraFields}
	refusePush  = []faultKind{faultTampered, faultPlaintext}
)

func (p *accountPush) request(s *Sim, d *Delivery, hit []*Fault) (*outgoing, error) {
	set := s.settings.push(p.app.kind)
	if s.settings.PushBase == "" {
		return nil, errors.New("no push_base is set")
	}
	altered := struckAny(hit, alteredPush)
	build := p
	if altered {
		spoiled := *p // this attempt only
		build = &spoiled
		build.query = ""
	}
	if build.query == "" {
		if err := build.compose(s, set, hit); err != nil {
			return nil, err
		}
	}
	return &outgoing{
		url:    s.settings.PushBase + set.Path + "?" + build.query,
		header: http.Header{"Content-Type": {build.contentType}},
		body:   build.body, journal: build.clear,
		altered: altered, refuse: struckAny(hit, refusePush),
	}, nil
}

// compose writes body and signed query in the account's mode and format.
func (p *accountPush) compose(s *Sim, set PushSettings, hit []*Fault) error {
	fields, now := p.fields, s.now()
	if struck(hit, faultExtraFields) != nil {
		fields = append(append([]pushField{}, fields...), text("UnknownField", "来自未来的字段🎁"), number("UnknownNumber", 7))
	}
	if struck(hit, faultOversized) != nil {
		fields = append(append([]pushField{}, fields...), text("Padding", strings.Repeat("x", 1<<20)))
	}
	if struck(hit, faultExpired) != nil {
		now = now.Add(-10 * time.Minute)
	}
	p.clear, p.contentType = encodeFields(fields, set.Format)
	timestamp, nonce := strconv.FormatInt(now.Unix(), 10), s.ids.digits(10)
	query := url.Values{
		"signature": {pushSignature(p.app.token, timestamp, nonce)}, "timestamp": {timestamp}, "nonce": {nonce},
		"openid": {p.user.openID[p.app.kind]},
	}
	if set.Mode == "plain" || struck(hit, faultPlaintext) != nil {
		if struck(hit, faultTampered) != nil {
			query.Set("signature", tamperHex(query.Get("signature")))
		}
		p.body, p.query = []byte(p.clear), query.Encode()
		return nil
	}
	owner := p.app.id
	if struck(hit, faultAppID) != nil {
		owner = "wxsim-foreign"
	}
	encrypted, err := sealPush(p.app.aesKey, s.ids.random16(), []byte(p.clear), owner)
	if err != nil {
		return err
	}
	if struck(hit, faultCiphertext) != nil {
		encrypted = encrypted[:len(encrypted)/2] + "!" + encrypted[len(encrypted)/2:]
	}
	query.Set("encrypt_type", "aes")
	query.Set("msg_signature", pushSignature(p.app.token, timestamp, nonce, encrypted))
	if struck(hit, faultTampered) != nil {
		query.Set("msg_signature", tamperHex(query.Get("msg_signature")))
	}
	outer := []pushField{fields[0], text("Encrypt", encrypted)}
	if set.Mode == "compatible" {
		outer = append(append([]pushField{}, fields...), text("Encrypt", encrypted))
	}
	body, _ := encodeFields(outer, set.Format)
	p.body, p.query = []byte(body), query.Encode()
	return nil
}

// tamperHex changes one digit of a hex signature.
func tamperHex(sig string) string {
	last := "0"
	if strings.HasSuffix(sig, "0") {
		last = "1"
	}
	return sig[:len(sig)-1] + last
}

func encodeFields(fields []pushField, format string) (body, contentType string) {
	var b strings.Builder
	if format == "json" {
		writeJSON(&b, fields)
		return b.String(), "application/json"
	}
	b.WriteString("<xml>")
	writeXML(&b, fields)
	return b.String() + "</xml>", "text/xml"
}

func writeXML(b *strings.Builder, fields []pushField) {
	for _, f := range fields {
		b.WriteString("<" + f.name + ">")
		switch {
		case f.entries != nil:
			for _, entry := range f.entries {
				b.WriteString("<List>")
				writeXML(b, entry)
				b.WriteString("</List>")
			}
		case f.plain:
			b.WriteString(f.value)
		default:
			b.WriteString("<![CDATA[" + strings.ReplaceAll(f.value, "]]>", "]]]]><![CDATA[>") + "]]>")
		}
		b.WriteString("</" + f.name + ">\n")
	}
}

func writeJSON(b *strings.Builder, fields []pushField) {
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		switch {
		case f.entries != nil:
			b.WriteString(`"List":`)
			if len(f.entries) == 1 {
				writeJSON(b, f.entries[0])
				continue
			}
			b.WriteByte('[')
			for n, entry := range f.entries {
				if n > 0 {
					b.WriteByte(',')
				}
				writeJSON(b, entry)
			}
			b.WriteByte(']')
		case f.plain:
			b.WriteString(jsonString(f.name) + ":" + f.value)
		default:
			b.WriteString(jsonString(f.name) + ":" + jsonString(f.value))
		}
	}
	b.WriteByte('}')
}

// jsonString quotes without HTML escapes, as the platform does.
func jsonString(v string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// pushRetries is how often a push is repeated when no answer comes, 5 s apart: the
// platform drops the connection after 5 s and asks again.
const pushRetries = 3

func (p *accountPush) retryAfter(n int) (time.Duration, bool) {
	return pushTimeout, n <= pushRetries
}

// outOfService is what a customer reads when the product does not answer properly.
const outOfService = "该公众号暂时无法提供服务，请稍后再试"

func (p *accountPush) abandoned(s *Sim, d *Delivery) {
	d.Problem = "没有得到有效应答"
	p.complain(s)
}

func (p *accountPush) complain(s *Sim) {
	if p.answerable {
		p.show(s, Message{App: p.app.kind, Kind: "notice", Text: outOfService})
	}
}

func (p *accountPush) show(s *Sim, m Message) {
	s.receive(p.user, m)
	p.replies = append(p.replies, p.user.inbox[len(p.user.inbox)-1])
}

func (p *accountPush) judge(s *Sim, d *Delivery, status int, body []byte) (reply string, accepted bool, problem string) {
	if status != http.StatusOK {
		return "", false, ""
	}
	r, err := p.readReply(body, s.settings.push(p.app.kind).Mode)
	if err != nil {
		p.complain(s)
		return "garbage", false, "应答无效（" + err.Error() + "）：" + outOfService
	}
	if r.message != nil {
		p.show(s, *r.message)
	}
	return r.kind, true, ""
}

// flatten reads one level of an XML or JSON reply into strings.
func flatten(body []byte) (map[string]string, error) {
	if bytes.HasPrefix(body, []byte("{")) {
		var raw map[string]json.RawMessage
		if err := decodeJSON(body, &raw); err != nil {
			return nil, errors.New("不是 JSON")
		}
		out := map[string]string{}
		for key, value := range raw {
			var s string
			if json.Unmarshal(value, &s) != nil {
				s = string(value)
			}
			out[key] = s
		}
		return out, nil
	}
	return flattenXML(body)
}

func flattenXML(body []byte) (map[string]string, error) {
	bad := errors.New("不是 XML")
	out := map[string]string{}
	d := xml.NewDecoder(bytes.NewReader(body))
	var path []string
	closed := false
	for {
		token, err := d.Token()
		if err != nil {
			if closed && len(path) == 0 {
				return out, nil
			}
			return nil, bad
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, bad
		case xml.StartElement:
			path = append(path, t.Name.Local)
			if path[0] != "xml" || closed || len(path) > 8 {
				return nil, bad
			}
			if len(path) == 2 {
				out[path[1]] = ""
			}
		case xml.EndElement:
			path = path[:len(path)-1]
			closed = len(path) == 0
		case xml.CharData:
			switch {
			case len(path) >= 2:
				out[path[1]] += string(t)
			case strings.TrimSpace(string(t)) != "":
				return nil, bad
			}
		}
	}
}
