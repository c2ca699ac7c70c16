package replies

import (
	"fmt"

	"gorm.io/gorm"

	"huitou/model"
	"huitou/model/db"
)

// addHit counts one more of a rule on a day.
func addHit(tx *db.Tx, id model.ReplyRuleID, day model.Day) error {
	for range 2 {
		res := tx.Gorm().Model(&model.ReplyDay{}).Where("rule_id = ? AND day = ?", id, day).Update("hits", gorm.Expr("hits + 1"))
		if res.Error != nil {
			return fmt.Errorf("count a hit of reply %d: %w", id, res.Error)
		}
		if res.RowsAffected > 0 {
			return nil
		}
		if _, err := tx.Insert(&model.ReplyDay{RuleID: id, Day: day}); err != nil {
			return fmt.Errorf("begin to count reply %d on %s: %w", id, day, err)
		}
	}
	return fmt.Errorf("a hit of reply %d on %s found nothing to count on", id, day)
}

func hitsOf(tx *db.Tx, from, to model.Day) (list []DayHits, err error) {
	err = tx.Gorm().Model(&model.ReplyDay{}).Select("r.public_id AS rule, r.name, reply_days.day, reply_days.hits").
		Joins("JOIN reply_rules r ON r.id = reply_days.rule_id").Where("reply_days.day >= ? AND reply_days.day <= ?", from, to).
		Order("reply_days.day, r.id").Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read the hits of replies: %w", err)
	}
	return list, nil
}

func deleteHits(tx *db.Tx, before model.Day, limit int) (int64, error) {
	var old []int64
	err := tx.Gorm().Model(&model.ReplyHit{}).Where("day < ?", before).Order("day").Limit(limit).Pluck("id", &old).Error
	if err != nil || len(old) == 0 {
		return 0, err
	}
	res := tx.Gorm().Where("id IN ?", old).Delete(&model.ReplyHit{})
	return res.RowsAffected, res.Error
}
