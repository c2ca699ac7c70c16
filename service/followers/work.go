package followers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/wechat"
)

const (
	jobRun = "followers.run"
	// turn is how long one job compares before others have theirs; well below jobs.Lease.
	turn = 45 * time.Second
	// mute is after how many answers without a unionid a run asks for no more.
	mute = 300
)

type runArgs struct {
	Run model.FollowerSyncID `json:"run"`
}

func (s *Service) nightly(ctx context.Context) error {
	_, err := s.Start(ctx, 0)
	if errors.Is(err, ErrRunning) {
		return nil
	}
	return err
}

// work brings a run on for one turn.
func (s *Service) work(ctx context.Context, in runArgs) error {
	until := s.d.DB.Now().Add(turn)
	r := &run{Service: s, id: in.Run}
	for {
		more, err := r.page(ctx, until)
		switch {
		case err != nil:
			return err
		case !more:
			return nil
		case !s.d.DB.Now().Before(until):
			return jobs.Snooze(time.Second)
		}
	}
}

// run is one turn of a run.
type run struct {
	*Service
	id             model.FollowerSyncID
	asked, learned int // answers of people without a known unionid, and those that told one
}

// page makes one page of the list, or one hundred of the check, and reports whether there is more to do.
func (r *run) page(ctx context.Context, until time.Time) (more bool, err error) {
	row, err := r.row(ctx)
	if err != nil || row.DoneAt != nil {
		return false, err
	}
	if row.State == model.SyncChecking {
		return r.check(ctx, row)
	}
	openIDs, total, err := r.d.Account.Fans(ctx, row.NextOpen)
	if err != nil {
		return false, fmt.Errorf("list followers: %w", err)
	}
	if len(openIDs) == 0 {
		return true, r.save(ctx, row, func(_ context.Context, _ *db.Tx, now *model.FollowerSync) error {
			now.State = model.SyncChecking
			return nil
		})
	}
	// Some may follow while the list is read; twice as many as there are is a list that goes round.
	if last := openIDs[len(openIDs)-1]; last == row.NextOpen || row.Listed > 2*total+20_000 {
		return false, r.fail(ctx, row, "WeChat's list of followers repeats itself")
	}
	for chunk := range slices.Chunk(openIDs, wechat.MaxFanInfos) {
		if row, err = r.row(ctx); err != nil || row.DoneAt != nil {
			return false, err
		}
		if err := r.seen(ctx, row, chunk); err != nil {
			return false, err
		}
		if !r.d.DB.Now().Before(until) {
			break // the next turn begins after this chunk
		}
	}
	return true, nil
}

// seen compares followers whom WeChat named.
func (r *run) seen(ctx context.Context, row model.FollowerSync, openIDs []string) error {
	var known members.Seen
	err := r.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		known, err = r.d.Members.SeenTx(ctx, tx, row.ID, openIDs)
		return err
	})
	if err != nil {
		return err
	}
	ask := known.Missed
	if r.asked < mute || r.learned > 0 {
		ask = append(slices.Clone(ask), known.Nameless...)
	}
	infos, err := r.infos(ctx, ask)
	if err != nil {
		return err
	}
	return r.save(ctx, row, func(ctx context.Context, tx *db.Tx, now *model.FollowerSync) error {
		now.NextOpen = openIDs[len(openIDs)-1]
		now.Listed += int64(len(openIDs))
		for _, f := range infos {
			if err := r.note(ctx, tx, f, slices.Contains(known.Missed, f.OpenID), now); err != nil {
				return err
			}
		}
		// Those whom we did not know are known now.
		_, err := r.d.Members.SeenTx(ctx, tx, row.ID, openIDs)
		return err
	})
}

// note writes what WeChat said of one person.
func (r *run) note(ctx context.Context, tx *db.Tx, f wechat.Follower, missed bool, now *model.FollowerSync) error {
	if !f.Following {
		return nil // he left between the list and the answer; the event tells
	}
	before, err := r.d.Members.UnionIDKnownTx(ctx, tx, f.OpenID)
	if err != nil {
		return err
	}
	at := f.FollowedAt
	if at.IsZero() {
		at = now.StartedAt
	}
	if _, err := r.d.Members.FollowTx(ctx, tx, members.Follow{OpenID: f.OpenID, UnionID: f.UnionID, Scene: f.Scene, At: at}); err != nil {
		return fmt.Errorf("note a follower: %w", err)
	}
	if missed {
		now.Followed++
	}
	if f.UnionID != "" && !before {
		now.Learnt++
	}
	return nil
}

// check asks about those who follow as far as we know and were not in the list.
func (r *run) check(ctx context.Context, row model.FollowerSync) (more bool, err error) {
	var list []members.Unseen
	err = r.d.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		list, err = r.d.Members.UnseenTx(ctx, tx, row, wechat.MaxFanInfos)
		return err
	})
	if err != nil {
		return false, err
	}
	ask := make([]string, len(list))
	for i, u := range list {
		ask[i] = u.OpenID
	}
	infos, err := r.infos(ctx, ask)
	if err != nil {
		return false, err
	}
	return len(list) > 0, r.save(ctx, row, func(ctx context.Context, tx *db.Tx, now *model.FollowerSync) error {
		if len(list) == 0 {
			now.State, now.DoneAt = model.SyncDone, &tx.Now
			return nil
		}
		now.Checked = list[len(list)-1].Identity
		for _, f := range infos {
			if f.Following {
				continue
			}
			// When he left is not told; it was before this answer, and an event with the true time finds him gone.
			if err := r.d.Members.UnfollowTx(ctx, tx, f.OpenID, tx.Now); err != nil {
				return fmt.Errorf("note that a follower left: %w", err)
			}
			now.Unfollowed++
		}
		return nil
	})
}

// infos asks about people by the hundred; when one of them is not the account's, each by himself.
func (r *run) infos(ctx context.Context, openIDs []string) (all []wechat.Follower, err error) {
	for chunk := range slices.Chunk(openIDs, wechat.MaxFanInfos) {
		list, err := r.d.Account.FanInfos(ctx, chunk)
		if wechat.ClassOf(err) == wechat.ClassRecipient {
			list, err = r.each(ctx, chunk)
		}
		if err != nil {
			return nil, fmt.Errorf("ask about %d followers: %w", len(chunk), err)
		}
		for _, f := range list {
			if r.asked++; f.UnionID != "" {
				r.learned++
			}
		}
		all = append(all, list...)
	}
	return all, nil
}

func (r *run) each(ctx context.Context, openIDs []string) (list []wechat.Follower, err error) {
	for _, id := range openIDs {
		f, err := r.d.Account.UserInfo(ctx, id)
		if wechat.ClassOf(err) == wechat.ClassRecipient {
			r.d.Log.WarnContext(ctx, "an openid is not the official account's", "run", r.id)
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

func (r *run) row(ctx context.Context) (row model.FollowerSync, err error) {
	err = r.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err = runByID(tx, r.id)
		return err
	})
	return row, err
}

// save does a step and notes how far the run is, in one transaction. Another worker that was there first lets it fail.
func (r *run) save(ctx context.Context, row model.FollowerSync, step func(context.Context, *db.Tx, *model.FollowerSync) error) error {
	return r.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := row
		if err := step(ctx, tx, &now); err != nil {
			return err
		}
		return saveRun(tx, row, now)
	})
}

func (r *run) fail(ctx context.Context, row model.FollowerSync, problem string) error {
	r.d.Log.ErrorContext(ctx, "followers were not compared", "run", row.ID, "problem", problem)
	return r.save(ctx, row, func(_ context.Context, tx *db.Tx, now *model.FollowerSync) error {
		now.State, now.Problem, now.DoneAt = model.SyncFailed, problem, &tx.Now
		return nil
	})
}
