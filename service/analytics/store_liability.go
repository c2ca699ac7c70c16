package analytics

import (
	"huitou/model"
	"huitou/model/db"
)

func pointsTotals(tx *db.Tx) (t totals, err error) {
	err = tx.Gorm().Raw(`SELECT COALESCE(SUM(earned_total), 0) AS earned, COALESCE(SUM(spent_total), 0) AS spent,
		COALESCE(SUM(expired_total), 0) AS expired, COALESCE(SUM(held), 0) AS held, COALESCE(SUM(debt), 0) AS debt FROM points_accounts`).Scan(&t).Error
	return t, err
}

// openLots adds up what remains in lots, by their end. Lots end when a business day begins, as a rule, so there are few groups.
func openLots(tx *db.Tx) (list []ending, err error) {
	err = tx.Gorm().Raw(`SELECT expires_at, awaiting,
		SUM(CASE WHEN active_from <= ? THEN remaining ELSE 0 END) AS active, SUM(CASE WHEN active_from <= ? THEN 0 ELSE remaining END) AS pending
		FROM points_lots WHERE state IN ? AND remaining > 0 GROUP BY expires_at, awaiting`,
		tx.Now, tx.Now, []model.PointsLotState{model.LotPending, model.LotActive}).Scan(&list).Error
	return list, err
}
