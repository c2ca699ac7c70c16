package aftersale

import (
	"time"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func visitByID(tx *db.Tx, id model.VisitID) (v model.Visit, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&v).Error
	return v, err
}

func lockVisit(tx *db.Tx, id model.VisitID) (v model.Visit, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&v).Error
	return v, err
}

func visitOfOrder(tx *db.Tx, order model.OrderID, ordinal int64) (v model.Visit, found bool, err error) {
	err = tx.Gorm().Where("order_id = ? AND ordinal = ?", order, ordinal).Take(&v).Error
	if db.IsNotFound(err) {
		return v, false, nil
	}
	return v, err == nil, err
}

// lockVisitsToCome locks the visits of an order that have not been made.
func lockVisitsToCome(tx *db.Tx, order model.OrderID) (list []model.Visit, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("order_id = ? AND state IN ?", order,
		[]model.VisitState{model.VisitPlanned, model.VisitDue}).Order("ordinal").Find(&list).Error
	return list, err
}

// saveVisit stores a visit that is locked.
func saveVisit(tx *db.Tx, v model.Visit) error {
	return tx.Gorm().Model(&model.Visit{}).Where("id = ?", v.ID).Updates(map[string]any{
		"state": v.State, "reason": cutRunes(v.Reason, 64), "result": v.Result, "message_key": v.MessageKey, "wait_until": v.WaitUntil,
		"sent_at": v.SentAt, "ended_at": v.EndedAt,
	}).Error
}

// visitedAbout returns when a member was last visited about another order; nil is never.
func visitedAbout(tx *db.Tx, m model.MemberID, except model.OrderID) (*time.Time, error) {
	var v model.Visit
	err := tx.Gorm().Where("member_id = ? AND order_id <> ? AND sent_at IS NOT NULL", m, except).Order("sent_at DESC").Take(&v).Error
	if db.IsNotFound(err) {
		return nil, nil
	}
	return v.SentAt, err
}
