package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/followers"
	"huitou/service/staff"
)

// Followers declares how staff compare the followers that we know with WeChat's list.
func Followers(r *web.Routes, s *followers.Service) {
	web.Post(r, "/follower-syncs", web.Staff(staff.FollowersSync), web.Doc{
		ID: "sync-followers", Summary: "立即与公众号粉丝列表核对,在后台进行", Tag: "粉丝", Status: http.StatusAccepted, Errors: []*fault.Fault{followers.ErrRunning},
	}, func(ctx context.Context, _ *struct{}) (*followerSyncReply, error) {
		return followerSyncOf(s.Start(ctx, web.Actor(ctx).ID))
	})
	web.Get(r, "/follower-syncs/latest", web.Staff(staff.FollowersSync), web.Doc{
		ID: "latest-follower-sync", Summary: "最近一次粉丝核对的进度与结果", Tag: "粉丝", Errors: []*fault.Fault{followers.ErrNever},
	}, func(ctx context.Context, _ *struct{}) (*followerSyncReply, error) {
		return followerSyncOf(s.Latest(ctx))
	})
}

func followerSyncOf(v followers.Sync, err error) (*followerSyncReply, error) {
	if err != nil {
		return nil, err
	}
	return &followerSyncReply{Body: followerSyncView(v)}, nil
}

type followerSyncReply struct{ Body followerSyncView }

type followerSyncView struct {
	ID         model.FollowerSyncID    `json:"id"`
	State      model.FollowerSyncState `json:"state" enum:"listing,checking,done,failed"`
	StartedBy  model.StaffID           `json:"started_by" doc:"0: by the clock"`
	StartedAt  time.Time               `json:"started_at"`
	DoneAt     *time.Time              `json:"done_at"`
	Listed     int64                   `json:"listed" doc:"followers that WeChat named"`
	Followed   int64                   `json:"followed" doc:"whose following was missed"`
	Unfollowed int64                   `json:"unfollowed" doc:"whose leaving was missed"`
	Learnt     int64                   `json:"learnt" doc:"whose unionid was not known"`
	Problem    string                  `json:"problem"`
}
