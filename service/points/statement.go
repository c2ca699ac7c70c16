package points

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Line is one entry of a statement.
type Line struct {
	Seq     int64
	At      time.Time
	Kind    model.PointsKind
	Reason  Reason
	Source  string       // natural key of what it was for
	Delta   model.Points // positive in, negative out
	Balance model.Points // active and pending, after the entry
	Note    string
	// Lot says when the points of an earning entry can be spent, and what remains of them; nil for other entries.
	Lot *LineLot
}

// LineLot is the lot of an earning entry.
type LineLot struct {
	State      model.PointsLotState // as judged now
	Remaining  model.Points
	ActiveFrom *time.Time // nil = when its order is completed
	ExpiresAt  *time.Time // nil = never
}

// Statement is one page of a member's entries, newest first.
type Statement struct {
	Lines []Line
	Next  string // cursor of the next page; empty at the end
}

// Statement returns a page. Its cost does not depend on how many entries there are.
func (s *Service) Statement(ctx context.Context, member model.MemberID, page db.Page) (out Statement, err error) {
	before, err := page.Before()
	if err != nil {
		return out, err
	}
	err = s.d.DB.Snapshot(ctx, func(_ context.Context, tx *db.Tx) error {
		out, err = statement(tx, member, before, page.Size())
		return err
	})
	return out, err
}

func statement(tx *db.Tx, member model.MemberID, before int64, size int) (out Statement, err error) {
	rows, err := entriesBefore(tx, member, before, size+1)
	if err != nil {
		return out, fmt.Errorf("read entries of member %d: %w", member, err)
	}
	if len(rows) > size {
		rows = rows[:size]
		out.Next = db.NextCursor(rows[size-1].Seq)
	}
	var earned []int64
	for _, e := range rows {
		if e.Kind == model.PointsEarned {
			earned = append(earned, e.Seq)
		}
	}
	lots := map[int64]model.PointsLot{}
	if len(earned) > 0 {
		found, err := lotsOf(tx, member, earned)
		if err != nil {
			return out, fmt.Errorf("read lots of member %d: %w", member, err)
		}
		for _, l := range found {
			lots[l.Seq] = l
		}
	}
	out.Lines = make([]Line, len(rows))
	for i, e := range rows {
		out.Lines[i] = Line{Seq: e.Seq, At: e.At, Kind: e.Kind, Reason: e.Reason, Source: e.Source, Delta: e.Delta, Balance: e.BalanceAfter, Note: e.Note}
		if l, ok := lots[e.Seq]; ok {
			out.Lines[i].Lot = lineLot(l, tx.Now)
		}
	}
	return out, nil
}

func lineLot(l model.PointsLot, now time.Time) *LineLot {
	out := &LineLot{State: l.State, Remaining: l.Remaining}
	if !l.Awaiting {
		out.ActiveFrom = &l.ActiveFrom
	}
	if l.Remaining > 0 {
		if out.State = judge(l, now); out.State == model.LotExpired {
			out.Remaining = 0
		}
	}
	if l.ExpiresAt.Before(model.Never) {
		out.ExpiresAt = &l.ExpiresAt
	}
	return out
}
