package aftersale

import (
	"time"

	"huitou/model"
	"huitou/model/db"
)

// visitsToExplain returns a member's visits, newest first. An order or a plan names its visits whenever they were planned.
func visitsToExplain(tx *db.Tx, in WhyQuery, from, to time.Time, limit int) (list []WhyVisit, err error) {
	q := tx.Gorm().Table("visits AS v").Select("v.*", "p.name AS plan", "p.trigger_on AS `trigger`", "n.version", "o.number").
		Joins("LEFT JOIN visit_plan_versions AS n ON n.id = v.plan_version_id").Joins("LEFT JOIN visit_plans AS p ON p.id = n.plan_id").
		Joins("LEFT JOIN orders AS o ON o.id = v.order_id").
		Where("v.member_id = ?", in.Member).Order("v.id DESC").Limit(limit)
	if in.Order != 0 {
		q = q.Where("v.order_id = ?", in.Order)
	}
	if in.Plan != 0 {
		q = q.Where("p.id = ?", in.Plan)
	}
	if in.Order == 0 && in.Plan == 0 {
		q = q.Where("v.due_at >= ? AND v.due_at < ? OR v.created_at >= ? AND v.created_at < ?", from, to, from, to)
	}
	err = q.Scan(&list).Error
	return list, err
}

func orderOf(tx *db.Tx, id model.OrderID, m model.MemberID) (o model.Order, found bool, err error) {
	err = tx.Gorm().Where("id = ? AND member_id = ?", id, m).Take(&o).Error
	if db.IsNotFound(err) {
		return o, false, nil
	}
	return o, err == nil, err
}
