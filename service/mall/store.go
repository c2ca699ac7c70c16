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

// takenSlots reads the slots that members have of a gift in the spans of its limits.
func takenSlots(tx *db.Tx, id model.GiftID, list []limit, members []model.MemberID) (slots, error) {
	taken := slots{}
	var spans []string
	for _, l := range list {
		if l.span != "" {
			spans = append(spans, l.span)
			continue
		}
		var rows []model.GiftSlot
		if err := tx.Gorm().Where("gift_id = ? AND member_id IN ?", id, members).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			taken.take(r.MemberID, "", r.Ordinal)
		}
	}
	if len(spans) == 0 {
		return taken, nil
	}
	var rows []model.GiftWindowSlot
	err := tx.Gorm().Where("gift_id = ? AND member_id IN ? AND span IN ?", id, members, spans).Find(&rows).Error
	for _, r := range rows {
		taken.take(r.MemberID, r.Span, r.Ordinal)
	}
	return taken, err
}

func insertSlots(tx *db.Tx, rows []model.GiftSlot) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Gorm().Create(&rows).Error
}

func insertWindowSlots(tx *db.Tx, rows []model.GiftWindowSlot) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Gorm().Create(&rows).Error
}

// freeSlots gives back what a redemption took of its limits.
func freeSlots(tx *db.Tx, id model.PublicID) error {
	if err := tx.Gorm().Where("redemption_id = ?", id).Delete(&model.GiftSlot{}).Error; err != nil {
		return err
	}
	return tx.Gorm().Where("redemption_id = ?", id).Delete(&model.GiftWindowSlot{}).Error
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
func closeByCode(tx *db.Tx, code, store string, staff model.StaffID) (bool, error) {
	res := tx.Gorm().Model(&model.Redemption{}).Where("code = ? AND state = ?", code, model.RedemptionConfirmed).
		Updates(map[string]any{"state": model.RedemptionPickedUp, "staff_id": staff, "store": store, "closed_at": tx.Now})
	return res.RowsAffected == 1, res.Error
}

// moveRedemption is a compare-and-set on the state; set is what else changes.
func moveRedemption(tx *db.Tx, id model.RedemptionID, from, to model.RedemptionState, set map[string]any) (bool, error) {
	if set == nil {
		set = map[string]any{}
	}
	set["state"] = to
	res := tx.Gorm().Model(&model.Redemption{}).Where("id = ? AND state = ?", id, from).Updates(set)
	return res.RowsAffected == 1, res.Error
}

// redeemedBy counts a member's redemptions by gift.
func redeemedBy(tx *db.Tx, member model.MemberID) (map[model.GiftID]int64, error) {
	var rows []struct {
		GiftID model.GiftID
		N      int64
	}
	err := tx.Gorm().Model(&model.Redemption{}).Select("gift_id, COUNT(*) AS n").
		Where("member_id = ? AND state NOT IN ?", member, dead).Group("gift_id").Scan(&rows).Error
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

// redemptionOfPayment finds what a payment is for.
func redemptionOfPayment(tx *db.Tx, id model.PayOrderID) (r model.Redemption, ok bool, err error) {
	err = tx.Gorm().Where("pay_order_id = ?", id).Take(&r).Error
	return found(r, err)
}

// arrivedSince reads goods that were shipped before an instant and that nobody has confirmed.
func arrivedSince(tx *db.Tx, before time.Time, limit int) (ids []model.RedemptionID, err error) {
	err = tx.Gorm().Model(&model.Redemption{}).Where("state = ? AND closed_at < ?", model.RedemptionShipped, before).
		Order("closed_at").Limit(limit).Pluck("id", &ids).Error
	return ids, err
}

func completeMany(tx *db.Tx, ids []model.RedemptionID) error {
	return tx.Gorm().Model(&model.Redemption{}).Where("id IN ? AND state = ?", ids, model.RedemptionShipped).
		Updates(map[string]any{"state": model.RedemptionCompleted, "completed_at": tx.Now}).Error
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

func filteredGifts(tx *db.Tx, f GiftFilter, before int64, limit int) (rows []model.Gift, err error) {
	q := tx.Gorm()
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.Low {
		q = q.Where("low_stock > 0 AND unlimited = ? AND stock <= low_stock", false)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	err = q.Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

func filteredRedemptions(tx *db.Tx, f RedemptionFilter, gift model.GiftID, before int64, limit int) (rows []model.Redemption, err error) {
	q := tx.Gorm()
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if gift > 0 {
		q = q.Where("gift_id = ?", gift)
	}
	if f.Member > 0 {
		q = q.Where("member_id = ?", f.Member)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	err = q.Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}
