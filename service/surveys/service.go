package surveys

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/points"
	"huitou/service/tasks"
)

// Members is what surveys need of members.Service.
type Members interface {
	LockTx(ctx context.Context, tx *db.Tx, id model.MemberID) error
}

// Deps is what the service needs; all are required but Expires.
type Deps struct {
	DB      *db.DB
	Members Members
	Points  *points.Service
	Coupons *coupons.Service
	Tasks   *tasks.Service
	Facts   *facts.Log
	Log     *slog.Logger
	// Expires is when points that become active at an instant run out; nil is never.
	Expires func(from time.Time) time.Time
}

// Service asks and counts. It is safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service {
	if d.Expires == nil {
		d.Expires = func(time.Time) time.Time { return time.Time{} }
	}
	return &Service{d}
}

// Answered is the fact that somebody answered.
type Answered struct {
	Invitation model.SurveyInvitationID `json:"invitation"`
	Survey     model.SurveyID           `json:"survey"`
	Member     model.MemberID           `json:"member"`
	Source     string                   `json:"source"` // of the invitation
	// Task says that staff have something to do about it.
	Task bool      `json:"task"`
	At   time.Time `json:"at"`
}

// FactName is the kind of the fact.
func (Answered) FactName() string { return "surveys.answered" }

// FactKey is unique for ever.
func (a Answered) FactKey() string { return sourceOf(a.Invitation) + ":answered" }

// sourceOf names an invitation to other capabilities.
func sourceOf(id model.SurveyInvitationID) string {
	return "survey:" + strconv.FormatInt(int64(id), 10)
}
