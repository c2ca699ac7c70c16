package mini

import (
	"context"
	"fmt"
	"net/url"

	"github.com/silenceper/wechat/v2/miniprogram/auth"
	"github.com/silenceper/wechat/v2/miniprogram/business"

	"huitou/wechat"
	"huitou/wechat/internal/api"
)

const (
	sessionPath = "/sns/jscode2session"
	phonePath   = "/wxa/business/getuserphonenumber"
)

// Code2Session turns the code of wx.login into the person's identity. A code lives five
// minutes and works once. A code of the wrong shape, a dead and a used one are
// *wechat.Error of ClassCode; a person whom WeChat holds for a fraud is ClassDenied.
func (c *Client) Code2Session(ctx context.Context, code string) (wechat.Session, error) {
	if err := checkCode(sessionPath, code); err != nil {
		return wechat.Session{}, err
	}
	out, err := api.GetWithSecret[auth.ResCode2Session](ctx, c.api, sessionPath, url.Values{
		"js_code":    {code},
		"grant_type": {"authorization_code"},
	})
	if err != nil {
		return wechat.Session{}, err
	}
	if out.OpenID == "" || out.SessionKey == "" {
		return wechat.Session{}, api.Malformed(sessionPath, "openid or session_key")
	}
	return wechat.Session{
		OpenID:     out.OpenID,
		UnionID:    out.UnionID,
		SessionKey: wechat.Secret(out.SessionKey),
	}, nil
}

// PhoneNumber turns the code of the phone button (not that of wx.login) into a number. The
// code lives five minutes and works once. A number issued for another app is
// wechat.ErrForeign.
func (c *Client) PhoneNumber(ctx context.Context, code string) (wechat.Phone, error) {
	if err := checkCode(phonePath, code); err != nil {
		return wechat.Phone{}, err
	}
	out, err := api.Post[struct {
		Info business.PhoneInfo `json:"phone_info"`
	}](ctx, c.api, phonePath, business.GetPhoneNumberRequest{Code: code})
	if err != nil {
		return wechat.Phone{}, err
	}
	if got := out.Info.Watermark.AppID; got != c.AppID() {
		return wechat.Phone{}, fmt.Errorf("phone number of app %q: %w", got, wechat.ErrForeign)
	}
	if out.Info.PurePhoneNumber == "" {
		return wechat.Phone{}, api.Malformed(phonePath, "purePhoneNumber")
	}
	return wechat.Phone{Number: out.Info.PurePhoneNumber, CountryCode: out.Info.CountryCode}, nil
}
