package shipping

import (
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func lockRow(tx *db.Tx, id model.PayOrderID) (row model.Shipping, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("pay_order_id = ?", id).Take(&row).Error
	if db.IsNotFound(err) {
		return row, ErrUnknown
	}
	if err != nil {
		return row, fmt.Errorf("lock the shipping of payment %d: %w", id, err)
	}
	return row, nil
}

func rowByID(tx *db.Tx, id model.ShippingID) (row model.Shipping, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&row).Error
	if db.IsNotFound(err) {
		return row, ErrUnknown
	}
	if err != nil {
		return row, fmt.Errorf("read shipping %d: %w", id, err)
	}
	return row, nil
}

// saveRow writes what a worker found. A row that ended meanwhile, by another process, keeps its end.
func saveRow(tx *db.Tx, row model.Shipping) error {
	res := tx.Gorm().Model(&model.Shipping{}).
		Where("id = ? AND state IN ?", row.ID, []model.ShippingState{model.ShippingWaiting, model.ShippingQueued, model.ShippingSending}).
		Select("*").Omit("id", "pay_order_id", "transaction_id", "paid_at", "created_at", "settled_at", "staff_id", "note").Updates(row)
	if res.Error != nil {
		return fmt.Errorf("change shipping %d: %w", row.ID, res.Error)
	}
	return nil
}

// markSending claims the call: of two processes that look at one row, one calls.
func markSending(tx *db.Tx, row model.Shipping) (bool, error) {
	res := tx.Gorm().Model(&model.Shipping{}).Where("id = ? AND state = ? AND tries = ?", row.ID, row.State, row.Tries).
		Updates(map[string]any{"state": model.ShippingSending, "sent_at": tx.Now, "tries": row.Tries + 1, "problem": "", "code": 0})
	if res.Error != nil {
		return false, fmt.Errorf("change shipping %d: %w", row.ID, res.Error)
	}
	return res.RowsAffected == 1, nil
}

func unstick(tx *db.Tx, in Retry) (bool, error) {
	res := tx.Gorm().Model(&model.Shipping{}).Where("id = ? AND state = ?", in.Shipping, model.ShippingStuck).
		Updates(map[string]any{"state": model.ShippingWaiting, "ready_at": nil, "alarmed_at": nil, "staff_id": in.Staff, "note": in.Note, "problem": "", "code": 0})
	if res.Error != nil {
		return false, fmt.Errorf("change shipping %d: %w", in.Shipping, res.Error)
	}
	return res.RowsAffected == 1, nil
}

func settle(tx *db.Tx, transactionID string) error {
	err := tx.Gorm().Model(&model.Shipping{}).Where("transaction_id = ? AND settled_at IS NULL", transactionID).Update("settled_at", tx.Now).Error
	if err != nil {
		return fmt.Errorf("settle a shipping: %w", err)
	}
	return nil
}

// paidWithoutRow lists paid orders since an instant that have no row. Orders end after they begin, so their ends bound the search by an
// index.
func paidWithoutRow(tx *db.Tx, since time.Time, limit int) (list []model.PayOrder, err error) {
	err = tx.Gorm().Where("state = ? AND channel = ? AND expires_at >= ?", model.PayPaid, model.ChannelJSAPI, since).
		Where("NOT EXISTS (SELECT 1 FROM shippings s WHERE s.pay_order_id = pay_orders.id)").Order("id").Limit(limit).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("look for paid orders without a shipping: %w", err)
	}
	return list, nil
}

func listRows(tx *db.Tx, state model.ShippingState, page db.Page) (list []model.Shipping, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	g := tx.Gorm().Order("id DESC").Limit(page.Size() + 1)
	if before > 0 {
		g = g.Where("id < ?", before)
	}
	if state != "" {
		g = g.Where("state = ?", state)
	}
	if err := g.Find(&list).Error; err != nil {
		return nil, "", fmt.Errorf("list shippings: %w", err)
	}
	if len(list) > page.Size() {
		list = list[:page.Size()]
		next = db.NextCursor(int64(list[len(list)-1].ID))
	}
	return list, next, nil
}

// clip bounds a text to what the columns hold.
func clip(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), 64)])
}
