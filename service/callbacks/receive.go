package callbacks

import (
	"context"
	"encoding/json"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/wechat"
)

// Received is an authentic callback.
type Received struct {
	App     string
	Channel Channel
	// DedupeKey is at most 64 characters and the same for every delivery of this callback within the app. Empty means Key.
	DedupeKey string
	Raw       []byte // decrypted body; of a body that does not open, what was posted
	Verdict   string // at most 32 characters; empty means VerdictOK
	Topic     string // see Topic; empty means that the vault only keeps it
	Reply     wechat.Reply
}

// Receive stores a callback and, when there is a reaction to its topic, the job that processes it, in one transaction. A
// repeated delivery changes nothing: fresh is false and id is the first one's, whose reply ReplyTo returns.
func (s *Service) Receive(ctx context.Context, in Received) (id model.CallbackID, fresh bool, err error) {
	row, err := s.row(in)
	if err != nil {
		return 0, false, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		c := row
		c.ReceivedAt = tx.Now
		if c.State != model.CallbackReceived {
			c.FinishedAt = &tx.Now
		}
		if fresh, err = tx.Insert(&c); err != nil {
			return fmt.Errorf("store a callback: %w", err)
		}
		if !fresh {
			id, err = idOf(tx, c.AppID, c.DedupeKey)
			return err
		}
		id = c.ID
		if c.State == model.CallbackReceived {
			return s.enqueue(ctx, tx, c)
		}
		return nil
	})
	if err != nil {
		return 0, false, err
	}
	return id, fresh, nil
}

// ReplyTo returns the passive reply that was stored with a callback.
func (s *Service) ReplyTo(ctx context.Context, id model.CallbackID) (reply wechat.Reply, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		c, err := byID(tx, id)
		if err != nil || c.Reply == "" {
			return err
		}
		return json.Unmarshal([]byte(c.Reply), &reply)
	})
	if err != nil {
		return wechat.Reply{}, fmt.Errorf("read the reply to callback %d: %w", id, err)
	}
	return reply, nil
}

func (s *Service) row(in Received) (model.Callback, error) {
	c := model.Callback{
		AppID: in.App, Channel: string(in.Channel), Topic: in.Topic, DedupeKey: in.DedupeKey,
		Raw: in.Raw, Verdict: in.Verdict, State: model.CallbackReceived,
	}
	if c.Raw == nil {
		c.Raw = []byte{}
	}
	if c.DedupeKey == "" {
		c.DedupeKey = Key(in.App, in.Raw)
	}
	if c.Verdict == "" {
		c.Verdict = VerdictOK
	}
	if in.Reply != (wechat.Reply{}) {
		b, err := json.Marshal(in.Reply)
		if err != nil {
			return c, fmt.Errorf("encode the reply to a callback: %w", err)
		}
		c.Reply = string(b)
	}
	_, known := s.reactions[topic{in.Channel, in.Topic}]
	switch {
	case in.Verdict == VerdictMalformed || in.Verdict == VerdictUnopenable:
		c.State, c.Reason = model.CallbackFailed, in.Verdict
	case in.Topic == "":
		c.State = model.CallbackKept
	case !known:
		c.State = model.CallbackIgnored
	}
	return c, nil
}

const kindProcess = "callbacks.process"

type processArgs struct {
	ID model.CallbackID `json:"id"`
}

// enqueue inserts the job of a callback; a replay has a job of its own.
func (s *Service) enqueue(ctx context.Context, tx *db.Tx, c model.Callback) error {
	_, err := s.Jobs.Insert(ctx, tx, jobs.Job{
		Kind: kindProcess, Args: processArgs{c.ID}, Key: fmt.Sprintf("callback:%d:%d", c.ID, c.Replays),
	})
	return err
}
