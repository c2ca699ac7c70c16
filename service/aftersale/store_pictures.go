package aftersale

import (
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

func hasPicture(tx *db.Tx, card int64) (bool, error) {
	var n int64
	if err := tx.Gorm().Model(&model.ParcelSheetPicture{}).Where("card_id = ?", card).Count(&n).Error; err != nil {
		return false, fmt.Errorf("look for the picture of card %d: %w", card, err)
	}
	return n > 0, nil
}

func picturesOf(tx *db.Tx, cards []int64) (map[int64][]byte, error) {
	var rows []model.ParcelSheetPicture
	if err := tx.Gorm().Where("card_id IN ?", cards).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read %d pictures of parcel cards: %w", len(cards), err)
	}
	out := make(map[int64][]byte, len(rows))
	for _, r := range rows {
		out[r.CardID] = r.Picture
	}
	return out, nil
}

// pictureBytes is how much room the pictures of a sheet take.
func pictureBytes(tx *db.Tx, sheet model.ParcelSheetID) (n int64, err error) {
	err = tx.Gorm().Model(&model.ParcelSheetPicture{}).Select("COALESCE(SUM(LENGTH(picture)), 0)").Where("sheet_id = ?", sheet).Scan(&n).Error
	if err != nil {
		err = fmt.Errorf("measure the pictures of sheet %d: %w", sheet, err)
	}
	return n, err
}

// closeOldSheets marks sheets of stored pictures that were asked for before an instant; those that are still being made are left.
func closeOldSheets(tx *db.Tx, before time.Time) error {
	err := tx.Gorm().Model(&model.ParcelSheet{}).
		Where("code = ? AND purged_at IS NULL AND finished_at IS NOT NULL AND created_at <= ?", model.SheetMini, before).Update("purged_at", tx.Now).Error
	if err != nil {
		err = fmt.Errorf("close old sheets of parcel cards: %w", err)
	}
	return err
}

// deletePictures deletes some pictures of closed sheets and returns how many.
func deletePictures(tx *db.Tx, limit int) (int64, error) {
	var cards []int64
	err := tx.Gorm().Table("parcel_sheet_pictures AS p").Joins("JOIN parcel_sheets s ON s.id = p.sheet_id").
		Where("s.purged_at IS NOT NULL").Order("p.sheet_id").Limit(limit).Pluck("p.card_id", &cards).Error
	if err != nil {
		return 0, fmt.Errorf("find old pictures of parcel cards: %w", err)
	}
	if len(cards) == 0 {
		return 0, nil
	}
	res := tx.Gorm().Where("card_id IN ?", cards).Delete(&model.ParcelSheetPicture{})
	if res.Error != nil {
		return 0, fmt.Errorf("delete old pictures of parcel cards: %w", res.Error)
	}
	return res.RowsAffected, nil
}
