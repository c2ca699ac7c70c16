package pay

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

	"huitou/wechat"
)

const (
	billPath     = "/v3/bill/tradebill"
	downloadPath = "/v3/billdownload/file"

	maxBill = 256 << 20 // bytes of an unpacked bill: about half a million lines
)

// TradeBill fetches the bill of all payments and refunds of one day, 2026-01-02, of the last three months. WeChat has it
// after 10:00 of the next day; a day without one is a *wechat.PayError with code wechat.PayNoStatement. The file itself
// carries no signature, so it is held against the hash in the signed answer before it is read.
func (c *Client) TradeBill(ctx context.Context, day string) (wechat.Bill, error) {
	query := url.Values{"bill_date": {day}, "bill_type": {"ALL"}, "tar_type": {"GZIP"}}
	result, err := c.orders.Client.Get(ctx, consts.WechatPayAPIServer+billPath+"?"+query.Encode())
	if err != nil {
		return wechat.Bill{}, translate(billPath, err)
	}
	var promise struct {
		HashType    string `json:"hash_type"`
		HashValue   string `json:"hash_value"`
		DownloadURL string `json:"download_url"`
	}
	if err := json.NewDecoder(io.LimitReader(result.Response.Body, maxAnswer)).Decode(&promise); err != nil {
		return wechat.Bill{}, malformedBill(fmt.Errorf("read the answer: %w", err))
	}
	if promise.HashType != "SHA1" {
		return wechat.Bill{}, malformedBill(fmt.Errorf("hash of the kind %q", short(promise.HashType)))
	}
	file, err := c.download(ctx, promise.DownloadURL)
	if err != nil {
		return wechat.Bill{}, err
	}
	sum := sha1.Sum(file)
	hash := hex.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(hash), []byte(strings.ToLower(promise.HashValue))) != 1 {
		return wechat.Bill{}, malformedBill(wechat.ErrBillHash)
	}
	bill, err := parseBill(day, file)
	if err != nil {
		return wechat.Bill{}, malformedBill(err)
	}
	bill.Hash = hash
	return bill, nil
}

func malformedBill(err error) error {
	return &wechat.TransportError{Endpoint: billPath, HTTPStatus: http.StatusOK, Err: err}
}

// download fetches the file behind a download_url and unpacks it. The request is signed over its path and query like any other;
// the address must be WeChat Pay's own, since a signature of ours goes there.
func (c *Client) download(ctx context.Context, address string) ([]byte, error) {
	fail := func(status int, err error) error {
		return &wechat.TransportError{Endpoint: downloadPath, HTTPStatus: status, Err: err}
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host != wechat.PayHost || u.User != nil || u.Path != downloadPath {
		return nil, fail(http.StatusOK, errors.New("download address is not WeChat Pay's"))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fail(0, errors.New("download address is malformed"))
	}
	req.Header.Set("Accept", "*/*")
	resp, err := c.files.Do(req)
	if err != nil {
		return nil, translate(downloadPath, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, refusedDownload(resp)
	}
	unpacked, err := gzip.NewReader(resp.Body)
	if err != nil {
		return nil, fail(resp.StatusCode, fmt.Errorf("unpack: %w", err))
	}
	file, err := io.ReadAll(io.LimitReader(unpacked, maxBill+1))
	if err != nil {
		return nil, fail(resp.StatusCode, fmt.Errorf("unpack: %w", err))
	}
	if len(file) > maxBill {
		return nil, fail(resp.StatusCode, wechat.ErrTooLarge)
	}
	return file, nil
}

func refusedDownload(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	var refusal struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if err != nil || json.NewDecoder(bytes.NewReader(body)).Decode(&refusal) != nil {
		return &wechat.TransportError{Endpoint: downloadPath, HTTPStatus: resp.StatusCode, Err: errors.New("the file was refused")}
	}
	return &wechat.PayError{
		HTTPStatus: resp.StatusCode, Code: short(refusal.Code), Message: short(refusal.Message),
		RequestID: short(resp.Header.Get(consts.RequestID)), Endpoint: downloadPath,
	}
}
