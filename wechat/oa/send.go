package oa

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/silenceper/wechat/v2/officialaccount/message"

	"huitou/wechat"
	"huitou/wechat/internal/api"
)

const (
	templatePath  = "/cgi-bin/message/template/send"
	subscribePath = "/cgi-bin/message/subscribe/bizsend"
	customPath    = "/cgi-bin/message/custom/send"
)

// templateRequest is the SDK's message, except that a message without a mini-program page
// does not carry an empty one.
type templateRequest struct {
	message.TemplateMessage
	MiniProgram *miniProgram `json:"miniprogram,omitempty"`
}

type miniProgram struct {
	AppID    string `json:"appid"`
	PagePath string `json:"pagepath"`
}

// SendTemplate sends a service notice and returns WeChat's id of it, under which the
// TEMPLATESENDJOBFINISH push later tells whether it arrived. Sending is not idempotent
// beyond the minutes that ClientMsgID covers. Values are WeChat's to judge: check them
// before with wechat.CheckTemplateData to learn of every fault at once.
func (c *Client) SendTemplate(ctx context.Context, in wechat.TemplateMessage) (msgID string, err error) {
	switch {
	case in.To == "":
		return "", &wechat.Error{Code: 40003, Message: "no recipient", Endpoint: templatePath}
	case in.TemplateID == "":
		return "", &wechat.Error{Code: 40037, Message: "no template", Endpoint: templatePath}
	case len(in.ClientMsgID) > wechat.MaxClientMsgID:
		return "", fmt.Errorf("client message id has %d bytes, may have %d", len(in.ClientMsgID), wechat.MaxClientMsgID)
	}
	req := templateRequest{TemplateMessage: message.TemplateMessage{
		ToUser:      in.To,
		TemplateID:  in.TemplateID,
		URL:         in.URL,
		Data:        make(map[string]*message.TemplateDataItem, len(in.Data)),
		ClientMsgID: in.ClientMsgID,
	}}
	for k, v := range in.Data {
		req.Data[k] = &message.TemplateDataItem{Value: v}
	}
	if p := in.MiniProgram; p != nil {
		req.MiniProgram = &miniProgram{AppID: p.AppID, PagePath: p.Path}
	}
	out, err := api.Post[struct {
		MsgID json.Number `json:"msgid"` // 64 bits: never through a float
	}](ctx, c.api, templatePath, req)
	if err != nil {
		return "", err
	}
	if out.MsgID == "" {
		return "", api.Malformed(templatePath, "msgid")
	}
	return out.MsgID.String(), nil
}

// SendSubscribe sends a subscription notice, which uses up one consent: without one it is a *wechat.Error of ClassConsent.
// WeChat does not tell repetitions from new ones. msgID may be empty; the subscribe_msg_sent_event push tells whether
// it arrived.
func (c *Client) SendSubscribe(ctx context.Context, in wechat.SubscribeMessage) (msgID string, err error) {
	return api.SendSubscribe(ctx, c.api, subscribePath, in)
}

// SendText sends a customer-service text. Outside the window that a person's last act has
// opened it is a *wechat.Error of ClassWindow.
func (c *Client) SendText(ctx context.Context, in wechat.CustomText) error {
	if in.To == "" {
		return &wechat.Error{Code: 40003, Message: "no recipient", Endpoint: customPath}
	}
	_, err := api.Post[struct{}](ctx, c.api, customPath, message.NewCustomerTextMessage(in.To, in.Content))
	return err
}
