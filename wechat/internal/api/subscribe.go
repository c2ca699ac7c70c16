package api

import (
	"context"
	"encoding/json"

	"huitou/wechat"
)

// SendSubscribe posts a subscribe message. Both kinds of app have the same body; the SDK's would send empty page, language and
// colours along, which WeChat takes for values.
func SendSubscribe(ctx context.Context, c *Client, path string, in wechat.SubscribeMessage) (msgID string, err error) {
	switch {
	case in.To == "":
		return "", &wechat.Error{Code: 40003, Message: "no recipient", Endpoint: path}
	case in.TemplateID == "":
		return "", &wechat.Error{Code: 40037, Message: "no template", Endpoint: path}
	}
	type value struct {
		Value string `json:"value"`
	}
	type miniProgram struct {
		AppID    string `json:"appid"`
		PagePath string `json:"pagepath"`
	}
	body := struct {
		ToUser      string           `json:"touser"`
		TemplateID  string           `json:"template_id"`
		Page        string           `json:"page,omitempty"`
		MiniProgram *miniProgram     `json:"miniprogram,omitempty"`
		Data        map[string]value `json:"data"`
	}{ToUser: in.To, TemplateID: in.TemplateID, Page: in.Page, Data: make(map[string]value, len(in.Data))}
	if p := in.MiniProgram; p != nil {
		body.MiniProgram = &miniProgram{p.AppID, p.Path}
	}
	for k, v := range in.Data {
		body.Data[k] = value{v}
	}
	out, err := Post[struct {
		MsgID json.Number `json:"msgid"` // 64 bits; missing in some answers
	}](ctx, c, path, body)
	return out.MsgID.String(), err
}
