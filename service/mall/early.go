package mall

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// letIn returns those of some members for whom a window that has not begun is open already, by their paid cards; nil when it is for none, or
// when it is not the window that stands against the gift.
func (s *Service) letIn(ctx context.Context, tx *db.Tx, g model.Gift, why error, of []model.MemberID) (map[model.MemberID]bool, error) {
	if s.d.Early == nil || g.StartsAt == nil || !errors.Is(why, ErrNotStarted) {
		return nil, nil
	}
	sooner, err := s.d.Early(ctx, tx, of)
	if err != nil {
		return nil, fmt.Errorf("ask who may redeem sooner: %w", err)
	}
	var in map[model.MemberID]bool
	for m, d := range sooner {
		if !tx.Now.Before(g.StartsAt.Add(-d)) {
			if in == nil {
				in = map[model.MemberID]bool{}
			}
			in[m] = true
		}
	}
	return in, nil
}

// openEarly opens a window that has not begun to those whose card lets them in sooner; the others are refused one by one then. It returns what
// refuses all.
func (s *Service) openEarly(ctx context.Context, tx *db.Tx, b *batch, why error) (error, error) {
	b.now = tx.Now
	in, err := s.letIn(ctx, tx, b.g, why, b.members())
	if err != nil || in == nil {
		return why, err
	}
	b.early = in
	return refusal(b.g, *b.g.StartsAt), nil // what stands against it beside its window stands against everybody
}
