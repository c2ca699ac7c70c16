package pay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

	"huitou/wechat"
)

const (
	maxAnswer  = 1 << 20 // bytes of an answer
	maxMessage = 300     // bytes kept of an error's message
)

// translate turns the SDK's errors into ours and leaves their headers and bodies behind.
func translate(path string, err error) error {
	var refused *core.APIError
	if errors.As(err, &refused) {
		return &wechat.PayError{
			HTTPStatus: refused.StatusCode,
			Code:       short(refused.Code),
			Message:    short(refused.Message),
			RequestID:  short(refused.Header.Get(consts.RequestID)),
			Endpoint:   path,
		}
	}
	// Not verified means not answered: whoever wrote it, it was not WeChat Pay for sure.
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &wechat.TransportError{Endpoint: path, Err: err}
}

func short(s string) string {
	if len(s) > maxMessage {
		s = s[:maxMessage]
	}
	return string(bytes.ToValidUTF8([]byte(s), nil))
}

// drain reads a bounded body and puts it back for the next reader.
func drain(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	_ = resp.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("answer: %w", wechat.ErrTooLarge)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}
