package followers

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/wechat"
)

// Account is what a run needs of the official account; wechat/oa has it.
type Account interface {
	Fans(ctx context.Context, after string) (openIDs []string, total int64, err error)
	FanInfos(ctx context.Context, openIDs []string) ([]wechat.Follower, error)
	UserInfo(ctx context.Context, openID string) (wechat.Follower, error)
}

// Deps is what the service needs.
type Deps struct {
	DB      *db.DB
	Members *members.Service
	Account Account
	Queue   *jobs.Queue
	Log     *slog.Logger // nil discards
}

// Service compares followers. It is safe for concurrent use.
type Service struct{ d Deps }

// New returns the service, registers its worker and puts the nightly run on the timetable.
func New(d Deps) *Service {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{d: d}
	jobs.Handle(d.Queue, jobRun, s.work)
	d.Queue.Every("followers.sync", jobs.DailyAt(3, 40, model.Shanghai), s.nightly)
	return s
}

// Sync is a run as staff see it.
type Sync struct {
	ID         model.FollowerSyncID
	State      model.FollowerSyncState
	StartedBy  model.StaffID // 0: by the clock
	StartedAt  time.Time
	DoneAt     *time.Time
	Listed     int64
	Followed   int64
	Unfollowed int64
	Learnt     int64
	Problem    string
}

func view(r model.FollowerSync) Sync {
	return Sync{r.ID, r.State, r.StaffID, r.StartedAt, r.DoneAt, r.Listed, r.Followed, r.Unfollowed, r.Learnt, r.Problem}
}

// giveUpAfter is when a run that has not ended counts no more.
const giveUpAfter = 24 * time.Hour

// Start begins a run, which a job makes. staff is 0 for the timetable. It returns ErrRunning.
func (s *Service) Start(ctx context.Context, staff model.StaffID) (out Sync, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := giveUp(tx, tx.Now.Add(-giveUpAfter)); err != nil {
			return err
		}
		if last, ok, err := latest(tx); err != nil || ok && last.DoneAt == nil {
			if err == nil {
				err = ErrRunning
			}
			return err
		}
		name := fmt.Sprintf("staff:%d:%d", staff, tx.Now.UnixMicro())
		if staff == 0 {
			name = "night:" + model.DayOf(tx.Now, model.Shanghai).String()
		}
		row := model.FollowerSync{Name: name, StaffID: staff, State: model.SyncListing, StartedAt: tx.Now}
		fresh, err := tx.Insert(&row)
		if err != nil {
			return fmt.Errorf("begin to compare followers: %w", err)
		}
		if !fresh {
			return ErrRunning
		}
		out = view(row)
		if _, err := s.d.Queue.Insert(ctx, tx, jobs.Job{Kind: jobRun, Args: runArgs{row.ID}, Key: fmt.Sprintf("follower_sync:%d", row.ID)}); err != nil {
			return err
		}
		if staff == 0 {
			return nil
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "followers.sync", Ref: fmt.Sprintf("follower_sync:%d", row.ID)})
	})
	return out, err
}

// Latest returns the latest run, or ErrNever.
func (s *Service) Latest(ctx context.Context) (out Sync, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, ok, err := latest(tx)
		if err == nil && !ok {
			err = ErrNever
		}
		out = view(row)
		return err
	})
	return out, err
}
