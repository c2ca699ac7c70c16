package sim

import (
	"encoding/json"
)

// customTextLimit is the longest text of a customer-service message, in bytes.
const customTextLimit = 2048

// sendCustom is POST /cgi-bin/message/custom/send, of the 服务号 or the mini-program,
// within the window and quota that the customer's last interactions opened.
func (s *Sim) sendCustom(c *call) answer {
	var in struct {
		ToUser  string `json:"touser"`
		MsgType string `json:"msgtype"`
		Text    struct {
			Content string `json:"content"`
		} `json:"text"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	u := s.byOpenID(c.app.kind, in.ToUser)
	if u == nil {
		return s.errcode(40003)
	}
	message := Message{App: c.app.kind, Kind: "custom"}
	switch in.MsgType {
	case "text":
		switch {
		case in.Text.Content == "":
			return s.errcode(44004)
		case len(in.Text.Content) > customTextLimit:
			return s.errcode(45002)
		}
		message.Text = in.Text.Content
	case "image", "voice", "video", "music", "news", "mpnews", "mpnewsarticle", "msgmenu", "wxcard", "miniprogrampage", "link":
		var parts map[string]json.RawMessage
		if err := json.Unmarshal(c.body, &parts); err != nil || len(parts[in.MsgType]) < 3 {
			return s.errcode(44004)
		}
		message.Title, message.Text = in.MsgType, string(parts[in.MsgType])
	default:
		return s.errcode(40008)
	}
	if c.app.kind == kindOA && !u.followed {
		return s.errcode(45015)
	}
	if code := u.takeWindow(c.app.kind, s.now()); code != 0 {
		return s.errcode(code)
	}
	s.receive(u, message)
	return ok(okBody)
}
