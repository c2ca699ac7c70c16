package points

import (
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// chunk is how many rows one bulk statement changes. An UPDATE by CASE compares each row with every branch, so its
// cost grows with the square.
const chunk = 64

// errMoved means that a row changed although its account was locked: somebody wrote past the ledger.
var errMoved = errors.New("points: a row changed although its account was locked")

func mapKeys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }

// lockAccounts locks the rows of members, which are sorted, and makes those that are missing.
func lockAccounts(tx *db.Tx, members []model.MemberID) ([]model.PointsAccount, error) {
	rows, err := lockExisting(tx, members)
	if err != nil || len(rows) == len(members) {
		return rows, err
	}
	have := make(map[model.MemberID]bool, len(rows))
	for _, r := range rows {
		have[r.MemberID] = true
	}
	var missing []model.MemberID
	var made []model.PointsAccount
	for _, m := range members {
		if !have[m] {
			missing = append(missing, m)
			made = append(made, model.PointsAccount{MemberID: m, DueAt: model.Never})
		}
	}
	if err := tx.Gorm().Create(&made).Error; db.IsDuplicate(err) {
		// Another transaction made some of them just now: one by one, and its rows are locked below.
		for i := range made {
			if _, err := tx.Insert(&made[i]); err != nil {
				return nil, err
			}
		}
	} else if err != nil {
		return nil, err
	}
	more, err := lockExisting(tx, missing)
	return append(rows, more...), err
}

func lockExisting(tx *db.Tx, members []model.MemberID) (rows []model.PointsAccount, err error) {
	if len(members) == 0 {
		return nil, nil
	}
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("member_id IN ?", members).Order("member_id").Find(&rows).Error
	return rows, err
}

// openLots reads the pending and active lots of members whose accounts are locked.
func openLots(tx *db.Tx, members []model.MemberID) (rows []model.PointsLot, err error) {
	err = tx.Gorm().Where("member_id IN ? AND state IN ?", members, []model.PointsLotState{model.LotPending, model.LotActive}).
		Order("member_id, expires_at, seq").Find(&rows).Error
	return rows, err
}

func lotsOf(tx *db.Tx, member model.MemberID, seqs []int64) (rows []model.PointsLot, err error) {
	err = tx.Gorm().Where("member_id = ? AND seq IN ?", member, seqs).Find(&rows).Error
	return rows, err
}

// linksOf reads what an entry took.
func linksOf(tx *db.Tx, e model.PointsEntry) (rows []model.PointsConsumption, err error) {
	err = tx.Gorm().Where("member_id = ? AND entry_seq = ? AND amount > 0", e.MemberID, e.Seq).Order("lot_seq").Find(&rows).Error
	return rows, err
}

func entryOf(tx *db.Tx, source string, reason Reason) (e model.PointsEntry, ok bool, err error) {
	err = tx.Gorm().Where("source = ? AND reason = ?", source, reason).Limit(1).Take(&e).Error
	return found(e, err)
}

func holdOf(tx *db.Tx, source string) (h model.PointsHold, ok bool, err error) {
	err = tx.Gorm().Where("source = ?", source).Take(&h).Error
	return found(h, err)
}

func found[T any](row T, err error) (T, bool, error) {
	if db.IsNotFound(err) {
		return row, false, nil
	}
	return row, err == nil, err
}

func insertEntries(tx *db.Tx, rows []model.PointsEntry) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Gorm().CreateInBatches(&rows, 500).Error
}

func insertLots(tx *db.Tx, rows []*model.PointsLot) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Gorm().CreateInBatches(rows, 500).Error
}

func insertHolds(tx *db.Tx, rows []model.PointsHold) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Gorm().CreateInBatches(&rows, 500).Error
}

func insertLinks(tx *db.Tx, rows []model.PointsConsumption) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Gorm().CreateInBatches(&rows, 500).Error
}

// closeHold is a compare-and-set from the state held.
func closeHold(tx *db.Tx, h model.PointsHold, to model.PointsHoldState) error {
	res := tx.Gorm().Model(&model.PointsHold{}).
		Where("member_id = ? AND entry_seq = ? AND state = ?", h.MemberID, h.EntrySeq, model.HoldOpen).
		Updates(map[string]any{"state": to, "closed_at": tx.Now})
	return moved(res, 1)
}

// growReturned marks takings as given back; more than was taken is refused by its WHERE clause and by the table.
func growReturned(tx *db.Tx, rows []model.PointsConsumption) error {
	for _, r := range rows {
		res := tx.Gorm().Model(&model.PointsConsumption{}).
			Where("member_id = ? AND entry_seq = ? AND lot_seq = ? AND returned + ? <= amount", r.MemberID, r.EntrySeq, r.LotSeq, r.Returned).
			Update("returned", gorm.Expr("returned + ?", r.Returned))
		if err := moved(res, 1); err != nil {
			return err
		}
	}
	return nil
}

// updateLots changes lots whose remaining points are still what was read.
func updateLots(tx *db.Tx, lots []*lot) error {
	for part := range slices.Chunk(lots, chunk) {
		u := newUpdate("points_lots", "id")
		for _, l := range part {
			u.row(l.ID)
		}
		u.set("remaining", func(i int) any { return part[i].Remaining })
		u.set("state", func(i int) any { return part[i].State })
		if slices.ContainsFunc(part, func(l *lot) bool { return l.rescheduled() }) {
			u.set("active_from", func(i int) any { return part[i].ActiveFrom })
			u.set("expires_at", func(i int) any { return part[i].ExpiresAt })
			u.set("awaiting", func(i int) any { return part[i].Awaiting })
			u.set("expiry", func(i int) any { return part[i].Expiry })
			u.set("extended_by", func(i int) any { return part[i].ExtendedBy })
		}
		u.where("remaining = ", func(i int) any { return part[i].before.Remaining }, "")
		if err := moved(u.exec(tx), len(part)); err != nil {
			return err
		}
	}
	return nil
}

// updateAccounts adds the differences to accounts that have had no entry since they were read, and keeps every
// figure at zero or more, also where the database ignores CHECK.
func updateAccounts(tx *db.Tx, accounts []*account) error {
	for part := range slices.Chunk(accounts, chunk) {
		u := newUpdate("points_accounts", "member_id")
		for _, a := range part {
			u.row(int64(a.MemberID))
		}
		for _, column := range []struct {
			name string
			of   func(model.PointsAccount) model.Points
		}{
			{"active", func(a model.PointsAccount) model.Points { return a.Active }},
			{"pending", func(a model.PointsAccount) model.Points { return a.Pending }},
			{"held", func(a model.PointsAccount) model.Points { return a.Held }},
			{"debt", func(a model.PointsAccount) model.Points { return a.Debt }},
			{"earned_total", func(a model.PointsAccount) model.Points { return a.EarnedTotal }},
			{"spent_total", func(a model.PointsAccount) model.Points { return a.SpentTotal }},
			{"expired_total", func(a model.PointsAccount) model.Points { return a.ExpiredTotal }},
		} {
			diff := func(i int) any { return column.of(part[i].PointsAccount) - column.of(part[i].before) }
			if u.same(diff) && diff(0) == model.Points(0) {
				continue
			}
			u.add(column.name, diff)
			u.where(column.name+" + ", diff, " >= 0")
		}
		u.add("seq", func(i int) any { return part[i].Seq - part[i].before.Seq })
		if slices.ContainsFunc(part, func(a *account) bool { return !a.DueAt.Equal(a.before.DueAt) }) {
			u.set("due_at", func(i int) any { return part[i].DueAt })
		}
		u.where("seq = ", func(i int) any { return part[i].before.Seq }, "")
		if err := moved(u.exec(tx), len(part)); err != nil {
			return err
		}
	}
	return nil
}

func moved(res *gorm.DB, want int) error {
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected != int64(want) {
		return errMoved
	}
	return nil
}

// update is one UPDATE of several rows, each with values of its own, by CASE: the one form that every database has.
type update struct {
	table, key             string
	ids                    []int64
	sets, conds            []string
	setValues, whereValues []any
}

func newUpdate(table, key string) *update { return &update{table: table, key: key} }

func (u *update) row(id int64) { u.ids = append(u.ids, id) }

// same reports whether all rows have one value, as those who redeem one gift spend its price.
func (u *update) same(value func(i int) any) bool {
	for i := range u.ids {
		if value(i) != value(0) {
			return false
		}
	}
	return true
}

// choice is the value of each row as an expression.
func (u *update) choice(value func(i int) any) (string, []any) {
	if u.same(value) {
		return "?", []any{value(0)}
	}
	args := make([]any, 0, 2*len(u.ids))
	for i, id := range u.ids {
		args = append(args, id, value(i))
	}
	return "CASE " + u.key + strings.Repeat(" WHEN ? THEN ?", len(u.ids)) + " END", args
}

func (u *update) set(column string, value func(i int) any) {
	expr, args := u.choice(value)
	u.sets, u.setValues = append(u.sets, column+" = "+expr), append(u.setValues, args...)
}

func (u *update) add(column string, value func(i int) any) {
	expr, args := u.choice(value)
	u.sets, u.setValues = append(u.sets, column+" = "+column+" + "+expr), append(u.setValues, args...)
}

func (u *update) where(before string, value func(i int) any, after string) {
	expr, args := u.choice(value)
	u.conds, u.whereValues = append(u.conds, before+expr+after), append(u.whereValues, args...)
}

func (u *update) exec(tx *db.Tx) *gorm.DB {
	statement := "UPDATE " + u.table + " SET " + strings.Join(u.sets, ", ") +
		" WHERE " + u.key + " IN ? AND " + strings.Join(u.conds, " AND ")
	return tx.Gorm().Exec(statement, slices.Concat(u.setValues, []any{u.ids}, u.whereValues)...)
}

// sums are the figures of a member at an instant, from the lots themselves.
type sums struct{ Active, Pending model.Points }

func sumLots(tx *db.Tx, member model.MemberID, now time.Time) (s sums, err error) {
	err = tx.Gorm().Model(&model.PointsLot{}).
		Select("COALESCE(SUM(CASE WHEN active_from <= ? THEN remaining ELSE 0 END), 0) AS active,"+
			" COALESCE(SUM(CASE WHEN active_from <= ? THEN 0 ELSE remaining END), 0) AS pending", now, now).
		Where("member_id = ? AND state IN ? AND expires_at > ?", member, []model.PointsLotState{model.LotPending, model.LotActive}, now).
		Scan(&s).Error
	return s, err
}

// accountOf reads an account without a lock; the zero one when there is none.
func accountOf(tx *db.Tx, member model.MemberID) (a model.PointsAccount, err error) {
	a, _, err = found(a, tx.Gorm().Where("member_id = ?", member).Take(&a).Error)
	return a, err
}

func clawbackOf(tx *db.Tx, source string) (c model.PointsClawback, ok bool, err error) {
	err = tx.Gorm().Where("source = ?", source).Take(&c).Error
	return found(c, err)
}

// clawedOf sums what clawbacks have asked back of what one source gave.
func clawedOf(tx *db.Tx, earnSource string) (n model.Points, err error) {
	err = tx.Gorm().Model(&model.PointsClawback{}).Select("COALESCE(SUM(points), 0)").Where("earn_source = ?", earnSource).Scan(&n).Error
	return n, err
}

func insertClawback(tx *db.Tx, c *model.PointsClawback) error { return tx.Gorm().Create(c).Error }

func mergeOf(tx *db.Tx, from model.MemberID) (m model.PointsMerge, ok bool, err error) {
	err = tx.Gorm().Where("from_member = ?", from).Take(&m).Error
	return found(m, err)
}

func insertMerge(tx *db.Tx, m *model.PointsMerge) error { return tx.Gorm().Create(m).Error }

// deleteMerge ends a merge whose accounts are locked.
func deleteMerge(tx *db.Tx, m model.PointsMerge) error {
	res := tx.Gorm().Where("from_member = ? AND to_member = ?", m.FromMember, m.ToMember).Delete(&model.PointsMerge{})
	if res.Error == nil && res.RowsAffected != 1 {
		return errMoved
	}
	return res.Error
}

// mergedAmong returns which of the members' accounts went into another one.
func mergedAmong(tx *db.Tx, members []model.MemberID) (gone map[model.MemberID]bool, err error) {
	var ids []model.MemberID
	err = tx.Gorm().Model(&model.PointsMerge{}).Where("from_member IN ?", members).Pluck("from_member", &ids).Error
	gone = make(map[model.MemberID]bool, len(ids))
	for _, id := range ids {
		gone[id] = true
	}
	return gone, err
}

// mergedInto returns the merges whose accounts came to one of the members.
func mergedInto(tx *db.Tx, members []model.MemberID) (rows []model.PointsMerge, err error) {
	err = tx.Gorm().Where("to_member IN ?", members).Find(&rows).Error
	return rows, err
}

// mergedOut reads the entries by which merges took points from an account since an instant.
func mergedOut(tx *db.Tx, member model.MemberID, since time.Time) (rows []model.PointsEntry, err error) {
	err = tx.Gorm().Where("member_id = ? AND at >= ? AND reason = ?", member, since, model.PointsMergedOut).Order("seq").Find(&rows).Error
	return rows, err
}

func entryAt(tx *db.Tx, member model.MemberID, seq int64) (e model.PointsEntry, ok bool, err error) {
	err = tx.Gorm().Where("member_id = ? AND seq = ?", member, seq).Take(&e).Error
	return found(e, err)
}

// movedOn reads the entries by which merges gave the points of a lot to other accounts.
func movedOn(tx *db.Tx, earned model.PointsEntry) (rows []model.PointsEntry, err error) {
	var sources []string
	err = tx.Gorm().Model(&model.PointsEntry{}).
		Joins("JOIN points_consumptions c ON c.member_id = points_entries.member_id AND c.entry_seq = points_entries.seq").
		Where("c.member_id = ? AND c.lot_seq = ? AND points_entries.reason = ?", earned.MemberID, earned.Seq, model.PointsMergedOut).
		Order("c.entry_seq").Pluck("source", &sources).Error
	if err != nil || len(sources) == 0 {
		return nil, err
	}
	err = tx.Gorm().Where("source IN ? AND reason = ?", sources, model.PointsMergedIn).Order("member_id, seq").Find(&rows).Error
	return rows, err
}

// expiringLots reads the lots that end, soonest first.
func expiringLots(tx *db.Tx, member model.MemberID, now time.Time, limit int) (rows []model.PointsLot, err error) {
	err = tx.Gorm().Where("member_id = ? AND state IN ? AND expires_at > ? AND expires_at < ?", member,
		[]model.PointsLotState{model.LotPending, model.LotActive}, now, model.Never).
		Order("expires_at, seq").Limit(limit).Find(&rows).Error
	return rows, err
}

// entriesBefore reads entries newest first, from below a sequence number; 0 = from the newest.
func entriesBefore(tx *db.Tx, member model.MemberID, before int64, limit int) (rows []model.PointsEntry, err error) {
	q := tx.Gorm().Where("member_id = ?", member)
	if before > 0 {
		q = q.Where("seq < ?", before)
	}
	err = q.Order("seq DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

// dueAccounts reads accounts with something due, from after a place in the order of (due_at, member_id).
func dueAccounts(tx *db.Tx, now, afterDue time.Time, afterMember model.MemberID, limit int) (rows []model.PointsAccount, err error) {
	err = tx.Gorm().Where("due_at <= ? AND (due_at > ? OR (due_at = ? AND member_id > ?))", now, afterDue, afterDue, afterMember).
		Order("due_at, member_id").Limit(limit).Find(&rows).Error
	return rows, err
}
