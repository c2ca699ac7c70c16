package pay

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"huitou/wechat"
)

type vectors struct {
	Keys struct {
		MerchantPublic  string `json:"official_demo_merchant_public_spki_b64"`
		MerchantPrivate string `json:"official_demo_merchant_private_pkcs8_der_b64"` // only in the shared set
	}
	RequestSign []struct {
		ID, Method, Path, Nonce, Body, Signature string
		Timestamp                                json.Number
	} `json:"request_sign"`
	PaySign []struct {
		ID, AppID, TimeStamp, NonceStr, Package, PaySign string
	} `json:"pay_sign"`
	Verify []struct {
		ID, Nonce, Body, Signature string
		Public                     string `json:"public_spki_b64"`
		Timestamp                  json.Number
		Valid                      bool
	}
	Notify         []noticeVector
	NotifyNegative []struct {
		ID, Base, Mutation string
		Offset             int64 `json:"now_offset"`
		Header             []string
		APIv3Key           string `json:"api_v3_key"`
	} `json:"notify_negative"`
}

type noticeVector struct {
	ID, Body, Plaintext string
	APIv3Key            string `json:"api_v3_key"`
	KeyID               string `json:"public_key_id"`
	Public              string `json:"public_spki_b64"`
	Now                 int64
	Headers             map[string]string
}

// eachVectors runs a test over the committed facts and, where the project's shared folder
// lies beside the repository, over its fuller set.
func eachVectors(t *testing.T, test func(t *testing.T, v vectors)) {
	for _, file := range []string{"testdata/wechatpay_v3.json", "../../../shared/vectors/wechatpay_v3.json"} {
		t.Run(file, func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if errors.Is(err, os.ErrNotExist) && file[0] == '.' {
				t.Skip("the shared set is not beside this repository")
			}
			if err != nil {
				t.Fatal(err)
			}
			var v vectors
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
			if len(v.RequestSign) == 0 || len(v.PaySign) == 0 || len(v.Verify) < 5 || len(v.Notify) < 2 || len(v.NotifyNegative) < 5 {
				t.Fatalf("cases are missing in %s", file)
			}
			test(t, v)
		})
	}
}

func TestSigningVectors(t *testing.T) {
	eachVectors(t, func(t *testing.T, v vectors) {
		messages := map[string]string{}
		for _, c := range v.RequestSign {
			ts, _ := c.Timestamp.Int64()
			messages[requestMessage(c.Method, c.Path, ts, c.Nonce, []byte(c.Body))] = c.Signature
		}
		for _, c := range v.PaySign {
			messages[payMessage(wechat.PayParams{AppID: c.AppID, TimeStamp: c.TimeStamp, NonceStr: c.NonceStr, Package: c.Package})] = c.PaySign
		}
		public := publicKey(t, v.Keys.MerchantPublic)
		for message, signature := range messages {
			if err := verify(public, message, signature); err != nil {
				t.Errorf("%.60q: %v", message, err)
			}
			if verify(public, message+"\n", signature) == nil {
				t.Errorf("%.60q: one more line break still verifies", message)
			}
			if v.Keys.MerchantPrivate == "" {
				continue
			}
			der, err := base64.StdEncoding.DecodeString(v.Keys.MerchantPrivate)
			if err != nil {
				t.Fatal(err)
			}
			key, err := x509.ParsePKCS8PrivateKey(der)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := utils.SignSHA256WithRSA(message, key.(*rsa.PrivateKey)); err != nil || got != signature {
				t.Errorf("%.60q signed as %s, %v", message, got, err)
			}
		}
	})
}

func TestVerifyVectors(t *testing.T) {
	eachVectors(t, func(t *testing.T, v vectors) {
		for _, c := range v.Verify {
			ts, _ := c.Timestamp.Int64()
			ring := newKeyring([]PublicKey{{ID: "k", Key: publicKey(t, c.Public)}}, nil)
			h := http.Header{}
			h.Set("Wechatpay-Serial", "k")
			h.Set("Wechatpay-Timestamp", c.Timestamp.String())
			h.Set("Wechatpay-Nonce", c.Nonce)
			h.Set("Wechatpay-Signature", c.Signature)
			_, err := ring.verify(t.Context(), h, []byte(c.Body), time.Unix(ts, 0))
			if (err == nil) != c.Valid || (!c.Valid && !errors.Is(err, wechat.ErrSignature)) {
				t.Errorf("%s: %v, valid is %v", c.ID, err, c.Valid)
			}
		}
	})
}

func TestNoticeVectors(t *testing.T) {
	eachVectors(t, func(t *testing.T, v vectors) {
		byID := map[string]noticeVector{}
		for _, n := range v.Notify {
			byID[n.ID] = n
			got, err := n.client(t, 0).ParseNotice(t.Context(), n.header(), []byte(n.Body))
			if err != nil || string(got.Raw) != n.Plaintext {
				t.Errorf("%s: %q, %v", n.ID, got.Raw, err)
				continue
			}
			if (got.Transaction == nil) == (got.Refund == nil) {
				t.Errorf("%s: %+v", n.ID, got)
			}
		}
		for _, neg := range v.NotifyNegative {
			n, ok := byID[neg.Base]
			if !ok {
				t.Fatalf("%s: no base %s", neg.ID, neg.Base)
			}
			want := wechat.ErrSignature
			h, body := n.header(), []byte(n.Body)
			switch {
			case neg.Offset != 0:
				want = wechat.ErrStale
			case neg.APIv3Key != "":
				n.APIv3Key, want = neg.APIv3Key, wechat.ErrDecrypt
			case neg.Header != nil:
				h.Set(neg.Header[0], neg.Header[1])
			case neg.Mutation != "":
				var any map[string]any
				if err := json.Unmarshal(body, &any); err != nil {
					t.Fatal(err)
				}
				var again bytes.Buffer
				if err := json.NewEncoder(&again).Encode(any); err != nil {
					t.Fatal(err)
				}
				body = again.Bytes()
			}
			if _, err := n.client(t, neg.Offset).ParseNotice(t.Context(), h, body); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", neg.ID, err, want)
			}
		}
	})
}

// client is one that knows the vector's keys at the vector's time.
func (n noticeVector) client(t *testing.T, offset int64) *Client {
	t.Helper()
	cfg := testConfig()
	cfg.APIv3Key = wechat.Secret(n.APIv3Key)
	cfg.PublicKeys = []PublicKey{{ID: n.KeyID, Key: publicKey(t, n.Public)}}
	cfg.Now = func() time.Time { return time.Unix(n.Now+offset, 0) }
	return newClient(t, cfg)
}

func (n noticeVector) header() http.Header {
	h := http.Header{}
	for k, v := range n.Headers {
		h.Set(k, v)
	}
	return h
}
