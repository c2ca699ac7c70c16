package aftersale

import (
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// sheetsOf counts the sheets of a member of staff that are not done, and the cards that he asked for since an instant.
func sheetsOf(tx *db.Tx, staff model.StaffID, since time.Time) (unfinished, cards int64, err error) {
	err = tx.Gorm().Model(&model.ParcelSheet{}).Where("made_by = ? AND finished_at IS NULL", staff).Count(&unfinished).Error
	if err == nil {
		err = tx.Gorm().Model(&model.ParcelSheet{}).Select("COALESCE(SUM(total), 0)").Where("made_by = ? AND created_at >= ?", staff, since).Scan(&cards).Error
	}
	return unfinished, cards, err
}

// clearSheets marks sheets that were asked for before an instant; those that are still being made, or that have pictures yet, are left.
func clearSheets(tx *db.Tx, before time.Time) error {
	err := tx.Gorm().Model(&model.ParcelSheet{}).
		Where("cleared_at IS NULL AND created_at <= ? AND finished_at IS NOT NULL", before).
		Where("code <> ? OR purged_at IS NOT NULL", model.SheetMini).
		Where("NOT EXISTS (SELECT 1 FROM parcel_sheet_pictures p WHERE p.sheet_id = parcel_sheets.id)").Update("cleared_at", tx.Now).Error
	if err != nil {
		err = fmt.Errorf("mark old sheets of parcel cards: %w", err)
	}
	return err
}

// deleteCards deletes some cards of sheets that are marked and returns how many.
func deleteCards(tx *db.Tx, limit int) (int64, error) {
	var cards []int64
	err := tx.Gorm().Table("parcel_sheets AS s").Joins("JOIN parcel_sheet_cards c ON c.sheet_id = s.id").
		Where("s.cleared_at IS NOT NULL").Limit(limit).Pluck("c.id", &cards).Error
	if err != nil {
		return 0, fmt.Errorf("find cards of old sheets: %w", err)
	}
	if len(cards) == 0 {
		return 0, nil
	}
	res := tx.Gorm().Where("id IN ?", cards).Delete(&model.ParcelSheetCard{})
	if res.Error != nil {
		return 0, fmt.Errorf("delete cards of old sheets: %w", res.Error)
	}
	return res.RowsAffected, nil
}
