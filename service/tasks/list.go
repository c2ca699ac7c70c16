package tasks

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Task is something that staff do by hand.
type Task struct {
	ID       model.TaskID
	Kind     model.TaskKind
	State    model.TaskState
	Source   string
	Member   model.MemberID
	Order    model.OrderID
	Due      model.Day
	Store    string
	Staff    model.StaffID
	Title    string
	Detail   string
	Result   model.TaskResult
	Note     string
	OpenedAt time.Time
	TakenAt  *time.Time
	ClosedAt *time.Time
	Replayed bool `json:"-"`
}

// Filter chooses tasks; its zero value is all of them.
type Filter struct {
	State  model.TaskState
	Kind   model.TaskKind
	Staff  model.StaffID
	Member model.MemberID
	Store  string
}

// List returns tasks, newest first.
func (s *Service) List(ctx context.Context, f Filter, page db.Page) (list []Task, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	var rows []model.Task
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		rows, err = tasksBefore(tx, f, before, page.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list tasks: %w", err)
	}
	if len(rows) > page.Size() {
		rows = rows[:page.Size()]
		next = db.NextCursor(int64(rows[len(rows)-1].ID))
	}
	return views(rows), next, nil
}

// Waiting returns the tasks that are not closed and that this person may do: his own, and those that nobody has taken. The earliest due
// come first, at most limit of them.
func (s *Service) Waiting(ctx context.Context, by model.StaffID, limit int) (list []Task, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := waiting(tx, by, limit)
		list = views(rows)
		return err
	})
	return list, err
}

// Task returns one task, or ErrUnknown.
func (s *Service) Task(ctx context.Context, id model.TaskID) (t Task, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := taskByID(tx, id)
		t = view(row)
		return err
	})
	return t, err
}

// WaitsTx reports whether a member has a task of one of these kinds that is not closed.
func (s *Service) WaitsTx(_ context.Context, tx *db.Tx, member model.MemberID, kinds ...model.TaskKind) (bool, error) {
	return waits(tx, member, kinds)
}

func views(rows []model.Task) []Task {
	list := make([]Task, len(rows))
	for i, r := range rows {
		list[i] = view(r)
	}
	return list
}

func view(r model.Task) Task {
	return Task{
		ID: r.ID, Kind: r.Kind, State: r.State, Source: r.Source, Member: r.MemberID, Order: r.OrderID, Due: r.DueDay, Store: r.Store,
		Staff: r.StaffID, Title: r.Title, Detail: r.Detail, Result: r.Result, Note: r.Note, OpenedAt: r.CreatedAt.UTC(),
		TakenAt: r.TakenAt, ClosedAt: r.ClosedAt,
	}
}
