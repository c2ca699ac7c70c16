package aftersale

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// sheetChunk is how many rows go into one statement.
const sheetChunk = 1000

func insertSheet(tx *db.Tx, sheet *model.ParcelSheet, cards []model.ParcelSheetCard) error {
	if err := tx.Gorm().Create(sheet).Error; err != nil {
		return err
	}
	for i := range cards {
		cards[i].SheetID = sheet.ID
	}
	return tx.Gorm().CreateInBatches(cards, sheetChunk).Error
}

func sheetByID(tx *db.Tx, id model.PublicID) (r model.ParcelSheet, err error) {
	err = tx.Gorm().Where("public_id = ?", id).Take(&r).Error
	if db.IsNotFound(err) {
		return r, ErrSheetUnknown
	}
	if err != nil {
		err = fmt.Errorf("read a sheet of parcel cards: %w", err)
	}
	return r, err
}

func sheetsBefore(tx *db.Tx, before int64, limit int) (rows []model.ParcelSheet, err error) {
	q := tx.Gorm().Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if err = q.Find(&rows).Error; err != nil {
		err = fmt.Errorf("list sheets of parcel cards: %w", err)
	}
	return rows, err
}

func lockSheet(tx *db.Tx, id model.ParcelSheetID) (r model.ParcelSheet, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&r).Error
	if err != nil {
		err = fmt.Errorf("lock sheet %d of parcel cards: %w", id, err)
	}
	return r, err
}

// keepSheet writes what a batch changed.
func keepSheet(tx *db.Tx, r model.ParcelSheet) error {
	err := tx.Gorm().Model(&model.ParcelSheet{}).Where("id = ?", r.ID).Updates(map[string]any{
		"state": r.State, "ready": r.Ready, "refused": r.Refused, "reason": r.Reason, "updated_at": r.UpdatedAt, "finished_at": r.FinishedAt,
	}).Error
	if err != nil {
		err = fmt.Errorf("keep the checkpoint of sheet %d: %w", r.ID, err)
	}
	return err
}

// waitingCards returns the next cards that are neither ready nor refused.
func waitingCards(tx *db.Tx, sheet model.ParcelSheetID, limit int) (rows []model.ParcelSheetCard, err error) {
	err = tx.Gorm().Where("sheet_id = ? AND parcel_code_id IS NULL AND refusal = ''", sheet).Order("position").Limit(limit).Find(&rows).Error
	if err != nil {
		err = fmt.Errorf("read the next cards of sheet %d: %w", sheet, err)
	}
	return rows, err
}

// keepCards writes the outcomes of cards, all in one statement: every row is there already, so that each is an update.
func keepCards(tx *db.Tx, cards []model.ParcelSheetCard) error {
	if len(cards) == 0 {
		return nil
	}
	return tx.Gorm().Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"parcel_code_id", "refusal"}),
	}).CreateInBatches(cards, sheetChunk).Error
}

func refusedCards(tx *db.Tx, sheet model.ParcelSheetID, before int64, limit int) (rows []model.ParcelSheetCard, err error) {
	q := tx.Gorm().Where("sheet_id = ? AND refusal <> ''", sheet).Order("position DESC").Limit(limit)
	if before > 0 {
		q = q.Where("position < ?", before)
	}
	if err = q.Find(&rows).Error; err != nil {
		err = fmt.Errorf("read the refused orders of sheet %d: %w", sheet, err)
	}
	return rows, err
}

// printedCard is what a card needs to be drawn.
type printedCard struct {
	ID                 int64
	Number, Token, URL string
	ExpiresAt          *time.Time
}

func printedCards(tx *db.Tx, sheet model.ParcelSheetID) (rows []printedCard, err error) {
	err = tx.Gorm().Table("parcel_sheet_cards AS s").Select("s.id, s.number, c.token, c.url, c.expires_at").
		Joins("JOIN parcel_codes c ON c.id = s.parcel_code_id").Where("s.sheet_id = ?", sheet).Order("s.position").Scan(&rows).Error
	if err != nil {
		err = fmt.Errorf("read the cards of sheet %d: %w", sheet, err)
	}
	return rows, err
}

func codesOfOrders(tx *db.Tx, ids []model.OrderID) (map[model.OrderID]model.ParcelCode, error) {
	out := make(map[model.OrderID]model.ParcelCode, len(ids))
	for chunk := range slices.Chunk(ids, sheetChunk) {
		var rows []model.ParcelCode
		if err := tx.Gorm().Where("order_id IN ?", chunk).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, c := range rows {
			out[c.OrderID] = c
		}
	}
	return out, nil
}

// insertCodes adds codes, but for orders that have got one meanwhile.
func insertCodes(tx *db.Tx, rows []model.ParcelCode) error {
	return tx.Gorm().Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(rows, sheetChunk).Error
}
