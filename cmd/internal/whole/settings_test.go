package whole

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"huitou/wechat/sim"
)

// T24, T57: `huitou serve` logs all its settings at the start and says why it cannot go on, and tells no secret by it: neither in the
// digest nor in what the drivers of the database and of Redis have to say.
func TestT24SettingsAreToldWithoutSecrets(t *testing.T) {
	t.Parallel()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	var a sim.Accounts
	if err := json.Unmarshal(keptAccounts, &a); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	private, public, settings := filepath.Join(dir, "private.pem"), filepath.Join(dir, "public.pem"), filepath.Join(dir, "shop.yaml")
	secrets := []string{
		"canary-dsn-k8Vq2mZr5Tn9", "canary-redis-Lw3Bc7Yd1Hf6", strings.Repeat("0c7be44b97115ba9", 4), "canary-ingest-Jg4Ps0uAx7Qe2Rt5Yz",
		a.OA.Secret, a.OA.Token, a.OA.EncodingAESKey, a.Mini.Secret, a.Mini.Token, a.Mini.EncodingAESKey, a.Merchant.APIv3Key,
		strings.Split(a.Merchant.PrivateKeyPEM, "\n")[5],
	}
	text := fmt.Sprintf(`environment: development
wechat: {simulator: "http://127.0.0.1:1"}
http: {addr: "127.0.0.1:0", ops_addr: "localhost:0", public_url: "http://127.0.0.1:1"}
database: {dsn: "shop:%s@tcp(127.0.0.1:1)/shop"}
redis: {addrs: ["127.0.0.1:1"], password: %q}
privacy: {phone_key: %q}
ingest: {keys: [{id: pos-1, source: pos, secret: %q}]}
oa: {app_id: %q, secret: %q, token: %q, aes_key: %q}
mini: {app_id: %q, secret: %q, token: %q, aes_key: %q}
pay: {mch_id: %q, serial_no: %q, api_v3_key: %q, public_key_id: %q, private_key_file: %q, public_key_file: %q}
log: {level: debug, format: json}
`, secrets[0], secrets[1], secrets[2], secrets[3], a.OA.AppID, a.OA.Secret, a.OA.Token, a.OA.EncodingAESKey,
		a.Mini.AppID, a.Mini.Secret, a.Mini.Token, a.Mini.EncodingAESKey,
		a.Merchant.MchID, a.Merchant.SerialNo, a.Merchant.APIv3Key, a.Platform.PublicKeyID, private, public)
	for path, content := range map[string]string{private: a.Merchant.PrivateKeyPEM, public: a.Platform.PublicKeyPEM, settings: text} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, args := range map[string][]string{
		"no database":   {"serve", "--config", settings},
		"wrong setting": {"serve", "--config", settings + "," + wrong(t, dir)},
		"another tool":  {"audit", "--config", settings},
	} {
		out, err := exec.Command(binary, args...).CombinedOutput()
		if err == nil {
			t.Errorf("%s: the program went on: %s", name, clip(out))
		}
		if name == "no database" && (!bytes.Contains(out, []byte(`"msg":"settings"`)) || !bytes.Contains(out, []byte(a.OA.AppID)) || !bytes.Contains(out, []byte("open the database"))) {
			t.Errorf("%s: the digest or the reason is missing: %s", name, out)
		}
		if name == "wrong setting" && (!bytes.Contains(out, []byte("oa.token")) || !bytes.Contains(out, []byte("mini.mode"))) {
			t.Errorf("%s: the faulty fields are not named: %s", name, out)
		}
		for _, secret := range secrets {
			if bytes.Contains(out, []byte(secret)) {
				t.Errorf("%s: the output holds %q", name, secret)
			}
		}
	}
}

// wrong writes a file with two settings that are not possible.
func wrong(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "wrong.yaml")
	if err := os.WriteFile(path, []byte("oa: {token: \"no-token!\"}\nmini: {mode: open}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
