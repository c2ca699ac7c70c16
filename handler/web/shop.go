package web

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"huitou/model/fault"
)

// ShopKey is the key with which a shop system signs its requests.
type ShopKey struct {
	// Source names the shop system in orders, "youzan" or "pos".
	Source string
	// Secret is at least 32 characters.
	Secret string
}

// Headers of a signed request.
const (
	HeaderShopKey       = "X-Huitou-Key"
	HeaderShopTimestamp = "X-Huitou-Timestamp"
	HeaderShopSignature = "X-Huitou-Signature"
)

// maxSkew is how far a signed request's time may be off. A replay within it is harmless, since orders are unique by number.
const maxSkew = 5 * time.Minute

// maxShopBody is the largest signed body: 500 lines of an order fit several times.
const maxShopBody = 1 << 20

var errSignature = fault.New(fault.Unauthenticated, "shop.signature", "签名无效", "the signature is missing, wrong or too old")

// SignShop returns the signature of a request: the hex HMAC-SHA256 over method, path with query, timestamp (Unix seconds) and
// the hex SHA-256 of the body, each followed by a line feed.
func SignShop(secret, method, requestURI, timestamp string, body []byte) string {
	sum := sha256.Sum256(body)
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, method+"\n"+requestURI+"\n"+timestamp+"\n"+hex.EncodeToString(sum[:])+"\n")
	return hex.EncodeToString(mac.Sum(nil))
}

// verifyShop checks the signature over the raw body, before anything reads the JSON, and puts the body back.
func (r *Routes) verifyShop(hc huma.Context) (source string, err error) {
	req := humaecho.Unwrap(hc).Request()
	body, err := io.ReadAll(http.MaxBytesReader(nil, req.Body, maxShopBody))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return "", errBodySize
		}
		return "", errBody.Because(err)
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	stamp := req.Header.Get(HeaderShopTimestamp)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || r.now().Sub(time.Unix(seconds, 0)).Abs() > maxSkew {
		return "", errSignature
	}
	key, known := r.auth.Shops[req.Header.Get(HeaderShopKey)]
	want := SignShop(key.Secret, req.Method, req.URL.RequestURI(), stamp, body)
	// The comparison runs for unknown keys too, so that time does not tell which keys exist (threat T21).
	same := hmac.Equal([]byte(want), []byte(req.Header.Get(HeaderShopSignature)))
	if !known || !same {
		return "", errSignature
	}
	return key.Source, nil
}
