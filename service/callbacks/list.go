package callbacks

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// Callback is a callback for staff, without its body.
type Callback struct {
	ID         model.CallbackID
	App        string
	Channel    Channel
	Topic      string
	OpenID     string
	Verdict    string
	State      model.CallbackState
	Reason     string
	Runs       int64 // failed runs since it was received or replayed
	Replays    int64
	ReceivedAt time.Time
	FinishedAt *time.Time
	// Refusal is why it cannot be replayed: ErrWaiting, ErrDone or ErrKept; nil when it can.
	Refusal error
}

// Filter chooses callbacks; its zero value is all of them.
type Filter struct {
	App     string
	Channel Channel
	Topic   string
	OpenID  string
	Verdict string
	State   model.CallbackState
	From    time.Time // received then or later
	To      time.Time // received before
}

// ascii reports whether all its words are such as the columns have; no callback has others, and MySQL refuses to compare them.
func (f Filter) ascii() bool {
	return visible(f.App) && visible(string(f.Channel)) && visible(f.Topic) && visible(f.OpenID) && visible(f.Verdict) && visible(string(f.State))
}

// List returns callbacks without their bodies, newest first.
func (s *Service) List(ctx context.Context, f Filter, page db.Page) (list []Callback, next string, err error) {
	before, err := page.Before()
	if err != nil || !f.ascii() {
		return nil, "", err
	}
	var rows []model.Callback
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		rows, err = callbacksBefore(tx, f, before, page.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list callbacks: %w", err)
	}
	if len(rows) > page.Size() {
		rows = rows[:page.Size()]
		next = db.NextCursor(int64(rows[len(rows)-1].ID))
	}
	list = make([]Callback, len(rows))
	for i, c := range rows {
		list[i] = view(c)
	}
	return list, next, nil
}

// Callback returns one callback without its body, or ErrUnknown.
func (s *Service) Callback(ctx context.Context, id model.CallbackID) (out Callback, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		c, err := byID(tx, id)
		out = view(c)
		return err
	})
	return out, err
}

// Body is what WeChat posted, decrypted, and what it was answered.
type Body struct {
	Raw   []byte
	Reply string // passive reply as JSON; empty means a bare success
}

// Body shows the body of a callback to a member of staff, or returns ErrUnknown. It holds what a person wrote or where he is, so every look
// stands in the staff trail.
func (s *Service) Body(ctx context.Context, by model.StaffID, id model.CallbackID) (out Body, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := byID(tx, id)
		if err != nil {
			return err
		}
		out = Body{c.Raw, c.Reply}
		return audit.Record(ctx, tx, audit.Entry{Staff: by, Action: "callbacks.open", Ref: ref(id), Detail: map[string]any{"topic": c.Topic}})
	})
	return out, err
}

func ref(id model.CallbackID) string { return fmt.Sprintf("callback:%d", id) }

func view(c model.Callback) Callback {
	return Callback{
		ID: c.ID, App: c.AppID, Channel: Channel(c.Channel), Topic: c.Topic, OpenID: c.OpenID, Verdict: c.Verdict, State: c.State,
		Reason: c.Reason, Runs: c.Runs, Replays: c.Replays, ReceivedAt: c.ReceivedAt.UTC(), FinishedAt: c.FinishedAt, Refusal: against(c.State),
	}
}
