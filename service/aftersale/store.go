package aftersale

import (
	"errors"
	"fmt"
	"time"

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
		"ticket": made.Ticket, "url": made.URL, "image_url": made.ImageURL, "expires_at": made.ExpiresAt, "asking_until": nil,
	}).Error
	if err != nil {
		return old, err
	}
	return codeOfOrder(tx, old.OrderID)
}

// claimPicture lets one of those who would ask WeChat for a new picture do it, until an instant; the others get false.
func claimPicture(tx *db.Tx, c model.ParcelCode, until time.Time) (bool, error) {
	res := tx.Gorm().Model(&model.ParcelCode{}).Where("id = ? AND ticket = ? AND (asking_until IS NULL OR asking_until <= ?)", c.ID, c.Ticket, tx.Now).
		Update("asking_until", until)
	if res.Error != nil {
		return false, fmt.Errorf("claim the picture of parcel code %d: %w", c.ID, res.Error)
	}
	return res.RowsAffected == 1, nil
}

// restPicture keeps everybody from asking for a picture until an instant; nil ends that.
func restPicture(tx *db.Tx, c model.ParcelCode, until *time.Time) error {
	err := tx.Gorm().Model(&model.ParcelCode{}).Where("id = ? AND ticket = ?", c.ID, c.Ticket).Update("asking_until", until).Error
	if err != nil {
		return fmt.Errorf("give up the picture of parcel code %d: %w", c.ID, err)
	}
	return nil
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

// ordersOfTokens returns the orders whose codes' tokens begin so. A range, for it uses the tokens' index in both databases; '{' follows 'z'.
func ordersOfTokens(tx *db.Tx, prefix string, limit int) (rows []CardOrder, err error) {
	err = tx.Gorm().Table("parcel_codes AS c").Select("c.order_id, o.source, o.number, c.created_at AS made_at, c.scans, c.follows").
		Joins("JOIN orders o ON o.id = c.order_id").Where("c.token >= ? AND c.token < ?", prefix, prefix+"{").Order("c.token").Limit(limit).Scan(&rows).Error
	if err != nil {
		err = fmt.Errorf("look parcels up by the number of a card: %w", err)
	}
	return rows, err
}
