package orders

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/moves"
)

// MergeParts says what becomes of orders when two members turn out to be one. The figures of both are worked out anew.
func (s *Service) MergeParts() []moves.Part {
	p := moves.Rows("orders", "member_id", "订单归保留的会员,两人的订单数、金额、首末单时间重新统计")
	join, split := p.Join, p.Split
	p.Join = func(ctx context.Context, tx *db.Tx, m moves.Merge) error { return s.refigured(ctx, tx, m, join) }
	p.Split = func(ctx context.Context, tx *db.Tx, m moves.Merge) error { return s.refigured(ctx, tx, m, split) }
	return []moves.Part{p}
}

func (s *Service) refigured(ctx context.Context, tx *db.Tx, m moves.Merge, move func(context.Context, *db.Tx, moves.Merge) error) error {
	if err := move(ctx, tx, m); err != nil {
		return err
	}
	for _, id := range []model.MemberID{m.From, m.To} {
		now, err := figuresOf(tx, id)
		if err != nil {
			return fmt.Errorf("work out the figures of member %d: %w", id, err)
		}
		if err := s.Members.CorrectFiguresTx(ctx, tx, now); err != nil {
			return err
		}
	}
	return nil
}
