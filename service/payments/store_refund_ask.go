package payments

import (
	"fmt"

	"gorm.io/gorm"

	"huitou/model"
	"huitou/model/db"
)

func insertAsk(tx *db.Tx, row *model.PayRefundAsk) error {
	if err := tx.Gorm().Create(row).Error; err != nil {
		return fmt.Errorf("keep a refund that staff %d asked for: %w", row.StaffID, err)
	}
	return nil
}

func askByID(tx *db.Tx, id model.PayRefundAskID) (row model.PayRefundAsk, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&row).Error
	if db.IsNotFound(err) {
		return row, ErrAskUnknown
	}
	if err != nil {
		return row, fmt.Errorf("read the request %d for a refund: %w", id, err)
	}
	return row, nil
}

func shownAsk(tx *db.Tx, id model.PayRefundAskID) (out Ask, err error) {
	if out.PayRefundAsk, err = askByID(tx, id); err != nil || out.PayRefundID == nil {
		return out, err
	}
	r, err := refundByID(tx, *out.PayRefundID)
	out.Refund = &r
	return out, err
}

// noteAsk joins an ask with its refund.
func noteAsk(tx *db.Tx, id model.PayRefundAskID, refund model.PayRefundID) error {
	res := tx.Gorm().Model(&model.PayRefundAsk{}).Where("id = ? AND pay_refund_id IS NULL", id).
		Updates(map[string]any{"pay_refund_id": refund, "state": model.AskApplied})
	if res.Error != nil || res.RowsAffected != 1 {
		return fmt.Errorf("join request %d with refund %d (%d rows): %w", id, refund, res.RowsAffected, res.Error)
	}
	return nil
}

// decideRow is a compare-and-set from the state waiting, by somebody else than who asked.
func decideRow(tx *db.Tx, id model.PayRefundAskID, to model.PayRefundAskState, by model.StaffID, note string) (first bool, err error) {
	res := tx.Gorm().Model(&model.PayRefundAsk{}).Where("id = ? AND state = ? AND staff_id <> ?", id, model.AskWaiting, by).
		Updates(map[string]any{"state": to, "decided_by": by, "decided_at": tx.Now, "decision_note": note})
	if res.Error != nil {
		return false, fmt.Errorf("decide request %d: %w", id, res.Error)
	}
	return res.RowsAffected == 1, nil
}

// countAlone adds an amount to what one of the staff has given back alone on a day, unless that would exceed the limit.
func countAlone(tx *db.Tx, staff model.StaffID, day model.Day, amount, limit model.Fen) (alone bool, err error) {
	if _, err := tx.Insert(&model.PayRefundDay{StaffID: staff, Day: day}); err != nil {
		return false, fmt.Errorf("count the refunds of staff %d: %w", staff, err)
	}
	res := tx.Gorm().Model(&model.PayRefundDay{}).
		Where("staff_id = ? AND day = ? AND amount_fen + ? <= ?", staff, day, amount, limit).
		Update("amount_fen", gorm.Expr("amount_fen + ?", amount))
	if res.Error != nil {
		return false, fmt.Errorf("count the refunds of staff %d: %w", staff, res.Error)
	}
	return res.RowsAffected == 1, nil
}

func listAsks(tx *db.Tx, state model.PayRefundAskState, page db.Page) ([]model.PayRefundAsk, string, error) {
	g := tx.Gorm()
	if state != "" {
		g = g.Where("state = ?", state)
	}
	return pageOf(g, page, func(a model.PayRefundAsk) int64 { return int64(a.ID) }, "requests for refunds")
}
