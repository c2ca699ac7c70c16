package memberships

import (
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

func hadTrial(tx *db.Tx, m model.MemberID, persons []string) (bool, error) {
	var n int64
	err := tx.Gorm().Model(&model.MembershipTrial{}).Where("person IN ? OR member_id = ?", persons, m).Count(&n).Error
	if err != nil {
		return false, fmt.Errorf("look for the trial of member %d: %w", m, err)
	}
	return n > 0, nil
}

// endedBefore returns the live period that ended last on or before a day.
func endedBefore(tx *db.Tx, m model.MemberID, d model.Day) (p model.MembershipPeriod, found bool, err error) {
	err = tx.Gorm().Where("member_id = ? AND state = ? AND to_day <= ?", m, model.PeriodLive, d).Order("to_day DESC").Limit(1).Take(&p).Error
	if db.IsNotFound(err) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("read the last ended period of member %d: %w", m, err)
	}
	return p, true, nil
}

// wasCut reports whether a refund ended a period.
func wasCut(tx *db.Tx, p model.MembershipID) (bool, error) {
	var n int64
	err := tx.Gorm().Model(&model.MembershipMove{}).Where("period_id = ? AND kind IN ?", p, []model.MembershipMoveKind{model.MoveCut, model.MoveRevoked}).Count(&n).Error
	if err != nil {
		return false, fmt.Errorf("look for the refund of period %d: %w", p, err)
	}
	return n > 0, nil
}

// refundRuns reports whether a refund of a period is under way.
func refundRuns(tx *db.Tx, p model.MembershipID) (bool, error) {
	var n int64
	err := tx.Gorm().Model(&model.MembershipRefund{}).Where("period_id = ? AND state = ?", p, model.CardRefundRequested).Count(&n).Error
	if err != nil {
		return false, fmt.Errorf("look for a refund of period %d: %w", p, err)
	}
	return n > 0, nil
}

// usesIn counts the uses of a benefit in a cycle.
func usesIn(tx *db.Tx, p model.MembershipID, b model.MembershipBenefit, cycle int) (int, error) {
	var n int64
	err := tx.Gorm().Model(&model.MembershipUse{}).Where("period_id = ? AND benefit = ? AND cycle = ?", p, b, cycle).Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count the uses of period %d: %w", p, err)
	}
	return int(n), nil
}

func insertCardCoupon(tx *db.Tx, p model.MembershipID, coupon model.PublicID) error {
	if _, err := tx.Insert(&model.MembershipCoupon{Coupon: coupon, PeriodID: p}); err != nil {
		return fmt.Errorf("keep a coupon of period %d: %w", p, err)
	}
	return nil
}

// periodOfCoupon returns the period that gave a coupon; found is false for a coupon that no card gave.
func periodOfCoupon(tx *db.Tx, coupon model.PublicID) (id model.MembershipID, found bool, err error) {
	var row model.MembershipCoupon
	err = tx.Gorm().Where("coupon = ?", coupon).Take(&row).Error
	if db.IsNotFound(err) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read where coupon %s comes from: %w", coupon, err)
	}
	return row.PeriodID, true, nil
}

// couponsGiven counts the coupons of a period.
func couponsGiven(tx *db.Tx, p model.MembershipID) (c CardCoupons, err error) {
	err = tx.Gorm().Raw(`SELECT COUNT(*) AS given, COALESCE(SUM(CASE WHEN c.state = 'redeemed' THEN 1 ELSE 0 END), 0) AS used
		FROM membership_coupons m JOIN coupons c ON c.public_id = m.coupon WHERE m.period_id = ?`, p).Scan(&c).Error
	if err != nil {
		return c, fmt.Errorf("count the coupons of period %d: %w", p, err)
	}
	return c, nil
}

func insertSaving(tx *db.Tx, row *model.MembershipSaving) (fresh bool, err error) {
	if fresh, err = tx.Insert(row); err != nil {
		return false, fmt.Errorf("store a saving of period %d: %w", row.PeriodID, err)
	}
	return fresh, nil
}

// savedByKind sums what a period has saved, less what refunds of orders took back.
func savedByKind(tx *db.Tx, p model.MembershipID) (sum model.Fen, byKind map[string]model.Fen, err error) {
	var rows []struct {
		Kind   string
		Amount model.Fen
	}
	err = tx.Gorm().Raw(`SELECT s.kind AS kind, SUM(s.amount_fen - COALESCE(r.back, 0)) AS amount FROM membership_savings s
		LEFT JOIN (SELECT saving_id, SUM(amount_fen) AS back FROM membership_saving_returns
			WHERE saving_id IN (SELECT id FROM membership_savings WHERE period_id = ?) GROUP BY saving_id) r ON r.saving_id = s.id
		WHERE s.period_id = ? GROUP BY s.kind`, p, p).Scan(&rows).Error
	if err != nil {
		return 0, nil, fmt.Errorf("sum the savings of period %d: %w", p, err)
	}
	byKind = make(map[string]model.Fen, len(rows))
	for _, r := range rows {
		if r.Amount > 0 {
			byKind[r.Kind] = r.Amount
			sum += r.Amount
		}
	}
	return sum, byKind, nil
}

// savingsOf returns what was saved in an order: the sources "order:12:…", and none of "order:120:…".
func savingsOf(tx *db.Tx, ref string) (rows []model.MembershipSaving, err error) {
	err = tx.Gorm().Where("source >= ? AND source < ?", ref+":", ref+";").Order("id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read what %s saved: %w", ref, err)
	}
	return rows, nil
}

func returnedOf(tx *db.Tx, saving int64) (sum model.Fen, err error) {
	err = tx.Gorm().Model(&model.MembershipSavingReturn{}).Where("saving_id = ?", saving).Select("COALESCE(SUM(amount_fen), 0)").Scan(&sum).Error
	if err != nil {
		return 0, fmt.Errorf("sum what saving %d gave back: %w", saving, err)
	}
	return sum, nil
}

func useKnown(tx *db.Tx, source string) (bool, error) {
	var n int64
	if err := tx.Gorm().Model(&model.MembershipUse{}).Where("source = ?", source).Count(&n).Error; err != nil {
		return false, fmt.Errorf("look up the use %s: %w", source, err)
	}
	return n > 0, nil
}

// birthdayPlans counts the plans that have a gift for birthdays.
func birthdayPlans(tx *db.Tx) (int, error) {
	var n int64
	err := tx.Gorm().Model(&model.MembershipPlan{}).Where("birthday_points > 0 OR birthday_template <> ''").Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count the plans with a birthday gift: %w", err)
	}
	return int(n), nil
}

// earlyOn returns the hours of early access of those members who have some on a day. Given days have none.
func earlyOn(tx *db.Tx, list []model.MemberID, d model.Day) (map[model.MemberID]int, error) {
	var rows []struct {
		MemberID   model.MemberID
		EarlyHours int
	}
	err := tx.Gorm().Raw(`SELECT p.member_id, l.early_hours FROM membership_periods p JOIN membership_plans l ON l.id = p.plan_id
		WHERE p.member_id IN ? AND p.state = 'live' AND p.gift_source IS NULL AND p.from_day <= ? AND p.to_day > ? AND l.early_hours > 0`, list, d, d).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the early access of %d members: %w", len(list), err)
	}
	out := make(map[model.MemberID]int, len(rows))
	for _, r := range rows {
		out[r.MemberID] = r.EarlyHours
	}
	return out, nil
}

// endingPeriods returns live periods whose end lies in [from, to], in the order of their ids from the one after after: those that no other
// follows and no refund has cut.
func endingPeriods(tx *db.Tx, from, to model.Day, after model.MembershipID, limit int) (rows []model.MembershipPeriod, err error) {
	err = tx.Gorm().Where("state = ? AND to_day >= ? AND to_day <= ? AND id > ?", model.PeriodLive, from, to, after).
		Where(`NOT EXISTS (SELECT 1 FROM membership_periods l WHERE l.member_id = membership_periods.member_id AND l.state = 'live' AND l.to_day > membership_periods.to_day)`).
		Where(`NOT EXISTS (SELECT 1 FROM membership_refunds r WHERE r.period_id = membership_periods.id AND r.state <> 'dropped')`).
		Where("member_id NOT IN (SELECT id FROM members WHERE merged_into IS NOT NULL)"). // the rest of it went to another member
		Order("id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list periods that end: %w", err)
	}
	return rows, nil
}

// periodsOf returns a page of a member's periods, the newest first.
func periodsOf(tx *db.Tx, m model.MemberID, page db.Page) (rows []model.MembershipPeriod, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	q := tx.Gorm().Where("member_id = ?", m).Order("id DESC").Limit(page.Size() + 1)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if err := q.Find(&rows).Error; err != nil {
		return nil, "", fmt.Errorf("list the periods of member %d: %w", m, err)
	}
	if len(rows) > page.Size() {
		rows = rows[:page.Size()]
		next = db.NextCursor(int64(rows[len(rows)-1].ID))
	}
	return rows, next, nil
}
