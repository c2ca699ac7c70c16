package surveys

import (
	"context"
	"fmt"
	"strings"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/points"
	"huitou/service/tasks"
)

// Answer answers an invitation: through its link, or as its member.
type Answer struct {
	Token      string         `json:"-"` // of the link; or else
	Member     model.MemberID // of the session, and
	Invitation model.PublicID
	Given      []Given
	Key        db.Key `json:"-"`
}

// Thanks is what became of an answer.
type Thanks struct {
	Points   model.Points // given
	Coupon   model.PublicID
	Replayed bool `json:"-"`
}

// Answer keeps an answer, rewards it and tells staff when something is wrong, all in one transaction. It returns ErrUnknown for an
// invitation that is not the caller's, ErrAnswered, ErrExpired, or fault.ErrInvalid with every answer that is not valid.
func (s *Service) Answer(ctx context.Context, in Answer) (t Thanks, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		t, t.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Thanks, error) { return s.answerTx(ctx, tx, in) })
		return err
	})
	return t, err
}

func (s *Service) answerTx(ctx context.Context, tx *db.Tx, in Answer) (t Thanks, err error) {
	inv, err := invited(tx, in)
	if err != nil {
		return t, err
	}
	if err := s.Members.LockTx(ctx, tx, inv.MemberID); err != nil {
		return t, err
	}
	// Of two answers at once the second sees the first from here on.
	if inv, err = lockInvitation(tx, inv.ID); err != nil {
		return t, err
	}
	switch {
	case inv.AnsweredAt != nil:
		return t, ErrAnswered
	case !inv.ExpiresAt.After(tx.Now):
		return t, ErrExpired
	}
	v, err := surveyByID(tx, inv.SurveyID)
	if err != nil {
		return t, err
	}
	items, faults := read(v.Questions, in.Given)
	if err := fault.InvalidFields(faults); err != nil {
		return t, err
	}
	row := model.SurveyAnswer{InvitationID: inv.ID, SurveyID: inv.SurveyID, MemberID: inv.MemberID, Via: model.SurveyByMember, AnsweredAt: tx.Now}
	if in.Token != "" {
		row.Via = model.SurveyByLink
	}
	low, problem := trouble(v.Questions, items)
	row.Low = low
	if err := s.tell(ctx, tx, inv, v, items, low, problem); err != nil {
		return t, err
	}
	// The reward comes last: a coupon takes its template's counter.
	if t, err = s.reward(ctx, tx, inv, &row); err != nil {
		return t, err
	}
	if err := insertAnswer(tx, inv, row, items); err != nil {
		return t, fmt.Errorf("keep the answer to invitation %d: %w", inv.ID, err)
	}
	return t, s.Facts.Record(ctx, tx, Answered{Invitation: inv.ID, Survey: inv.SurveyID, Member: inv.MemberID, Source: inv.Source, Task: low || problem, At: tx.Now})
}

// invited finds the invitation that the caller may answer.
func invited(tx *db.Tx, in Answer) (model.SurveyInvitation, error) {
	if in.Token != "" {
		if len(in.Token) != tokenLength {
			return model.SurveyInvitation{}, ErrUnknown
		}
		return invitationByToken(tx, hashOf(in.Token))
	}
	return invitationOf(tx, in.Member, in.Invitation)
}

// tell opens what staff must do, due today: one task for one answer, whatever is wrong with it. A low score names the task, since it is what must
// be called about.
func (s *Service) tell(ctx context.Context, tx *db.Tx, inv model.SurveyInvitation, v Survey, items []Given, low, problem bool) error {
	var kind model.TaskKind
	var title string
	switch {
	case low && problem:
		kind, title = model.TaskLowScore, "低分回访、包裹问题:"
	case low:
		kind, title = model.TaskLowScore, "低分回访:"
	case problem:
		kind, title = model.TaskParcel, "包裹问题:"
	default:
		return nil
	}
	_, err := s.Tasks.OpenTx(ctx, tx, tasks.Open{Kind: kind, Source: sourceOf(inv.ID) + ":" + string(kind), Member: inv.MemberID, Order: inv.OrderID,
		Title: title + v.Name, Detail: retell(v.Questions, items)})
	return err
}

// retell writes an answer out for staff.
func retell(questions []Question, items []Given) string {
	var b strings.Builder
	for _, g := range items {
		q := questions[g.Question-1]
		fmt.Fprintf(&b, "%s:", q.Ask)
		switch q.Kind {
		case Score:
			fmt.Fprintf(&b, "%d/%d\n", *g.Number, q.Most)
		case Choice:
			fmt.Fprintf(&b, "%s\n", q.Options[*g.Number-1].Text)
		case Text:
			fmt.Fprintf(&b, "%s\n", g.Text)
		}
	}
	return strings.TrimSpace(b.String())
}

// reward gives what the invitation promised.
func (s *Service) reward(ctx context.Context, tx *db.Tx, inv model.SurveyInvitation, row *model.SurveyAnswer) (t Thanks, err error) {
	switch {
	case inv.RewardPoints > 0:
		_, _, err := s.Points.EarnTx(ctx, tx, points.Earn{Member: inv.MemberID, Points: inv.RewardPoints, Reason: model.PointsForAction, Source: sourceOf(inv.ID),
			ExpiresAt: s.Expires(tx.Now), Note: "填写问卷"})
		if err != nil {
			return t, fmt.Errorf("reward the answer to invitation %d: %w", inv.ID, err)
		}
		row.Reward, t.Points = model.RewardPoints, inv.RewardPoints
	case inv.RewardTemplate != "":
		c, err := s.Coupons.IssueTx(ctx, tx, coupons.Issue{Member: inv.MemberID, Template: inv.RewardTemplate, Source: sourceOf(inv.ID)})
		if f := fault.Of(err); f != nil && f.Kind != fault.Unavailable {
			row.Reward, row.RewardReason = model.RewardFailed, f.Code
			_, err := s.Tasks.OpenTx(ctx, tx, tasks.Open{Kind: model.TaskReward, Source: sourceOf(inv.ID) + ":reward", Member: inv.MemberID, Order: inv.OrderID,
				Title: "问卷奖励券发不出,请补偿", Detail: f.Chinese})
			return t, err
		}
		if err != nil {
			return t, fmt.Errorf("reward the answer to invitation %d: %w", inv.ID, err)
		}
		row.Reward, t.Coupon = model.RewardCoupon, c.ID
	}
	return t, nil
}
