package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/qrcodes"
	"huitou/service/replies"
	"huitou/service/staff"
	"huitou/wechat"
)

// Replies declares what people see at once in the official account's chat: welcomes, keyword replies, answers to the menu.
func Replies(r *web.Routes, s *replies.Service) {
	web.Get(r, "/replies", web.Staff(staff.RepliesManage), web.Doc{ID: "list-replies", Summary: "全部自动回复:关注、扫码、关键词、菜单、其他", Tag: "自动回复"},
		func(ctx context.Context, _ *struct{}) (*repliesReply, error) {
			list, err := s.Rules(ctx)
			if err != nil {
				return nil, err
			}
			out := &repliesReply{}
			out.Body.Replies = make([]replyView, len(list))
			for i, v := range list {
				out.Body.Replies[i] = replyOf(v)
			}
			return out, nil
		})
	web.Post(r, "/replies", web.Staff(staff.RepliesManage), web.Doc{
		ID: "create-reply", Summary: "新建自动回复", Tag: "自动回复", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, replies.ErrPolicy, replies.ErrReserved, replies.ErrTooMany, qrcodes.ErrUnknown, db.ErrKeyReused},
	}, func(ctx context.Context, in *newReplyRequest) (*replyReply, error) {
		v, err := s.Create(ctx, replies.NewRule{Staff: web.Actor(ctx).ID, Name: in.Body.Name, Occasion: in.Body.Occasion, Active: in.Body.Active, Terms: in.Body.Terms.terms(), Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, v.Replayed)
		return &replyReply{replyOf(v)}, nil
	})
	web.Get(r, "/replies/{id}", web.Staff(staff.RepliesManage), web.Doc{
		ID: "read-reply", Summary: "一条自动回复", Tag: "自动回复", Errors: []*fault.Fault{replies.ErrUnknown},
	}, func(ctx context.Context, in *replyRequest) (*replyReply, error) {
		v, err := s.Rule(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &replyReply{replyOf(v)}, nil
	})
	web.Put(r, "/replies/{id}", web.Staff(staff.RepliesManage), web.Doc{
		ID: "change-reply", Summary: "修改自动回复(成为新版本);须带所依据的版本", Tag: "自动回复",
		Errors: []*fault.Fault{fault.ErrInvalid, replies.ErrPolicy, replies.ErrReserved, replies.ErrUnknown, qrcodes.ErrUnknown, replies.ErrChanged, replies.ErrInMenu},
	}, func(ctx context.Context, in *changeReplyRequest) (*replyReply, error) {
		v, err := s.Change(ctx, replies.Change{Staff: web.Actor(ctx).ID, ID: in.ID, Name: in.Body.Name, Active: in.Body.Active, Terms: in.Body.Terms.terms(), Version: in.Body.Version})
		if err != nil {
			return nil, err
		}
		return &replyReply{replyOf(v)}, nil
	})
	web.Post(r, "/replies/{id}/end", web.Staff(staff.RepliesManage), web.Doc{
		ID: "end-reply", Summary: "删除自动回复,历史版本与统计保留", Tag: "自动回复", Status: http.StatusNoContent,
		Errors: []*fault.Fault{replies.ErrUnknown, replies.ErrInMenu},
	}, func(ctx context.Context, in *replyRequest) (*struct{}, error) {
		return nil, s.End(ctx, web.Actor(ctx).ID, in.ID)
	})
	web.Get(r, "/replies/{id}/versions", web.Staff(staff.RepliesManage), web.Doc{
		ID: "list-reply-versions", Summary: "自动回复的历史版本,新的在前", Tag: "自动回复", Errors: []*fault.Fault{replies.ErrUnknown, db.ErrCursor},
	}, func(ctx context.Context, in *replyVersionsRequest) (*replyVersionsReply, error) {
		list, next, err := s.Versions(ctx, in.ID, in.Page())
		if err != nil {
			return nil, err
		}
		out := &replyVersionsReply{}
		out.Body.Next, out.Body.Versions = next, make([]replyVersionView, len(list))
		for i, v := range list {
			out.Body.Versions[i] = replyVersionView{v.Version, v.Name, v.Active, replyTermsOf(v.Terms), v.Staff, v.At}
		}
		return out, nil
	})
	replyReports(r, s)
}

// replyReports declares what would be answered, and what was.
func replyReports(r *web.Routes, s *replies.Service) {
	web.Post(r, "/replies/try", web.Staff(staff.RepliesManage), web.Doc{
		ID: "try-reply", Summary: "试一试:某句话、某次关注或扫码、某个菜单键会得到哪条回复,为什么;不打扰任何人", Tag: "自动回复", Errors: []*fault.Fault{fault.ErrInvalid},
	}, func(ctx context.Context, in *tryReplyRequest) (*tryReplyReply, error) {
		b := in.Body
		ask := replies.Try{Follow: b.Follow, Scan: b.Scan, Scene: b.Scene, Text: b.Text, Key: b.Key}
		if b.At != nil {
			ask.At = *b.At
		}
		t, err := s.Try(ctx, ask)
		if err != nil {
			return nil, err
		}
		out := &tryReplyReply{}
		out.Body.Why, out.Body.Keyword, out.Body.Source, out.Body.Code, out.Body.Shows = t.Why, t.Keyword, t.Source, t.Code, shownAnswerOf(t.Reply)
		if t.Rule != nil {
			v := replyOf(*t.Rule)
			out.Body.Reply = &v
		}
		return out, nil
	})
	web.Get(r, "/replies/hits", web.Staff(staff.RepliesManage), web.Doc{
		ID: "list-reply-hits", Summary: "每条回复每天命中次数,最多92天", Tag: "自动回复", Errors: []*fault.Fault{fault.ErrInvalid},
	}, func(ctx context.Context, in *replyHitsRequest) (*replyHitsReply, error) {
		from, to, err := in.days()
		if err != nil {
			return nil, err
		}
		list, err := s.Hits(ctx, from, to)
		if err != nil {
			return nil, err
		}
		out := &replyHitsReply{}
		out.Body.Days = make([]replyHitsView, len(list))
		for i, h := range list {
			out.Body.Days[i] = replyHitsView{h.Rule, h.Name, h.Day.String(), h.Hits}
		}
		return out, nil
	})
}

type replyRequest struct {
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type newReplyRequest struct {
	web.Idempotent
	Body struct {
		Name     string              `json:"name" minLength:"1" maxLength:"64" doc:"for staff"`
		Occasion model.ReplyOccasion `json:"occasion" enum:"follow,scan,keyword,click,anything" doc:"what it answers; scan: somebody who follows already"`
		Active   bool                `json:"active,omitempty"`
		Terms    replyTerms          `json:"terms"`
	}
}

type changeReplyRequest struct {
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Name    string     `json:"name" minLength:"1" maxLength:"64"`
		Active  bool       `json:"active" doc:"false switches it off"`
		Terms   replyTerms `json:"terms"`
		Version int64      `json:"version" minimum:"1" doc:"the newest that was read; refused when there is a newer one"`
	}
}

type replyTerms struct {
	Source     model.ReplySource `json:"source,omitempty" enum:"plain,parcel,store,staff,campaign" doc:"of follow and scan: the kind of code; plain is any other, or none"`
	Code       model.PublicID    `json:"code,omitempty" maxLength:"24" pattern:"^[0-9a-z]*$" doc:"of follow and scan, instead of source: one code"`
	Keywords   []string          `json:"keywords,omitempty" maxItems:"20" doc:"of keyword; compared without case, width and space around"`
	Match      model.ReplyMatch  `json:"match,omitempty" enum:"exact,contains" doc:"of keyword; the longest of several that stand in a text counts"`
	Key        string            `json:"key,omitempty" maxLength:"128" doc:"of click: the key of the menu's entry"`
	Priority   int64             `json:"priority,omitempty" minimum:"0" maximum:"1000" doc:"the higher counts, then the older reply"`
	FromMinute int64             `json:"from_minute,omitempty" minimum:"0" maximum:"1439" doc:"of the day in Shanghai; with to_minute 0 the whole day"`
	ToMinute   int64             `json:"to_minute,omitempty" minimum:"0" maximum:"1440" doc:"less than from_minute goes over midnight"`
	Answer     replyAnswer       `json:"answer"`
}

type replyAnswer struct {
	Kind        replies.AnswerKind `json:"kind" enum:"text,image,news,transfer,orders,points" doc:"transfer hands over to customer service; orders and points show what is the writer's own"`
	Text        string             `json:"text,omitempty" maxLength:"2048" doc:"at most 2048 bytes; may hold {shop}, {store}, {staff}, and links to hosts of the shop"`
	MediaID     string             `json:"media_id,omitempty" maxLength:"128"`
	Title       string             `json:"title,omitempty" maxLength:"64"`
	Description string             `json:"description,omitempty" maxLength:"120"`
	URL         string             `json:"url,omitempty" maxLength:"1024"`
	PicURL      string             `json:"pic_url,omitempty" maxLength:"1024"`
}

type repliesReply struct {
	Body struct {
		Replies []replyView `json:"replies"`
	}
}

type replyReply struct{ Body replyView }

type replyView struct {
	ID        model.PublicID      `json:"id"`
	Name      string              `json:"name"`
	Occasion  model.ReplyOccasion `json:"occasion" enum:"follow,scan,keyword,click,anything"`
	Active    bool                `json:"active"`
	Version   int64               `json:"version" doc:"to be named by a change"`
	Terms     replyTerms          `json:"terms"`
	CreatedAt time.Time           `json:"created_at"`
	UpdatedAt time.Time           `json:"updated_at"`
}

type replyVersionsRequest struct {
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	web.Paged
}

type replyVersionsReply struct {
	Body struct {
		Versions []replyVersionView `json:"versions"`
		Next     string             `json:"next"`
	}
}

type replyVersionView struct {
	Version int64         `json:"version"`
	Name    string        `json:"name"`
	Active  bool          `json:"active"`
	Terms   replyTerms    `json:"terms"`
	Staff   model.StaffID `json:"staff" doc:"0: it came with the shop"`
	At      time.Time     `json:"at"`
}

type tryReplyRequest struct {
	Body struct {
		Follow bool       `json:"follow,omitempty" doc:"somebody begins to follow; one of follow, scan, text and key"`
		Scan   bool       `json:"scan,omitempty" doc:"somebody who follows scans a code"`
		Scene  string     `json:"scene,omitempty" maxLength:"64" doc:"of the code, with follow or scan"`
		Text   string     `json:"text,omitempty" maxLength:"2048"`
		Key    string     `json:"key,omitempty" maxLength:"128" doc:"of the menu"`
		At     *time.Time `json:"at,omitempty" doc:"now when left out"`
	}
}

type tryReplyReply struct {
	Body struct {
		Why     replies.Why       `json:"why" doc:"code, source, plain, stop, start, exact, order_number, contains, key or anything; empty when nothing is answered"`
		Reply   *replyView        `json:"reply,omitempty"`
		Keyword string            `json:"keyword,omitempty" doc:"that was found"`
		Source  model.ReplySource `json:"source,omitempty" doc:"what the scene is of"`
		Code    model.PublicID    `json:"code,omitempty"`
		Shows   shownAnswer       `json:"shows" doc:"empty for what is the writer's own"`
	}
}

type shownAnswer struct {
	Kind        wechat.ReplyKind `json:"kind"`
	Text        string           `json:"text,omitempty"`
	MediaID     string           `json:"media_id,omitempty"`
	Title       string           `json:"title,omitempty"`
	Description string           `json:"description,omitempty"`
	URL         string           `json:"url,omitempty"`
	PicURL      string           `json:"pic_url,omitempty"`
}

type replyHitsRequest struct {
	From string `query:"from" required:"true" format:"date"`
	To   string `query:"to" required:"true" format:"date"`
}

func (in replyHitsRequest) days() (from, to model.Day, err error) {
	var fromErr, toErr error
	from, fromErr = model.ParseDay(in.From)
	to, toErr = model.ParseDay(in.To)
	if fromErr != nil || toErr != nil {
		err = fault.InvalidFields([]fault.Field{{Name: "from", Reason: "days like 2026-11-21"}})
	}
	return from, to, err
}

type replyHitsReply struct {
	Body struct {
		Days []replyHitsView `json:"days"`
	}
}

type replyHitsView struct {
	Reply model.PublicID `json:"reply"`
	Name  string         `json:"name"`
	Day   string         `json:"day" format:"date"`
	Hits  int64          `json:"hits" doc:"pushes that it was the reply for; each once"`
}

func (t replyTerms) terms() replies.Terms {
	return replies.Terms{
		Source: t.Source, Code: t.Code, Keywords: t.Keywords, Match: t.Match, Key: t.Key, Priority: t.Priority, FromMinute: t.FromMinute, ToMinute: t.ToMinute,
		Answer: replies.Answer(t.Answer),
	}
}

func replyTermsOf(t replies.Terms) replyTerms {
	return replyTerms{
		Source: t.Source, Code: t.Code, Keywords: t.Keywords, Match: t.Match, Key: t.Key, Priority: t.Priority, FromMinute: t.FromMinute, ToMinute: t.ToMinute,
		Answer: replyAnswer(t.Answer),
	}
}

func replyOf(v replies.Rule) replyView {
	return replyView{v.ID, v.Name, v.Occasion, v.Active, v.Version, replyTermsOf(v.Terms), v.CreatedAt, v.UpdatedAt}
}

func shownAnswerOf(r wechat.Reply) shownAnswer {
	return shownAnswer{r.Kind, r.Content, r.MediaID, r.Title, r.Description, r.URL, r.PicURL}
}
