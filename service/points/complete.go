package points

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// Complete runs CompleteTx in a transaction of its own.
func (s *Service) Complete(ctx context.Context, source string) (fresh bool, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		fresh, err = s.CompleteTx(ctx, tx, source)
		return err
	})
	return fresh, err
}

// CompleteTx lets the points become active that an order earned under source (reason PointsForOrder) and that wait for its completion;
// their life begins now. It returns ErrNothingEarned when no entry has the source, and fresh false when there is nothing that
// waits, as after the first call or for points that never waited.
func (s *Service) CompleteTx(_ context.Context, tx *db.Tx, source string) (fresh bool, err error) {
	e, ok, err := entryOf(tx, source, model.PointsForOrder)
	if err != nil {
		return false, fmt.Errorf("look up source %s: %w", source, err)
	}
	if !ok {
		return false, ErrNothingEarned
	}
	b, a, own, err := openHolder(tx, e)
	if err != nil {
		return false, err
	}
	if fresh, err = b.complete(a, own); err != nil || !fresh {
		return false, err
	}
	return true, b.write()
}

// complete lets lots become active that wait for it, and reports whether there were any.
func (b *Batch) complete(a *account, seqs []int64) (done bool, err error) {
	for _, seq := range seqs {
		l := a.lot(seq)
		if l == nil || !l.Awaiting {
			continue
		}
		rule, err := model.ParseExpiryRule(l.Expiry)
		if err != nil {
			return false, fmt.Errorf("lot %d of member %d: %w", seq, a.MemberID, err)
		}
		l.Awaiting, l.Expiry, l.ActiveFrom, l.ExpiresAt = false, "", b.tx.Now, model.Never
		if end := rule.At(b.tx.Now, model.Shanghai); !end.IsZero() {
			l.ExpiresAt = end
		}
		done = true
	}
	b.settle(a, 0)
	return done, nil
}
