package coupons

import (
	"encoding/json"
	"fmt"
	"slices"

	"huitou/model"
	"huitou/model/db"
)

// keepConditions stores conditions once, whoever else has the same, and returns their row; the zero ones need none.
func keepConditions(tx *db.Tx, c model.CouponConditions) (model.CouponTermsID, error) {
	c = canonical(c)
	text, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	if none, _ := json.Marshal(canonical(model.CouponConditions{})); string(none) == string(text) {
		return 0, nil
	}
	row := model.StoredConditions{Hash: db.HashInput(c), Conditions: string(text), CreatedAt: tx.Now}
	fresh, err := tx.Insert(&row)
	if err != nil || fresh {
		return row.ID, err
	}
	var known model.StoredConditions
	err = tx.Gorm().Where("hash = ?", row.Hash).Take(&known).Error
	return known.ID, err
}

// canonical puts the lists in order, so that equal conditions are equal texts.
func canonical(c model.CouponConditions) model.CouponConditions {
	for _, list := range []*[]string{&c.Scope.SKUs, &c.Scope.Categories, &c.Scope.ExceptSKUs, &c.Scope.ExceptCategories, &c.Stores} {
		sorted := slices.Sorted(slices.Values(*list))
		*list = slices.Compact(sorted)
	}
	if c.Refund == "" {
		c.Refund = model.RefundReturn
	}
	return c
}

// conditions returns stored conditions by their rows. Rows never change, so that each is read once. Conditions that this very transaction
// stored must not be asked for: if it is rolled back, their id goes to others.
func (s *Service) conditions(tx *db.Tx, ids ...model.CouponTermsID) (map[model.CouponTermsID]*Conditions, error) {
	out := map[model.CouponTermsID]*Conditions{0: plain}
	var missing []model.CouponTermsID
	for _, id := range ids {
		if out[id] != nil {
			continue
		}
		if c, ok := s.terms.Load(id); ok {
			out[id] = c.(*Conditions)
		} else {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	var rows []model.StoredConditions
	if err := tx.Gorm().Where("id IN ?", missing).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the conditions of coupons: %w", err)
	}
	for _, r := range rows {
		var c model.CouponConditions
		if err := json.Unmarshal([]byte(r.Conditions), &c); err != nil {
			return nil, fmt.Errorf("read conditions %d: %w", r.ID, err)
		}
		out[r.ID] = ready(c)
		s.terms.Store(r.ID, out[r.ID])
	}
	for _, id := range missing {
		if out[id] == nil {
			return nil, fmt.Errorf("coupons: there are no conditions %d", id)
		}
	}
	return out, nil
}

// conditionsOf returns the conditions of templates, in their order.
func (s *Service) conditionsOf(tx *db.Tx, rows []model.CouponTemplate) ([]*Conditions, error) {
	ids := make([]model.CouponTermsID, len(rows))
	for i, t := range rows {
		ids[i] = t.TermsID
	}
	byID, err := s.conditions(tx, ids...)
	if err != nil {
		return nil, err
	}
	list := make([]*Conditions, len(rows))
	for i, id := range ids {
		list[i] = byID[id]
	}
	return list, nil
}

func (s *Service) viewTx(tx *db.Tx, t model.CouponTemplate) (Template, error) {
	c, err := s.conditions(tx, t.TermsID)
	if err != nil {
		return Template{}, err
	}
	return templateView(t, c[t.TermsID]), nil
}

// takenDaySlots returns the slots of a day that members have filled.
func takenDaySlots(tx *db.Tx, id model.CouponTemplateID, day model.Day, members []int64) (map[model.MemberID][]int64, error) {
	var rows []model.CouponDaySlot
	err := tx.Gorm().Where("template_id = ? AND member_id IN ? AND day = ?", id, members, day).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look up the slots of %s of %d members: %w", day, len(members), err)
	}
	taken := make(map[model.MemberID][]int64, len(rows))
	for _, r := range rows {
		taken[r.MemberID] = append(taken[r.MemberID], r.Slot)
	}
	return taken, nil
}

// insertDaySlots adds slots of a day, or none when another instance has one of them.
func insertDaySlots(tx *db.Tx, rows []model.CouponDaySlot) (fresh bool, err error) {
	return tx.Insert(&rows)
}

func deleteDaySlots(tx *db.Tx, ids []model.PublicID) error {
	return tx.Gorm().Where("coupon IN ?", ids).Delete(&model.CouponDaySlot{}).Error
}

// todayOf returns how many coupons of templates with a limit per day a member was given today.
func (s *Service) todayOf(tx *db.Tx, m model.MemberID, rows []model.CouponTemplate) (map[model.CouponTemplateID]int64, error) {
	counts := map[model.CouponTemplateID]int64{}
	var ids []model.CouponTemplateID
	for _, t := range rows {
		if t.PerDay > 0 {
			ids = append(ids, t.ID)
		}
	}
	if len(ids) == 0 {
		return counts, nil
	}
	var slots []model.CouponDaySlot
	err := tx.Gorm().Where("template_id IN ? AND member_id = ? AND day = ?", ids, m, model.DayOf(tx.Now, model.Shanghai)).Find(&slots).Error
	if err != nil {
		return nil, fmt.Errorf("count today's coupons of member %d: %w", m, err)
	}
	for _, r := range slots {
		counts[r.TemplateID]++
	}
	return counts, nil
}
