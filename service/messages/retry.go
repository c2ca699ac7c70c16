package messages

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

const (
	// RetryMost is how many messages one wish sends again at most: the oldest of those that it names.
	RetryMost = 500
	// RetryDays is how old a message may be that is sent again. What it says is of its day.
	RetryDays = 30
)

// Retry asks for a message that failed to be sent again, after what stood in its way was mended.
type Retry struct {
	Staff model.StaffID
	ID    model.MessageID
	Note  string // what was mended; 1 to 200 characters
}

// Retry puts a failed or dead message back into the queue, for the first of its channels, with the key and the texts it has: it is the
// same message, of which at most one is seen. It leaves when quiet hours, caps and wishes not to be contacted let it. It returns
// ErrUnknown, ErrNotFailed, ErrMaybeSeen, ErrTooLate, or ErrNotMended when no channel could send it now either.
func (s *Service) Retry(ctx context.Context, in Retry) error {
	in.Note = strings.TrimSpace(in.Note)
	if err := fault.InvalidFields(noteFaults(in.Note)); err != nil {
		return err
	}
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		rows, err := lockToRetry(tx, []model.MessageID{in.ID})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return ErrUnknown
		}
		ready, refused, err := s.sift(ctx, tx, rows)
		if err != nil {
			return err
		}
		if len(ready) == 0 {
			return refused[in.ID]
		}
		if err := s.requeue(tx, ready); err != nil {
			return err
		}
		m := rows[0]
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "messages.retry", Ref: fmt.Sprintf("message:%d", m.ID), Detail: map[string]any{
			"was": m.State, "reason": m.Reason, "code": m.Code, "note": in.Note,
		}})
	})
}

// RetryMany asks for many messages to be sent again that failed for one reason.
type RetryMany struct {
	Staff    model.StaffID
	State    model.MessageState // MessageFailed or MessageDead
	Template string             // Template or Reason must be given
	Reason   string
	From     time.Time       // queued then or later
	To       time.Time       // queued before; at most RetryDays after From
	After    model.MessageID // go on behind this one; 0 begins with the oldest
	Note     string          // what was mended; 1 to 200 characters
	Key      db.Key          `json:"-"`
}

// Retried is what became of such a wish.
type Retried struct {
	Found   int64 `json:"found"`   // looked at; at most RetryMost
	Retried int64 `json:"retried"` // wait to be sent again
	// Passed counts what stays as it is, by the code of the fault that a Retry of it would return.
	Passed map[string]int64 `json:"passed"`
	Last   model.MessageID  `json:"last"` // the last one looked at
	More   bool             `json:"more"` // others behind Last wait for a wish of their own
	// Replayed tells that this is the answer of an earlier request with the same key.
	Replayed bool `json:"-"`
}

// RetryMany puts messages back as Retry does, those that may be, all in one transaction. It returns fault.ErrInvalid, or ErrNothing when
// none is named.
func (s *Service) RetryMany(ctx context.Context, in RetryMany) (out Retried, err error) {
	in.Note = strings.TrimSpace(in.Note)
	in.From, in.To = in.From.UTC().Truncate(time.Microsecond), in.To.UTC().Truncate(time.Microsecond)
	if err := fault.InvalidFields(in.faults()); err != nil {
		return out, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, out.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Retried, error) { return s.retryMany(ctx, tx, in) })
		return err
	})
	return out, err
}

func (s *Service) retryMany(ctx context.Context, tx *db.Tx, in RetryMany) (Retried, error) {
	ids, err := toRetry(tx, in, RetryMost+1)
	if err != nil {
		return Retried{}, err
	}
	if len(ids) == 0 {
		return Retried{}, ErrNothing
	}
	out := Retried{More: len(ids) > RetryMost, Passed: map[string]int64{}}
	ids = ids[:min(len(ids), RetryMost)]
	rows, err := lockToRetry(tx, ids)
	if err != nil {
		return Retried{}, err
	}
	ready, refused, err := s.sift(ctx, tx, rows)
	if err != nil {
		return Retried{}, err
	}
	if err := s.requeue(tx, ready); err != nil {
		return Retried{}, err
	}
	out.Found, out.Retried, out.Last = int64(len(ids)), int64(len(ready)), ids[len(ids)-1]
	for _, why := range refused {
		out.Passed[fault.Of(why).Code]++
	}
	return out, audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "messages.retry_many", Ref: fmt.Sprintf("messages:%d-%d", ids[0], out.Last), Detail: map[string]any{
		"state": in.State, "template": in.Template, "reason": in.Reason, "from": in.From, "to": in.To, "note": in.Note,
		"found": out.Found, "retried": out.Retried, "passed": out.Passed,
	}})
}

func (in RetryMany) faults() (list []fault.Field) {
	bad := func(wrong bool, field, reason string) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: reason})
		}
	}
	bad(in.State != model.MessageFailed && in.State != model.MessageDead, "state", "failed or dead")
	bad(in.Template == "" && in.Reason == "", "template", "name a template or a reason")
	bad(in.Template != "" && !keyText(in.Template, 64), "template", "at most 64 visible ASCII characters")
	bad(utf8.RuneCountInString(in.Reason) > 255 || !utf8.ValidString(in.Reason), "reason", "at most 255 characters")
	bad(in.From.IsZero(), "from", "is required")
	bad(!in.To.After(in.From) || in.To.Sub(in.From) > RetryDays*24*time.Hour, "to", fmt.Sprintf("after from, by at most %d days", RetryDays))
	bad(in.After < 0, "after", "0 or the last of an earlier answer")
	return append(list, noteFaults(in.Note)...)
}

func noteFaults(note string) []fault.Field {
	if note == "" || utf8.RuneCountInString(note) > 200 || !utf8.ValidString(note) {
		return []fault.Field{{Name: "note", Reason: "1 to 200 characters"}}
	}
	return nil
}

// sift parts locked messages into those that may be sent again, each for its first channel, and the others with the reason.
func (s *Service) sift(ctx context.Context, tx *db.Tx, rows []model.Message) (ready []model.Message, refused map[model.MessageID]error, err error) {
	tries, err := triesOf(tx, rows)
	if err != nil {
		return nil, nil, fmt.Errorf("read the attempts of messages to send again: %w", err)
	}
	addresses, err := s.Followers.AddressesTx(ctx, tx, membersOf(rows), true)
	if err != nil {
		return nil, nil, fmt.Errorf("look up where members can be reached: %w", err)
	}
	refused = map[model.MessageID]error{}
	for _, m := range rows {
		err := again(m, tries[m.ID], tx.Now)
		if err == nil {
			err = s.mended(m, addresses[m.MemberID])
		}
		switch {
		case err == nil:
			m.Channel = split(m.Channels)[0]
			ready = append(ready, m)
		case fault.Of(err) == nil:
			return nil, nil, err
		default:
			refused[m.ID] = err
		}
	}
	return ready, refused, nil
}

// again returns why a message may not be sent again, nil when it may. What any platform took, or may have taken, was sent.
func again(m model.Message, tries []model.MessageAttempt, now time.Time) error {
	for _, a := range tries {
		if a.Outcome != model.AttemptRefused && a.Outcome != model.AttemptSkipped {
			return ErrMaybeSeen
		}
	}
	switch {
	case m.State == model.MessageUnknown:
		return ErrMaybeSeen
	case m.State != model.MessageFailed && m.State != model.MessageDead:
		return ErrNotFailed.With("state", string(m.State))
	case m.NotAfter != nil && !now.Before(*m.NotAfter), !now.Before(m.CreatedAt.Add(RetryDays * 24 * time.Hour)):
		return ErrTooLate
	}
	return nil
}

// mended returns ErrNotMended when every channel still lacks something that can be seen from here: a template, a text, an address.
func (s *Service) mended(m model.Message, to model.Address) error {
	var why []string
	for _, c := range split(m.Channels) {
		m.Channel = c
		r := s.compose(m, to)
		if r.move == moveGo {
			return nil
		}
		why = append(why, string(c)+":"+r.reason)
	}
	return ErrNotMended.With("why", strings.Join(why, ", "))
}

// requeue gives the turn to each message's first channel.
func (s *Service) requeue(tx *db.Tx, list []model.Message) error {
	type turn struct {
		channel model.MessageChannel
		purpose model.MessagePurpose
	}
	byTurn := map[turn][]model.MessageID{}
	for _, m := range list {
		byTurn[turn{m.Channel, m.Purpose}] = append(byTurn[turn{m.Channel, m.Purpose}], m.ID)
	}
	for t, ids := range byTurn {
		if err := reopen(tx, ids, t.channel, t.purpose); err != nil {
			return err
		}
		tx.OnCommit(s.lanes[t.channel].wake)
	}
	return nil
}
