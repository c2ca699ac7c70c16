package messages

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Ended is the fact that nothing more will happen to a message by itself: it was suppressed, delivered, blocked, failed, is dead or
// nobody knows. A message whose end was unknown may be known later (a report came after all); then a second fact tells the later end.
type Ended struct {
	Message model.MessageID      `json:"message"`
	Key     string               `json:"key"`
	Member  model.MemberID       `json:"member"`
	State   model.MessageState   `json:"state"`
	Reason  string               `json:"reason,omitempty"`
	Channel model.MessageChannel `json:"channel"` // that had the last word
	At      time.Time            `json:"at"`
}

// FactName names the kind.
func (Ended) FactName() string { return "messages.ended" }

// FactKey is unique for ever.
func (f Ended) FactKey() string { return fmt.Sprintf("message:%d:ended:%s", f.Message, f.State) }

// tell records the end of a message.
func (s *Service) tell(ctx context.Context, tx *db.Tx, m model.Message, state model.MessageState, reason string) error {
	if s.Facts == nil {
		return nil
	}
	return s.Facts.Record(ctx, tx, Ended{m.ID, m.MessageKey, m.MemberID, state, reason, m.Channel, tx.Now})
}
