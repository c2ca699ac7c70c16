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
	OpenID    string // of the person it is about, for staff to look by; empty means nobody
	Reply     wechat.Reply
}

// Receive stores a callback and, when there is a reaction to its topic, the job that processes it, in one transaction. A
// repeated delivery changes nothing: fresh is false and id is the first one's, whose reply ReplyTo returns. Callbacks that come in while
// others are being committed are stored together, so that a storm costs a handful of commits; each is answered after its own.
func (s *Service) Receive(ctx context.Context, in Received) (id model.CallbackID, fresh bool, err error) {
	row, err := s.row(in)
	if err != nil {
		return 0, false, err
	}
	// What is stored after ctx has ended is a first delivery whose answer got lost; the next one is its copy.
	got, err := s.receiving.DoBy(ctx, struct{}{}, row)
	if db.IsDuplicate(err) { // another instance stored a copy between our look and our write; it is there now
		got, err = s.receiving.DoBy(ctx, struct{}{}, row)
	}
	return got.id, got.fresh, err
}

// received is what became of a delivery.
type received struct {
	id    model.CallbackID
	fresh bool
}

// receiveMost is how many callbacks are stored in one transaction; one is 64 KiB at most.
const receiveMost = 64

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
		AppID: in.App, Channel: string(in.Channel), Topic: in.Topic, DedupeKey: in.DedupeKey, OpenID: plainOpenID(in.OpenID),
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
	known := s.known(topic{in.Channel, in.Topic})
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

// jobOf is the job of a callback; a replay has a job of its own.
func jobOf(c model.Callback) jobs.Job {
	return jobs.Job{Kind: kindProcess, Args: processArgs{c.ID}, Key: fmt.Sprintf("callback:%d:%d", c.ID, c.Replays)}
}
