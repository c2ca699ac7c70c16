package config

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"huitou/model"
)

// knownSecrets are secrets that shipped as defaults of comparable systems or stand in manuals, also in ours. Whoever reads
// those can use them (reliability.md a2: litemall#568, RuoYi-Vue#133, yudao-cloud#317, gin-vue-admin PR2212, crawlab#1622, CRMEB).
var knownSecrets = []string{
	"x-litemall-token", "abcdefghijklmnopqrstuvwxyz", "qmplus", "crawlab", "default", "secret", "password", "changeme", "change-me",
	"admin123", "123456", "12345678", "huitou", "replace-me", "replace_me", "mall-admin-secret", "mall-portal-secret", "your-secret", "test",
	"0123456789abcdef", "0123456789abcdef0123456789abcdef",
}

type checker struct{ list []Fault }

func (c *checker) fault(field, format string, args ...any) {
	c.list = append(c.list, Fault{field, fmt.Sprintf(format, args...)})
}

func (c *checker) need(field, value string) bool {
	if strings.TrimSpace(value) == "" {
		c.fault(field, "is missing")
		return false
	}
	return true
}

// secret checks a secret's length and that it is nobody's default and not one character repeated.
func (c *checker) secret(field string, s Secret, least int) {
	if !c.need(field, s.Reveal()) {
		return
	}
	low := strings.ToLower(s.Reveal())
	switch {
	case slices.ContainsFunc(knownSecrets, func(k string) bool {
		return low == k || strings.Repeat(k, 1+len(low)/len(k))[:len(low)] == low && len(low) >= len(k)
	}):
		c.fault(field, "is a known default; make one of your own, for instance with `openssl rand -hex 16`")
	case len(low) < least:
		c.fault(field, "is too short: %d characters, at least %d are needed", len(low), least)
	case distinct(low) < min(6, least/2+1):
		c.fault(field, "is too simple: only %d different characters", distinct(low))
	}
}

func (c *checker) oneOf(field, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.fault(field, "is %q, want one of %s", value, strings.Join(allowed, ", "))
	}
}

var (
	realAppID = regexp.MustCompile(`^wx[0-9a-f]{16}$`)
	simAppID  = regexp.MustCompile(`^wxsim-`)
	callToken = regexp.MustCompile(`^[0-9A-Za-z]{3,32}$`)
	aesKey    = regexp.MustCompile(`^[0-9A-Za-z]{43}$`)
	keyID     = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	dsn       = regexp.MustCompile(`^([^:@]*):?(.*)@((?:tcp|unix)\([^)]+\))/([^?]*)(?:\?.*)?$`)
	source    = regexp.MustCompile(`^[0-9a-z_-]{1,32}$`)
)

// faults returns everything that is wrong.
func (c Config) faults() []Fault {
	k := &checker{}
	k.oneOf("environment", c.Environment, "production", "development")
	k.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	k.oneOf("log.format", c.Log.Format, "json", "text")
	c.checkHTTP(k)
	c.checkStores(k)
	c.checkWeChat(k)
	c.checkPay(k)
	c.checkVirtual(k)
	c.checkShop(k)
	c.checkMessages(k)
	c.checkQRCodes(k)
	c.checkReplies(k)
	return k.list
}

func (c Config) production() bool { return c.Environment == "production" }

func (c Config) checkHTTP(k *checker) {
	for field, addr := range map[string]string{"http.addr": c.HTTP.Addr, "http.ops_addr": c.HTTP.OpsAddr} {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			k.fault(field, "is %q, want host:port", addr)
		}
	}
	if c.HTTP.Addr == c.HTTP.OpsAddr {
		k.fault("http.ops_addr", "is the same as http.addr; metrics must not stand on the public address")
	}
	if k.need("http.public_url", c.HTTP.PublicURL) {
		u, err := url.Parse(c.HTTP.PublicURL)
		switch {
		case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
			k.fault("http.public_url", "is not an address like https://shop.example.com")
		case u.RawQuery != "" || strings.Trim(u.Path, "/") != "":
			k.fault("http.public_url", "must have no path and no query: WeChat Pay refuses them in its notify address")
		case c.production() && u.Scheme != "https":
			k.fault("http.public_url", "must be https: WeChat calls no other")
		}
	}
	for i, cidr := range c.HTTP.TrustedProxies {
		field := fmt.Sprintf("http.trusted_proxies[%d]", i)
		if _, n, err := net.ParseCIDR(cidr); err != nil {
			k.fault(field, "is %q, want a network like 10.0.0.0/8", cidr)
		} else if ones, _ := n.Mask.Size(); ones == 0 {
			k.fault(field, "trusts the whole world: anybody could choose the address that limits see")
		}
	}
}

func (c Config) checkStores(k *checker) {
	if k.need("database.dsn", c.Database.DSN.Reveal()) {
		part := dsn.FindStringSubmatch(c.Database.DSN.Reveal())
		switch {
		case part == nil:
			k.fault("database.dsn", "is not like user:password@tcp(host:3306)/huitou")
		case part[4] == "":
			k.fault("database.dsn", "names no database")
		case c.production() && part[2] == "":
			k.fault("database.dsn", "has no password")
		case c.production() && slices.Contains(knownSecrets, strings.ToLower(part[2])):
			k.fault("database.dsn", "has a password that is a known default")
		case c.production() && part[1] == "root":
			k.fault("database.dsn", "is root's; make a user of its own")
		}
	}
	if c.Database.MaxOpen < 2 || c.Database.MaxOpen > 1000 {
		k.fault("database.max_open", "is %d, want 2 to 1000", c.Database.MaxOpen)
	}
	if len(c.Redis.Addrs) == 0 {
		k.fault("redis.addrs", "is missing")
	}
	for i, a := range c.Redis.Addrs {
		if _, _, err := net.SplitHostPort(a); err != nil {
			k.fault(fmt.Sprintf("redis.addrs[%d]", i), "is %q, want host:port", a)
		}
	}
	k.secret("privacy.phone_key", c.Privacy.PhoneKey, 64)
	if b, err := hex.DecodeString(c.Privacy.PhoneKey.Reveal()); c.Privacy.PhoneKey != "" && (err != nil || len(b) != 32) {
		k.fault("privacy.phone_key", "must be 64 hex digits (`openssl rand -hex 32`)")
	}
}

func (c Config) checkWeChat(k *checker) {
	if c.WeChat.Simulator != "" {
		u, err := url.Parse(c.WeChat.Simulator)
		if err != nil || u.Host == "" {
			k.fault("wechat.simulator", "is not an address like http://127.0.0.1:8090")
		}
		if c.production() {
			k.fault("wechat.simulator", "is set in production: whoever runs the simulator could mark orders as paid")
		}
	}
	for name, a := range map[string]Account{"oa": c.OA, "mini": c.Mini} {
		if k.need(name+".app_id", a.AppID) {
			isReal, isSim := realAppID.MatchString(a.AppID), simAppID.MatchString(a.AppID)
			switch {
			case !isReal && !isSim:
				k.fault(name+".app_id", "is %q, want wx and 16 hex digits", a.AppID)
			case isSim && c.WeChat.Simulator == "":
				k.fault(name+".app_id", "is one of the simulator, but wechat.simulator is not set")
			case isReal && c.WeChat.Simulator != "":
				k.fault(name+".app_id", "is a real one, and must not meet a simulator")
			}
		}
		k.secret(name+".secret", a.Secret, 16)
		k.secret(name+".token", a.Token, 3)
		if a.Token != "" && !callToken.MatchString(a.Token.Reveal()) {
			k.fault(name+".token", "must be 3 to 32 letters and digits")
		}
		k.oneOf(name+".mode", a.Mode, "safe", "compatible", "plain")
		k.oneOf(name+".format", a.Format, "xml", "json")
		if c.production() && a.Mode == "plain" {
			k.fault(name+".mode", "is plain: anybody who saw one signed address could post what he likes; choose safe with WeChat and here")
		}
		if a.Mode != "plain" && k.need(name+".aes_key", a.AESKey.Reveal()) && !aesKey.MatchString(a.AESKey.Reveal()) {
			k.fault(name+".aes_key", "must be the 43 letters and digits of EncodingAESKey")
		}
		if a.PreviousAESKey != "" && !aesKey.MatchString(a.PreviousAESKey.Reveal()) {
			k.fault(name+".previous_aes_key", "must be the 43 letters and digits of EncodingAESKey")
		}
	}
	if c.OA.AppID != "" && c.OA.AppID == c.Mini.AppID {
		k.fault("mini.app_id", "is the same as oa.app_id")
	}
}

func (c Config) checkQRCodes(k *checker) {
	if n := c.QRCodes.Permanent; n < 1 || n > 100_000 {
		k.fault("qrcodes.permanent", "is %d, want 1 to 100000", n)
	}
	if page := c.QRCodes.MiniPage; strings.HasPrefix(page, "/") || strings.ContainsAny(page, "?# \n") || len(page) > 128 {
		k.fault("qrcodes.mini_page", "is %q, want a page like pages/store/index, without a slash in front and without a query", page)
	}
	k.oneOf("qrcodes.mini_version", c.QRCodes.MiniVersion, "release", "trial", "develop")
	if c.production() && c.QRCodes.MiniVersion != "release" {
		k.fault("qrcodes.mini_version", "is %s in production: customers could not open the page", c.QRCodes.MiniVersion)
	}
}

func (c Config) checkPay(k *checker) {
	k.need("pay.mch_id", c.Pay.MchID)
	k.need("pay.serial_no", c.Pay.SerialNo)
	k.secret("pay.api_v3_key", c.Pay.APIv3Key, 32)
	if c.Pay.APIv3Key != "" && len(c.Pay.APIv3Key) != 32 {
		k.fault("pay.api_v3_key", "has %d characters, an APIv3 key has 32", len(c.Pay.APIv3Key))
	}
	k.oneOf("pay.mode", c.Pay.Mode, "public_key", "certificate", "both")
	c.checkPublicKey(k)
	if n := c.Pay.RefundAloneFen; n < 1 || n > 100_000_000 {
		k.fault("pay.refund_alone_fen", "is %d, want 1 to 100000000", n)
	}
	if k.need("pay.private_key_file", c.Pay.PrivateKeyFile) {
		if err := privateKey(c.Pay.PrivateKeyFile); err != nil {
			k.fault("pay.private_key_file", "%v", err)
		}
	}
}

func (c Config) checkPublicKey(k *checker) {
	if c.Pay.Mode == "certificate" {
		if c.Pay.PublicKeyID != "" || c.Pay.PublicKeyFile != "" {
			k.fault("pay.mode", "is certificate, but a public key is given; with it the mode is both or public_key")
		}
		return
	}
	if k.need("pay.public_key_id", c.Pay.PublicKeyID) && !strings.HasPrefix(c.Pay.PublicKeyID, "PUB_KEY_ID_") {
		k.fault("pay.public_key_id", "is %q, want PUB_KEY_ID_…", c.Pay.PublicKeyID)
	}
	if k.need("pay.public_key_file", c.Pay.PublicKeyFile) {
		if _, err := readPEM(c.Pay.PublicKeyFile, "PUBLIC KEY"); err != nil {
			k.fault("pay.public_key_file", "%v", err)
		}
	}
}

func (c Config) checkVirtual(k *checker) {
	v := c.Pay.Virtual
	if v.OfferID == "" {
		if v.AppKey != "" || v.Sandbox {
			k.fault("pay.virtual.offer_id", "is missing")
		}
		return
	}
	if !keyID.MatchString(v.OfferID) {
		k.fault("pay.virtual.offer_id", "is %q, want the OfferID of the console", v.OfferID)
	}
	k.secret("pay.virtual.app_key", v.AppKey, 16)
	if v.Sandbox && c.production() {
		k.fault("pay.virtual.sandbox", "is set in production: what is paid there is no money")
	}
}

func privateKey(path string) error {
	der, err := readPEM(path, "PRIVATE KEY")
	if err != nil {
		return err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return fmt.Errorf("%s holds no PKCS#8 key (apiclient_key.pem does)", path)
	}
	if _, ok := key.(*rsa.PrivateKey); !ok {
		return fmt.Errorf("%s holds no RSA key", path)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others (mode %04o); chmod 600 it", path, info.Mode().Perm())
	}
	return nil
}

func readPEM(path, kind string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s holds no PEM block %q", path, kind)
	}
	return block.Bytes, nil
}

func (c Config) checkShop(k *checker) {
	ids := map[string]bool{}
	for i, key := range c.Ingest.Keys {
		field := fmt.Sprintf("ingest.keys[%d].", i)
		if !keyID.MatchString(key.ID) || ids[key.ID] {
			k.fault(field+"id", "is %q, want 1 to 64 letters, digits, - and _, once each", key.ID)
		}
		ids[key.ID] = true
		if !source.MatchString(key.Source) {
			k.fault(field+"source", "is %q, want 1 to 32 small letters, digits, - and _", key.Source)
		}
		k.secret(field+"secret", key.Secret, 32)
	}
	if p := c.Points; p.PerYuan < 0 || p.PerYuan > 1000 {
		k.fault("points.per_yuan", "is %d, want 0 to 1000", p.PerYuan)
	}
	if p := c.Points; p.PendingDays < 0 || p.PendingDays > 366 {
		k.fault("points.pending_days", "is %d, want 0 to 366", p.PendingDays)
	}
	if p := c.Points; p.Pending != "days" && (p.Pending != "completed" || p.PendingDays != 0) {
		k.fault("points.pending", "is %q with %d pending_days, want days, or completed with 0 of them", p.Pending, p.PendingDays)
	}
	if p := c.Points; !slices.Contains([]model.ClawbackPolicy{model.ClawWithDebt, model.ClawToBalance, model.ClawPending}, model.ClawbackPolicy(p.Clawback)) {
		k.fault("points.clawback", "is %q, want allow_debt, up_to_balance or pending_only", p.Clawback)
	}
	if p := c.Points; p.CostFenPerHundred < 0 || p.CostFenPerHundred > 10_000 {
		k.fault("points.cost_fen_per_hundred", "is %d, want 0 to 10000", p.CostFenPerHundred)
	}
	if _, err := model.ParseExpiryRule(c.Points.Expiry); err != nil {
		k.fault("points.expiry", "is %v", err)
	}
	for _, cap := range []struct {
		field string
		n     int64
	}{{"adjust_limit", c.Points.AdjustLimit}, {"adjust_daily", c.Points.AdjustDaily}, {"adjust_alone", c.Points.AdjustAlone}} {
		if cap.n < 1 || cap.n > int64(model.MaxPoints) {
			k.fault("points."+cap.field, "is %d, want 1 to %d", cap.n, model.MaxPoints)
		}
	}
	names := map[string]bool{}
	for i, t := range c.Templates {
		field := fmt.Sprintf("templates[%d].", i)
		if names[t.Name] {
			k.fault(field+"name", "%q is given twice", t.Name)
		}
		names[t.Name] = true
		k.need(field+"name", t.Name)
		if t.Purpose != "" {
			k.oneOf(field+"purpose", t.Purpose, "service", "care", "marketing")
		}
		for _, channel := range t.Channels {
			k.oneOf(field+"channels", channel, "oa_template", "oa_subscribe", "mini_subscribe", "customer_service", "sms")
		}
		if t.OASubscribe.ID+t.MiniSubscribe.ID+t.CustomerService.Text+t.SMS.ID == "" || len(t.Fields) > 0 {
			k.need(field+"id", t.ID)
		}
		if t.ID != "" && len(t.Fields) == 0 {
			k.fault(field+"fields", "is missing")
		}
	}
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}
