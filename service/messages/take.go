package messages

import (
	"context"
	"fmt"
	"sync"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// claimFor is how long a message that was taken is nobody else's: longer than its call and the answer can take, and well within the
// window for repetitions.
const claimFor = time.Minute

// attempt is one try that was stored and may now leave.
type attempt struct {
	m       model.Message
	n       int64
	started time.Time
	repeats bool // an attempt before it may have been seen
	call    call
}

// result is what became of an attempt.
type result struct {
	attempt
	msgID string
	err   error
}

// due returns when a lane has something to do.
func (s *Service) due(ctx context.Context, l *lane) (at time.Time, ok bool, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		at, ok, err = nextDue(tx, l)
		return err
	})
	return at, ok, err
}

// take moves up to most messages of a lane that are due: it stores their attempts, makes the calls outside any transaction and stores
// the answers.
func (s *Service) take(ctx context.Context, l *lane, most int) (done int, err error) {
	at, ok, err := s.due(ctx, l)
	if err != nil || !ok || at.After(s.DB.Now()) {
		return 0, err
	}
	var b batch
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		b, err = s.begin(ctx, tx, l, most)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("take messages for %s: %w", l.channel, err)
	}
	for _, c := range b.passed {
		s.lanes[c].wake()
	}
	return b.taken, s.leave(ctx, l, b.attempts)
}

// leave makes the calls and stores the answers as they come in.
func (s *Service) leave(ctx context.Context, l *lane, list []attempt) error {
	// What has left must be answered and stored even when the process is asked to stop: a lost answer makes the end unknown.
	ctx = context.WithoutCancel(ctx)
	if len(list) == 1 { // in this goroutine, in the order in which things are due
		msgID, err := s.try(ctx, l, list[0])
		return s.answer(ctx, l, []result{{list[0], msgID, err}})
	}
	answers := make(chan result, len(list))
	waiting := make(chan attempt, len(list))
	for _, a := range list {
		waiting <- a
	}
	close(waiting)
	var calling sync.WaitGroup
	for range min(l.calls, len(list)) {
		calling.Go(func() {
			for a := range waiting {
				msgID, err := s.try(ctx, l, a)
				answers <- result{a, msgID, err}
			}
		})
	}
	defer calling.Wait()
	for left := len(list); left > 0; {
		got := []result{<-answers}
		for more := true; more && len(got) < left; { // what came in while the answers before were written goes together
			select {
			case r := <-answers:
				got = append(got, r)
			default:
				more = false
			}
		}
		left -= len(got)
		if err := s.answer(ctx, l, got); err != nil {
			// These messages stay in sending; when their claim runs out they are looked at again.
			s.Log.ErrorContext(ctx, "answers of messages were not stored", "channel", l.channel, "messages", len(got), "err", err)
		}
	}
	return nil
}
