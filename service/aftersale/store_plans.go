package aftersale

import (
	"encoding/json"
	"fmt"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func insertPlan(tx *db.Tx, p Plan, staff model.StaffID) (model.VisitPlanID, error) {
	row := model.VisitPlan{Name: p.Name, TriggerOn: p.Trigger, State: p.State, Version: p.Version, CreatedBy: staff, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	if err := tx.Gorm().Create(&row).Error; err != nil {
		return 0, err
	}
	p.ID = row.ID
	return row.ID, addVersion(tx, p, staff)
}

func addVersion(tx *db.Tx, p Plan, staff model.StaffID) error {
	terms, err := json.Marshal(p.Terms)
	if err != nil {
		return err
	}
	return tx.Gorm().Create(&model.VisitPlanVersion{PlanID: p.ID, Version: p.Version, Terms: string(terms), CreatedBy: staff, CreatedAt: tx.Now}).Error
}

// savePlan stores a plan that is locked. It returns ErrPlanOverlap when another one is active on its trigger.
func savePlan(tx *db.Tx, p Plan) error {
	var activeOn *model.VisitTrigger
	if p.State == model.PlanActive {
		activeOn = &p.Trigger
	}
	err := tx.Gorm().Model(&model.VisitPlan{}).Where("id = ?", p.ID).Updates(map[string]any{
		"name": p.Name, "state": p.State, "active_on": activeOn, "version": p.Version, "updated_at": tx.Now,
	}).Error
	if db.IsDuplicate(err) {
		return ErrPlanOverlap
	}
	if err != nil {
		return fmt.Errorf("save visit plan %d: %w", p.ID, err)
	}
	return nil
}

func lockPlan(tx *db.Tx, id model.VisitPlanID) (Plan, error) {
	var row model.VisitPlan
	err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&row).Error
	if db.IsNotFound(err) {
		return Plan{}, ErrPlanUnknown
	}
	if err != nil {
		return Plan{}, fmt.Errorf("lock visit plan %d: %w", id, err)
	}
	list, err := plansOf(tx, []model.VisitPlan{row})
	if err != nil {
		return Plan{}, err
	}
	return list[0], nil
}

func plansBefore(tx *db.Tx, before int64, limit int) ([]Plan, error) {
	var rows []model.VisitPlan
	q := tx.Gorm().Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	return plansOf(tx, rows)
}

// plansOf joins plans with their newest terms.
func plansOf(tx *db.Tx, rows []model.VisitPlan) ([]Plan, error) {
	list := make([]Plan, len(rows))
	for i, row := range rows {
		var v model.VisitPlanVersion
		if err := tx.Gorm().Where("plan_id = ? AND version = ?", row.ID, row.Version).Take(&v).Error; err != nil {
			return nil, fmt.Errorf("read version %d of visit plan %d: %w", row.Version, row.ID, err)
		}
		p, err := planOf(row, v)
		if err != nil {
			return nil, err
		}
		list[i] = p
	}
	return list, nil
}

func planOf(row model.VisitPlan, v model.VisitPlanVersion) (Plan, error) {
	p := Plan{ID: row.ID, Name: row.Name, Trigger: row.TriggerOn, State: row.State, Version: v.Version, CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC()}
	if err := json.Unmarshal([]byte(v.Terms), &p.Terms); err != nil {
		return p, fmt.Errorf("read version %d of visit plan %d: %w", v.Version, row.ID, err)
	}
	return p, nil
}

// activePlan returns the plan that begins at a trigger, and the id of its newest version.
func activePlan(tx *db.Tx, on model.VisitTrigger) (p Plan, version model.VisitPlanVersionID, found bool, err error) {
	var row model.VisitPlan
	err = tx.Gorm().Where("active_on = ?", on).Take(&row).Error
	if db.IsNotFound(err) {
		return p, 0, false, nil
	}
	if err != nil {
		return p, 0, false, fmt.Errorf("look up the visit plan for %s: %w", on, err)
	}
	var v model.VisitPlanVersion
	if err = tx.Gorm().Where("plan_id = ? AND version = ?", row.ID, row.Version).Take(&v).Error; err != nil {
		return p, 0, false, fmt.Errorf("read version %d of visit plan %d: %w", row.Version, row.ID, err)
	}
	p, err = planOf(row, v)
	return p, v.ID, err == nil, err
}

// planOfVersion returns a plan with the terms of one version.
func planOfVersion(tx *db.Tx, id model.VisitPlanVersionID) (Plan, error) {
	var v model.VisitPlanVersion
	if err := tx.Gorm().Where("id = ?", id).Take(&v).Error; err != nil {
		return Plan{}, err
	}
	var row model.VisitPlan
	if err := tx.Gorm().Where("id = ?", v.PlanID).Take(&row).Error; err != nil {
		return Plan{}, err
	}
	return planOf(row, v)
}
