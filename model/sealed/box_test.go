package sealed_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"huitou/model/sealed"
)

func TestABoxOpensItsOwnTextsForTheirOwnerOnly(t *testing.T) {
	key := bytes.Repeat([]byte{1}, 32)
	box := sealed.NewBox(key, "a seal", "a index")
	stored := box.Seal("ann", "13800138000")
	if again := box.Seal("ann", "13800138000"); again == stored {
		t.Error("two sealings of one text are equal: the nonce does not change")
	}
	if text, err := box.Open("ann", stored); err != nil || text != "13800138000" {
		t.Fatalf("Open = %q, %v", text, err)
	}
	raw, _ := base64.StdEncoding.DecodeString(stored)
	raw[len(raw)-1] ^= 1
	for name, open := range map[string]func() (string, error){
		"another owner": func() (string, error) { return box.Open("bob", stored) },
		"another key": func() (string, error) {
			return sealed.NewBox(bytes.Repeat([]byte{2}, 32), "a seal", "a index").Open("ann", stored)
		},
		"another purpose": func() (string, error) { return sealed.NewBox(key, "b seal", "a index").Open("ann", stored) },
		"a changed byte":  func() (string, error) { return box.Open("ann", base64.StdEncoding.EncodeToString(raw)) },
		"another version": func() (string, error) { return box.Open("ann", "Ag"+stored[2:]) },
		"nothing":         func() (string, error) { return box.Open("ann", "") },
		"no key":          func() (string, error) { return sealed.Box{}.Open("ann", stored) },
	} {
		if text, err := open(); !errors.Is(err, sealed.ErrBroken) || text != "" {
			t.Errorf("%s: opened %q, %v", name, text, err)
		}
	}
	first, second := box.Index("13800138000"), box.Index("13800138000")
	if first != second || len(first) != 64 || first == box.Index("13800138001") ||
		first == sealed.NewBox(key, "a seal", "b index").Index("13800138000") {
		t.Error("the index must depend on key, purpose and text only")
	}
	if (sealed.Box{}).Ready() || !box.Ready() {
		t.Error("Ready is wrong")
	}
}
