package aftersale

import (
	"errors"
	"fmt"

	"gorm.io/gorm"

	"huitou/model"
	"huitou/model/db"
)

// errNoCode means that no parcel has the token.
var errNoCode = errors.New("aftersale: no parcel code has this token")

func codeOfOrder(tx *db.Tx, order model.OrderID) (c model.ParcelCode, err error) {
	if err = tx.Gorm().Where("order_id = ?", order).Take(&c).Error; err != nil {
		err = fmt.Errorf("read the parcel code of order %d: %w", order, err)
	}
	return c, err
}

func codeOfToken(tx *db.Tx, token string) (c model.ParcelCode, err error) {
	err = tx.Gorm().Where("token = ?", token).Take(&c).Error
	if db.IsNotFound(err) {
		return c, errNoCode
	}
	if err != nil {
		err = fmt.Errorf("read a parcel code: %w", err)
	}
	return c, err
}

// savePicture stores a new picture when the code still has the old one, and returns the code as it then is.
func savePicture(tx *db.Tx, old, made model.ParcelCode) (model.ParcelCode, error) {
	err := tx.Gorm().Model(&model.ParcelCode{}).Where("id = ? AND ticket = ?", old.ID, old.Ticket).Updates(map[string]any{
		"ticket": made.Ticket, "url": made.URL, "image_url": made.ImageURL, "expires_at": made.ExpiresAt,
	}).Error
	if err != nil {
		return old, err
	}
	return codeOfOrder(tx, old.OrderID)
}

// count stores a scan and adds it to its code's figures, whose row is locked last and shortest.
func count(tx *db.Tx, code model.ParcelCodeID, scan model.ParcelScan) error {
	fresh, err := tx.Insert(&scan)
	if err != nil {
		return fmt.Errorf("store a scan of parcel code %d: %w", code, err)
	}
	if !fresh {
		return nil
	}
	follows := 0
	if scan.Followed {
		follows = 1
	}
	err = tx.Gorm().Model(&model.ParcelCode{}).Where("id = ?", code).Updates(map[string]any{
		"scans": gorm.Expr("scans + 1"), "follows": gorm.Expr("follows + ?", follows),
	}).Error
	if err != nil {
		return fmt.Errorf("count a scan of parcel code %d: %w", code, err)
	}
	return nil
}
