package coupons

import (
	"fmt"
	"strings"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func templateByID(tx *db.Tx, id model.PublicID) (t model.CouponTemplate, err error) {
	err = tx.Gorm().Where("public_id = ?", id).Take(&t).Error
	return t, err
}

func lockTemplate(tx *db.Tx, id model.CouponTemplateID) (t model.CouponTemplate, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&t).Error
	return t, err
}

// templatesByID returns templates by their row ids.
func templatesByID(tx *db.Tx, ids []model.CouponTemplateID) (map[model.CouponTemplateID]model.CouponTemplate, error) {
	var rows []model.CouponTemplate
	if err := tx.Gorm().Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	byID := make(map[model.CouponTemplateID]model.CouponTemplate, len(rows))
	for _, t := range rows {
		byID[t.ID] = t
	}
	return byID, nil
}

// openTemplates returns the newest templates that members may claim now or a little later.
func openTemplates(tx *db.Tx, limit int) (rows []model.CouponTemplate, err error) {
	err = tx.Gorm().
		Where("state IN ?", []model.CouponTemplateState{model.TemplateActive, model.TemplatePaused}).
		Where("claimable = ?", true).
		Where("claim_until IS NULL OR claim_until > ?", tx.Now).
		Where("use_until IS NULL OR use_until > ?", tx.Now).
		Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

// templatesBefore returns templates below an id, newest first; 0 is no bound.
func templatesBefore(tx *db.Tx, before int64, limit int) (rows []model.CouponTemplate, err error) {
	q := tx.Gorm().Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	err = q.Find(&rows).Error
	return rows, err
}

// moveTemplate changes a template's state from one of the expected ones and reports whether it did.
func moveTemplate(tx *db.Tx, id model.CouponTemplateID, from []model.CouponTemplateState, to model.CouponTemplateState) (bool, error) {
	res := tx.Gorm().Model(&model.CouponTemplate{}).Where("id = ? AND state IN ?", id, from).
		Updates(map[string]any{"state": to, "updated_at": tx.Now})
	return res.RowsAffected == 1, res.Error
}

// takeStock takes n of an active template that still says what it did; false means that they are not there.
func takeStock(tx *db.Tx, t model.CouponTemplate, n int64) (bool, error) {
	res := tx.Gorm().Exec(`UPDATE coupon_templates SET claimed = claimed + ?
		WHERE id = ? AND state = ? AND revision = ? AND (total < 0 OR claimed + ? <= total)`,
		n, int64(t.ID), string(model.TemplateActive), t.Revision, n)
	return res.RowsAffected == 1, res.Error
}

// couponsBySource returns the coupons that sources gave.
func couponsBySource(tx *db.Tx, sources []string) (map[string]model.Coupon, error) {
	if len(sources) == 0 {
		return nil, nil
	}
	var rows []model.Coupon
	if err := tx.Gorm().Where("source IN ?", sources).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("look up what %d sources gave: %w", len(sources), err)
	}
	bySource := make(map[string]model.Coupon, len(rows))
	for _, c := range rows {
		bySource[*c.Source] = c
	}
	return bySource, nil
}

// takenSlots returns the slots that members have filled.
func takenSlots(tx *db.Tx, id model.CouponTemplateID, members []int64) (map[model.MemberID][]int64, error) {
	taken, _, err := takenSlotsAndSources(tx, id, members)
	return taken, err
}

// takenSlotsAndSources returns the slots that members have filled, and the sources that filled them.
func takenSlotsAndSources(tx *db.Tx, id model.CouponTemplateID, members []int64) (map[model.MemberID][]int64, map[string]bool, error) {
	var rows []struct {
		MemberID model.MemberID
		Slot     int64
		Source   *string
	}
	err := tx.Gorm().Model(&model.Coupon{}).Select("member_id", "slot", "source").
		Where("template_id = ? AND member_id IN ? AND slot IS NOT NULL", id, members).Find(&rows).Error
	if err != nil {
		return nil, nil, fmt.Errorf("look up the slots of %d members: %w", len(members), err)
	}
	taken, sources := make(map[model.MemberID][]int64, len(rows)), make(map[string]bool, len(rows))
	for _, r := range rows {
		taken[r.MemberID] = append(taken[r.MemberID], r.Slot)
		if r.Source != nil {
			sources[*r.Source] = true
		}
	}
	return taken, sources, nil
}

const (
	insertColumns = `INSERT INTO coupons (public_id, code, template_id, member_id, slot, source, channel, staff_id,
		kind, amount_fen, percent_off_bp, cap_fen, threshold_fen, terms_id, usable_from, usable_until, state, issued_at) VALUES `
	insertRow = `(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`
)

// insertCoupons adds rows with one statement and reports whether they went in: false means that a unique key holds one of
// them, and none was added. The statement is written out, and goes to the transaction past GORM, because this is the hottest write
// of all: Create would reflect on every field of every row, and Exec would copy every value once more.
func insertCoupons(tx *db.Tx, rows []model.Coupon) (fresh bool, err error) {
	var q strings.Builder
	q.Grow(len(insertColumns) + len(rows)*(len(insertRow)+1))
	q.WriteString(insertColumns)
	args := make([]any, 0, len(rows)*18)
	for i, c := range rows {
		if i > 0 {
			q.WriteByte(',')
		}
		q.WriteString(insertRow)
		var slot, source any
		if c.Slot != nil {
			slot = *c.Slot
		}
		if c.Source != nil {
			source = *c.Source
		}
		args = append(args, string(c.PublicID), c.Code, int64(c.TemplateID), int64(c.MemberID), slot, source, string(c.Channel),
			int64(c.StaffID), string(c.Kind), int64(c.AmountFen), int64(c.PercentOffBP), int64(c.CapFen), int64(c.ThresholdFen),
			int64(c.TermsID), c.UsableFrom, c.UsableUntil, string(c.State), c.IssuedAt)
	}
	statement := tx.Gorm().Statement
	_, err = statement.ConnPool.ExecContext(statement.Context, q.String(), args...)
	if db.IsDuplicate(err) {
		return false, nil
	}
	return err == nil, err
}

func deleteCoupons(tx *db.Tx, ids []model.PublicID) error {
	return tx.Gorm().Where("public_id IN ?", ids).Delete(&model.Coupon{}).Error
}

// couponByWord finds a coupon by the code for the counter or by its public id.
func couponByWord(tx *db.Tx, word string) (c model.Coupon, err error) {
	if len(word) == codeLength {
		err = tx.Gorm().Where("code = ?", word).Take(&c).Error
	} else {
		err = tx.Gorm().Where("public_id = ?", word).Take(&c).Error
	}
	return c, err
}

func couponByID(tx *db.Tx, id model.CouponID) (c model.Coupon, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&c).Error
	return c, err
}

// couponsOf returns a page of what a member holds or held, newest first.
func couponsOf(tx *db.Tx, m model.MemberID, before int64, limit int) (rows []model.Coupon, err error) {
	q := tx.Gorm().Where("member_id = ?", m)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	err = q.Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

// countsOf returns how many coupons of each template a member was given.
func countsOf(tx *db.Tx, m model.MemberID, templates []model.CouponTemplateID) (map[model.CouponTemplateID]int64, error) {
	var rows []struct {
		TemplateID model.CouponTemplateID
		N          int64
	}
	err := tx.Gorm().Model(&model.Coupon{}).Select("template_id, COUNT(*) AS n").
		Where("member_id = ? AND template_id IN ?", m, templates).Group("template_id").Find(&rows).Error
	if err != nil {
		return nil, err
	}
	counts := make(map[model.CouponTemplateID]int64, len(rows))
	for _, r := range rows {
		counts[r.TemplateID] = r.N
	}
	return counts, nil
}

func insertTemplate(tx *db.Tx, t *model.CouponTemplate) error { return tx.Gorm().Create(t).Error }

// saveTemplate writes everything that a template says, if it still says what was read.
func saveTemplate(tx *db.Tx, t model.CouponTemplate, revision int64) (bool, error) {
	res := tx.Gorm().Model(&model.CouponTemplate{}).Where("id = ? AND revision = ?", t.ID, revision).Select("*").
		Omit("id", "public_id", "state", "claimed", "spent_fen", "created_by", "created_at").Updates(&t)
	return res.RowsAffected == 1, res.Error
}
