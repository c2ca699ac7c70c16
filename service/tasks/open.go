package tasks

import (
	"context"
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// Open asks staff to do something.
type Open struct {
	Kind   model.TaskKind
	Source string // natural key, at most 128 visible ASCII characters; unique for ever
	Member model.MemberID
	Order  model.OrderID // 0: none
	Due    model.Day     // the zero day is today
	Store  string        // 0 to 64 characters; empty is any
	Title  string        // 1 to 100 characters, cut when longer
	Detail string        // at most 1,000 characters, cut when longer
}

// OpenTx adds a task in the transaction of what it is about. fresh is false when the source has one already.
func (s *Service) OpenTx(_ context.Context, tx *db.Tx, in Open) (fresh bool, err error) {
	row := in.row(tx)
	if fresh, err = tx.Insert(&row); err != nil {
		return false, fmt.Errorf("open task %s: %w", in.Source, err)
	}
	return fresh, nil
}

func (in Open) row(tx *db.Tx) model.Task {
	if in.Due.IsZero() {
		in.Due = model.DayOf(tx.Now, model.Shanghai)
	}
	return model.Task{
		Kind: in.Kind, State: model.TaskOpen, Source: in.Source, MemberID: in.Member, OrderID: in.Order, DueDay: in.Due, Store: in.Store,
		Title: cut(in.Title, 100), Detail: cut(in.Detail, 1000), CreatedAt: tx.Now,
	}
}

// Report is a task that staff open by hand.
type Report struct {
	Staff  model.StaffID
	Kind   model.TaskKind // TaskParcel or TaskVisit
	Member model.MemberID
	Order  model.OrderID
	Due    model.Day // today up to 90 days ahead; the zero day is today
	Store  string
	Title  string
	Detail string
	Key    db.Key `json:"-"`
}

// Report adds a task of staff's own. It returns fault.ErrInvalid, or what members says about the member.
func (s *Service) Report(ctx context.Context, in Report) (t Task, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if err := fault.InvalidFields(in.faults(model.DayOf(tx.Now, model.Shanghai))); err != nil {
			return err
		}
		t, t.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Task, error) {
			if err := s.Members.LockTx(ctx, tx, in.Member); err != nil {
				return Task{}, err
			}
			row := Open{Kind: in.Kind, Source: "staff:" + random.ID(), Member: in.Member, Order: in.Order, Due: in.Due, Store: in.Store,
				Title: in.Title, Detail: in.Detail}.row(tx)
			row.OpenedBy = in.Staff
			if _, err := tx.Insert(&row); err != nil {
				return Task{}, fmt.Errorf("open a task of staff: %w", err)
			}
			return view(row), trail(ctx, tx, in.Staff, "tasks.open", row, nil)
		})
		return err
	})
	return t, err
}

func (in Report) faults(today model.Day) (list []fault.Field) {
	bad := func(wrong bool, field, reason string) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: reason})
		}
	}
	bad(in.Kind != model.TaskParcel && in.Kind != model.TaskVisit, "kind", "parcel or visit")
	bad(!in.Due.IsZero() && (in.Due.Before(today) || in.Due.Sub(today) > 90), "due_day", "today up to 90 days ahead")
	bad(!line(in.Store, 0, 64), "store", "at most 64 printable characters")
	bad(!line(in.Title, 1, 100), "title", "1 to 100 printable characters")
	bad(utf8.RuneCountInString(in.Detail) > 1000 || !utf8.ValidString(in.Detail), "detail", "at most 1000 characters")
	bad(in.Order < 0, "order_id", "0 or more")
	return list
}

// line reports whether a text has from least to most characters, all printable.
func line(s string, least, most int) bool {
	n := 0
	for _, r := range s {
		if n++; !unicode.IsPrint(r) || r == utf8.RuneError {
			return false
		}
	}
	return n >= least && n <= most
}

func cut(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}

func ref(id model.TaskID) string { return "task:" + strconv.FormatInt(int64(id), 10) }

func trail(ctx context.Context, tx *db.Tx, by model.StaffID, action string, t model.Task, more map[string]any) error {
	detail := map[string]any{"kind": t.Kind, "member": t.MemberID, "source": t.Source}
	for k, v := range more {
		detail[k] = v
	}
	return audit.Record(ctx, tx, audit.Entry{Staff: by, Action: action, Ref: ref(t.ID), Detail: detail})
}
