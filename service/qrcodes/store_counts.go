package qrcodes

import (
	"cmp"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// change is what is added to the figures of a code and a day.
type change struct {
	code model.QRCodeID
	day  model.Day
	n    model.QRCounts
}

// add counts changes. The rows of codes and days are the hot ones: they come last in a transaction, in one order, and a day's row is only
// ever written under the lock of its code's.
func add(tx *db.Tx, list ...change) error {
	slices.SortFunc(list, func(a, b change) int { return cmp.Compare(a.code, b.code) })
	for _, c := range list {
		set := plus(c.n)
		if err := tx.Gorm().Model(&model.QRCode{}).Where("id = ?", c.code).UpdateColumns(set).Error; err != nil {
			return fmt.Errorf("count for QR code %d: %w", c.code, err)
		}
		res := tx.Gorm().Model(&model.QRDay{}).Where("qr_code_id = ? AND day = ?", c.code, c.day).UpdateColumns(set)
		if res.Error == nil && res.RowsAffected == 0 {
			_, res.Error = tx.Insert(&model.QRDay{QRCodeID: c.code, Day: c.day, QRCounts: c.n})
		}
		if res.Error != nil {
			return fmt.Errorf("count a day of QR code %d: %w", c.code, res.Error)
		}
	}
	return nil
}

func plus(n model.QRCounts) map[string]any {
	set := map[string]any{}
	for column, by := range map[string]int64{
		"scans": n.Scans, "scanners": n.Scanners, "follows": n.Follows, "lost": n.Lost, "returns": n.Returns,
		"mini_scans": n.MiniScans, "mini_scanners": n.MiniScanners,
	} {
		if by != 0 {
			set[column] = gorm.Expr("? + ?", clause.Column{Name: column}, by)
		}
	}
	return set
}

// lockFirst returns the follow of a person's that was credited, locked.
func lockFirst(tx *db.Tx, identity int64) (row model.QRFollow, known bool, err error) {
	err = tx.Gorm().Clauses(forUpdate).Where("first_of = ?", identity).Take(&row).Error
	if db.IsNotFound(err) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("read the follow of identity %d: %w", identity, err)
	}
	return row, true, nil
}

func saveFollowing(tx *db.Tx, id model.QRFollowID, follows bool) error {
	if err := tx.Gorm().Model(&model.QRFollow{}).Where("id = ?", id).UpdateColumn("following", follows).Error; err != nil {
		return fmt.Errorf("note whether follow %d lasts: %w", id, err)
	}
	return nil
}

// daysOf returns the days of [from, to) on which something happened, in order.
func daysOf(tx *db.Tx, code model.QRCodeID, from, to model.Day) (rows []model.QRDay, err error) {
	err = tx.Gorm().Where("qr_code_id = ? AND day >= ? AND day < ?", code, from, to).Order("day").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the days of QR code %d: %w", code, err)
	}
	return rows, nil
}
