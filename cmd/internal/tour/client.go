package tour

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// client speaks JSON to one address.
type client struct {
	base string
	http *http.Client
	// ahead is how far the clock that the shop lives by is ahead of ours; a demo's may have been moved.
	ahead time.Duration
}

// now is the shop's time.
func (c client) now() time.Time { return time.Now().Add(c.ahead) }

func newClient(base string) client {
	return client{base: strings.TrimRight(base, "/"), http: &http.Client{Timeout: 20 * time.Second}}
}

// request is one call; its zero fields are left out.
type request struct {
	method, path string
	token, key   string // bearer session, idempotency key
	body         any
	shop         *ShopKey // signs the request
	want         int      // expected status; 0 means 200
}

// Refused is an answer with another status than was expected.
type Refused struct {
	Call   string
	Status int
	Code   string
	Body   string
}

func (r *Refused) Error() string {
	return fmt.Sprintf("%s answered %d: %s", r.Call, r.Status, r.Body)
}

// call makes a request and decodes the answer into out, unless out is nil.
func (c client) call(ctx context.Context, r request, out any) (http.Header, error) {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	if r.shop != nil {
		r.shop.sign(req, body, c.now())
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return nil, fmt.Errorf("%s %s: read the answer: %w", r.method, r.path, err)
	}
	want := r.want
	if want == 0 {
		want = http.StatusOK
	}
	if res.StatusCode != want {
		refused := &Refused{Call: r.method + " " + c.base + r.path, Status: res.StatusCode, Body: clip(string(answer), 600)}
		var problem struct {
			Code string `json:"code"`
		}
		if json.Unmarshal(answer, &problem) == nil {
			refused.Code = problem.Code
		}
		return nil, refused
	}
	if out == nil || len(answer) == 0 {
		return res.Header, nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return nil, fmt.Errorf("%s %s: decode %s: %w", r.method, r.path, clip(string(answer), 300), err)
	}
	return res.Header, nil
}

// sign adds the headers of a signed request as the API's documentation describes them. It is written from that description and does
// not call the server's own code, as a shop's system could not either.
func (k ShopKey) sign(req *http.Request, body []byte, at time.Time) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	bodySum := sha256.Sum256(body)
	mac := hmac.New(sha256.New, []byte(k.Secret))
	fmt.Fprintf(mac, "%s\n%s\n%s\n%x\n", req.Method, req.URL.RequestURI(), stamp, bodySum)
	req.Header.Set("X-Huitou-Key", k.ID)
	req.Header.Set("X-Huitou-Timestamp", stamp)
	req.Header.Set("X-Huitou-Signature", hex.EncodeToString(mac.Sum(nil)))
}

func escape(s string) string { return url.PathEscape(s) }

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
