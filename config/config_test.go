package config_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huitou/config"
)

// good writes a complete set of settings and returns the file's path; change may spoil lines of it.
func good(t *testing.T, change func(text string) string) string {
	t.Helper()
	dir := t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, _ := x509.MarshalPKCS8PrivateKey(key)
	public, _ := x509.MarshalPKIXPublicKey(&key.PublicKey)
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := fmt.Sprintf(`
environment: production
http: {addr: "127.0.0.1:8080", ops_addr: "127.0.0.1:8081", public_url: "https://shop.example.com", trusted_proxies: ["10.0.0.0/8"]}
database: {dsn: "huitou_app:k3J9x-Qm2vLp7@tcp(db:3306)/huitou"}
redis: {addrs: ["redis:6379"]}
privacy: {phone_key: "8f1c2b7d9e3a4c5061728394a5b6c7d8e9f00112233445566778899aabbccdde"}
oa: {app_id: wx0123456789abcdef, secret: "c7d1e8f2a9b04356c7d1e8f2a9b04357", token: "hT4nWq8Zk2", aes_key: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"}
mini: {app_id: wxfedcba9876543210, secret: "17d1e8f2a9b04356c7d1e8f2a9b04358", token: "Lq7VbT2xYp", aes_key: "bcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"}
pay: {mch_id: "1900000109", serial_no: "5157F09EFDC096DE15EBE81A47057A72", private_key_file: %q, api_v3_key: "Zr8kQ2mVx5Tn9Lw3Bc7Yd1Hf6Jg4Ps0u", public_key_id: PUB_KEY_ID_0119000001092024, public_key_file: %q}
ingest: {keys: [{id: pos-1, source: pos, secret: "kX8vQ2mZr5Tn9Lw3Bc7Yd1Hf6Jg4Ps0uAa"}]}
templates: [{name: visit1, id: TPL1, fields: {character_string1: order}}]
`, write("key.pem", "PRIVATE KEY", private), write("pub.pem", "PUBLIC KEY", public))
	path := filepath.Join(dir, "huitou.yaml")
	if err := os.WriteFile(path, []byte(change(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func same(text string) string { return text }

func replace(old, new string) func(string) string {
	return func(text string) string {
		if !strings.Contains(text, old) {
			panic("the good settings have no " + old)
		}
		return strings.Replace(text, old, new, 1)
	}
}

func TestLoadAcceptsACompleteFileAndTheEnvironmentWins(t *testing.T) {
	c, err := config.Load([]string{good(t, same)}, []string{"HUITOU_LOG_LEVEL=warn", "HUITOU_REDIS_ADDRS=a:1,b:2", "PATH=/bin"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Log.Level != "warn" || len(c.Redis.Addrs) != 2 || c.Points.PerYuan != 1 || c.Templates[0].Fields["character_string1"] != "order" {
		t.Errorf("settings are %+v", c)
	}
}

func TestPayModes(t *testing.T) {
	certificate := func(text string) string {
		head, _, _ := strings.Cut(text, ", public_key_id:")
		_, tail, _ := strings.Cut(text, "ingest:")
		return replace("pay: {", "pay: {mode: certificate, ")(head) + "}\ningest:" + tail
	}
	for mode, change := range map[string]func(string) string{
		"public_key": same, "both": replace("pay: {", "pay: {mode: both, "), "certificate": certificate,
	} {
		c, err := config.Load([]string{good(t, change)}, nil)
		if err != nil || c.Pay.Mode != mode {
			t.Errorf("mode %s: %q, %v", mode, c.Pay.Mode, err)
		}
	}
	c, err := config.Load([]string{good(t, replace("pay: {", `pay: {virtual: {offer_id: "1450000001", app_key: vK8pQ2mZr5Tn9Lw3Bc7Yd1Hf}, `))}, nil)
	if err != nil || c.Pay.Virtual.OfferID != "1450000001" {
		t.Errorf("virtual payment: %+v, %v", c.Pay.Virtual.OfferID, err)
	}
}

// T57: every bad configuration stops the start and names the field.
func TestT57BadSettingsAreNamed(t *testing.T) {
	tests := []struct {
		field  string
		change func(string) string
		env    string
	}{
		{"environment", replace("environment: production", "environment: prod"), ""},
		{"http.addr", replace(`addr: "127.0.0.1:8080"`, `addr: "8080"`), ""},
		{"http.ops_addr", replace(`ops_addr: "127.0.0.1:8081"`, `ops_addr: "127.0.0.1:8080"`), ""},
		{"http.public_url", replace("https://shop.example.com", ""), ""},
		{"http.public_url", replace("https://shop.example.com", "http://shop.example.com"), ""},
		{"http.public_url", replace("https://shop.example.com", "https://shop.example.com/wx?a=1"), ""},
		{"http.trusted_proxies[0]", replace("10.0.0.0/8", "0.0.0.0/0"), ""},
		{"http.trusted_proxies[0]", replace("10.0.0.0/8", "10.0.0.1"), ""},
		{"database.dsn", replace("huitou_app:k3J9x-Qm2vLp7@tcp(db:3306)/huitou", ""), ""},
		{"database.dsn", replace("huitou_app:k3J9x-Qm2vLp7@tcp(db:3306)/huitou", "mysql://x"), ""},
		{"database.dsn", replace(":k3J9x-Qm2vLp7@", "@"), ""},
		{"database.dsn", replace("k3J9x-Qm2vLp7", "123456"), ""},
		{"database.dsn", replace("huitou_app:", "root:"), ""},
		{"database.dsn", replace("/huitou", "/"), ""},
		{"database.max_open", same, "HUITOU_DATABASE_MAX_OPEN=0"},
		{"database.max_open", same, "HUITOU_DATABASE_MAX_OPEN=many"},
		{"redis.addrs", replace(`addrs: ["redis:6379"]`, `addrs: []`), ""},
		{"redis.addrs[0]", replace(`redis:6379`, `redis`), ""},
		{"privacy.phone_key", replace("8f1c2b7d", ""), ""},
		{"privacy.phone_key", replace("8f1c2b7d", "zzzzzzzz"), ""},
		{"privacy.phone_key", replace("8f1c2b7d9e3a4c5061728394a5b6c7d8e9f00112233445566778899aabbccdde", strings.Repeat("0123456789abcdef", 4)), ""},
		{"oa.app_id", replace("wx0123456789abcdef", "gh_123"), ""},
		{"oa.app_id", replace("wx0123456789abcdef", "wxsim-oa-1"), ""},
		{"oa.secret", replace("c7d1e8f2a9b04356c7d1e8f2a9b04357", "changeme"), ""},
		{"oa.token", replace("hT4nWq8Zk2", "h T"), ""},
		{"oa.aes_key", replace("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ", "short"), ""},
		{"oa.mode", same, "HUITOU_OA_MODE=plain"},
		{"mini.app_id", replace("wxfedcba9876543210", "wx0123456789abcdef"), ""},
		{"mini.format", same, "HUITOU_MINI_FORMAT=yaml"},
		{"pay.mode", replace("pay: {", "pay: {mode: certificates, "), ""},
		{"pay.refund_alone_fen", same, "HUITOU_PAY_REFUND_ALONE_FEN=0"},
		{"pay.mode", replace("pay: {", "pay: {mode: certificate, "), ""}, // and a public key
		{"pay.virtual.offer_id", replace("pay: {", "pay: {virtual: {app_key: vK8pQ2mZr5Tn9Lw3Bc7Yd1Hf}, "), ""},
		{"pay.virtual.offer_id", replace("pay: {", `pay: {virtual: {offer_id: "14 5", app_key: vK8pQ2mZr5Tn9Lw3Bc7Yd1Hf}, `), ""},
		{"pay.virtual.app_key", replace("pay: {", `pay: {virtual: {offer_id: "1450000001"}, `), ""},
		{"pay.virtual.sandbox", replace("pay: {", `pay: {virtual: {offer_id: "1450000001", app_key: vK8pQ2mZr5Tn9Lw3Bc7Yd1Hf, sandbox: true}, `), ""},
		{"pay.mch_id", replace("1900000109", ""), ""},
		{"pay.api_v3_key", replace("Zr8kQ2mVx5Tn9Lw3Bc7Yd1Hf6Jg4Ps0u", "0123456789abcdef0123456789abcdef"), ""},
		{"pay.api_v3_key", replace("Zr8kQ2mVx5Tn9Lw3Bc7Yd1Hf6Jg4Ps0u", "Zr8kQ2mVx5Tn9Lw3"), ""},
		{"pay.public_key_id", replace("PUB_KEY_ID_0119000001092024", "5157F09E"), ""},
		{"pay.private_key_file", replace("key.pem", "gone.pem"), ""},
		{"pay.private_key_file", replace("key.pem", "pub.pem"), ""},
		{"pay.public_key_file", replace("pub.pem", "key.pem"), ""},
		{"wechat.simulator", same, "HUITOU_WECHAT_SIMULATOR=http://127.0.0.1:8090"},
		{"ingest.keys[0].secret", replace("kX8vQ2mZr5Tn9Lw3Bc7Yd1Hf6Jg4Ps0uAa", "X-Litemall-Token"), ""},
		{"ingest.keys[0].secret", replace("kX8vQ2mZr5Tn9Lw3Bc7Yd1Hf6Jg4Ps0uAa", strings.Repeat("a", 40)), ""},
		{"ingest.keys[0].source", replace("source: pos", "source: 'P O S'"), ""},
		{"templates[0].id", replace("TPL1", "''"), ""},
		{"messages.quiet_from", same, "HUITOU_MESSAGES_QUIET_FROM=24:00"},
		{"messages.care_day", same, "HUITOU_MESSAGES_CARE_DAY=-1"},
		{"qrcodes.permanent", same, "HUITOU_QRCODES_PERMANENT=100001"},
		{"qrcodes.permanent", same, "HUITOU_QRCODES_PERMANENT=0"},
		{"qrcodes.mini_page", same, "HUITOU_QRCODES_MINI_PAGE=/pages/index"},
		{"qrcodes.mini_page", same, "HUITOU_QRCODES_MINI_PAGE=pages/index?a=1"},
		{"qrcodes.mini_version", same, "HUITOU_QRCODES_MINI_VERSION=beta"},
		{"qrcodes.mini_version", same, "HUITOU_QRCODES_MINI_VERSION=trial"},
		{"sms.provider", same, "HUITOU_SMS_PROVIDER=pigeon"},
		{"sms.provider", same, "HUITOU_SMS_PROVIDER=file"},
		{"sms.secret_key", same, "HUITOU_SMS_PROVIDER=tencent"},
		{"log.level", same, "HUITOU_LOG_LEVEL=loud"},
		{"points.pending_days", same, "HUITOU_POINTS_PENDING_DAYS=-1"},
		{"points.pending", same, "HUITOU_POINTS_PENDING=sometime"},
		{"points.clawback", same, "HUITOU_POINTS_CLAWBACK=never"},
		{"points.cost_fen_per_hundred", same, "HUITOU_POINTS_COST_FEN_PER_HUNDRED=-1"},
		{"points.expiry", same, "HUITOU_POINTS_EXPIRY=days:0"},
		{"points.adjust_alone", same, "HUITOU_POINTS_ADJUST_ALONE=0"},
		{"points.expiry", same, "HUITOU_POINTS_EXPIRY=weeks:4"},
		{"databse", replace("redis: {", "databse: {dsn: x}\nredis: {"), ""},
		{"HUITOU_LOG_LEVLE", same, "HUITOU_LOG_LEVLE=info"},
	}
	for _, tt := range tests {
		t.Run(tt.field, func(t *testing.T) {
			_, err := config.Load([]string{good(t, tt.change)}, []string{tt.env})
			var faults config.Error
			if !errors.As(err, &faults) {
				t.Fatalf("Load = %v, want the faults", err)
			}
			for _, f := range faults {
				if f.Field == tt.field {
					return
				}
			}
			t.Errorf("faults are %v, want one of %s", faults, tt.field)
		})
	}
}

func TestLoadNamesEveryFaultAtOnce(t *testing.T) {
	_, err := config.Load(nil, nil)
	var faults config.Error
	if !errors.As(err, &faults) {
		t.Fatalf("Load of nothing = %v", err)
	}
	for _, field := range []string{"http.public_url", "database.dsn", "redis.addrs", "privacy.phone_key", "oa.app_id", "oa.secret", "mini.app_id", "mini.aes_key",
		"pay.mch_id", "pay.api_v3_key", "pay.private_key_file", "pay.public_key_file"} {
		if !strings.Contains(err.Error(), "\n  "+field+": is missing") {
			t.Errorf("%s is not said to be missing in:\n%v", field, err)
		}
	}
}

// T24: neither the digest nor a fault nor any verb of fmt shows a secret.
func TestT24SecretsStayHidden(t *testing.T) {
	c, err := config.Load([]string{good(t, same)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprint(c.Digest()...) + fmt.Sprintf("%v %+v %#v %s %x %q", c, c, c, c.Pay.APIv3Key, c.OA.Secret, c.Database.DSN)
	for _, secret := range []string{"k3J9x-Qm2vLp7", "8f1c2b7d9e3a", "c7d1e8f2a9b0", "hT4nWq8Zk2", "Zr8kQ2mVx5Tn", "kX8vQ2mZr5Tn"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s is shown", secret)
		}
	}
}

// litemall#568, RuoYi-Vue#133, yudao-cloud#317, gin-vue-admin PR2212, crawlab#1622, CRMEB: leaked default secrets.
func TestLeakedDefaultSecretsAreRefused(t *testing.T) {
	for _, leaked := range []string{"X-Litemall-Token", "abcdefghijklmnopqrstuvwxyz", "qmPlus", "crawlab", "default", "mall-admin-secret",
		strings.Repeat("abcdefghijklmnopqrstuvwxyz", 2)} {
		_, err := config.Load([]string{good(t, replace("c7d1e8f2a9b04356c7d1e8f2a9b04357", leaked))}, nil)
		if err == nil || !strings.Contains(err.Error(), "oa.secret: is a known default") {
			t.Errorf("secret %q: %v", leaked, err)
		}
	}
}
