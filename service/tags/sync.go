package tags

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/service/jobs"
	"huitou/wechat"
)

const (
	jobSync = "tags.sync"
	// syncTurn is how long one job compares before it gives others their turn; well below jobs.Lease.
	syncTurn = 45 * time.Second
	// syncLease is how long a comparison holds its slot without a sign of life.
	syncLease = 10 * time.Minute
)

// Sync is a comparison as staff see it.
type Sync struct {
	ID                                               model.TagSyncID
	State                                            model.TagSyncState
	StartedBy                                        model.StaffID // 0: by the clock
	StartedAt                                        time.Time
	EndedAt                                          *time.Time
	Tags                                             int64
	AddedHere, RemovedHere, AddedThere, RemovedThere int64
	Strangers, Refused                               int64
	Problem                                          string
}

// StartSync begins a comparison with WeChat, which a job makes. It returns ErrSyncRunning. staff is 0 for the timetable.
func (s *Service) StartSync(ctx context.Context, staff model.StaffID) (v Sync, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := breakStale(tx); err != nil {
			return err
		}
		slot := int64(1)
		row := model.TagSync{Slot: &slot, StartedBy: staff, StartedAt: tx.Now, LeasedUntil: tx.Now.Add(syncLease), State: model.TagSyncRunning}
		fresh, err := tx.Insert(&row)
		if err != nil {
			return fmt.Errorf("begin a comparison of tags: %w", err)
		}
		if !fresh {
			return ErrSyncRunning
		}
		v = syncView(row)
		if _, err := s.d.Queue.Insert(ctx, tx, jobs.Job{Kind: jobSync, Args: syncArgs{row.ID}}); err != nil {
			return err
		}
		if staff == 0 {
			return nil
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "tags.sync", Ref: fmt.Sprintf("tag_sync:%d", row.ID)})
	})
	return v, err
}

// LastSync returns the latest comparison, or ErrNeverSynced.
func (s *Service) LastSync(ctx context.Context) (v Sync, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := lastSync(tx)
		if db.IsNotFound(err) {
			return ErrNeverSynced
		}
		v = syncView(row)
		return err
	})
	return v, err
}

// nightly clears what ended tags left, and begins a comparison.
func (s *Service) nightly(ctx context.Context) error {
	for more := true; more; {
		err := s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
			n, err := purgeEnded(tx, maxBulk)
			more = n == maxBulk
			return err
		})
		if err != nil {
			return err
		}
	}
	if _, err := s.StartSync(ctx, 0); err != nil && !errors.Is(err, ErrSyncRunning) {
		return err
	}
	return nil
}

type syncArgs struct {
	Sync model.TagSyncID `json:"sync"`
}

// errTurnOver ends a turn in the midst of a tag.
var errTurnOver = errors.New("tags: the turn is over")

// carryOn works on a comparison until it is done or the turn is over. What WeChat refuses altogether (no token, no right, no answer) ends
// the comparison with its reason; the next one begins where this one stood.
func (s *Service) carryOn(ctx context.Context, in syncArgs) error {
	end := s.d.DB.Now().Add(syncTurn)
	row, alive, err := s.renew(ctx, in.Sync)
	if err != nil || !alive {
		return err
	}
	err = s.compare(ctx, row, end)
	switch {
	case errors.Is(err, errTurnOver):
		return jobs.Snooze(0)
	case err != nil && ctx.Err() != nil:
		return err // the process goes down; the job comes back
	case err != nil && wechat.ClassOf(err) == wechat.ClassUnknown && !wechatsFault(err):
		return err // ours: the queue tries again
	}
	if err != nil {
		s.d.Log.WarnContext(ctx, "comparison of tags failed", "sync", in.Sync, "err", err)
	}
	return s.finish(ctx, in.Sync, err)
}

// wechatsFault tells a refusal of WeChat or a call without an answer from a fault of ours.
func wechatsFault(err error) bool {
	var refused *wechat.Error
	var lost *wechat.TransportError
	return errors.As(err, &refused) || errors.As(err, &lost)
}

// compare lets the tags meet, and then the members of each shared one that has not had its turn since the comparison began.
func (s *Service) compare(ctx context.Context, row model.TagSync, end time.Time) error {
	if err := s.meetTags(ctx); err != nil {
		return err
	}
	due, err := s.dueTags(ctx, row.StartedAt)
	if err != nil {
		return err
	}
	for _, t := range due {
		err := s.meetMembers(ctx, row.ID, t, end)
		if ofThisTag(err) { // deleted there a moment ago, for one
			err = s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
				return setOnTag(tx, t, map[string]any{"problem": short(err)})
			})
		}
		if err != nil {
			return err
		}
		if _, alive, err := s.renew(ctx, row.ID); err != nil || !alive {
			return err
		}
	}
	return nil
}

func (s *Service) dueTags(ctx context.Context, since time.Time) (due []model.Tag, err error) {
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		due, err = unsyncedTags(tx, since)
		return err
	})
	return due, err
}

// renew keeps the slot for a comparison that works; alive is false when it has ended or was given up.
func (s *Service) renew(ctx context.Context, id model.TagSyncID) (row model.TagSync, alive bool, err error) {
	err = s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		if alive, err = renewSync(tx, id, tx.Now.Add(syncLease)); err != nil || !alive {
			return err
		}
		row, err = syncByID(tx, id)
		return err
	})
	return row, alive, err
}

func (s *Service) finish(ctx context.Context, id model.TagSyncID, why error) error {
	state, problem := model.TagSyncDone, ""
	if why != nil {
		state, problem = model.TagSyncFailed, short(why)
	}
	return s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error { return endSync(tx, id, state, problem) })
}

// short is an error as it fits a problem of staff.
func short(err error) string {
	text := []rune(err.Error())
	return string(text[:min(len(text), 200)])
}

func syncView(r model.TagSync) Sync {
	return Sync{ID: r.ID, State: r.State, StartedBy: r.StartedBy, StartedAt: r.StartedAt.UTC(), EndedAt: r.EndedAt, Tags: r.Tags,
		AddedHere: r.AddedHere, RemovedHere: r.RemovedHere, AddedThere: r.AddedThere, RemovedThere: r.RemovedThere,
		Strangers: r.Strangers, Refused: r.Refused, Problem: r.Problem}
}
