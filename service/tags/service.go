package tags

import (
	"context"
	"log/slog"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/wechat"
)

// Members is what tags need of the members; members.Service has it.
type Members interface {
	KnownTx(ctx context.Context, tx *db.Tx, ids []model.MemberID) (map[model.MemberID]bool, error)
	FansTx(ctx context.Context, tx *db.Tx, ids []model.MemberID) (map[model.MemberID]members.Fan, error)
	ByFansTx(ctx context.Context, tx *db.Tx, openIDs []string) (map[string]model.MemberID, error)
}

// Account is the official account; oa.Client is one.
type Account interface {
	Tags(ctx context.Context) ([]wechat.FanTag, error)
	CreateTag(ctx context.Context, name string) (wechat.FanTag, error)
	RenameTag(ctx context.Context, id int64, name string) error
	DeleteTag(ctx context.Context, id int64) error
	TaggedFans(ctx context.Context, id int64, after string) (openIDs []string, next string, err error)
	TagFans(ctx context.Context, id int64, openIDs []string) error
	UntagFans(ctx context.Context, id int64, openIDs []string) error
	TagsOf(ctx context.Context, openID string) (tags []int64, following bool, err error)
}

// Deps is what the service needs; all of it, except that Log may be nil.
type Deps struct {
	DB      *db.DB
	Members Members
	Account Account
	Queue   *jobs.Queue
	Log     *slog.Logger
}

// Service keeps tags. It is safe for concurrent use.
type Service struct{ d Deps }

// New returns the service.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{d}
}

// Work registers the comparison with WeChat and puts it on the timetable, in the quiet hours. Call it once, before the queue runs.
func (s *Service) Work() {
	jobs.Handle(s.d.Queue, jobSync, s.carryOn)
	s.d.Queue.Every("tags.sync", jobs.DailyAt(4, 10, model.Shanghai), s.nightly)
}
