package memberships

import (
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

func orderByID(tx *db.Tx, id model.MembershipOrderID) (o model.MembershipOrder, err error) {
	if err := tx.Gorm().Where("id = ?", id).Take(&o).Error; err != nil {
		return o, fmt.Errorf("read membership order %d: %w", id, err)
	}
	return o, nil
}

func orderByNumber(tx *db.Tx, number model.PublicID) (o model.MembershipOrder, err error) {
	if !templateForm.MatchString(string(number)) {
		return o, ErrUnknown
	}
	err = tx.Gorm().Where("number = ?", number).Take(&o).Error
	if db.IsNotFound(err) {
		return o, ErrUnknown
	}
	if err != nil {
		return o, fmt.Errorf("read membership order %s: %w", number, err)
	}
	return o, nil
}

func insertRefund(tx *db.Tx, row *model.MembershipRefund) error {
	if err := tx.Gorm().Create(row).Error; err != nil {
		return fmt.Errorf("insert a refund of membership order %d: %w", row.OrderID, err)
	}
	return nil
}

// latestRefund returns the last refund of an order; Ordinal is 0 when there is none.
func latestRefund(tx *db.Tx, o model.MembershipOrderID) (r model.MembershipRefund, found bool, err error) {
	err = tx.Gorm().Where("order_id = ?", o).Order("ordinal DESC").Limit(1).Take(&r).Error
	if db.IsNotFound(err) {
		return model.MembershipRefund{}, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read the refund of membership order %d: %w", o, err)
	}
	return r, true, nil
}

// refundOfSource returns the refund of an order that payments knows by a source.
func refundOfSource(tx *db.Tx, o model.MembershipOrder, source string) (r model.MembershipRefund, found bool, err error) {
	var rows []model.MembershipRefund
	if err := tx.Gorm().Where("order_id = ?", o.ID).Find(&rows).Error; err != nil {
		return r, false, fmt.Errorf("read the refunds of membership order %d: %w", o.ID, err)
	}
	for _, r := range rows {
		if refundSource(r) == source {
			return r, true, nil
		}
	}
	return r, false, nil
}

// moveRefund ends a refund that is under way.
func moveRefund(tx *db.Tx, id model.MembershipRefundID, to model.MembershipRefundState) error {
	set := map[string]any{"state": to}
	if to == model.CardRefundSettled {
		set["settled_at"] = tx.Now
	}
	res := tx.Gorm().Model(&model.MembershipRefund{}).Where("id = ? AND state <> ?", id, model.CardRefundSettled).Updates(set)
	if res.Error != nil {
		return fmt.Errorf("change refund %d: %w", id, res.Error)
	}
	if res.RowsAffected != 1 {
		return fmt.Errorf("change refund %d: %w", id, errMoved)
	}
	return nil
}

func runningRefunds(tx *db.Tx, after model.MembershipRefundID, limit int) (rows []model.MembershipRefund, err error) {
	err = tx.Gorm().Where("state = ? AND id > ?", model.CardRefundRequested, after).Order("id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list refunds that are under way: %w", err)
	}
	return rows, nil
}

func listRefunds(tx *db.Tx, state model.MembershipRefundState, page db.Page) (list []Refund, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	q := tx.Gorm().Order("id DESC").Limit(page.Size() + 1)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if state != "" {
		q = q.Where("state = ?", state)
	}
	var rows []model.MembershipRefund
	if err := q.Find(&rows).Error; err != nil {
		return nil, "", fmt.Errorf("list refunds: %w", err)
	}
	ids := make([]model.MembershipOrderID, len(rows))
	for i, r := range rows {
		ids[i] = r.OrderID
	}
	var orders []model.MembershipOrder
	if len(ids) > 0 {
		if err := tx.Gorm().Where("id IN ?", ids).Find(&orders).Error; err != nil {
			return nil, "", fmt.Errorf("read the orders of refunds: %w", err)
		}
	}
	numbers := make(map[model.MembershipOrderID]model.PublicID, len(orders))
	for _, o := range orders {
		numbers[o.ID] = o.Number
	}
	for i, r := range rows {
		if i == page.Size() {
			return list, db.NextCursor(int64(rows[i-1].ID)), nil
		}
		list = append(list, refundView(r, numbers[r.OrderID]))
	}
	return list, "", nil
}

// applyMove keeps what a refund does to a period and does it.
func applyMove(tx *db.Tx, m model.MembershipMove) error {
	if err := tx.Gorm().Create(&m).Error; err != nil {
		return fmt.Errorf("keep what refund %d does to period %d: %w", m.RefundID, m.PeriodID, err)
	}
	set := map[string]any{"from_day": m.FromAfter, "to_day": m.ToAfter}
	switch m.Kind {
	case model.MoveNone:
		return nil
	case model.MoveRevoked:
		set = map[string]any{"state": model.PeriodRevoked}
	}
	res := tx.Gorm().Model(&model.MembershipPeriod{}).
		Where("id = ? AND state = ? AND from_day = ? AND to_day = ?", m.PeriodID, model.PeriodLive, m.FromBefore, m.ToBefore).Updates(set)
	if res.Error != nil {
		return fmt.Errorf("move period %d: %w", m.PeriodID, res.Error)
	}
	if res.RowsAffected != 1 {
		return fmt.Errorf("move period %d: %w", m.PeriodID, errMoved)
	}
	return nil
}

func setAnchor(tx *db.Tx, p model.MembershipID, anchor int) error {
	if err := tx.Gorm().Model(&model.MembershipPeriod{}).Where("id = ?", p).Update("anchor", anchor).Error; err != nil {
		return fmt.Errorf("set the anchor of period %d: %w", p, err)
	}
	return nil
}

// laterPeriods returns the live periods after one that have not begun, in order, and the live one before them, nil when there is none.
func laterPeriods(tx *db.Tx, p model.MembershipPeriod, today model.Day) (later []model.MembershipPeriod, prev *model.MembershipPeriod, err error) {
	var live []model.MembershipPeriod
	err = tx.Gorm().Where("member_id = ? AND state = ?", p.MemberID, model.PeriodLive).Order("from_day").Find(&live).Error
	if err != nil {
		return nil, nil, fmt.Errorf("read the periods of member %d: %w", p.MemberID, err)
	}
	for i, q := range live {
		if q.ID != p.ID && today.Before(q.FromDay) && !q.FromDay.Before(p.ToDay) {
			later = append(later, q)
		} else {
			prev = &live[i]
		}
	}
	return later, prev, nil
}

// pointsGiven returns the benefits of a period that gave points.
func pointsGiven(tx *db.Tx, p model.MembershipID) (rows []model.MembershipUse, err error) {
	if err := tx.Gorm().Where("period_id = ? AND points > 0", p).Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the points of period %d: %w", p, err)
	}
	return rows, nil
}

// couponsOf returns the coupons that a period gave.
func couponsOf(tx *db.Tx, p model.MembershipID) (ids []model.PublicID, err error) {
	if err := tx.Gorm().Model(&model.MembershipCoupon{}).Where("period_id = ?", p).Order("id").Pluck("coupon", &ids).Error; err != nil {
		return nil, fmt.Errorf("read the coupons of period %d: %w", p, err)
	}
	return ids, nil
}
