package sim

import (
	"errors"
	"slices"
	"strings"
)

// passiveReply is what the product answered to a push.
type passiveReply struct {
	kind    string // empty, success, or the MsgType
	message *Message
}

// passiveTypes are the replies an official account may give.
var passiveTypes = []string{"text", "image", "voice", "video", "music", "news", "transfer_customer_service"}

// readReply checks a reply as strictly as the platform: nothing or `success` in the
// clear in every mode; otherwise, in safe mode, only an encrypted reply whose
// signature, padding and appid are right.
func (p *accountPush) readReply(body []byte, mode string) (passiveReply, error) {
	switch trimmed := strings.TrimSpace(string(body)); trimmed {
	case "":
		return passiveReply{kind: "empty"}, nil
	case "success":
		return passiveReply{kind: "success"}, nil
	}
	fields, err := flatten(body)
	if err != nil {
		return passiveReply{}, err
	}
	if encrypted, sealed := fields["Encrypt"]; sealed {
		if mode == "plain" {
			return passiveReply{}, errors.New("明文模式不收加密回复")
		}
		signature := pushSignature(p.app.token, fields["TimeStamp"], fields["Nonce"], encrypted)
		if fields["Nonce"] == "" || fields["TimeStamp"] == "" || signature != fields["MsgSignature"] {
			return passiveReply{}, errors.New("MsgSignature 不符")
		}
		clear, err := openPush(p.app.aesKey, encrypted, p.app.id)
		if err != nil {
			return passiveReply{}, errors.New("回复无法解密")
		}
		if fields, err = flatten(clear); err != nil {
			return passiveReply{}, err
		}
	} else if mode == "safe" {
		return passiveReply{}, errors.New("安全模式须加密回复")
	}
	return p.readMessage(fields)
}

func (p *accountPush) readMessage(fields map[string]string) (passiveReply, error) {
	kind := fields["MsgType"]
	switch {
	case fields["ToUserName"] != p.user.openID[p.app.kind] || fields["FromUserName"] != p.app.gh:
		return passiveReply{}, errors.New("收发双方不符")
	case !allDigits(fields["CreateTime"]):
		return passiveReply{}, errors.New("不是整数的 CreateTime")
	case !slices.Contains(passiveTypes, kind):
		return passiveReply{}, errors.New("未知的 MsgType")
	case p.app.kind == kindMini && kind != "transfer_customer_service":
		return passiveReply{}, errors.New("小程序不能被动回复消息")
	case !p.answerable:
		return passiveReply{}, errors.New("此事件不能回复")
	case kind == "text" && (fields["Content"] == "" || len(fields["Content"]) > customTextLimit):
		return passiveReply{}, errors.New("文本 Content 为空或太长")
	}
	r := passiveReply{kind: kind}
	if kind != "transfer_customer_service" {
		r.message = &Message{App: p.app.kind, Kind: "reply", Text: fields["Content"]}
		if kind != "text" {
			for _, name := range []string{"Image", "Voice", "Video", "Music", "Articles"} {
				r.message.Text += strings.TrimSpace(fields[name])
			}
			r.message.Title = kind
		}
	}
	return r, nil
}

func allDigits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
