package callbacks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/weblink"
	"huitou/service/audit"
	"huitou/service/jobs"
)

const (
	// ReplayMost is how many callbacks one wish replays at most: the oldest of those that it names.
	ReplayMost = 10_000
	// ReplayDays is how far apart the two ends of its time may be.
	ReplayDays = 93
	// replayBatch is how many are put back in one transaction, so that what comes in is not held up.
	replayBatch = 200
)

// ReplayMany asks for many failed or ignored callbacks to be processed again.
type ReplayMany struct {
	Staff   model.StaffID
	App     string // empty means any
	Topic   string // Topic or Verdict must be given; what could not be read has no topic
	Verdict string
	Which   model.CallbackState // CallbackFailed or CallbackIgnored
	From    time.Time           // received then or later
	To      time.Time           // received before; at most ReplayDays after From
	Note    string              // why; 1 to 200 characters
	Key     db.Key              `json:"-"`
}

// Many is such a wish and how far it got.
type Many struct {
	ID         model.CallbackReplayID    `json:"id"`
	State      model.CallbackReplayState `json:"state"`
	App        string                    `json:"app"`
	Topic      string                    `json:"topic"`
	Verdict    string                    `json:"verdict"`
	Which      model.CallbackState       `json:"which"`
	From       time.Time                 `json:"from"`
	To         time.Time                 `json:"to"`
	Note       string                    `json:"note"`
	Found      int64                     `json:"found"` // at most ReplayMost
	Done       int64                     `json:"done"`  // put back; what another had replayed meanwhile is not among them
	AskedBy    model.StaffID             `json:"asked_by"`
	AskedAt    time.Time                 `json:"asked_at"`
	FinishedAt *time.Time                `json:"finished_at"`
	Replayed   bool                      `json:"-"` // the answer of an earlier request with the same key
}

// ReplayMany counts what it names and leaves the work to a job of its own. It returns fault.ErrInvalid, or ErrNothing when there is
// nothing to replay.
func (s *Service) ReplayMany(ctx context.Context, in ReplayMany) (out Many, err error) {
	in.Note = strings.TrimSpace(in.Note)
	in.From, in.To = in.From.UTC().Truncate(time.Microsecond), in.To.UTC().Truncate(time.Microsecond)
	if err := fault.InvalidFields(in.faults()); err != nil {
		return out, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, out.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Many, error) { return s.replayMany(ctx, tx, in) })
		return err
	})
	return out, err
}

func (s *Service) replayMany(ctx context.Context, tx *db.Tx, in ReplayMany) (Many, error) {
	row := model.CallbackReplay{
		State: model.CallbackReplayRunning, AppID: in.App, Topic: in.Topic, Verdict: in.Verdict, Which: in.Which,
		ReceivedFrom: in.From, ReceivedTo: in.To, Note: in.Note, AskedBy: in.Staff, AskedAt: tx.Now,
	}
	var err error
	if row.Found, row.LastID, err = replayable(tx, row, ReplayMost); err != nil {
		return Many{}, err
	}
	if row.Found == 0 {
		return Many{}, ErrNothing
	}
	if _, err := tx.Insert(&row); err != nil {
		return Many{}, fmt.Errorf("store a replay of callbacks: %w", err)
	}
	if _, err := s.Jobs.Insert(ctx, tx, jobs.Job{Kind: kindReplayMany, Args: replayManyArgs{row.ID}, Key: manyKey(row.ID)}); err != nil {
		return Many{}, err
	}
	return manyOf(row), audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "callbacks.replay_many", Ref: manyKey(row.ID), Detail: map[string]any{
		"app": in.App, "topic": in.Topic, "verdict": in.Verdict, "which": in.Which, "from": in.From, "to": in.To, "note": in.Note, "found": row.Found,
	}})
}

func (in ReplayMany) faults() (list []fault.Field) {
	bad := func(wrong bool, field, reason string) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: reason})
		}
	}
	bad(in.Which != model.CallbackFailed && in.Which != model.CallbackIgnored, "state", "failed or ignored")
	for _, w := range []struct{ field, value string }{{"app_id", in.App}, {"topic", in.Topic}, {"verdict", in.Verdict}} {
		bad(len(w.value) > 64 || !visible(w.value), w.field, "at most 64 visible ASCII characters")
	}
	bad(in.Topic == "" && (in.Verdict == "" || in.Verdict == VerdictOK), "topic", "name a topic, or the verdict malformed or unopenable")
	bad(in.From.IsZero(), "from", "is required")
	bad(!in.To.After(in.From) || in.To.Sub(in.From) > ReplayDays*24*time.Hour, "to", fmt.Sprintf("after from, by at most %d days", ReplayDays))
	bad(!weblink.Line(in.Note, 200), "note", "1 to 200 printable characters")
	return list
}

// Many returns one wish and how far it got, or ErrReplayUnknown.
func (s *Service) Many(ctx context.Context, id model.CallbackReplayID) (out Many, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := replayByID(tx, id)
		out = manyOf(row)
		return err
	})
	return out, err
}

const kindReplayMany = "callbacks.replay_many"

type replayManyArgs struct {
	ID model.CallbackReplayID `json:"id"`
}

func manyKey(id model.CallbackReplayID) string { return fmt.Sprintf("callback-replay:%d", id) }

// workReplayMany puts callbacks back, one batch per transaction. What died on the way goes on behind the last batch.
func (s *Service) workReplayMany(ctx context.Context, in replayManyArgs) error {
	for {
		more := false
		err := s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			more, err = s.replayBatch(ctx, tx, in.ID)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

func (s *Service) replayBatch(ctx context.Context, tx *db.Tx, id model.CallbackReplayID) (more bool, err error) {
	run, err := lockReplay(tx, id)
	if err != nil || run.State == model.CallbackReplayDone {
		return false, err
	}
	rows, err := lockReplayable(tx, run, replayBatch)
	if err != nil {
		return false, err
	}
	work := make([]jobs.Job, len(rows))
	for i := range rows {
		rows[i].Replays++
		work[i] = jobOf(rows[i])
	}
	if err := reopenAll(tx, rows); err != nil {
		return false, err
	}
	if err := s.Jobs.InsertNew(ctx, tx, work); err != nil {
		return false, err
	}
	run.Replayed += int64(len(rows))
	if more = len(rows) == replayBatch; more {
		run.DoneID = rows[len(rows)-1].ID
	} else {
		run.DoneID, run.State, run.FinishedAt = run.LastID, model.CallbackReplayDone, &tx.Now
	}
	return more, saveReplay(tx, run)
}

func manyOf(r model.CallbackReplay) Many {
	return Many{
		ID: r.ID, State: r.State, App: r.AppID, Topic: r.Topic, Verdict: r.Verdict, Which: r.Which, From: r.ReceivedFrom.UTC(),
		To: r.ReceivedTo.UTC(), Note: r.Note, Found: r.Found, Done: r.Replayed, AskedBy: r.AskedBy, AskedAt: r.AskedAt.UTC(), FinishedAt: r.FinishedAt,
	}
}
