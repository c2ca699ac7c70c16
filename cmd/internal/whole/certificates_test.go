package whole

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"huitou/model/db"
	"huitou/wechat"
	"huitou/wechat/pay"
)

// T17: a merchant that still has platform certificates, and one in the middle of the move to public keys, against the simulated WeChat Pay:
// both kinds of signatures are believed, and a certificate that was changed is learnt with one call.
func TestT17_CertificatesOfTheSimulatedPlatform(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	at, err := url.Parse(s.weixin.url)
	if err != nil {
		t.Fatal(err)
	}
	client := wechat.NewHTTPClient(wechat.HTTPOptions{Target: at})
	t.Cleanup(client.CloseIdleConnections)
	m := s.settings.Merchant
	open := func(keys ...pay.PublicKey) *pay.Client {
		t.Helper()
		c, err := pay.New(pay.Config{
			AppID: s.settings.Mini.AppID, MchID: m.MchID, CertSerial: m.SerialNo, PrivateKey: m.PrivateKey, APIv3Key: m.APIv3Key,
			PublicKeys: keys, FetchCertificates: true, HTTP: client, Now: s.clock.Now, Log: s.settings.Log,
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	byCertificate, both := open(), open(pay.PublicKey{ID: m.PublicKeyID, Key: m.PublicKey})
	fetched := func() (n int) {
		for _, x := range s.weixin.exchanges() {
			if x.target.Path == "/v3/certificates" {
				n++
			}
		}
		return n
	}
	// paid is the notice of one more payment, as it came to the shop.
	paid := func(serial string) (exchange, string) {
		t.Helper()
		p := s.shopper(t)
		s.weixinDoes(t, "POST", "/_sim/settings", map[string]string{"notify_serial": serial}, nil)
		var bought struct{ Pay map[string]string }
		s.must(t, call{method: "POST", path: "/api/v1/membership-orders", token: p.token, key: newKey(), body: map[string]string{"plan": s.plan(t, p)}}, &bought)
		var out struct {
			Order struct {
				Number string `json:"out_trade_no"`
			}
		}
		s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/pay", bought.Pay, &out)
		pushes := s.pushes.exchanges()
		return pushes[len(pushes)-1], out.Order.Number
	}
	reads := func(c *pay.Client, x exchange) error {
		n, err := c.ParseNotice(t.Context(), x.header, x.body)
		if err == nil && (n.Transaction == nil || n.Transaction.TradeState != wechat.TradeSuccess) {
			err = errors.New("the notice says nothing of a payment")
		}
		return err
	}

	sealed, number := paid("certificate")
	if sealed.status != http.StatusUnauthorized {
		t.Errorf("a merchant with public keys only answered %d to a notice signed with a certificate", sealed.status)
	}
	keyed, _ := paid("public_key")
	for name, c := range map[string]*pay.Client{"certificate": byCertificate, "both": both} {
		if err := reads(c, sealed); err != nil {
			t.Errorf("mode %s: a notice signed with the certificate: %v", name, err)
		}
		if tx, err := c.Query(t.Context(), number); err != nil || tx.TradeState != wechat.TradeSuccess {
			t.Errorf("mode %s: a query: %s, %v", name, tx.TradeState, err)
		}
	}
	if err := reads(both, keyed); err != nil {
		t.Errorf("mode both: a notice signed with the public key: %v", err)
	}
	if err := reads(byCertificate, keyed); !errors.Is(err, wechat.ErrSerial) {
		t.Errorf("mode certificate: a notice signed with the public key: %v", err)
	}
	if n := fetched(); n != 2 {
		t.Errorf("%d calls for certificates by two clients, want 2", n)
	}

	s.weixinDoes(t, "POST", "/_sim/certificates/rotate", struct{}{}, nil)
	s.clock.Advance(2 * time.Minute)
	fresh, _ := paid("certificate")
	for range 3 {
		for name, c := range map[string]*pay.Client{"certificate": byCertificate, "both": both} {
			if err := reads(c, fresh); err != nil {
				t.Errorf("mode %s: a notice signed with the new certificate: %v", name, err)
			}
			if err := reads(c, sealed); err != nil {
				t.Errorf("mode %s: a notice signed with the old one: %v", name, err)
			}
		}
	}
	if n := fetched(); n != 4 {
		t.Errorf("%d calls for certificates after the change, want 4", n)
	}
}
