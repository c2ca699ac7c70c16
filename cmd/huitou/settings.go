package main

import (
	"crypto/rand"
	"encoding/hex"
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
	"huitou/model"
	"huitou/model/db"
	"huitou/model/kv"
	"huitou/service/orders"
	"huitou/service/points"
	"huitou/service/qrcodes"
	"huitou/wechat"
)

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
	expiry, err := model.ParseExpiryRule(c.Points.Expiry)
	if err != nil {
		return app.Settings{}, fmt.Errorf("points.expiry: %w", err)
	}
	s := app.Settings{
		DB: db.Options{Driver: db.MySQL, DSN: c.Database.DSN.Reveal(), MaxOpen: c.Database.MaxOpen},
		KV: store, Now: time.Now, Log: log, Version: version, PublicURL: strings.TrimRight(c.HTTP.PublicURL, "/"), PhoneKey: phoneKey,
		OA: accountOf(c.OA), Mini: accountOf(c.Mini), Merchant: merchant,
		Virtual:     app.Virtual{OfferID: c.Pay.Virtual.OfferID, AppKey: wechat.Secret(c.Pay.Virtual.AppKey), Sandbox: c.Pay.Virtual.Sandbox},
		RefundAlone: model.Fen(c.Pay.RefundAloneFen),
		Shops:       map[string]web.ShopKey{},
		Earning: orders.Rules{PointsPerYuan: c.Points.PerYuan, PendingDays: c.Points.PendingDays, AwaitCompletion: c.Points.Pending == "completed", Expiry: expiry,
			Clawback: model.ClawbackPolicy(c.Points.Clawback)},
		PointsCost: model.Fen(c.Points.CostFenPerHundred),
		Messages:   limitsOf(c.Messages),
		Shop:       c.Shop.Name, LinkHosts: c.Replies.LinkHosts,
		MiniPage:       qrcodes.MiniPage{Path: c.QRCodes.MiniPage, Env: c.QRCodes.MiniVersion, Unchecked: c.QRCodes.MiniUnpublished},
		PermanentCodes: c.QRCodes.Permanent,
		Adjust: points.AdjustRules{
			Limit: model.Points(c.Points.AdjustLimit), Daily: model.Points(c.Points.AdjustDaily), Alone: model.Points(c.Points.AdjustAlone),
		},
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
	if s.Templates, err = templatesOf(c.Templates); err != nil {
		return app.Settings{}, err
	}
	if s.SMS, err = smsOf(c.SMS); err != nil {
		return app.Settings{}, err
	}
	if s.Menu, err = menuOf(c.Menu); err != nil {
		return app.Settings{}, err
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
	var public []byte
	if p.Mode != "certificate" {
		if public, err = os.ReadFile(p.PublicKeyFile); err != nil {
			return app.Merchant{}, fmt.Errorf("pay.public_key_file: %w", err)
		}
	}
	m := app.Merchant{
		MchID: p.MchID, SerialNo: p.SerialNo, APIv3Key: wechat.Secret(p.APIv3Key), PublicKeyID: p.PublicKeyID,
		FetchCertificates: p.Mode != "public_key",
	}
	return m, m.UseKeys(private, public)
}
