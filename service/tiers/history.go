package tiers

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/members"
)

// Move is one line of a member's history.
type Move struct {
	Seq        int64
	From, To   string // names of the levels
	Reason     model.TierReason
	Metric     int64
	ValidUntil model.Day // the first day on which the level is over; zero for the lowest
	Staff      model.StaffID
	Note       string
	At         time.Time
}

// History returns how a member came to his level, newest first, and the cursor of the next page. It returns members.ErrUnknown.
func (s *Service) History(ctx context.Context, m model.MemberID, page db.Page) (list []Move, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := s.Members.FindTx(ctx, tx, members.Ref{Member: m}); err != nil {
			return err
		}
		l, err := readLadder(tx)
		if err != nil {
			return err
		}
		rows, err := movesOf(tx, m, before, page.Size()+1)
		if err != nil {
			return err
		}
		list, next = []Move{}, ""
		if len(rows) > page.Size() {
			rows = rows[:page.Size()]
			next = db.NextCursor(rows[len(rows)-1].Seq)
		}
		for _, r := range rows {
			v := Move{Seq: r.Seq, From: l.name(r.FromLevel), To: l.name(r.ToLevel), Reason: r.Reason, Metric: r.Metric, Staff: r.StaffID, Note: r.Note, At: r.At}
			if !r.ValidUntil.Equal(model.Never) {
				v.ValidUntil = dayOf(r.ValidUntil)
			}
			list = append(list, v)
		}
		return nil
	})
	return list, next, err
}

func (l ladder) name(id model.TierLevelID) string {
	if i := l.place(id); i >= 0 {
		return l[i].Name
	}
	return ""
}
