package points

import (
	"huitou/model"
	"huitou/model/db"
)

// membersAfter lists members with an account or an entry, by id.
func membersAfter(tx *db.Tx, after model.MemberID, limit int) ([]model.MemberID, error) {
	var accounts, entries []model.MemberID
	err := tx.Gorm().Model(&model.PointsAccount{}).Where("member_id > ?", after).Order("member_id").Limit(limit).Pluck("member_id", &accounts).Error
	if err != nil {
		return nil, err
	}
	err = tx.Gorm().Model(&model.PointsEntry{}).Where("member_id > ? AND seq = 1", after).Order("member_id").Limit(limit).Pluck("member_id", &entries).Error
	return smallest(accounts, entries, limit), err
}

func accountsOf(tx *db.Tx, ids []model.MemberID, lock bool) (map[model.MemberID]model.PointsAccount, error) {
	var rows []model.PointsAccount
	var err error
	if lock {
		rows, err = lockAccounts(tx, ids)
	} else {
		err = tx.Gorm().Where("member_id IN ?", ids).Find(&rows).Error
	}
	byID := make(map[model.MemberID]model.PointsAccount, len(rows))
	for _, r := range rows {
		byID[r.MemberID] = r
	}
	return byID, err
}

// ledgerFacts is what the ledger says of some members, without its caches.
type ledgerFacts struct {
	sums map[model.MemberID]entrySums
	lots map[model.MemberID][]lotFacts
	held map[model.MemberID]model.Points
}

type entrySums struct {
	MemberID                           model.MemberID
	Total, Earned, Expired, Gone, Debt model.Points
	Last                               int64
}

type lotFacts struct {
	model.PointsLot
	Taken model.Points
}

func factsOf(tx *db.Tx, ids []model.MemberID) (f ledgerFacts, err error) {
	f = ledgerFacts{map[model.MemberID]entrySums{}, map[model.MemberID][]lotFacts{}, map[model.MemberID]model.Points{}}
	var sums []entrySums
	err = tx.Gorm().Raw(`SELECT member_id, SUM(delta) AS total, MAX(seq) AS last,
			SUM(CASE WHEN kind = 'earn' AND reason <> 'debt' THEN delta ELSE 0 END) AS earned,
			SUM(CASE WHEN kind = 'expire' THEN -delta ELSE 0 END) AS expired,
			SUM(CASE WHEN kind IN ('earn', 'expire') OR reason = 'debt_paid' THEN 0 ELSE -delta END) AS gone,
			SUM(CASE WHEN reason IN ('debt', 'debt_paid') THEN delta ELSE 0 END) AS debt
		FROM points_entries WHERE member_id IN ? GROUP BY member_id`, ids).Scan(&sums).Error
	if err != nil {
		return f, err
	}
	for _, s := range sums {
		f.sums[s.MemberID] = s
	}
	var lots []lotFacts
	err = tx.Gorm().Raw(`SELECT l.*, COALESCE(c.taken, 0) AS taken FROM points_lots l
		LEFT JOIN (SELECT member_id, lot_seq, SUM(amount) AS taken FROM points_consumptions WHERE member_id IN ? GROUP BY member_id, lot_seq) c
			ON c.member_id = l.member_id AND c.lot_seq = l.seq
		WHERE l.member_id IN ? ORDER BY l.member_id, l.seq`, ids, ids).Scan(&lots).Error
	if err != nil {
		return f, err
	}
	for _, l := range lots {
		f.lots[l.MemberID] = append(f.lots[l.MemberID], l)
	}
	var holds []model.PointsHold
	if err = tx.Gorm().Where("member_id IN ? AND state = ?", ids, model.HoldOpen).Find(&holds).Error; err != nil {
		return f, err
	}
	for _, h := range holds {
		f.held[h.MemberID] += h.Points
	}
	return f, nil
}

// writeRebuilt replaces the caches of a member whose account is locked.
func writeRebuilt(tx *db.Tx, r rebuild) error {
	for _, l := range r.lots {
		res := tx.Gorm().Model(&model.PointsLot{}).Where("id = ?", l.should.ID).
			Updates(map[string]any{"remaining": l.should.Remaining, "state": l.should.State})
		if err := moved(res, 1); err != nil {
			return err
		}
	}
	a := r.should
	return moved(tx.Gorm().Model(&model.PointsAccount{}).Where("member_id = ?", a.MemberID).Updates(map[string]any{
		"active": a.Active, "pending": a.Pending, "held": a.Held, "debt": a.Debt, "earned_total": a.EarnedTotal,
		"spent_total": a.SpentTotal, "expired_total": a.ExpiredTotal, "seq": a.Seq, "due_at": a.DueAt,
	}), 1)
}
