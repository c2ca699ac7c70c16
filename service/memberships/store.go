package memberships

import (
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// errMoved means that an order was activated by somebody else although we hold the member's lock.
var errMoved = errors.New("memberships: the order moved meanwhile")

func insertPlan(tx *db.Tx, row *model.MembershipPlan, list []model.MembershipPlanCoupon) error {
	if err := tx.Gorm().Create(row).Error; err != nil {
		return fmt.Errorf("insert a plan: %w", err)
	}
	if len(list) == 0 {
		return nil
	}
	for i := range list {
		list[i].PlanID = row.ID
	}
	if err := tx.Gorm().Create(&list).Error; err != nil {
		return fmt.Errorf("insert the benefits of plan %d: %w", row.ID, err)
	}
	return nil
}

func allPlans(tx *db.Tx) ([]model.MembershipPlan, map[model.PlanID][]model.MembershipPlanCoupon, error) {
	var plans []model.MembershipPlan
	if err := tx.Gorm().Order("price_fen, id").Find(&plans).Error; err != nil {
		return nil, nil, fmt.Errorf("list plans: %w", err)
	}
	var list []model.MembershipPlanCoupon
	if err := tx.Gorm().Order("plan_id, ordinal").Find(&list).Error; err != nil {
		return nil, nil, fmt.Errorf("list the benefits of plans: %w", err)
	}
	by := map[model.PlanID][]model.MembershipPlanCoupon{}
	for _, c := range list {
		by[c.PlanID] = append(by[c.PlanID], c)
	}
	return plans, by, nil
}

func planByPublicID(tx *db.Tx, id model.PublicID) (p model.MembershipPlan, err error) {
	if !templateForm.MatchString(string(id)) { // the same form of id; MySQL refuses to compare others with ASCII
		return p, ErrPlanUnknown
	}
	err = tx.Gorm().Where("public_id = ?", id).Take(&p).Error
	if db.IsNotFound(err) {
		return p, ErrPlanUnknown
	}
	if err != nil {
		return p, fmt.Errorf("read plan %s: %w", id, err)
	}
	return p, nil
}

func planByID(tx *db.Tx, id model.PlanID) (p model.MembershipPlan, err error) {
	if err := tx.Gorm().Where("id = ?", id).Take(&p).Error; err != nil {
		return p, fmt.Errorf("read plan %d: %w", id, err)
	}
	return p, nil
}

func couponsOfPlan(tx *db.Tx, id model.PlanID) (list []model.MembershipPlanCoupon, err error) {
	if err := tx.Gorm().Where("plan_id = ?", id).Order("ordinal").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("read the benefits of plan %d: %w", id, err)
	}
	return list, nil
}

func insertOrder(tx *db.Tx, row *model.MembershipOrder) error {
	if err := tx.Gorm().Create(row).Error; err != nil {
		return fmt.Errorf("insert a membership order: %w", err)
	}
	return nil
}

func latestOrder(tx *db.Tx, m model.MemberID, plan model.PlanID) (o model.MembershipOrder, found bool, err error) {
	err = tx.Gorm().Where("member_id = ? AND plan_id = ?", m, plan).Order("id DESC").Limit(1).Take(&o).Error
	if db.IsNotFound(err) {
		return o, false, nil
	}
	if err != nil {
		return o, false, fmt.Errorf("read the latest order of member %d: %w", m, err)
	}
	return o, true, nil
}

func orderOfMember(tx *db.Tx, m model.MemberID, number model.PublicID) (o model.MembershipOrder, err error) {
	if !templateForm.MatchString(string(number)) {
		return o, ErrUnknown
	}
	err = tx.Gorm().Where("number = ? AND member_id = ?", number, m).Take(&o).Error
	if db.IsNotFound(err) {
		return o, ErrUnknown
	}
	if err != nil {
		return o, fmt.Errorf("read membership order %s: %w", number, err)
	}
	return o, nil
}

func orderByPayment(tx *db.Tx, pay model.PayOrderID) (o model.MembershipOrder, err error) {
	err = tx.Gorm().Where("pay_order_id = ?", pay).Take(&o).Error
	if db.IsNotFound(err) {
		return o, ErrUnknown
	}
	if err != nil {
		return o, fmt.Errorf("read the membership order of payment %d: %w", pay, err)
	}
	return o, nil
}

// moveOrder ends an order that waited for its payment.
func moveOrder(tx *db.Tx, id model.MembershipOrderID, to model.MembershipOrderState) error {
	set := map[string]any{"state": to}
	if to == model.MembershipActivated {
		set["activated_at"] = tx.Now
	}
	res := tx.Gorm().Model(&model.MembershipOrder{}).Where("id = ? AND state = ?", id, model.MembershipOrdered).Updates(set)
	if res.Error != nil {
		return fmt.Errorf("change membership order %d: %w", id, res.Error)
	}
	if res.RowsAffected != 1 {
		return fmt.Errorf("change membership order %d: %w", id, errMoved)
	}
	return nil
}

// insertPeriod adds a period with the member's next number. The member's lock keeps others away; should it fail, the unique
// keys of number, order and payment refuse the second one.
func insertPeriod(tx *db.Tx, p *model.MembershipPeriod) error {
	var last int
	err := tx.Gorm().Model(&model.MembershipPeriod{}).Where("member_id = ?", p.MemberID).Select("COALESCE(MAX(seq), 0)").Scan(&last).Error
	if err != nil {
		return fmt.Errorf("count the periods of member %d: %w", p.MemberID, err)
	}
	p.Seq = last + 1
	if err := tx.Gorm().Create(p).Error; err != nil {
		return fmt.Errorf("insert a period of member %d: %w", p.MemberID, err)
	}
	return nil
}

// lastPeriod returns the live period that ends last, or nil.
func lastPeriod(tx *db.Tx, m model.MemberID) (*model.MembershipPeriod, error) {
	var p model.MembershipPeriod
	err := tx.Gorm().Where("member_id = ? AND state = ?", m, model.PeriodLive).Order("to_day DESC").Limit(1).Take(&p).Error
	if db.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the last period of member %d: %w", m, err)
	}
	return &p, nil
}

// livePeriods returns the live periods that have not ended before a day, in order.
func livePeriods(tx *db.Tx, m model.MemberID, today model.Day) (list []model.MembershipPeriod, err error) {
	err = tx.Gorm().Where("member_id = ? AND state = ? AND to_day > ?", m, model.PeriodLive, today).Order("from_day").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read the periods of member %d: %w", m, err)
	}
	return list, nil
}

func periodOn(tx *db.Tx, m model.MemberID, d model.Day) (p model.MembershipPeriod, found bool, err error) {
	err = tx.Gorm().Where("member_id = ? AND state = ? AND from_day <= ? AND to_day > ?", m, model.PeriodLive, d, d).Take(&p).Error
	if db.IsNotFound(err) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("read the period of member %d on %s: %w", m, d, err)
	}
	return p, true, nil
}

// holdersOn returns which of the members have a live period on a day.
func holdersOn(tx *db.Tx, list []model.MemberID, d model.Day) (map[model.MemberID]bool, error) {
	var ids []model.MemberID
	err := tx.Gorm().Model(&model.MembershipPeriod{}).
		Where("member_id IN ? AND state = ? AND from_day <= ? AND to_day > ?", list, model.PeriodLive, d, d).Pluck("member_id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("read the periods of %d members on %s: %w", len(list), d, err)
	}
	out := make(map[model.MemberID]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}

func periodByID(tx *db.Tx, id model.MembershipID) (p model.MembershipPeriod, err error) {
	if err := tx.Gorm().Where("id = ?", id).Take(&p).Error; err != nil {
		return p, fmt.Errorf("read period %d: %w", id, err)
	}
	return p, nil
}

func periodByOrder(tx *db.Tx, id model.MembershipOrderID) (p model.MembershipPeriod, err error) {
	if err := tx.Gorm().Where("order_id = ?", id).Take(&p).Error; err != nil {
		return p, fmt.Errorf("read the period of order %d: %w", id, err)
	}
	return p, nil
}

// giftPeriod finds the period that a source gave.
func giftPeriod(tx *db.Tx, source string) (p model.MembershipPeriod, found bool, err error) {
	err = tx.Gorm().Where("gift_source = ?", source).Take(&p).Error
	if db.IsNotFound(err) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("read the period given by %s: %w", source, err)
	}
	return p, true, nil
}

func granted(tx *db.Tx, period model.MembershipID, benefit, cycle int) (bool, error) {
	var n int64
	err := tx.Gorm().Model(&model.MembershipGrant{}).
		Where("period_id = ? AND benefit = ? AND cycle = ?", period, benefit, cycle).Count(&n).Error
	if err != nil {
		return false, fmt.Errorf("look up the grants of period %d: %w", period, err)
	}
	return n > 0, nil
}

func insertGrant(tx *db.Tx, row *model.MembershipGrant) error {
	if err := tx.Gorm().Create(row).Error; err != nil {
		return fmt.Errorf("store a grant of period %d: %w", row.PeriodID, err)
	}
	return nil
}
