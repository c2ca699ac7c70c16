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
	b, err := open(tx, []model.MemberID{e.MemberID}, true)
	if err != nil {
		return false, err
	}
	a := b.accounts[e.MemberID]
	l := a.lot(e.Seq)
	if l == nil || !l.Awaiting {
		return false, nil
	}
	rule, err := model.ParseExpiryRule(l.Expiry)
	if err != nil {
		return false, fmt.Errorf("lot %s: %w", e.Ref(), err)
	}
	l.Awaiting, l.Expiry, l.ActiveFrom, l.ExpiresAt = false, "", tx.Now, model.Never
	if end := rule.At(tx.Now, model.Shanghai); !end.IsZero() {
		l.ExpiresAt = end
	}
	b.settle(a, 0)
	return true, b.write()
}
