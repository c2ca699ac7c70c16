package messages

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// View is a message for staff.
type View struct {
	ID         model.MessageID
	Member     model.MemberID
	Purpose    model.MessagePurpose
	Channel    model.MessageChannel
	Template   string
	Data       map[string]string
	State      model.MessageState
	Reason     string
	Code       int64
	MsgID      string
	Attempts   int64
	CreatedAt  time.Time
	AcceptedAt *time.Time
	FinishedAt *time.Time
}

// Listed is one page of messages, newest first.
type Listed struct {
	Messages []View
	Next     string // cursor of the next page; empty on the last one
}

// List returns messages to one member, or to everybody when member is 0.
func (s *Service) List(ctx context.Context, member model.MemberID, page db.Page) (out Listed, err error) {
	before, err := page.Before()
	if err != nil {
		return out, err
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := list(tx, member, before, page.Size()+1)
		if err != nil {
			return fmt.Errorf("list messages: %w", err)
		}
		if len(rows) > page.Size() {
			rows = rows[:page.Size()]
			out.Next = db.NextCursor(int64(rows[len(rows)-1].ID))
		}
		for _, m := range rows {
			v, err := view(m)
			if err != nil {
				return err
			}
			out.Messages = append(out.Messages, v)
		}
		return nil
	})
	return out, err
}

// Detail is a message with every attempt, also those where nothing left.
type Detail struct {
	View
	Key       string
	URL       string
	Channels  []model.MessageChannel // in the order in which they are tried
	NotBefore *time.Time
	NotAfter  *time.Time
	DueAt     *time.Time // when it is looked at next; nil when nothing is left to do
	Tries     []model.MessageAttempt
}

// Message returns one message with its attempts, or ErrUnknown.
func (s *Service) Message(ctx context.Context, id model.MessageID) (out Detail, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		m, err := byID(tx, id)
		if err != nil {
			return err
		}
		v, err := view(m)
		if err != nil {
			return err
		}
		tries, err := triesOf(tx, []model.Message{m})
		if err != nil {
			return fmt.Errorf("read the attempts of message %d: %w", id, err)
		}
		out = Detail{
			View: v, Key: m.MessageKey, URL: m.URL, Channels: split(m.Channels), NotBefore: m.NotBefore, NotAfter: m.NotAfter, DueAt: m.DueAt, Tries: tries[id],
		}
		return nil
	})
	return out, err
}

func view(m model.Message) (View, error) {
	v := View{
		ID: m.ID, Member: m.MemberID, Purpose: m.Purpose, Channel: m.Channel, Template: m.Template, State: m.State, Reason: m.Reason, Code: m.Code,
		Attempts: m.Attempts, CreatedAt: m.CreatedAt, AcceptedAt: m.AcceptedAt, FinishedAt: m.FinishedAt,
	}
	if m.MsgID != nil {
		v.MsgID = *m.MsgID
	}
	if err := json.Unmarshal([]byte(m.Data), &v.Data); err != nil {
		return v, fmt.Errorf("decode the texts of message %d: %w", m.ID, err)
	}
	return v, nil
}
