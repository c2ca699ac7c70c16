package sim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSelftestPasses(t *testing.T) {
	if err := selftest(selftestVectors); err != nil {
		t.Fatal(err)
	}
}

// A self-test that cannot fail is none: spoil one expected value of each group.
func TestSelftestNamesWhatDiffers(t *testing.T) {
	tests := []struct{ group, field, id string }{
		{"oa_signature", "signature", "get-verify-official"},
		{"oa_cipher", "msg", "official-inbound-json"},
		{"pay_sign", "signature", "official-jsapi"},
		{"pay_verify", "body", "official-response-pubkey"},
		{"pay_aead", "plaintext", "wechatpay-java-aead"},
	}
	for _, tt := range tests {
		t.Run(tt.group, func(t *testing.T) {
			var v map[string]any
			if err := json.Unmarshal(selftestVectors, &v); err != nil {
				t.Fatal(err)
			}
			for _, c := range v[tt.group].([]any) {
				if c := c.(object); c["id"] == tt.id {
					c[tt.field] = "x" + c[tt.field].(string)
				}
			}
			err := selftest([]byte(mustJSON(t, v)))
			if err == nil || !strings.Contains(err.Error(), tt.id) {
				t.Errorf("selftest = %v, want it to name %s", err, tt.id)
			}
		})
	}
	if selftest(bytes.Replace(selftestVectors, []byte(`"pay_aead"`), []byte(`"gone"`), 1)) == nil {
		t.Error("a missing group passes")
	}
}

// sharedVectors are the full files the embedded handful was taken from.
func sharedVectors(t *testing.T, name string, into any) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "vectors", name)
	raw, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("%s is not on this machine; the embedded vectors are checked at every start", path)
	}
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSharedPushVectors(t *testing.T) {
	var sigs struct {
		Cases []struct {
			ID, Signature string
			Parts         []string
			Valid         bool
		}
	}
	sharedVectors(t, "oa_signature.json", &sigs)
	for _, c := range sigs.Cases {
		if got := pushSignature(c.Parts...) == c.Signature; got != c.Valid {
			t.Errorf("%s: match = %v", c.ID, got)
		}
	}
	var ciphers struct {
		Cases []struct {
			ID, AppID, Random16, Msg, Encrypt string
			Key                               string `json:"encoding_aes_key"`
		}
		Negative []struct {
			ID, Encrypt string
			Key         string `json:"encoding_aes_key"`
			AppID       string `json:"expect_appid"`
		}
	}
	sharedVectors(t, "oa_safe_mode.json", &ciphers)
	for _, c := range ciphers.Cases {
		key, err := pushKey(c.Key)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := sealPush(key, [16]byte([]byte(c.Random16)), []byte(c.Msg), c.AppID); err != nil || got != c.Encrypt {
			t.Errorf("%s: encryption differs (%v)", c.ID, err)
		}
		if got, err := openPush(key, c.Encrypt, c.AppID); err != nil || string(got) != c.Msg {
			t.Errorf("%s: decryption differs (%v)", c.ID, err)
		}
	}
	for _, c := range ciphers.Negative {
		key, err := pushKey(c.Key)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := openPush(key, c.Encrypt, c.AppID); err == nil {
			t.Errorf("%s: opened as %q", c.ID, got)
		}
	}
	if len(sigs.Cases) < 9 || len(ciphers.Cases) < 7 || len(ciphers.Negative) < 5 {
		t.Errorf("read %d, %d, %d cases", len(sigs.Cases), len(ciphers.Cases), len(ciphers.Negative))
	}
}

func TestSharedPayVectors(t *testing.T) {
	var v struct {
		Verify []struct {
			ID, Timestamp, Nonce, Body, Signature string
			SPKI                                  string `json:"public_spki_b64"`
			Valid                                 bool
		}
		AEAD []struct {
			ID, Key, Nonce, Ciphertext, Plaintext, Nonconformant string
			Associated                                           string `json:"associated_data"`
			SHA256                                               string `json:"plaintext_sha256"`
		}
		Notify []struct {
			ID, Body, Plaintext string
			Key                 string `json:"api_v3_key"`
		}
	}
	sharedVectors(t, "wechatpay_v3.json", &v)
	for _, c := range v.Verify {
		pub, err := parseSPKI(c.SPKI)
		if err != nil {
			t.Fatal(err)
		}
		if got := verifyRSA(pub, signedLines(c.Timestamp, c.Nonce, c.Body), c.Signature) == nil; got != c.Valid {
			t.Errorf("%s: valid = %v", c.ID, got)
		}
	}
	for _, c := range v.AEAD {
		plain, err := openAEAD(c.Key, c.Nonce, c.Associated, c.Ciphertext)
		switch {
		case c.Nonconformant != "":
			if err == nil {
				t.Errorf("%s: a 16 byte key was taken", c.ID)
			}
		case err != nil:
			t.Errorf("%s: %v", c.ID, err)
		case c.SHA256 == "" && string(plain) != c.Plaintext:
			t.Errorf("%s: plaintext differs", c.ID)
		}
	}
	for _, c := range v.Notify {
		var body struct {
			Resource struct {
				Ciphertext, Nonce string
				AssociatedData    string `json:"associated_data"`
			}
		}
		if err := json.Unmarshal([]byte(c.Body), &body); err != nil {
			t.Fatal(err)
		}
		sealed, err := sealAEAD(c.Key, body.Resource.Nonce, body.Resource.AssociatedData, []byte(c.Plaintext))
		if err != nil || sealed != body.Resource.Ciphertext {
			t.Errorf("%s: encryption differs (%v)", c.ID, err)
		}
	}
	if len(v.Verify) < 5 || len(v.AEAD) < 3 || len(v.Notify) < 2 {
		t.Errorf("read %d, %d, %d cases", len(v.Verify), len(v.AEAD), len(v.Notify))
	}
}

func FuzzOpenPush(f *testing.F) {
	key := bytes.Repeat([]byte{7}, 32)
	sealed, err := sealPush(key, [16]byte{}, []byte("<xml/>"), "wxsim-oa-1")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add("")
	f.Add(base64.StdEncoding.EncodeToString(make([]byte, 48)))
	f.Fuzz(func(t *testing.T, encrypted string) {
		if msg, err := openPush(key, encrypted, "wxsim-oa-1"); err == nil && encrypted != sealed && len(msg) > len(encrypted) {
			t.Errorf("opened %d bytes out of %d", len(msg), len(encrypted))
		}
	})
}
