package qrcodes

import (
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

var forUpdate = clause.Locking{Strength: "UPDATE"}

func codeByToken(tx *db.Tx, token string) (c model.QRCode, err error) {
	err = tx.Gorm().Where("token = ?", token).Take(&c).Error
	return c, orUnknown(err)
}

func codeByPublicID(tx *db.Tx, id model.PublicID) (c model.QRCode, err error) {
	err = tx.Gorm().Where("public_id = ?", id).Take(&c).Error
	return c, orUnknown(err)
}

func lockCode(tx *db.Tx, id model.PublicID) (c model.QRCode, err error) {
	err = tx.Gorm().Clauses(forUpdate).Where("public_id = ?", id).Take(&c).Error
	return c, orUnknown(err)
}

func orUnknown(err error) error {
	if db.IsNotFound(err) {
		return ErrUnknown
	}
	if err != nil {
		return fmt.Errorf("read a QR code: %w", err)
	}
	return nil
}

func codesBefore(tx *db.Tx, f Filter, before int64, limit int) (rows []model.QRCode, err error) {
	q := tx.Gorm().Model(&model.QRCode{})
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.Ref != "" {
		q = q.Where("ref = ?", f.Ref)
	}
	if !f.Stopped {
		q = q.Where("stopped_at IS NULL")
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if err = q.Order("id DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list QR codes: %w", err)
	}
	return rows, nil
}

// lockOwn locks up to limit temporary codes that a member of staff made of himself, and returns how many there are: those whose picture lives
// and that were not stopped, and those made since an instant. It goes from the oldest on: whoever waits for that one then finds what came since.
func lockOwn(tx *db.Tx, staff model.StaffID, since time.Time, limit int) (int, error) {
	var ids []model.QRCodeID
	err := tx.Gorm().Model(&model.QRCode{}).Clauses(forUpdate).
		Where("kind = ? AND ref = ? AND created_by = ?", model.QRStaff, strconv.FormatInt(int64(staff), 10), staff).
		Where("created_at > ? OR stopped_at IS NULL AND expires_at > ?", since, tx.Now).Order("id").Limit(limit).Pluck("id", &ids).Error
	return len(ids), err
}

func saveName(tx *db.Tx, id model.QRCodeID, name string) error {
	return updateCode(tx, id, map[string]any{"name": name, "updated_at": tx.Now})
}

func saveStopped(tx *db.Tx, id model.QRCodeID) error {
	return updateCode(tx, id, map[string]any{"stopped_at": tx.Now, "updated_at": tx.Now})
}

func updateCode(tx *db.Tx, id model.QRCodeID, set map[string]any) error {
	if err := tx.Gorm().Model(&model.QRCode{}).Where("id = ?", id).UpdateColumns(set).Error; err != nil {
		return fmt.Errorf("save QR code %d: %w", id, err)
	}
	return nil
}

// picture is what WeChat made.
type picture struct {
	Ticket, URL, ImageURL string
	ExpiresAt             *time.Time
}

// savePicture stores a new picture when the code still has the old one, and returns the code as it then is.
func savePicture(tx *db.Tx, old model.QRCode, p picture) (c model.QRCode, err error) {
	err = tx.Gorm().Model(&model.QRCode{}).Where("id = ? AND ticket = ?", old.ID, old.Ticket).UpdateColumns(map[string]any{
		"ticket": p.Ticket, "url": p.URL, "image_url": p.ImageURL, "expires_at": p.ExpiresAt,
	}).Error
	if err == nil {
		err = tx.Gorm().Where("id = ?", old.ID).Take(&c).Error
	}
	if err != nil {
		return old, fmt.Errorf("store the picture of QR code %d: %w", old.ID, err)
	}
	return c, nil
}

// takePermanent counts one more permanent picture of an account, and reports whether there was one left.
func takePermanent(tx *db.Tx, appID string, limit int64) (bool, error) {
	for range 2 {
		res := tx.Gorm().Model(&model.QRAccount{}).Where("app_id = ? AND permanent < ?", appID, limit).UpdateColumn("permanent", gorm.Expr("permanent + 1"))
		if res.Error != nil || res.RowsAffected > 0 {
			return res.RowsAffected > 0, res.Error
		}
		var n int64
		if err := tx.Gorm().Model(&model.QRAccount{}).Where("app_id = ?", appID).Count(&n).Error; err != nil || n > 0 {
			return false, err
		}
		if _, err := tx.Insert(&model.QRAccount{AppID: appID}); err != nil { // one that another transaction added is as good
			return false, err
		}
	}
	return false, nil
}

func returnPermanent(tx *db.Tx, appID string, code model.QRCodeID) error {
	err := tx.Gorm().Model(&model.QRCode{}).Where("id = ?", code).UpdateColumn("asked", gorm.Expr("asked - 1")).Error
	if err == nil {
		err = tx.Gorm().Model(&model.QRAccount{}).Where("app_id = ?", appID).UpdateColumn("permanent", gorm.Expr("permanent - 1")).Error
	}
	if err != nil {
		return fmt.Errorf("give a permanent QR code back: %w", err)
	}
	return nil
}

func countAsked(tx *db.Tx, code model.QRCodeID) error {
	if err := tx.Gorm().Model(&model.QRCode{}).Where("id = ?", code).UpdateColumn("asked", gorm.Expr("asked + 1")).Error; err != nil {
		return fmt.Errorf("count a picture of QR code %d: %w", code, err)
	}
	return nil
}
