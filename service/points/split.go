package points

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"huitou/model"
	"huitou/model/db"
)

// SplitTx undoes the merge of From into To, because they are two persons after all. Every lot that came over goes back as far as
// something remains in it, with its own beginning and end; what was spent in between stays spent, and comes back to To should it be
// given back. A debt that came over goes back as far as To has not paid it. What To earned in between is his. It returns ErrNotMerged.
func (s *Service) SplitTx(_ context.Context, tx *db.Tx, in Merge) (out Merged, err error) {
	b, err := open(tx, []model.MemberID{in.From, in.To}, true)
	if err != nil {
		return out, err
	}
	known, ok, err := mergeOf(tx, in.From)
	if err != nil {
		return out, fmt.Errorf("look up the merge of member %d: %w", in.From, err)
	}
	if !ok || known.ToMember != in.To {
		return out, ErrNotMerged
	}
	from, to := b.accounts[in.From], b.accounts[in.To]
	if out.Debt, err = debtFrom(tx, known); err != nil {
		return out, err
	}
	out.Debt = min(out.Debt, to.Debt)
	// The row goes first: from is an account of its own from here on.
	if err := deleteMerge(tx, known); err != nil {
		return out, fmt.Errorf("end the merge of member %d: %w", in.From, err)
	}
	for _, l := range slices.Clone(to.lots) {
		if l.ID == 0 || l.Remaining == 0 {
			continue
		}
		own, err := cameFrom(tx, l.MemberID, l.Seq, in.From, known.FromSeq)
		if err != nil {
			return out, fmt.Errorf("trace lot %d of member %d: %w", l.Seq, l.MemberID, err)
		}
		if !own {
			continue
		}
		if l.State == model.LotPending {
			out.Pending += l.Remaining
		} else {
			out.Active += l.Remaining
		}
		b.moveLot(to, from, l)
	}
	b.moveDebt(to, from, out.Debt)
	b.payDebt(from)
	return out, b.write()
}

// debtFrom returns the debt that came over with a merge.
func debtFrom(tx *db.Tx, m model.PointsMerge) (d model.Points, err error) {
	outs, err := mergedOut(tx, m.ToMember, m.At)
	if err != nil {
		return 0, fmt.Errorf("read the debt that came over from member %d: %w", m.FromMember, err)
	}
	for _, e := range outs {
		// The source names the entry with which from was rid of it.
		if key, ok := strings.CutPrefix(e.Source, fmt.Sprintf("merge:%d:", m.FromMember)); ok {
			if seq, err := strconv.ParseInt(key, 10, 64); err == nil && seq > m.FromSeq {
				d -= e.Delta
			}
		}
	}
	return d, nil
}

// cameFrom reports whether the points of a lot left the account of from after one of its entries, by a merge, and came here, by any number
// of them.
func cameFrom(tx *db.Tx, member model.MemberID, seq int64, from model.MemberID, after int64) (bool, error) {
	for {
		in, ok, err := entryAt(tx, member, seq)
		if err != nil || !ok || in.Reason != model.PointsMergedIn {
			return false, err
		}
		out, ok, err := entryOf(tx, in.Source, model.PointsMergedOut)
		if err != nil || !ok {
			return false, err
		}
		if out.MemberID == from && out.Seq > after {
			return true, nil
		}
		links, err := linksOf(tx, out)
		if err != nil || len(links) != 1 {
			return false, err // a debt has any number of them, and its lot is never left with points
		}
		member, seq = out.MemberID, links[0].LotSeq // an earlier entry, so that this ends
	}
}
