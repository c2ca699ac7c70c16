package push

import (
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"huitou/wechat"
)

// vectorFiles are the committed facts and, where the project's shared folder lies beside
// the repository, its fuller set.
func vectorFiles(t *testing.T, name string) []string {
	t.Helper()
	files := []string{"testdata/" + name}
	shared := "../../../../shared/vectors/" + name
	if _, err := os.Stat(shared); err != nil {
		t.Logf("only the committed facts: %v", err)
		return files
	}
	return append(files, shared)
}

func load(t *testing.T, file string, into any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func TestSignatureVectors(t *testing.T) {
	for _, file := range vectorFiles(t, "oa_signature.json") {
		var v struct {
			Cases []struct {
				ID        string
				Parts     []string
				Signature string
				Valid     bool
			}
		}
		load(t, file, &v)
		if len(v.Cases) < 7 {
			t.Fatalf("%s has %d cases", file, len(v.Cases))
		}
		for _, c := range v.Cases {
			codec := &Codec{token: c.Parts[0]}
			if got := codec.signed(c.Signature, c.Parts[1:]...); got != c.Valid {
				t.Errorf("%s: signed = %v, want %v", c.ID, got, c.Valid)
			}
		}
	}
}

type safeVector struct {
	ID           string
	Direction    string
	AESKey       string `json:"encoding_aes_key"`
	AppID        string
	Random       string `json:"random16"`
	Msg          string
	Encrypt      string
	Token        string
	Timestamp    string
	Nonce        string
	MsgSignature string `json:"msg_signature"`
	ExpectAppID  string `json:"expect_appid"`
}

func TestEnvelopeVectors(t *testing.T) {
	for _, file := range vectorFiles(t, "oa_safe_mode.json") {
		var v struct{ Cases, Negative []safeVector }
		load(t, file, &v)
		if len(v.Cases) < 6 || len(v.Negative) < 5 {
			t.Fatalf("%s has %d and %d cases", file, len(v.Cases), len(v.Negative))
		}
		for _, c := range v.Cases {
			codec := safeCodec(t, c.AppID, "any", c.AESKey, "0")
			got, key, err := codec.decrypt(c.Encrypt)
			if err != nil || key != 0 || string(got) != c.Msg {
				t.Errorf("%s: decrypt = %q, key %d, %v", c.ID, got, key, err)
			}
			sealed, err := codec.keys[0].seal(strings.NewReader(c.Random), []byte(c.Msg), c.AppID)
			if err != nil || sealed != c.Encrypt {
				t.Errorf("%s: sealed to %s, %v", c.ID, sealed, err)
			}
			if c.MsgSignature != "" {
				if got := signature(c.Token, c.Timestamp, c.Nonce, c.Encrypt); got != c.MsgSignature {
					t.Errorf("%s: msg_signature %s", c.ID, got)
				}
			}
		}
		for _, c := range v.Negative {
			codec := safeCodec(t, c.ExpectAppID, "any", c.AESKey, "0")
			if msg, _, err := codec.decrypt(c.Encrypt); err == nil {
				t.Errorf("%s was opened: %q", c.ID, msg)
			} else if !errors.Is(err, wechat.ErrMalformed) && !errors.Is(err, wechat.ErrSignature) {
				t.Errorf("%s: %v is neither malformed nor foreign", c.ID, err)
			}
		}
	}
}

// The documentation's worked example from end to end.
func TestOpenOfficialExample(t *testing.T) {
	for _, file := range vectorFiles(t, "oa_safe_mode.json") {
		var v struct{ Cases []safeVector }
		load(t, file, &v)
		opened := 0
		for _, c := range v.Cases {
			if c.Direction != "inbound" || c.MsgSignature == "" {
				continue
			}
			codec := safeCodec(t, c.AppID, c.Token, c.AESKey, c.Timestamp)
			body := []byte(`{"ToUserName":"gh_x","Encrypt":"` + c.Encrypt + `"}`)
			query := values("encrypt_type", "aes", "timestamp", c.Timestamp, "nonce", c.Nonce, "msg_signature", c.MsgSignature)
			p, err := codec.Open(query, body)
			if err != nil || string(p.Body) != c.Msg || !p.Envelope.Encrypted {
				t.Errorf("%s: Open = %+v, %v", c.ID, p, err)
			}
			opened++
		}
		if opened < 3 {
			t.Errorf("%s: only %d inbound examples", file, opened)
		}
	}
}

func safeCodec(t *testing.T, appID, token, key, timestamp string) *Codec {
	t.Helper()
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Config{
		AppID: appID, Token: wechat.Secret(token), AESKeys: []wechat.Secret{wechat.Secret(key)},
		Mode: ModeSafe, Now: func() time.Time { return time.Unix(seconds, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
