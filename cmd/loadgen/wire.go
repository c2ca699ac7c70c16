package main

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"huitou/cmd/internal/app"
	"huitou/model/random"
	"huitou/wechat"
)

// The accounts of a load. No real AppID begins like this.
const (
	loadOA    = "wxsim-load-oa"
	loadMini  = "wxsim-load-mini"
	loadMchID = "1900000001"
	publicID  = "PUB_KEY_ID_0119000000012026112100000000000000"
)

// platform stands in for WeChat: it has the keys with which WeChat signs and seals, and answers what the shop asks of it. Everything
// that it sends is prepared before the load begins, so that its cryptography costs nothing of what is measured.
type platform struct {
	key           *rsa.PrivateKey // WeChat Pay's
	merchant      *rsa.PrivateKey
	apiV3, aesKey string
	token         string
	server        *httptest.Server
}

func newPlatform() (*platform, error) {
	p := &platform{apiV3: random.Upper(32), aesKey: random.Upper(43), token: random.Upper(20)}
	var err error
	if p.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	if p.merchant, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	p.server = httptest.NewServer(http.HandlerFunc(p.answer))
	return p, nil
}

// fit gives a shop the accounts of this platform.
func (p *platform) fit(s *app.Settings) {
	at, err := url.Parse(p.server.URL)
	if err != nil {
		panic(err) // httptest's own address
	}
	account := app.Account{Secret: "load", Token: wechat.Secret(p.token), AESKey: wechat.Secret(p.aesKey), Mode: "safe", Format: "XML"}
	s.Simulator, s.PublicURL = at, "https://shop.example"
	s.OA, s.Mini = account, account
	s.OA.AppID, s.Mini.AppID = loadOA, loadMini
	s.Merchant = app.Merchant{
		MchID: loadMchID, SerialNo: "5157F09EFDC096DE15EBE81A47057A72", PrivateKey: p.merchant, APIv3Key: wechat.Secret(p.apiV3),
		PublicKeyID: publicID, PublicKey: &p.key.PublicKey,
	}
}

// answer takes whatever the shop asks; a prepay call gets its signed answer.
func (p *platform) answer(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	body := []byte(`{"errcode":0,"errmsg":"ok","access_token":"load","expires_in":7200,"msgid":1,"is_trade_managed":false}`)
	if r.URL.Path == "/cgi-bin/user/info" {
		body = []byte(`{"subscribe":1,"openid":"` + r.URL.Query().Get("openid") + `","subscribe_time":1700000000}`)
	}
	if strings.HasPrefix(r.URL.Path, "/v3/") {
		body = []byte(`{"prepay_id":"wx` + random.Digits(34) + `"}`)
		for name, values := range p.signature(body, time.Now(), publicID) {
			w.Header()[name] = values
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(body); err != nil {
		return
	}
}

// signature are the headers with which WeChat Pay signs a body.
func (p *platform) signature(body []byte, at time.Time, serial string) http.Header {
	stamp, nonce := strconv.FormatInt(at.Unix(), 10), random.Upper(32)
	sum := sha256.Sum256([]byte(stamp + "\n" + nonce + "\n" + string(body) + "\n"))
	sig, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // the key is our own and long enough
	}
	h := http.Header{}
	h.Set("Wechatpay-Timestamp", stamp)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", serial)
	h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(sig))
	h.Set("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048")
	return h
}

// payment is what WeChat Pay says of one order.
type payment struct {
	number, transaction, openID string
	fen                         int64
}

// notice is the body of a notice about a payment.
func (p *platform) notice(pay payment, at time.Time) ([]byte, error) {
	type object = map[string]any
	plain, err := json.Marshal(object{
		"mchid": loadMchID, "appid": loadMini, "out_trade_no": pay.number, "transaction_id": pay.transaction,
		"trade_type": "JSAPI", "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "bank_type": "OTHERS", "attach": "",
		"success_time": at.Format(time.RFC3339), "payer": object{"openid": pay.openID},
		"amount": object{"total": pay.fen, "payer_total": pay.fen, "currency": "CNY", "payer_currency": "CNY"},
	})
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher([]byte(p.apiV3))
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	nonce := random.Upper(12)
	return json.Marshal(object{
		"id": random.ID(), "create_time": at.Format(time.RFC3339), "resource_type": "encrypt-resource", "event_type": "TRANSACTION.SUCCESS",
		"summary": "支付成功", "resource": object{
			"original_type": "transaction", "algorithm": "AEAD_AES_256_GCM", "associated_data": "transaction", "nonce": nonce,
			"ciphertext": base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), plain, []byte("transaction"))),
		},
	})
}

// push is the address and the body of an encrypted push of the official account.
func (p *platform) push(event string, at time.Time) (query string, body []byte, err error) {
	key, err := base64.StdEncoding.DecodeString(p.aesKey + "=")
	if err != nil {
		return "", nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", nil, err
	}
	plain := append([]byte(random.Upper(16)), binary.BigEndian.AppendUint32(nil, uint32(len(event)))...)
	plain = append(append(plain, event...), loadOA...)
	pad := 32 - len(plain)%32
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(plain, plain)
	sealed := base64.StdEncoding.EncodeToString(plain)
	stamp, nonce := strconv.FormatInt(at.Unix(), 10), random.Digits(9)
	q := url.Values{
		"signature": {sha1Of(p.token, stamp, nonce)}, "timestamp": {stamp}, "nonce": {nonce},
		"encrypt_type": {"aes"}, "msg_signature": {sha1Of(p.token, stamp, nonce, sealed)},
	}
	return q.Encode(), []byte("<xml><ToUserName><![CDATA[gh_load]]></ToUserName><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>"), nil
}

func sha1Of(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// request is a whole POST as it goes over the wire.
func request(path string, header http.Header, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: shop.example\r\nContent-Length: %d\r\n", path, len(body))
	for name, values := range header {
		fmt.Fprintf(&b, "%s: %s\r\n", name, values[0])
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}
