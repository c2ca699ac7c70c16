package admin

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"
	"unicode/utf8"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/callbacks"
	"huitou/service/staff"
)

// Callbacks declares how staff look into the vault of what WeChat posted, and have it processed again.
func Callbacks(r *web.Routes, s *callbacks.Service) {
	web.Get(r, "/callbacks", web.Staff(staff.CallbacksRead), web.Doc{
		ID: "callbacks", Summary: "微信回调记录,新的在前;不含正文", Tag: "微信回调", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *callbacksRequest) (*callbacksReply, error) {
		list, next, err := s.List(ctx, callbacks.Filter{
			App: in.App, Channel: in.Channel, Topic: in.Topic, OpenID: in.OpenID, Verdict: in.Verdict, State: in.State, From: in.From, To: in.To,
		}, in.Page())
		if err != nil {
			return nil, err
		}
		out := &callbacksReply{}
		out.Body.Callbacks, out.Body.Next = make([]callbackView, len(list)), next
		for i, c := range list {
			out.Body.Callbacks[i] = callbackOf(c)
		}
		return out, nil
	})
	web.Get(r, "/callbacks/{id}", web.Staff(staff.CallbacksRead), web.Doc{
		ID: "callback", Summary: "一条微信回调的处理情况;不含正文", Tag: "微信回调", Errors: []*fault.Fault{callbacks.ErrUnknown},
	}, func(ctx context.Context, in *callbackRequest) (*callbackReply, error) {
		c, err := s.Callback(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &callbackReply{Body: callbackOf(c)}, nil
	})
	web.Post(r, "/callbacks/{id}/body", web.Staff(staff.CallbacksOpen), web.Doc{
		ID: "open-callback", Summary: "查看微信回调的正文(个人信息),每次查看都留痕", Tag: "微信回调", Errors: []*fault.Fault{callbacks.ErrUnknown},
	}, func(ctx context.Context, in *callbackRequest) (*callbackBodyReply, error) {
		b, err := s.Body(ctx, web.Actor(ctx).ID, in.ID)
		if err != nil {
			return nil, err
		}
		return callbackBodyOf(b), nil
	})
	web.Post(r, "/callbacks/{id}/replay", web.Staff(staff.CallbacksReplay), web.Doc{
		ID: "replay-callback", Summary: "重放一条失败或无人处理的微信回调", Tag: "微信回调", Status: http.StatusAccepted,
		Errors: []*fault.Fault{callbacks.ErrUnknown, callbacks.ErrWaiting, callbacks.ErrDone, callbacks.ErrKept},
	}, func(ctx context.Context, in *callbackRequest) (*callbackReply, error) {
		if err := s.Replay(ctx, callbacks.Replay{Staff: web.Actor(ctx).ID, ID: in.ID}); err != nil {
			return nil, err
		}
		c, err := s.Callback(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &callbackReply{Body: callbackOf(c)}, nil
	})
	callbackReplays(r, s)
}

// callbackReplays declares replays of many callbacks at once.
func callbackReplays(r *web.Routes, s *callbacks.Service) {
	web.Post(r, "/callback-replays", web.Staff(staff.CallbacksReplay), web.Doc{
		ID: "replay-callbacks", Summary: "按事件与时间批量重放失败或无人处理的微信回调,在后台进行;一次最多一万条,从最早的开始", Tag: "微信回调",
		Status: http.StatusAccepted, Errors: []*fault.Fault{fault.ErrInvalid, callbacks.ErrNothing, db.ErrKeyReused},
	}, func(ctx context.Context, in *replayCallbacksRequest) (*callbackReplayReply, error) {
		b := in.Body
		m, err := s.ReplayMany(ctx, callbacks.ReplayMany{Staff: web.Actor(ctx).ID, App: b.App, Topic: b.Topic, Verdict: b.Verdict,
			Which: b.State, From: b.From, To: b.To, Note: b.Note, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, m.Replayed)
		return &callbackReplayReply{Body: callbackReplayOf(m)}, nil
	})
	web.Get(r, "/callback-replays/{id}", web.Staff(staff.CallbacksReplay), web.Doc{
		ID: "callback-replay", Summary: "批量重放的进度", Tag: "微信回调", Errors: []*fault.Fault{callbacks.ErrReplayUnknown},
	}, func(ctx context.Context, in *callbackReplayRequest) (*callbackReplayReply, error) {
		m, err := s.Many(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &callbackReplayReply{Body: callbackReplayOf(m)}, nil
	})
}

type callbacksRequest struct {
	App     string              `query:"app_id" maxLength:"64" pattern:"^[!-~]*$"`
	Channel callbacks.Channel   `query:"channel" enum:"oa,mini,pay"`
	Topic   string              `query:"topic" maxLength:"64" pattern:"^[!-~]*$" doc:"event: or message: and WeChat's own word" example:"event:subscribe"`
	OpenID  string              `query:"openid" maxLength:"64" pattern:"^[!-~]*$" doc:"of the person it is about"`
	Verdict string              `query:"verdict" maxLength:"32" pattern:"^[!-~]*$" doc:"ok, malformed, unopenable; of WeChat Pay's notices what payments says"`
	State   model.CallbackState `query:"state" enum:"received,done,failed,ignored,kept"`
	From    time.Time           `query:"from" doc:"received then or later"`
	To      time.Time           `query:"to" doc:"received before"`
	web.Paged
}

type callbacksReply struct {
	Body struct {
		Callbacks []callbackView `json:"callbacks"`
		Next      string         `json:"next"`
	}
}

type callbackRequest struct {
	ID model.CallbackID `path:"id" minimum:"1"`
}

type callbackReply struct{ Body callbackView }

type callbackView struct {
	ID         model.CallbackID    `json:"id"`
	App        string              `json:"app_id" doc:"of WeChat Pay's notices the merchant's number"`
	Channel    callbacks.Channel   `json:"channel" enum:"oa,mini,pay"`
	Topic      string              `json:"topic" doc:"empty when it could not be read, or is a notice of WeChat Pay"`
	OpenID     string              `json:"openid" doc:"of the person it is about; empty: nobody"`
	Verdict    string              `json:"verdict"`
	State      model.CallbackState `json:"state" enum:"received,done,failed,ignored,kept"`
	Reason     string              `json:"reason" doc:"why it failed"`
	Runs       int64               `json:"runs" doc:"failed runs since it was received or replayed"`
	Replays    int64               `json:"replays"`
	Replayable bool                `json:"replayable"`
	Refusal    string              `json:"refusal" doc:"code of why it cannot be replayed; empty when it can" enum:",callbacks.waiting,callbacks.done,callbacks.kept"`
	ReceivedAt time.Time           `json:"received_at"`
	FinishedAt *time.Time          `json:"finished_at"`
}

func callbackOf(c callbacks.Callback) callbackView {
	v := callbackView{c.ID, c.App, c.Channel, c.Topic, c.OpenID, c.Verdict, c.State, c.Reason, c.Runs, c.Replays, c.Refusal == nil, "", c.ReceivedAt, c.FinishedAt}
	if f := fault.Of(c.Refusal); f != nil {
		v.Refusal = f.Code
	}
	return v
}

type callbackBodyReply struct {
	Body struct {
		Encoding string `json:"encoding" enum:"text,base64" doc:"base64 when the body is no UTF-8"`
		Body     string `json:"body" doc:"decrypted, byte for byte; of an unopenable one what was posted"`
		Reply    string `json:"reply" doc:"what the person was shown at once, as JSON; empty: nothing"`
	}
}

func callbackBodyOf(b callbacks.Body) *callbackBodyReply {
	out := &callbackBodyReply{}
	out.Body.Encoding, out.Body.Body, out.Body.Reply = "text", string(b.Raw), b.Reply
	if !utf8.Valid(b.Raw) {
		out.Body.Encoding, out.Body.Body = "base64", base64.StdEncoding.EncodeToString(b.Raw)
	}
	return out
}

type replayCallbacksRequest struct {
	web.Idempotent
	Body struct {
		App     string              `json:"app_id,omitempty" maxLength:"64" pattern:"^[!-~]*$"`
		Topic   string              `json:"topic,omitempty" maxLength:"64" pattern:"^[!-~]*$" doc:"this or verdict" example:"event:subscribe"`
		Verdict string              `json:"verdict,omitempty" enum:"ok,malformed,unopenable" doc:"unopenable: after the missing AES key was configured"`
		State   model.CallbackState `json:"state" enum:"failed,ignored"`
		From    time.Time           `json:"from" doc:"received then or later"`
		To      time.Time           `json:"to" doc:"received before; at most 93 days after from"`
		Note    string              `json:"note" minLength:"1" maxLength:"200" doc:"why; kept in the staff trail"`
	}
}

type callbackReplayRequest struct {
	ID model.CallbackReplayID `path:"id" minimum:"1"`
}

type callbackReplayReply struct{ Body callbackReplayView }

type callbackReplayView struct {
	ID         model.CallbackReplayID    `json:"id"`
	State      model.CallbackReplayState `json:"state" enum:"running,done"`
	App        string                    `json:"app_id"`
	Topic      string                    `json:"topic"`
	Verdict    string                    `json:"verdict"`
	Which      model.CallbackState       `json:"which" enum:"failed,ignored" doc:"the state of those that are replayed"`
	From       time.Time                 `json:"from"`
	To         time.Time                 `json:"to"`
	Note       string                    `json:"note"`
	Found      int64                     `json:"found" doc:"at most 10,000; ask again for more"`
	Done       int64                     `json:"done" doc:"put back into the queue"`
	AskedBy    model.StaffID             `json:"asked_by"`
	AskedAt    time.Time                 `json:"asked_at"`
	FinishedAt *time.Time                `json:"finished_at"`
}

func callbackReplayOf(m callbacks.Many) callbackReplayView {
	return callbackReplayView{m.ID, m.State, m.App, m.Topic, m.Verdict, m.Which, m.From, m.To, m.Note, m.Found, m.Done, m.AskedBy, m.AskedAt, m.FinishedAt}
}
