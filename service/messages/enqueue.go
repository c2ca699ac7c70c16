package messages

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
)

// Message asks for one message to one member.
type Message struct {
	// Key is a natural key, "visit:12:1"; 1 to 128 visible ASCII characters. One visible message per key.
	Key    string
	Member model.MemberID
	// Template is our name, "visit1"; Data holds its texts by our field names.
	Template string
	Data     map[string]string
	URL      string // opens on a tap; at most 512 characters, may be empty

	// Purpose and Channels stand for the template's own when given.
	Purpose  model.MessagePurpose
	Channels []model.MessageChannel
	// NotBefore and NotAfter bound when it may leave; zero means at once, and at any time. From NotAfter on it is suppressed.
	NotBefore, NotAfter time.Time
}

// Enqueue opens a transaction for EnqueueTx.
func (s *Service) Enqueue(ctx context.Context, m Message) (fresh bool, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		fresh, err = s.EnqueueTx(ctx, tx, m)
		return err
	})
	return fresh, err
}

// EnqueueTx stores a message in the transaction of the thing it tells about. fresh is false when the key is known; nothing was
// changed then. A template that the merchant has not set up is no error here, so that a missing setting never undoes a
// purchase: the message is suppressed when its turn comes. Nor is a text that breaks a rule of the platform: the message is stored
// as suppressed and names the rule.
func (s *Service) EnqueueTx(ctx context.Context, tx *db.Tx, m Message) (fresh bool, err error) {
	if err := check(m); err != nil {
		return false, err
	}
	row, err := s.row(m, tx.Now)
	if err != nil {
		return false, err
	}
	if fresh, err = tx.Insert(&row); err != nil || !fresh {
		return false, wrap(err, "store message %s", m.Key)
	}
	switch {
	case row.State == model.MessageSuppressed:
		return true, s.tell(ctx, tx, row, row.State, row.Reason)
	case !row.DueAt.After(tx.Now):
		tx.OnCommit(s.lanes[row.Channel].wake)
	}
	return true, nil
}

func wrap(err error, what string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(what+": %w", append(args, err)...)
}

// row freezes a message as it will be sent.
func (s *Service) row(m Message, now time.Time) (model.Message, error) {
	data, err := json.Marshal(m.Data)
	if err != nil {
		return model.Message{}, fmt.Errorf("encode message %s: %w", m.Key, err)
	}
	t := s.Templates[m.Template]
	purpose, order := m.Purpose, m.Channels
	if purpose == "" {
		purpose = t.purpose()
	}
	if len(order) == 0 {
		order = t.order()
	}
	if len(order) == 0 {
		order = []model.MessageChannel{model.ChannelOATemplate} // which will find that there is no template
	}
	due, lane := now, model.LaneOf(order[0], purpose)
	if m.NotBefore.After(now) {
		due = m.NotBefore.UTC().Truncate(time.Microsecond)
	}
	row := model.Message{
		MessageKey: m.Key, MemberID: m.Member, Purpose: purpose, Channels: join(order), Channel: order[0], Template: m.Template,
		Data: string(data), URL: m.URL, State: model.MessageQueued, ClientMsgID: clientMsgID(m.Key),
		NotBefore: instant(m.NotBefore), NotAfter: instant(m.NotAfter), DueAt: &due, Lane: &lane, CreatedAt: now,
	}
	if broken := Breaches(purpose, order, m.Data, t.quoted()); len(broken) > 0 {
		s.Log.Error("message breaks a rule of the platform", "key", m.Key, "template", m.Template, "rule", broken[0].Rule, "field", broken[0].Field, "word", broken[0].Word)
		row.State, row.Reason, row.DueAt, row.Lane, row.FinishedAt = model.MessageSuppressed, "policy:"+broken[0].String(), nil, nil, &now
	}
	return row, nil
}

// instant returns nil for the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	return &t
}

func join(order []model.MessageChannel) string {
	words := make([]string, len(order))
	for i, c := range order {
		words[i] = string(c)
	}
	return strings.Join(words, ",")
}

func split(order string) []model.MessageChannel {
	var out []model.MessageChannel
	for _, w := range strings.Split(order, ",") {
		out = append(out, model.MessageChannel(w))
	}
	return out
}

// maxData keeps a message's texts well inside their column.
const maxData = 8 << 10

func check(m Message) error {
	refuse := func(why string) error { return ErrInvalid.With("key", m.Key).With("why", why) }
	if !keyText(m.Key, 128) {
		return refuse("the key must be 1 to 128 visible ASCII characters")
	}
	if !keyText(m.Template, 64) {
		return refuse("the template must be 1 to 64 visible ASCII characters")
	}
	if m.Member <= 0 {
		return refuse("there is no member")
	}
	if utf8.RuneCountInString(m.URL) > 512 || !utf8.ValidString(m.URL) {
		return refuse("the URL is longer than 512 characters")
	}
	if m.Purpose != "" && !slices.Contains(model.MessagePurposes, m.Purpose) {
		return refuse("there is no such purpose")
	}
	for i, c := range m.Channels {
		if !slices.Contains(model.MessageChannels, c) || slices.Contains(m.Channels[:i], c) {
			return refuse("a channel is unknown or stands there twice")
		}
	}
	if !m.NotAfter.IsZero() && !m.NotAfter.After(m.NotBefore) {
		return refuse("its time ends before it begins")
	}
	size := 0
	for k, v := range m.Data {
		if size += len(k) + len(v); !utf8.ValidString(v) {
			return refuse("field " + k + " is not UTF-8")
		}
	}
	if size > maxData {
		return refuse("the texts are longer than 8 KiB")
	}
	return nil
}

func keyText(s string, most int) bool {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= most
}
