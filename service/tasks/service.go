package tasks

import (
	"context"
	"log/slog"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/facts"
	"huitou/service/members"
	"huitou/service/messages"
	"huitou/service/staff"
)

// Members is what tasks need of members.Service.
type Members interface {
	LockTx(ctx context.Context, tx *db.Tx, id model.MemberID) error
	FindTx(ctx context.Context, tx *db.Tx, ref members.Ref) (model.MemberID, error)
	AddressesTx(ctx context.Context, tx *db.Tx, ids []model.MemberID, phones bool) (map[model.MemberID]model.Address, error)
}

// Contact notes that somebody is not to be written to, as messages.Service does.
type Contact interface {
	StopTx(ctx context.Context, tx *db.Tx, in messages.Stop) (model.DoNotContact, error)
}

// Deps is what the service needs; all are required, Staff and Members only for tasks that people open and give, Contact for OnWithdrawn.
type Deps struct {
	DB      *db.DB
	Members Members
	Staff   *staff.Service
	Contact Contact
	Facts   *facts.Log
	Log     *slog.Logger
}

// Service keeps the list. It is safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// Closed is the fact that a task was closed.
type Closed struct {
	Task   model.TaskID     `json:"task"`
	Kind   model.TaskKind   `json:"kind"`
	Source string           `json:"source"`
	Member model.MemberID   `json:"member"`
	Result model.TaskResult `json:"result"`
	Staff  model.StaffID    `json:"staff"`
	At     time.Time        `json:"at"`
}

// FactName is the kind of the fact.
func (Closed) FactName() string { return "tasks.closed" }

// FactKey is unique for ever.
func (c Closed) FactKey() string { return ref(c.Task) + ":closed" }
