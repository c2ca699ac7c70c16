package push

import (
	"errors"
	"strings"
	"testing"

	"huitou/wechat"
)

// FuzzOpenXML and FuzzOpenJSON feed bodies that the sender signed and encrypted himself:
// what is behind the signature must hold as well. T19. What is malformed on purpose is in
// testdata/fuzz, one file for each kind; every real push is added here, whole and cut.
func FuzzOpenXML(f *testing.F) {
	f.Add([]byte(textXML))
	f.Add([]byte(event("subscribe", "<EventKey>qrscene_1</EventKey><Ticket>t</Ticket>")))
	f.Add([]byte(event("scancode_push", "<ScanCodeInfo/>")))
	f.Add([]byte(event("subscribe_msg_popup_event", "<SubscribeMsgPopupEvent><List/><List/></SubscribeMsgPopupEvent>")))
	f.Add([]byte(`<?xml version="1.0"?><!DOCTYPE a><xml>&#65;&lt;]]></xml>`))
	f.Add([]byte(strings.Repeat("<a>", 40)))
	addShapes(f, wechat.FormatXML)
	fuzzOpen(f)
}

func FuzzOpenJSON(f *testing.F) {
	f.Add([]byte(`{"ToUserName":"gh_x","FromUserName":"oX","CreateTime":"1","MsgType":"event","Event":"subscribe_msg_popup_event","List":[{"TemplateId":"T"},7,null,[]]}`))
	f.Add([]byte(`{"MsgType":"event","Event":"user_info_modified","OpenID":{"a":1}}`))
	f.Add([]byte(`{"MsgType":["text","image"],"MsgId":1e400,"CreateTime":-9223372036854775808}`))
	f.Add([]byte(`{"Encrypt":"AAAA"}`))
	f.Add([]byte(strings.Repeat(`{"a":`, 40)))
	addShapes(f, wechat.FormatJSON)
	fuzzOpen(f)
}

// addShapes adds every real push, and the longest one cut at every tenth byte.
func addShapes(f *testing.F, format wechat.Format) {
	longest := ""
	for _, s := range shapes {
		msg := s.bodies()[format]
		f.Add([]byte(msg))
		if len(msg) > len(longest) {
			longest = msg
		}
	}
	for i := 0; i < len(longest); i += 10 {
		f.Add([]byte(longest[:i]))
	}
}

func fuzzOpen(f *testing.F) {
	plain := newCodec(f, testConfig(ModePlain))
	safe := newCodec(f, testConfig(ModeSafe, keyA))
	f.Fuzz(func(t *testing.T, msg []byte) {
		q, body := weChat("").post(t, string(msg))
		open(t, plain, q, body)
		q.Set("encrypt_type", "aes")
		open(t, safe, q, body)
		q, body = weChat(keyA).post(t, string(msg))
		open(t, safe, q, body)
		// Read again from the vault, as a body or as an envelope that did not open: no panic, an error of a known kind.
		for _, read := range []func([]byte) (wechat.Push, error){safe.Read, safe.Reopen} {
			if _, err := read(msg); err != nil && !known(err) {
				t.Fatalf("an error of no known kind: %v", err)
			}
		}
		// A ciphertext that is anything at all, properly signed.
		ts, nonce := q.Get("timestamp"), q.Get("nonce")
		if outer, _, err := parse(msg); err == nil && outer.text("Encrypt") != "" {
			q.Set("msg_signature", signature(testToken, ts, nonce, outer.text("Encrypt")))
			open(t, safe, q, msg)
		}
	})
}

func open(t *testing.T, c *Codec, q map[string][]string, body []byte) {
	t.Helper()
	p, err := c.Open(q, body)
	if err != nil {
		if !known(err) {
			t.Fatalf("an error of no known kind: %v", err)
		}
		return
	}
	if p.Kind == "" || p.DedupeKey == "" || len(p.Body) == 0 {
		t.Fatalf("an empty push was accepted: %+v", p)
	}
	if _, _, err := c.Seal(p, wechat.Text(p.Content)); err != nil {
		t.Fatalf("a push that was opened cannot be answered: %v", err)
	}
}

// known reports whether an error is one that the hook has an answer for.
func known(err error) bool {
	for _, known := range []error{wechat.ErrMalformed, wechat.ErrTooLarge, wechat.ErrSignature, wechat.ErrPlaintext} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
