package memberships

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/points"
)

// welcomeSource names the points of a new period to the ledger.
func welcomeSource(p model.MembershipID) string { return fmt.Sprintf("period:%d:welcome", p) }

// welcome gives the points of a new period. The refund of the card takes them back.
func (s *Service) welcome(ctx context.Context, tx *db.Tx, plan model.MembershipPlan, p model.MembershipPeriod) error {
	if plan.WelcomePoints == 0 {
		return nil
	}
	return s.givePoints(ctx, tx, p, model.MembershipUse{
		Benefit: model.BenefitWelcome, Ordinal: 1, Source: welcomeSource(p.ID), Points: plan.WelcomePoints,
	})
}

// giftNotes are the words of the ledger for what a card gives.
var giftNotes = map[model.MembershipBenefit]string{model.BenefitWelcome: "会员卡开卡礼", model.BenefitBirthday: "会员卡生日礼"}

// givePoints earns points that a benefit gives and keeps the use; both once for a source.
func (s *Service) givePoints(ctx context.Context, tx *db.Tx, p model.MembershipPeriod, use model.MembershipUse) error {
	_, _, err := s.points.EarnTx(ctx, tx, points.Earn{
		// The reason is that of orders: it is the one whose points a refund can take back.
		Member: p.MemberID, Points: use.Points, Reason: model.PointsForOrder, Source: use.Source, ExpiresAt: s.expire(tx.Now), Note: giftNotes[use.Benefit],
	})
	if err != nil {
		return fmt.Errorf("give the points of period %d: %w", p.ID, err)
	}
	use.PeriodID, use.MemberID, use.At = p.ID, p.MemberID, tx.Now
	if _, err := tx.Insert(&use); err != nil {
		return fmt.Errorf("keep a benefit of period %d: %w", p.ID, err)
	}
	return nil
}
