package mall

import (
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
)

// codeDigits is the length of a pick-up code: guessing one among a million that wait takes 10,000 tries.
const codeDigits = 10

func savepoint(tx *db.Tx) error           { return tx.Gorm().SavePoint("redeem").Error }
func rollbackToSavepoint(tx *db.Tx) error { return tx.Gorm().RollbackTo("redeem").Error }

func found[T any](row T, err error) (T, bool, error) {
	if db.IsNotFound(err) {
		return row, false, nil
	}
	return row, err == nil, err
}

func insertGift(tx *db.Tx, g *model.Gift) error { return tx.Gorm().Create(g).Error }

func giftByPublicID(tx *db.Tx, id model.PublicID) (g model.Gift, ok bool, err error) {
	err = tx.Gorm().Where("public_id = ?", id).Take(&g).Error
	return found(g, err)
}

func giftByID(tx *db.Tx, id model.GiftID) (g model.Gift, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&g).Error
	return g, err
}

func lockGift(tx *db.Tx, id model.GiftID) (g model.Gift, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&g).Error
	return g, err
}

func moveGift(tx *db.Tx, id model.PublicID, to model.GiftState, from []model.GiftState) (bool, error) {
	res := tx.Gorm().Model(&model.Gift{}).Where("public_id = ? AND state IN ?", id, from).Update("state", to)
	return res.RowsAffected == 1, res.Error
}

// shownGifts reads the gifts that have not ended.
func shownGifts(tx *db.Tx, now time.Time, limit int) (rows []model.Gift, err error) {
	err = tx.Gorm().Where("state IN ? AND (ends_at IS NULL OR ends_at > ?)", []model.GiftState{model.GiftActive, model.GiftPaused}, now).
		Order("sort, id").Limit(limit).Find(&rows).Error
	return rows, err
}

// takeStock takes n units of a gift that is on offer and has them.
func takeStock(tx *db.Tx, id model.GiftID, n int64) (bool, error) {
	res := tx.Gorm().Model(&model.Gift{}).Where("id = ? AND stock >= ? AND state = ?", id, n, model.GiftActive).
		Update("stock", gorm.Expr("stock - ?", n))
	return res.RowsAffected == 1, res.Error
}

// returnStock gives one unit back; the stock of an unlimited gift does not count.
func returnStock(tx *db.Tx, id model.GiftID) error {
	return tx.Gorm().Model(&model.Gift{}).Where("id = ? AND unlimited = ?", id, false).Update("stock", gorm.Expr("stock + 1")).Error
}

func insertStockMove(tx *db.Tx, m *model.GiftStockMove) error { return tx.Gorm().Create(m).Error }

func addStock(tx *db.Tx, id model.GiftID, delta int64) (bool, error) {
	res := tx.Gorm().Model(&model.Gift{}).
		Where("id = ? AND unlimited = ? AND stock + ? >= 0 AND stock + ? <= ?", id, false, delta, delta, MaxStock).
		Update("stock", gorm.Expr("stock + ?", delta))
	return res.RowsAffected == 1, res.Error
}

// takenOrdinals reads the slots that members have of a gift.
func takenOrdinals(tx *db.Tx, id model.GiftID, members []model.MemberID) (map[model.MemberID]map[int64]bool, error) {
	var rows []model.GiftSlot
	if err := tx.Gorm().Where("gift_id = ? AND member_id IN ?", id, members).Find(&rows).Error; err != nil {
		return nil, err
	}
	taken := map[model.MemberID]map[int64]bool{}
	for _, r := range rows {
		if taken[r.MemberID] == nil {
			taken[r.MemberID] = map[int64]bool{}
		}
		taken[r.MemberID][r.Ordinal] = true
	}
	return taken, nil
}

func insertSlots(tx *db.Tx, rows []model.GiftSlot) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Gorm().Create(&rows).Error
}

func freeSlot(tx *db.Tx, id model.PublicID) error {
	return tx.Gorm().Where("redemption_id = ?", id).Delete(&model.GiftSlot{}).Error
}

func insertRedemptions(tx *db.Tx, rows []model.Redemption) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Gorm().Create(&rows).Error
}

// freeCodes makes n different pick-up codes that no redemption has. Two instances may still make the same one at once; the
// unique key then refuses the batch, which is tried again.
func freeCodes(tx *db.Tx, n int) ([]string, error) {
	codes := make([]string, 0, n)
	seen := map[string]bool{}
	for len(codes) < n {
		fresh := make([]string, 0, n-len(codes))
		for len(fresh) < n-len(codes) {
			if c := random.Digits(codeDigits); !seen[c] {
				seen[c] = true
				fresh = append(fresh, c)
			}
		}
		var used []string
		if err := tx.Gorm().Model(&model.Redemption{}).Where("code IN ?", fresh).Pluck("code", &used).Error; err != nil {
			return nil, err
		}
		taken := map[string]bool{}
		for _, c := range used {
			taken[c] = true
		}
		for _, c := range fresh {
			if !taken[c] {
				codes = append(codes, c)
			}
		}
	}
	return codes, nil
}

func redemptionByCode(tx *db.Tx, code string) (r model.Redemption, ok bool, err error) {
	err = tx.Gorm().Where("code = ?", code).Take(&r).Error
	return found(r, err)
}

func redemptionByPublicID(tx *db.Tx, id model.PublicID) (r model.Redemption, ok bool, err error) {
	err = tx.Gorm().Where("public_id = ?", id).Take(&r).Error
	return found(r, err)
}

// closeByCode is a compare-and-set from the state confirmed.
func closeByCode(tx *db.Tx, code string, to model.RedemptionState, staff model.StaffID) (bool, error) {
	res := tx.Gorm().Model(&model.Redemption{}).Where("code = ? AND state = ?", code, model.RedemptionConfirmed).
		Updates(map[string]any{"state": to, "staff_id": staff, "closed_at": tx.Now})
	return res.RowsAffected == 1, res.Error
}

func closeRedemption(tx *db.Tx, id model.RedemptionID, to model.RedemptionState, staff model.StaffID, note string) (bool, error) {
	res := tx.Gorm().Model(&model.Redemption{}).Where("id = ? AND state = ?", id, model.RedemptionConfirmed).
		Updates(map[string]any{"state": to, "staff_id": staff, "closed_at": tx.Now, "note": note})
	return res.RowsAffected == 1, res.Error
}

// redeemedBy counts a member's redemptions by gift.
func redeemedBy(tx *db.Tx, member model.MemberID) (map[model.GiftID]int64, error) {
	var rows []struct {
		GiftID model.GiftID
		N      int64
	}
	err := tx.Gorm().Model(&model.Redemption{}).Select("gift_id, COUNT(*) AS n").
		Where("member_id = ? AND state <> ?", member, model.RedemptionCancelled).Group("gift_id").Scan(&rows).Error
	out := make(map[model.GiftID]int64, len(rows))
	for _, r := range rows {
		out[r.GiftID] = r.N
	}
	return out, err
}

func redemptionsOf(tx *db.Tx, member model.MemberID, before int64, limit int) (rows []model.Redemption, err error) {
	q := tx.Gorm().Where("member_id = ?", member)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	err = q.Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

// publicIDs names the gifts of redemptions.
func publicIDs(tx *db.Tx, of []model.Redemption) (map[model.GiftID]model.PublicID, error) {
	ids := make([]model.GiftID, len(of))
	for i, r := range of {
		ids[i] = r.GiftID
	}
	out := map[model.GiftID]model.PublicID{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []model.Gift
	err := tx.Gorm().Select("id", "public_id").Where("id IN ?", ids).Find(&rows).Error
	for _, g := range rows {
		out[g.ID] = g.PublicID
	}
	return out, err
}
