package push

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"huitou/wechat"
)

// Content types of answers.
const (
	typeText = "text/plain; charset=utf-8"
	typeXML  = "application/xml; charset=utf-8"
	typeJSON = "application/json; charset=utf-8"
)

// Success is the answer that says: received, nothing to show, do not send again. It is
// plain text even where replies are encrypted.
var Success = []byte("success")

// Seal writes the answer to a push: from the account to the person, in the format of the
// account and encrypted with the key the push came with.
func (c *Codec) Seal(p wechat.Push, r wechat.Reply) (contentType string, body []byte, err error) {
	if r.Kind == wechat.ReplyNone {
		return typeText, Success, nil
	}
	fields, err := replyFields(r)
	if err != nil {
		return "", nil, err
	}
	now := strconv.FormatInt(c.now().Unix(), 10)
	fields = append([]field{
		{name: "ToUserName", text: p.OpenID},
		{name: "FromUserName", text: p.To},
		{name: "CreateTime", text: now, number: true},
		{name: "MsgType", text: string(r.Kind)},
	}, fields...)

	format := c.format
	if format == "" {
		format = p.Envelope.Format
	}
	write, contentType := writeXML, typeXML
	if format == wechat.FormatJSON {
		write, contentType = writeJSON, typeJSON
	}
	body = write(fields)
	if !p.Envelope.Encrypted {
		return contentType, body, nil
	}
	if p.Envelope.Key < 0 || p.Envelope.Key >= len(c.keys) {
		return "", nil, fmt.Errorf("seal reply: no AES key %d", p.Envelope.Key)
	}
	ciphertext, err := c.keys[p.Envelope.Key].seal(c.rand, body, c.appID)
	if err != nil {
		return "", nil, fmt.Errorf("seal reply: %w", err)
	}
	return contentType, write([]field{
		{name: "Encrypt", text: ciphertext},
		{name: "MsgSignature", text: c.sign(now, p.Envelope.Nonce, ciphertext)},
		{name: "TimeStamp", text: now, number: true},
		{name: "Nonce", text: p.Envelope.Nonce},
	}), nil
}

// field is one element of a reply: text, a number, or more fields.
type field struct {
	name   string
	text   string
	number bool
	kids   []field
}

func replyFields(r wechat.Reply) ([]field, error) {
	media := []field{{name: "MediaId", text: r.MediaID}}
	words := []field{{name: "Title", text: r.Title}, {name: "Description", text: r.Description}}
	switch r.Kind {
	case wechat.ReplyText:
		return []field{{name: "Content", text: r.Content}}, nil
	case wechat.ReplyImage:
		return []field{{name: "Image", kids: media}}, nil
	case wechat.ReplyVoice:
		return []field{{name: "Voice", kids: media}}, nil
	case wechat.ReplyVideo:
		return []field{{name: "Video", kids: append(media, words...)}}, nil
	case wechat.ReplyMusic:
		return []field{{name: "Music", kids: append(words,
			field{name: "MusicUrl", text: r.URL},
			field{name: "HQMusicUrl", text: r.HQMusicURL},
			field{name: "ThumbMediaId", text: r.ThumbMediaID},
		)}}, nil
	case wechat.ReplyNews:
		return []field{
			{name: "ArticleCount", text: "1", number: true},
			{name: "Articles", kids: []field{{name: "item", kids: append(words,
				field{name: "PicUrl", text: r.PicURL},
				field{name: "Url", text: r.URL},
			)}}},
		}, nil
	case wechat.ReplyTransfer:
		return nil, nil
	default:
		return nil, fmt.Errorf("reply of kind %q is not known", r.Kind)
	}
}

func writeXML(fields []field) []byte {
	var b strings.Builder
	b.WriteString("<xml>")
	writeElements(&b, fields)
	b.WriteString("</xml>")
	return []byte(b.String())
}

func writeElements(b *strings.Builder, fields []field) {
	for _, f := range fields {
		b.WriteString("<" + f.name + ">")
		switch {
		case f.kids != nil:
			writeElements(b, f.kids)
		case f.number:
			b.WriteString(f.text)
		default:
			b.WriteString("<![CDATA[" + cdata(f.text) + "]]>")
		}
		b.WriteString("</" + f.name + ">")
	}
}

// cdata makes a text fit between CDATA marks: the end mark is split over two sections, and
// characters that XML has no way to say are dropped.
func cdata(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r', r >= 0x20 && r <= 0xD7FF,
			r >= 0xE000 && r <= 0xFFFD, r >= 0x10000:
			return r
		default:
			return -1
		}
	}, strings.ToValidUTF8(s, ""))
	return strings.ReplaceAll(s, "]]>", "]]]]><![CDATA[>")
}

func writeJSON(fields []field) []byte {
	raw, err := json.Marshal(asMap(fields))
	if err != nil {
		panic("push: strings and numbers do not encode: " + err.Error())
	}
	return raw
}

func asMap(fields []field) map[string]any {
	m := make(map[string]any, len(fields))
	for _, f := range fields {
		switch {
		case f.kids != nil:
			m[f.name] = asMap(f.kids)
		case f.number:
			m[f.name] = json.Number(f.text)
		default:
			m[f.name] = f.text
		}
	}
	return m
}
