package replies

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"huitou/model/db"
)

// books keeps the newest book. One caller at a time renews it; the others go on with the one that there is.
type books struct {
	newest     atomic.Pointer[book]
	generation atomic.Int64  // rises with every change here; a book of an older one is renewed at once
	turn       chan struct{} // one place: who holds it reads
	retryAt    atomic.Int64  // unix microseconds; after a failed reading nobody tries before
}

// retryAfter is how long a database that did not answer is left alone.
const retryAfter = time.Second

// book returns the rules, at most freshFor old while the database answers in time.
func (s *Service) book(ctx context.Context) (*book, error) {
	if b := s.books.newest.Load(); s.fresh(b) {
		return b, nil
	}
	have := s.usable()
	if have != nil && s.DB.Now().UnixMicro() < s.books.retryAt.Load() {
		return have, nil
	}
	select {
	case s.books.turn <- struct{}{}:
		defer func() { <-s.books.turn }()
	default:
		if have != nil {
			return have, nil
		}
		select { // there is nothing to go on with
		case s.books.turn <- struct{}{}:
			defer func() { <-s.books.turn }()
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the replies: %w", ctx.Err())
		}
	}
	if b := s.books.newest.Load(); s.fresh(b) {
		return b, nil // somebody else read it while we waited
	}
	b, err := s.read(ctx)
	switch {
	case err == nil:
		s.books.newest.Store(b)
		return b, nil
	case have != nil:
		s.books.retryAt.Store(s.DB.Now().Add(retryAfter).UnixMicro())
		s.Log.WarnContext(ctx, "replies are not at hand, the ones from before are used", "read_at", have.at, "err", err)
		return have, nil
	}
	return nil, err
}

// read makes a book of what stands in the database.
func (s *Service) read(ctx context.Context) (*book, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	generation, at := s.books.generation.Load(), s.DB.Now()
	var list []rule
	err := s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := activeRules(tx)
		if err != nil {
			return err
		}
		list = make([]rule, len(rows))
		for i, r := range rows {
			if list[i], err = opened(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the replies: %w", err)
	}
	b := newBook(list)
	b.at, b.generation = at, generation
	return b, nil
}

func (s *Service) fresh(b *book) bool {
	if b == nil || b.generation != s.books.generation.Load() {
		return false
	}
	age := s.DB.Now().Sub(b.at)
	return age >= 0 && age < freshFor
}

// usable is the newest book, unless it is too old to speak for the shop.
func (s *Service) usable() *book {
	if b := s.books.newest.Load(); b != nil && s.DB.Now().Sub(b.at) < staleFor {
		return b
	}
	return nil
}

// changed makes this instance read the rules anew; the others do within freshFor.
func (s *Service) changed() { s.books.generation.Add(1) }

// decode reads terms as they are stored.
func decode(terms string) (t Terms, err error) {
	if err := json.Unmarshal([]byte(terms), &t); err != nil {
		return t, fmt.Errorf("decode the terms of a reply: %w", err)
	}
	return t, nil
}
