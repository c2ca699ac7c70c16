package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/members"
	"huitou/service/staff"
	"huitou/service/tags"
)

// Tags declares what staff do about tags: make and change them, put them on members, compare them with WeChat's. Shoppers have no route.
func Tags(r *web.Routes, s *tags.Service, m *members.Service) {
	web.Get(r, "/tags", web.Staff(staff.MembersRead), web.Doc{ID: "list-tags", Summary: "标签与人数", Tag: "标签"},
		func(ctx context.Context, _ *struct{}) (*tagsReply, error) {
			list, err := s.List(ctx)
			if err != nil {
				return nil, err
			}
			return tagsOf(list), nil
		})

	web.Post(r, "/tags", web.Staff(staff.TagsManage), web.Doc{
		ID: "create-tag", Summary: "新建标签", Tag: "标签", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, tags.ErrNameTaken, tags.ErrTooMany, tags.ErrTooManyShared, db.ErrKeyReused},
	}, func(ctx context.Context, in *createTagRequest) (*tagReply, error) {
		b := in.Body
		t, err := s.Create(ctx, tags.NewTag{Staff: web.Actor(ctx).ID, Name: b.Name, Note: b.Note, Shared: b.Shared, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, t.Replayed)
		return &tagReply{tagOf(t)}, nil
	})

	web.Patch(r, "/tags/{id}", web.Staff(staff.TagsManage), web.Doc{
		ID: "change-tag", Summary: "修改标签", Tag: "标签",
		Errors: []*fault.Fault{fault.ErrInvalid, tags.ErrUnknown, tags.ErrNameTaken, tags.ErrTooManyShared},
	}, func(ctx context.Context, in *changeTagRequest) (*tagReply, error) {
		t, err := s.Change(ctx, tags.Change{Staff: web.Actor(ctx).ID, ID: in.ID, Name: in.Body.Name, Note: in.Body.Note, Shared: in.Body.Shared})
		if err != nil {
			return nil, err
		}
		return &tagReply{tagOf(t)}, nil
	})

	web.Post(r, "/tags/{id}/end", web.Staff(staff.TagsManage), web.Doc{
		ID: "end-tag", Summary: "停用标签,会员不再带有它", Tag: "标签", Status: http.StatusNoContent, Errors: []*fault.Fault{tags.ErrUnknown},
	}, func(ctx context.Context, in *tagRequest) (*struct{}, error) {
		return nil, s.End(ctx, web.Actor(ctx).ID, in.ID)
	})

	tagMembers(r, s, m)
	tagSync(r, s)
}

func tagMembers(r *web.Routes, s *tags.Service, m *members.Service) {
	for _, d := range []struct {
		verb, id, summary string
		do                func(context.Context, tags.OnMembers) (tags.Outcome, error)
	}{
		{"add", "tag-members", "给会员打标签,一次最多1000人", s.Tag},
		{"remove", "untag-members", "取消会员的标签,一次最多1000人", s.Untag},
	} {
		web.Post(r, "/tags/{id}/members/"+d.verb, web.Staff(staff.TagsAssign), web.Doc{
			ID: d.id, Summary: d.summary, Tag: "标签", Errors: []*fault.Fault{fault.ErrInvalid, tags.ErrUnknown},
		}, func(ctx context.Context, in *onMembersRequest) (*onMembersReply, error) {
			out, err := d.do(ctx, tags.OnMembers{Staff: web.Actor(ctx).ID, Tag: in.ID, Members: in.Body.Members})
			if err != nil {
				return nil, err
			}
			return &onMembersReply{onMembersView(out)}, nil
		})
	}

	web.Get(r, "/tags/{id}/members", web.Staff(staff.MembersRead), web.Doc{
		ID: "tagged-members", Summary: "带有某个标签的会员", Tag: "标签", Errors: []*fault.Fault{tags.ErrUnknown, db.ErrCursor},
	}, func(ctx context.Context, in *taggedRequest) (*taggedReply, error) {
		list, next, err := s.Members(ctx, in.ID, in.Page())
		if err != nil {
			return nil, err
		}
		out := &taggedReply{}
		out.Body.Next, out.Body.Members = next, make([]taggedView, len(list))
		for i, t := range list {
			out.Body.Members[i] = taggedView(t)
		}
		return out, nil
	})

	web.Get(r, "/members/{id}/tags", web.Staff(staff.MembersRead), web.Doc{
		ID: "member-tags", Summary: "会员的标签", Tag: "标签", Errors: []*fault.Fault{members.ErrUnknown},
	}, func(ctx context.Context, in *memberRequest) (*memberTagsReply, error) {
		if _, err := m.Member(ctx, in.ID); err != nil {
			return nil, err
		}
		list, err := s.Of(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out := &memberTagsReply{}
		out.Body.Tags = make([]memberTagView, len(list))
		for i, t := range list {
			out.Body.Tags[i] = memberTagView{t.ID, t.Name, t.Note}
		}
		return out, nil
	})
}

func tagSync(r *web.Routes, s *tags.Service) {
	web.Post(r, "/tag-syncs", web.Staff(staff.TagsManage), web.Doc{
		ID: "sync-tags", Summary: "立即与公众号标签同步,在后台进行", Tag: "标签", Status: http.StatusAccepted, Errors: []*fault.Fault{tags.ErrSyncRunning},
	}, func(ctx context.Context, _ *struct{}) (*tagSyncReply, error) {
		v, err := s.StartSync(ctx, web.Actor(ctx).ID)
		if err != nil {
			return nil, err
		}
		return &tagSyncReply{tagSyncOf(v)}, nil
	})

	web.Get(r, "/tag-syncs/latest", web.Staff(staff.TagsManage), web.Doc{
		ID: "latest-tag-sync", Summary: "最近一次标签同步的进度与结果", Tag: "标签", Errors: []*fault.Fault{tags.ErrNeverSynced},
	}, func(ctx context.Context, _ *struct{}) (*tagSyncReply, error) {
		v, err := s.LastSync(ctx)
		if err != nil {
			return nil, err
		}
		return &tagSyncReply{tagSyncOf(v)}, nil
	})
}

type createTagRequest struct {
	web.Idempotent
	Body struct {
		Name   string `json:"name" minLength:"1" maxLength:"30" doc:"1 to 30 bytes, as WeChat has it" example:"老客户"`
		Note   string `json:"note,omitempty" maxLength:"200"`
		Shared bool   `json:"shared,omitempty" doc:"kept in step with a tag of the official account"`
	}
}

type changeTagRequest struct {
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Name   *string `json:"name,omitempty" minLength:"1" maxLength:"30"`
		Note   *string `json:"note,omitempty" maxLength:"200"`
		Shared *bool   `json:"shared,omitempty"`
	}
}

type tagRequest struct {
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type tagReply struct{ Body tagView }

type tagsReply struct {
	Body struct {
		Tags []tagView `json:"tags"`
	}
}

type tagView struct {
	ID        model.PublicID `json:"id"`
	Name      string         `json:"name"`
	Note      string         `json:"note"`
	Shared    bool           `json:"shared"`
	AtWeChat  bool           `json:"at_wechat" doc:"it exists at the official account"`
	SyncedAt  *time.Time     `json:"synced_at" doc:"when its members were compared last"`
	Problem   string         `json:"problem" doc:"why the last comparison of the tag failed; empty when it did not"`
	Members   int64          `json:"members"`
	CreatedAt time.Time      `json:"created_at"`
}

func tagOf(t tags.Tag) tagView {
	return tagView{t.ID, t.Name, t.Note, t.Shared, t.AtWeChat, t.SyncedAt, t.Problem, t.Members, t.CreatedAt}
}

func tagsOf(list []tags.Tag) *tagsReply {
	out := &tagsReply{}
	out.Body.Tags = make([]tagView, len(list))
	for i, t := range list {
		out.Body.Tags[i] = tagOf(t)
	}
	return out
}

type onMembersRequest struct {
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Members []model.MemberID `json:"member_ids" minItems:"1" maxItems:"1000"`
	}
}

type onMembersReply struct{ Body onMembersView }

type onMembersView struct {
	Changed   int64            `json:"changed"`
	Unchanged int64            `json:"unchanged" doc:"they had it already, or did not have it"`
	Unknown   []model.MemberID `json:"unknown" doc:"there is no such member"`
}

type taggedRequest struct {
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	web.Paged
}

type taggedReply struct {
	Body struct {
		Members []taggedView `json:"members"`
		Next    string       `json:"next" doc:"cursor of the next page; empty at the end"`
	}
}

type taggedView struct {
	Member model.MemberID `json:"member_id"`
	By     model.StaffID  `json:"staff_id" doc:"0: it came from WeChat"`
	At     time.Time      `json:"at"`
}

type memberTagsReply struct {
	Body struct {
		Tags []memberTagView `json:"tags"`
	}
}

type memberTagView struct {
	ID   model.PublicID `json:"id"`
	Name string         `json:"name"`
	Note string         `json:"note"`
}

type tagSyncReply struct{ Body tagSyncView }

type tagSyncView struct {
	State        model.TagSyncState `json:"state" enum:"running,done,failed,broken"`
	StartedBy    model.StaffID      `json:"started_by" doc:"0: by the clock"`
	StartedAt    time.Time          `json:"started_at"`
	EndedAt      *time.Time         `json:"ended_at"`
	Tags         int64              `json:"tags" doc:"compared so far"`
	AddedHere    int64              `json:"added_here"`
	RemovedHere  int64              `json:"removed_here"`
	AddedThere   int64              `json:"added_there"`
	RemovedThere int64              `json:"removed_there"`
	Strangers    int64              `json:"strangers" doc:"followers with a tag who are no members"`
	Refused      int64              `json:"refused" doc:"members whom WeChat would not take a tag for"`
	Problem      string             `json:"problem"`
}

func tagSyncOf(v tags.Sync) tagSyncView {
	return tagSyncView{v.State, v.StartedBy, v.StartedAt, v.EndedAt, v.Tags, v.AddedHere, v.RemovedHere, v.AddedThere, v.RemovedThere,
		v.Strangers, v.Refused, v.Problem}
}
