package model

import "time"

// SurveyState says whether a survey is put to people.
type SurveyState string

// The states of a survey. Its questions change in drafts only, so that all answers are to the same questions.
const (
	SurveyDraft  SurveyState = "draft"
	SurveyOpen   SurveyState = "open"
	SurveyClosed SurveyState = "closed" // nobody is asked any more; who was asked may still answer
)

// Survey is the row of a survey.
type Survey struct {
	ID        SurveyID
	Name      string
	Intro     string
	State     SurveyState
	Questions string // JSON of surveys.Question
	CreatedBy StaffID
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName names the table.
func (Survey) TableName() string { return "surveys" }

// SurveyInvitation is one person asked, once for a source.
type SurveyInvitation struct {
	ID             SurveyInvitationID
	PublicID       PublicID
	SurveyID       SurveyID
	MemberID       MemberID
	Source         string  // natural key, "visit:12:2"
	OrderID        OrderID // 0: none
	TokenHash      string  // of the link
	RewardPoints   Points
	RewardTemplate PublicID // of a coupon; empty is none
	CreatedAt      time.Time
	ExpiresAt      time.Time
	AnsweredAt     *time.Time
}

// TableName names the table.
func (SurveyInvitation) TableName() string { return "survey_invitations" }

// SurveyVia is the door through which an answer came.
type SurveyVia string

// The doors.
const (
	SurveyByLink   SurveyVia = "link"   // the unguessable link of the message
	SurveyByMember SurveyVia = "member" // the member's session in the mini-program
)

// SurveyReward is what an answer was given.
type SurveyReward string

// The rewards.
const (
	RewardNone   SurveyReward = ""
	RewardPoints SurveyReward = "points"
	RewardCoupon SurveyReward = "coupon"
	RewardFailed SurveyReward = "failed" // RewardReason is the code of why the coupon could not be given
)

// SurveyAnswer is the one answer to an invitation.
type SurveyAnswer struct {
	ID           SurveyAnswerID
	InvitationID SurveyInvitationID
	SurveyID     SurveyID
	MemberID     MemberID
	Via          SurveyVia
	Low          bool
	Reward       SurveyReward
	RewardReason string
	AnsweredAt   time.Time
}

// TableName names the table.
func (SurveyAnswer) TableName() string { return "survey_answers" }

// SurveyAnswerItem is the answer to one question: Number is the score, or the option from 1, or 0 for a text.
type SurveyAnswerItem struct {
	ID       int64
	AnswerID SurveyAnswerID
	SurveyID SurveyID
	Question int64 // from 1
	Number   int64
	Text     string
}

// TableName names the table.
func (SurveyAnswerItem) TableName() string { return "survey_answer_items" }
