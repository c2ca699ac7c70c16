package surveys

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
)

// Reward is what an answer is given, whatever it says; the zero value is nothing.
type Reward struct {
	Points model.Points   `json:"points,omitempty"` // 0 to 10,000
	Coupon model.PublicID `json:"coupon,omitempty"` // template of a coupon; not beside points
}

// MaxReward is the most points for one answer.
const MaxReward = 10_000

// Invite puts a survey to a member.
type Invite struct {
	Survey model.SurveyID
	Member model.MemberID
	Order  model.OrderID // 0: none
	Source string        // natural key, at most 128 visible ASCII characters
	Until  time.Time
	Reward Reward
}

// InviteTx adds an invitation and returns the token of its link, which is known only now. It returns ErrUnknown or ErrNotOpen, and an error
// for a source that was invited before: its token cannot be told again.
func (s *Service) InviteTx(_ context.Context, tx *db.Tx, in Invite) (token string, err error) {
	v, err := surveyByID(tx, in.Survey)
	if err != nil {
		return "", err
	}
	if v.State != model.SurveyOpen {
		return "", ErrNotOpen
	}
	token = random.Token()
	row := model.SurveyInvitation{
		PublicID: model.PublicID(random.ID()), SurveyID: in.Survey, MemberID: in.Member, Source: in.Source, OrderID: in.Order,
		TokenHash: hashOf(token), RewardPoints: in.Reward.Points, RewardTemplate: in.Reward.Coupon, CreatedAt: tx.Now,
		ExpiresAt: in.Until.UTC().Truncate(time.Microsecond),
	}
	fresh, err := tx.Insert(&row)
	if err != nil {
		return "", fmt.Errorf("invite %s: %w", in.Source, err)
	}
	if !fresh {
		return "", fmt.Errorf("surveys: %s was invited before", in.Source)
	}
	return token, nil
}

// tokenLength is that of random.Token.
const tokenLength = 43

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Invitation is what somebody who is asked sees.
type Invitation struct {
	ID         model.PublicID
	Survey     Survey
	Points     model.Points // promised
	Coupon     bool         // promised
	ExpiresAt  time.Time
	AnsweredAt *time.Time
}

// ByToken returns the invitation of a link, or ErrUnknown. It may be answered or expired.
func (s *Service) ByToken(ctx context.Context, token string) (v Invitation, err error) {
	if len(token) != tokenLength {
		return v, ErrUnknown
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := invitationByToken(tx, hashOf(token))
		if err == nil {
			v, err = invitationView(tx, row)
		}
		return err
	})
	return v, err
}

// Mine returns the invitations that a member can still answer, the newest first, at most 20.
func (s *Service) Mine(ctx context.Context, m model.MemberID) (list []Invitation, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := openInvitations(tx, m, 20)
		if err != nil {
			return fmt.Errorf("list the surveys of member %d: %w", m, err)
		}
		list = make([]Invitation, len(rows))
		for i, r := range rows {
			if list[i], err = invitationView(tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

func invitationView(tx *db.Tx, r model.SurveyInvitation) (Invitation, error) {
	v, err := surveyByID(tx, r.SurveyID)
	return Invitation{ID: r.PublicID, Survey: v, Points: r.RewardPoints, Coupon: r.RewardTemplate != "", ExpiresAt: r.ExpiresAt.UTC(), AnsweredAt: r.AnsweredAt}, err
}
