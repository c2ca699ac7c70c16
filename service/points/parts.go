package points

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/moves"
)

// MergeParts says what becomes of points when two members turn out to be one.
func (s *Service) MergeParts() []moves.Part {
	return []moves.Part{
		{
			Columns: []string{
				"points_accounts.member_id", "points_entries.member_id", "points_lots.member_id", "points_consumptions.member_id",
				"points_holds.member_id", "points_clawbacks.member_id", "points_merges.from_member", "points_merges.to_member",
			},
			Says: "每批积分连同各自的生效与到期时间、以及欠分,以成对流水转到保留的会员;拆分时转来的批次剩多少退多少",
			Join: func(ctx context.Context, tx *db.Tx, m moves.Merge) error {
				_, _, err := s.MergeTx(ctx, tx, Merge{From: m.From, To: m.To, Staff: m.Staff})
				return err
			},
			Split: func(ctx context.Context, tx *db.Tx, m moves.Merge) error {
				_, err := s.SplitTx(ctx, tx, Merge{From: m.From, To: m.To, Staff: m.Staff})
				return err
			},
			Count: countOpenLots,
		},
		{
			Columns: []string{"points_adjustments.member_id"},
			Says:    "待审批的积分调整改记到保留的会员;已生效的留在原流水旁",
			Join: func(_ context.Context, tx *db.Tx, m moves.Merge) error {
				ids, err := waitingAdjustments(tx, m.From)
				if err != nil {
					return fmt.Errorf("read the waiting adjustments of member %d: %w", m.From, err)
				}
				list := make([]moves.Row, len(ids))
				for i, id := range ids {
					list[i] = moves.Row{Key: fmt.Sprint(id)}
				}
				if err := moves.Note(tx, m, "points_adjustments.member_id", list); err != nil {
					return err
				}
				return readdress(tx, ids, m.From, m.To)
			},
			Split: func(_ context.Context, tx *db.Tx, m moves.Merge) error {
				list, err := moves.Noted(tx, m, "points_adjustments.member_id")
				if err != nil {
					return err
				}
				ids, err := moves.IDs(list)
				if err != nil {
					return err
				}
				if err := readdress(tx, ids, m.To, m.From); err != nil {
					return err
				}
				return moves.Back(tx, list)
			},
		},
	}
}

// readdress lets adjustments that wait be another member's. Those that were decided stay beside their entry.
func readdress(tx *db.Tx, ids []int64, from, to model.MemberID) error {
	if err := moveAdjustments(tx, ids, from, to); err != nil {
		return fmt.Errorf("move the adjustments of member %d: %w", from, err)
	}
	return nil
}
