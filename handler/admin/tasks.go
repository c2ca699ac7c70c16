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
	"huitou/service/tasks"
)

// Tasks declares the list of what staff do by hand.
func Tasks(r *web.Routes, s *tasks.Service) {
	web.Get(r, "/tasks", web.Staff(staff.TasksWork), web.Doc{
		ID: "list-tasks", Summary: "员工任务,新的在前", Tag: "员工任务", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *tasksRequest) (*tasksReply, error) {
		f := tasks.Filter{State: in.State, Kind: in.Kind, Member: in.Member, Store: in.Store}
		if in.Mine {
			f.Staff = web.Actor(ctx).ID
		}
		list, next, err := s.List(ctx, f, in.Page())
		if err != nil {
			return nil, err
		}
		out := &tasksReply{}
		out.Body.Tasks, out.Body.Next = make([]taskView, len(list)), next
		for i, t := range list {
			out.Body.Tasks[i] = taskOf(t)
		}
		return out, nil
	})
	web.Post(r, "/tasks", web.Staff(staff.TasksWork), web.Doc{
		ID: "open-task", Summary: "登记一项任务:包裹问题或人工回访", Tag: "员工任务", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, members.ErrUnknown, db.ErrKeyReused},
	}, func(ctx context.Context, in *openTaskRequest) (*taskReply, error) {
		b := in.Body
		t, err := s.Report(ctx, tasks.Report{Staff: web.Actor(ctx).ID, Kind: b.Kind, Member: b.Member, Order: b.Order, Due: b.Due, Store: b.Store,
			Title: b.Title, Detail: b.Detail, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, t.Replayed)
		return &taskReply{Body: taskOf(t)}, nil
	})
	web.Post(r, "/tasks/{id}/take", web.Staff(staff.TasksWork), web.Doc{
		ID: "take-task", Summary: "领取任务", Tag: "员工任务", Errors: []*fault.Fault{tasks.ErrUnknown, tasks.ErrTaken, tasks.ErrClosed},
	}, func(ctx context.Context, in *taskRequest) (*taskReply, error) {
		t, err := s.Take(ctx, web.Actor(ctx).ID, in.ID)
		if err != nil {
			return nil, err
		}
		return &taskReply{Body: taskOf(t)}, nil
	})
	web.Post(r, "/tasks/{id}/assign", web.Staff(staff.TasksAssign), web.Doc{
		ID: "assign-task", Summary: "指派任务给员工或门店", Tag: "员工任务", Errors: []*fault.Fault{fault.ErrInvalid, tasks.ErrUnknown, tasks.ErrClosed, staff.ErrUnknown},
	}, func(ctx context.Context, in *assignTaskRequest) (*taskReply, error) {
		t, err := s.Assign(ctx, tasks.Assign{By: web.Actor(ctx).ID, Task: in.ID, Staff: in.Body.Staff, Store: in.Body.Store, Due: in.Body.Due})
		if err != nil {
			return nil, err
		}
		return &taskReply{Body: taskOf(t)}, nil
	})
	web.Post(r, "/tasks/{id}/phone", web.Staff(staff.TasksWork), web.Doc{
		ID: "task-phone", Summary: "查看要拨打的手机号;须先领取任务,每次查看都留痕", Tag: "员工任务",
		Errors: []*fault.Fault{tasks.ErrUnknown, tasks.ErrClosed, tasks.ErrNotTaken, tasks.ErrNoPhone},
	}, func(ctx context.Context, in *taskRequest) (*taskPhoneReply, error) {
		phone, err := s.Phone(ctx, web.Actor(ctx).ID, in.ID)
		if err != nil {
			return nil, err
		}
		out := &taskPhoneReply{}
		out.Body.Phone = phone
		return out, nil
	})
	web.Post(r, "/tasks/{id}/close", web.Staff(staff.TasksWork), web.Doc{
		ID: "close-task", Summary: "办结任务并填写结果", Tag: "员工任务", Errors: []*fault.Fault{fault.ErrInvalid, tasks.ErrUnknown, tasks.ErrTaken, tasks.ErrClosed},
	}, func(ctx context.Context, in *closeTaskRequest) (*taskReply, error) {
		t, err := s.Close(ctx, tasks.Close{Staff: web.Actor(ctx).ID, Task: in.ID, Result: in.Body.Result, Note: in.Body.Note})
		if err != nil {
			return nil, err
		}
		return &taskReply{Body: taskOf(t)}, nil
	})
}

type tasksRequest struct {
	State  model.TaskState `query:"state" enum:"open,taken,closed"`
	Kind   model.TaskKind  `query:"kind" enum:"low_score,visit,parcel,reward,privacy"`
	Mine   bool            `query:"mine" doc:"only those that I have taken"`
	Member model.MemberID  `query:"member_id" minimum:"0"`
	Store  string          `query:"store" maxLength:"64"`
	web.Paged
}

type tasksReply struct {
	Body struct {
		Tasks []taskView `json:"tasks"`
		Next  string     `json:"next"`
	}
}

type openTaskRequest struct {
	web.Idempotent
	Body struct {
		Kind   model.TaskKind `json:"kind" enum:"parcel,visit"`
		Member model.MemberID `json:"member_id" minimum:"1"`
		Order  model.OrderID  `json:"order_id,omitempty" minimum:"0"`
		Due    model.Day      `json:"due_day,omitempty" format:"date" doc:"today up to 90 days ahead; today when left out"`
		Store  string         `json:"store,omitempty" maxLength:"64"`
		Title  string         `json:"title" minLength:"1" maxLength:"100"`
		Detail string         `json:"detail,omitempty" maxLength:"1000"`
	}
}

type taskRequest struct {
	ID model.TaskID `path:"id" minimum:"1"`
}

type assignTaskRequest struct {
	ID   model.TaskID `path:"id" minimum:"1"`
	Body struct {
		Staff string    `json:"staff,omitempty" maxLength:"32" doc:"sign-in name; empty gives the task back to everybody of the store"`
		Store string    `json:"store,omitempty" maxLength:"64"`
		Due   model.Day `json:"due_day,omitempty" format:"date" doc:"stays when left out"`
	}
}

type closeTaskRequest struct {
	ID   model.TaskID `path:"id" minimum:"1"`
	Body struct {
		Result model.TaskResult `json:"result" enum:"reached,solved,no_answer,refused,wrong,not_done"`
		Note   string           `json:"note,omitempty" maxLength:"500"`
	}
}

type taskReply struct{ Body taskView }

type taskPhoneReply struct {
	Body struct {
		Phone string `json:"phone"`
	}
}

type taskView struct {
	ID       model.TaskID     `json:"id"`
	Kind     model.TaskKind   `json:"kind" enum:"low_score,visit,parcel,reward,privacy"`
	State    model.TaskState  `json:"state" enum:"open,taken,closed"`
	Member   model.MemberID   `json:"member_id"`
	Order    model.OrderID    `json:"order_id" doc:"0: none"`
	Due      model.Day        `json:"due_day" format:"date"`
	Store    string           `json:"store" doc:"empty: any"`
	Staff    model.StaffID    `json:"staff_id" doc:"0: nobody yet"`
	Title    string           `json:"title"`
	Detail   string           `json:"detail"`
	Result   model.TaskResult `json:"result"`
	Note     string           `json:"note"`
	OpenedAt time.Time        `json:"opened_at"`
	TakenAt  *time.Time       `json:"taken_at"`
	ClosedAt *time.Time       `json:"closed_at"`
}

func taskOf(t tasks.Task) taskView {
	return taskView{t.ID, t.Kind, t.State, t.Member, t.Order, t.Due, t.Store, t.Staff, t.Title, t.Detail, t.Result, t.Note, t.OpenedAt, t.TakenAt, t.ClosedAt}
}
