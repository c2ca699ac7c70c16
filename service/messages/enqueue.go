package messages

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
)

// Message asks for one message to one member.
type Message struct {
	// Key is a natural key, "visit:12:1"; 1 to 128 visible ASCII characters. One visible message per key.
	Key    string
	Member model.MemberID
	// Template is our name, "visit1"; Data holds its texts by our field names and is cut to WeChat's limits when it is sent.
	Template string
	Data     map[string]string
	URL      string // opens on a tap; at most 512 characters, may be empty
}

// Enqueue opens a transaction for EnqueueTx.
func (s *Service) Enqueue(ctx context.Context, m Message) (fresh bool, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		fresh, err = s.EnqueueTx(ctx, tx, m)
		return err
	})
	return fresh, err
}

// EnqueueTx stores a message and its job in the transaction of the thing it tells about. fresh is false when the key is
// known; nothing was changed then. A template that the merchant has not set up is no error here, so that a missing
// setting never undoes a purchase: the message is suppressed when its turn comes.
func (s *Service) EnqueueTx(ctx context.Context, tx *db.Tx, m Message) (fresh bool, err error) {
	if err := check(m); err != nil {
		return false, err
	}
	data, err := json.Marshal(m.Data)
	if err != nil {
		return false, fmt.Errorf("encode message %s: %w", m.Key, err)
	}
	row := model.Message{
		MessageKey: m.Key, MemberID: m.Member, Channel: ChannelOATemplate, Template: m.Template, Data: string(data), URL: m.URL,
		State: model.MessageQueued, ClientMsgID: clientMsgID(m.Key), CreatedAt: tx.Now,
	}
	if fresh, err = tx.Insert(&row); err != nil {
		return false, fmt.Errorf("store message %s: %w", m.Key, err)
	}
	if !fresh {
		return false, nil
	}
	_, err = s.Jobs.Insert(ctx, tx, jobs.Job{Kind: kindSend, Args: sendArgs{row.ID}, Key: fmt.Sprintf("message:%d", row.ID)})
	return err == nil, err
}

const kindSend = "messages.send"

type sendArgs struct {
	ID model.MessageID `json:"id"`
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
