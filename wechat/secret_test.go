package wechat_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"huitou/wechat"
)

func TestSecretNeverPrints(t *testing.T) {
	const text = "very-secret-text"
	s := wechat.Secret(text)
	session := wechat.Session{OpenID: "o1", SessionKey: s}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		fmt.Fprintf(&out, verb+" ", s)
		fmt.Fprintf(&out, verb+" ", session)
		fmt.Fprintf(&out, verb+" ", &session)
	}
	fmt.Fprint(&out, s, session, []wechat.Secret{s}, map[wechat.Secret]int{s: 1})
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "s", s, "session", session)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "s", s, "session", session)
	for _, v := range []any{s, session, map[string]wechat.Secret{"s": s}} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(raw)
	}
	hex := fmt.Sprintf("%x", text)
	if got := out.String(); strings.Contains(got, text) || strings.Contains(strings.ToLower(got), hex) {
		t.Errorf("secret is in: %s", got)
	}
	if s.Reveal() != text {
		t.Error("Reveal does not reveal")
	}
	if wechat.Secret("").String() != "" {
		t.Error("a missing secret looks like a set one")
	}
	var back wechat.Secret
	if err := json.Unmarshal([]byte(`"`+text+`"`), &back); err != nil || back != s {
		t.Errorf("a secret from a settings file = %v, %v", back == s, err)
	}
}
