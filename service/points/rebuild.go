package points

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// Difference is a figure of the cache that is not what entries, links and holds say.
type Difference struct {
	Member model.MemberID `json:"member"`
	Lot    int64          `json:"lot,omitempty"` // seq of the lot; 0 = the account
	Figure string         `json:"figure"`
	Is     string         `json:"is"`
	Should string         `json:"should"`
}

// String says it in one line.
func (d Difference) String() string {
	where := fmt.Sprintf("member %d", d.Member)
	if d.Lot > 0 {
		where += fmt.Sprintf(" lot %d", d.Lot)
	}
	return fmt.Sprintf("%s: %s is %s, the entries say %s", where, d.Figure, d.Is, d.Should)
}

// ErrContradiction means that entries and links contradict each other, so that no cache can follow from them.
var ErrContradiction = errors.New("points: entries and links contradict each other")

// rebuildSize is how many members one step of Compare or Rebuild takes.
const rebuildSize = 200

// Compare works the caches of every member out from entries, links and holds, and calls found for each figure that differs: the accounts,
// and what remains in lots with the state that follows. Nothing is written. It returns the number of members; members whose entries contradict
// themselves are named in an ErrContradiction at the end.
func (s *Service) Compare(ctx context.Context, found func(Difference)) (members int, err error) {
	var broken []error
	err = s.eachMembers(ctx, func(ids []model.MemberID) error {
		return s.d.DB.Snapshot(ctx, func(_ context.Context, tx *db.Tx) error {
			list, bad, err := rebuilt(tx, ids, false)
			if err != nil {
				return err
			}
			for _, r := range list {
				for _, d := range r.differences() {
					found(d)
				}
			}
			members += len(ids)
			broken = append(broken, bad...)
			return nil
		})
	})
	return members, cmp.Or(err, errors.Join(broken...))
}

// Rebuild writes what Compare finds, in steps of some members under the locks of their accounts, each with an entry in the staff trail. It
// returns how many figures were changed. Members whose entries contradict themselves are left as they are and named in the error.
func (s *Service) Rebuild(ctx context.Context) (changed int, err error) {
	var broken []error
	err = s.eachMembers(ctx, func(ids []model.MemberID) error {
		n, bad := 0, []error(nil)
		err := s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			n, bad, err = s.rebuild(ctx, tx, ids)
			return err
		})
		changed += n
		broken = append(broken, bad...)
		return err
	})
	return changed, cmp.Or(err, errors.Join(broken...))
}

func (s *Service) rebuild(ctx context.Context, tx *db.Tx, ids []model.MemberID) (changed int, broken []error, err error) {
	list, broken, err := rebuilt(tx, ids, true)
	if err != nil {
		return 0, nil, err
	}
	for _, r := range list {
		differs := r.differences()
		if len(differs) == 0 {
			continue
		}
		if err := writeRebuilt(tx, r); err != nil {
			return 0, nil, fmt.Errorf("rebuild the account of member %d: %w", r.should.MemberID, err)
		}
		err := audit.Record(ctx, tx, audit.Entry{Action: "points.rebuild", Ref: fmt.Sprintf("member:%d", r.should.MemberID), Detail: differs})
		if err != nil {
			return 0, nil, err
		}
		changed += len(differs)
	}
	return changed, broken, nil
}

// eachMembers calls f with all members that have an account or an entry, some at a time.
func (s *Service) eachMembers(ctx context.Context, f func([]model.MemberID) error) error {
	for after := model.MemberID(0); ; {
		var ids []model.MemberID
		err := s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			ids, err = membersAfter(tx, after, rebuildSize)
			return err
		})
		if err != nil {
			return fmt.Errorf("list members after %d: %w", after, err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := f(ids); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// rebuild is the cache of one member beside what it should be.
type rebuild struct {
	is, should model.PointsAccount
	missing    bool // there is no account
	lots       []rebuiltLot
}

type rebuiltLot struct{ is, should model.PointsLot }

// rebuilt works out the caches of members. With lock their accounts are locked first, and made when they are missing.
func rebuilt(tx *db.Tx, ids []model.MemberID, lock bool) (list []rebuild, broken []error, err error) {
	accounts, err := accountsOf(tx, ids, lock)
	if err != nil {
		return nil, nil, fmt.Errorf("read accounts: %w", err)
	}
	facts, err := factsOf(tx, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("sum entries, links and holds: %w", err)
	}
	for _, m := range ids {
		is, known := accounts[m]
		r, err := facts.account(m, is, tx.Now)
		if err != nil {
			broken = append(broken, fmt.Errorf("member %d: %w", m, err))
			continue
		}
		r.missing = !known
		list = append(list, r)
	}
	return list, broken, nil
}

// account works one account out.
func (f ledgerFacts) account(m model.MemberID, is model.PointsAccount, now time.Time) (r rebuild, err error) {
	sum := f.sums[m]
	r = rebuild{is: is, should: model.PointsAccount{MemberID: m, Held: f.held[m], Debt: sum.Debt, EarnedTotal: sum.Earned,
		SpentTotal: sum.Gone - f.held[m], ExpiredTotal: sum.Expired, Seq: sum.Last}}
	lots := make([]model.PointsLot, 0, len(f.lots[m]))
	for _, l := range f.lots[m] {
		should := l.PointsLot
		should.Remaining = l.Granted - l.Taken
		if should.Remaining < 0 || should.Remaining > l.Granted {
			return r, fmt.Errorf("%w: lot %d of %d points lost %d", ErrContradiction, l.Seq, l.Granted, l.Taken)
		}
		should.State = stateOf(should, now)
		switch should.State {
		case model.LotPending:
			r.should.Pending += should.Remaining
		case model.LotActive:
			r.should.Active += should.Remaining
		}
		if should != l.PointsLot {
			r.lots = append(r.lots, rebuiltLot{l.PointsLot, should})
		}
		lots = append(lots, should)
	}
	if r.should.Balance() != sum.Total || min(r.should.Held, r.should.Debt, r.should.SpentTotal) < 0 {
		return r, fmt.Errorf("%w: the entries add up to %d, the lots to %d", ErrContradiction, sum.Total, r.should.Balance())
	}
	// An account may be looked at too early, never too late.
	if r.should.DueAt = nextDue(lots); r.is.DueAt.Before(r.should.DueAt) && !r.is.DueAt.IsZero() {
		r.should.DueAt = r.is.DueAt
	}
	return r, nil
}

// stateOf is the state of a lot by what remains in it; where that leaves room, the one it has. Points in a lot that has ended stay
// until settling writes their expiry.
func stateOf(l model.PointsLot, now time.Time) model.PointsLotState {
	open := l.State == model.LotPending || l.State == model.LotActive
	switch {
	case l.Remaining == 0 && open:
		return model.LotConsumed
	case l.Remaining == 0 || open:
		return l.State
	case now.Before(l.ActiveFrom):
		return model.LotPending
	}
	return model.LotActive
}

// differences lists what is wrong, figure by figure.
func (r rebuild) differences() (list []Difference) {
	m := r.should.MemberID
	if r.missing {
		list = append(list, Difference{Member: m, Figure: "account", Is: "missing", Should: "there"})
	}
	for _, f := range []struct {
		name       string
		is, should int64
	}{
		{"active", int64(r.is.Active), int64(r.should.Active)},
		{"pending", int64(r.is.Pending), int64(r.should.Pending)},
		{"held", int64(r.is.Held), int64(r.should.Held)},
		{"debt", int64(r.is.Debt), int64(r.should.Debt)},
		{"earned", int64(r.is.EarnedTotal), int64(r.should.EarnedTotal)},
		{"spent", int64(r.is.SpentTotal), int64(r.should.SpentTotal)},
		{"expired", int64(r.is.ExpiredTotal), int64(r.should.ExpiredTotal)},
		{"entries", r.is.Seq, r.should.Seq},
	} {
		if f.is != f.should {
			list = append(list, Difference{Member: m, Figure: f.name, Is: fmt.Sprint(f.is), Should: fmt.Sprint(f.should)})
		}
	}
	if !r.is.DueAt.Equal(r.should.DueAt) && !r.missing {
		list = append(list, Difference{Member: m, Figure: "due", Is: r.is.DueAt.UTC().Format(time.RFC3339), Should: r.should.DueAt.UTC().Format(time.RFC3339)})
	}
	for _, l := range r.lots {
		if l.is.Remaining != l.should.Remaining {
			list = append(list, Difference{Member: m, Lot: l.is.Seq, Figure: "remaining", Is: fmt.Sprint(l.is.Remaining), Should: fmt.Sprint(l.should.Remaining)})
		}
		if l.is.State != l.should.State {
			list = append(list, Difference{Member: m, Lot: l.is.Seq, Figure: "state", Is: string(l.is.State), Should: string(l.should.State)})
		}
	}
	return list
}

// smallest merges two ascending lists and returns the first n different ids.
func smallest(a, b []model.MemberID, n int) []model.MemberID {
	all := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(a), b...))))
	return all[:min(n, len(all))]
}
