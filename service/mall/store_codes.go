package mall

import (
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// codeChunk is how many codes one statement looks up or inserts.
const codeChunk = 500

// knownCodes returns which of some codes a pool has, by their hashes.
func knownCodes(tx *db.Tx, id model.GiftID, hashes []string) (map[string]bool, error) {
	known := map[string]bool{}
	for len(hashes) > 0 {
		n := min(codeChunk, len(hashes))
		var have []string
		if err := tx.Gorm().Model(&model.GiftPoolCode{}).Where("gift_id = ? AND code_hash IN ?", id, hashes[:n]).Pluck("code_hash", &have).Error; err != nil {
			return nil, err
		}
		for _, h := range have {
			known[h] = true
		}
		hashes = hashes[n:]
	}
	return known, nil
}

func insertCodes(tx *db.Tx, rows []model.GiftPoolCode) error {
	return tx.Gorm().CreateInBatches(&rows, codeChunk).Error
}

// lockFreeCodes locks the oldest free codes of a pool, at most n.
func lockFreeCodes(tx *db.Tx, id model.GiftID, n int) (ids []int64, err error) {
	err = tx.Gorm().Model(&model.GiftPoolCode{}).Clauses(clause.Locking{Strength: "UPDATE"}).
		Where("gift_id = ? AND redemption_id IS NULL", id).Order("id").Limit(n).Pluck("id", &ids).Error
	return ids, err
}

// takeCode is a compare-and-set from free.
func takeCode(tx *db.Tx, id int64, by model.PublicID) (bool, error) {
	res := tx.Gorm().Model(&model.GiftPoolCode{}).Where("id = ? AND redemption_id IS NULL", id).Update("redemption_id", by)
	return res.RowsAffected == 1, res.Error
}

// freeCode gives a code back to its pool, unless somebody has seen it.
func freeCode(tx *db.Tx, of model.PublicID) error {
	return tx.Gorm().Model(&model.GiftPoolCode{}).Where("redemption_id = ? AND revealed_at IS NULL", of).Update("redemption_id", nil).Error
}

func codeOf(tx *db.Tx, of model.PublicID) (c model.GiftPoolCode, ok bool, err error) {
	err = tx.Gorm().Where("redemption_id = ?", of).Take(&c).Error
	return found(c, err)
}

// markRevealed is a compare-and-set from unseen.
func markRevealed(tx *db.Tx, of model.PublicID) (bool, error) {
	res := tx.Gorm().Model(&model.GiftPoolCode{}).Where("redemption_id = ? AND revealed_at IS NULL", of).Update("revealed_at", tx.Now)
	return res.RowsAffected == 1, res.Error
}
