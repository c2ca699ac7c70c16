package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"huitou/cmd/internal/app"
	"huitou/config"
	"huitou/handler/web"
	"huitou/model/db"
	"huitou/model/kv"
	"huitou/service/messages"
	"huitou/service/orders"
	"huitou/wechat"
	"huitou/wechat/sim"
)

// demoEarning are the demo shop's rules: one point a yuan, at once, for a year.
var demoEarning = orders.Rules{PointsPerYuan: 1, LifetimeDays: 365}

// newKey returns 32 random bytes.
func newKey() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

// settingsOf turns checked settings into what the app needs.
func settingsOf(c config.Config, store kv.Store, log *slog.Logger) (app.Settings, error) {
	phoneKey, err := hex.DecodeString(c.Privacy.PhoneKey.Reveal())
	if err != nil {
		return app.Settings{}, errors.New("privacy.phone_key is not hex") // config has checked it
	}
	merchant, err := merchantOf(c.Pay)
	if err != nil {
		return app.Settings{}, err
	}
	s := app.Settings{
		DB: db.Options{Driver: db.MySQL, DSN: c.Database.DSN.Reveal(), MaxOpen: c.Database.MaxOpen},
		KV: store, Now: time.Now, Log: log, Version: version, PublicURL: strings.TrimRight(c.HTTP.PublicURL, "/"), PhoneKey: phoneKey,
		OA: accountOf(c.OA), Mini: accountOf(c.Mini), Merchant: merchant,
		Shops:     map[string]web.ShopKey{},
		Earning:   orders.Rules{PointsPerYuan: c.Points.PerYuan, PendingDays: c.Points.PendingDays, LifetimeDays: c.Points.LifetimeDays},
		Templates: map[string]messages.Template{},
	}
	for _, cidr := range c.HTTP.TrustedProxies {
		_, n, err := net.ParseCIDR(cidr)
		if err != nil {
			return app.Settings{}, fmt.Errorf("http.trusted_proxies: %w", err)
		}
		s.TrustedProxies = append(s.TrustedProxies, n)
	}
	if c.WeChat.Simulator != "" {
		if s.Simulator, err = url.Parse(c.WeChat.Simulator); err != nil {
			return app.Settings{}, fmt.Errorf("wechat.simulator: %w", err)
		}
	}
	for _, k := range c.Ingest.Keys {
		s.Shops[k.ID] = web.ShopKey{Source: k.Source, Secret: k.Secret.Reveal()}
	}
	for _, t := range c.Templates {
		s.Templates[t.Name] = messages.Template{ID: t.ID, Fields: t.Fields}
	}
	return s, nil
}

func accountOf(a config.Account) app.Account {
	return app.Account{
		AppID: a.AppID, Secret: wechat.Secret(a.Secret), Token: wechat.Secret(a.Token),
		AESKey: wechat.Secret(a.AESKey), PreviousAESKey: wechat.Secret(a.PreviousAESKey), Mode: a.Mode, Format: a.Format,
	}
}

func merchantOf(p config.Pay) (app.Merchant, error) {
	private, err := os.ReadFile(p.PrivateKeyFile)
	if err != nil {
		return app.Merchant{}, fmt.Errorf("pay.private_key_file: %w", err)
	}
	public, err := os.ReadFile(p.PublicKeyFile)
	if err != nil {
		return app.Merchant{}, fmt.Errorf("pay.public_key_file: %w", err)
	}
	return newMerchant(app.Merchant{MchID: p.MchID, SerialNo: p.SerialNo, APIv3Key: wechat.Secret(p.APIv3Key), PublicKeyID: p.PublicKeyID}, private, public)
}

// newMerchant adds the two keys, given as PEM.
func newMerchant(m app.Merchant, private, public []byte) (app.Merchant, error) {
	block, _ := pem.Decode(private)
	if block == nil {
		return m, errors.New("the merchant's private key is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return m, fmt.Errorf("read the merchant's private key: %w", err)
	}
	var ok bool
	if m.PrivateKey, ok = key.(*rsa.PrivateKey); !ok {
		return m, errors.New("the merchant's private key is not RSA")
	}
	if block, _ = pem.Decode(public); block == nil {
		return m, errors.New("WeChat Pay's public key is not PEM")
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return m, fmt.Errorf("read WeChat Pay's public key: %w", err)
	}
	if m.PublicKey, ok = pub.(*rsa.PublicKey); !ok {
		return m, errors.New("WeChat Pay's public key is not RSA")
	}
	return m, nil
}

// useSim makes a simulated WeChat the one that these settings talk to.
func useSim(s *app.Settings, a sim.Accounts, at *url.URL) error {
	account := func(id, secret, token, key, format string) app.Account {
		return app.Account{AppID: id, Secret: wechat.Secret(secret), Token: wechat.Secret(token), AESKey: wechat.Secret(key), Mode: "safe", Format: format}
	}
	s.OA = account(a.OA.AppID, a.OA.Secret, a.OA.Token, a.OA.EncodingAESKey, "xml")
	s.Mini = account(a.Mini.AppID, a.Mini.Secret, a.Mini.Token, a.Mini.EncodingAESKey, "json")
	merchant, err := newMerchant(app.Merchant{
		MchID: a.Merchant.MchID, SerialNo: a.Merchant.SerialNo, APIv3Key: wechat.Secret(a.Merchant.APIv3Key), PublicKeyID: a.Platform.PublicKeyID,
	}, []byte(a.Merchant.PrivateKeyPEM), []byte(a.Platform.PublicKeyPEM))
	if err != nil {
		return err
	}
	s.Merchant, s.Simulator, s.Templates = merchant, at, simTemplates(a)
	return nil
}

// simTemplates joins our messages with the templates of the simulated official account.
func simTemplates(a sim.Accounts) map[string]messages.Template {
	id := map[string]string{}
	for _, t := range a.Templates {
		id[t.Name] = t.ID
	}
	return map[string]messages.Template{
		"visit1": {ID: id["visit"], Fields: map[string]string{
			"character_string1": "number", "thing2": "goods", "time3": "paid_at", "thing4": "advice"}},
		"membership.activated": {ID: id["membership"], Fields: map[string]string{
			"thing1": "plan", "amount2": "price", "time3": "at", "thing4": "until"}},
	}
}
