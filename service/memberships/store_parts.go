package memberships

import (
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

func countLive(tx *db.Tx, m model.MemberID) (n int64, err error) {
	err = tx.Gorm().Model(&model.MembershipPeriod{}).Where("member_id = ? AND state = ? AND to_day > ?", m, model.PeriodLive,
		model.DayOf(tx.Now, model.Shanghai)).Count(&n).Error
	return n, err
}

func nextSeq(tx *db.Tx, m model.MemberID) (n int, err error) {
	err = tx.Gorm().Model(&model.MembershipPeriod{}).Where("member_id = ?", m).Select("COALESCE(MAX(seq), 0) + 1").Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count the periods of member %d: %w", m, err)
	}
	return n, nil
}

// placePeriod lays a period of one member among another's.
func placePeriod(tx *db.Tx, id model.MembershipID, from, to model.MemberID, at placed) error {
	res := tx.Gorm().Model(&model.MembershipPeriod{}).Where("id = ? AND member_id = ?", id, from).
		Updates(map[string]any{"member_id": to, "seq": at.Seq, "from_day": at.From, "to_day": at.To, "anchor": at.Anchor})
	if res.Error == nil && res.RowsAffected != 1 {
		res.Error = errMoved
	}
	if res.Error != nil {
		return fmt.Errorf("move period %d: %w", id, res.Error)
	}
	return nil
}

func dropPeriod(tx *db.Tx, id model.MembershipID) error {
	if err := tx.Gorm().Where("id = ? AND gift_source IS NOT NULL", id).Delete(&model.MembershipPeriod{}).Error; err != nil {
		return fmt.Errorf("take back given period %d: %w", id, err)
	}
	return nil
}

func cutGiven(tx *db.Tx, id model.MembershipID, to model.Day, days int) error {
	err := tx.Gorm().Model(&model.MembershipPeriod{}).Where("id = ? AND gift_source IS NOT NULL", id).
		Updates(map[string]any{"to_day": to, "gift_days": days}).Error
	if err != nil {
		return fmt.Errorf("cut given period %d: %w", id, err)
	}
	return nil
}

// periodsOfOrders returns the periods of one member that belong to orders of another one.
func periodsOfOrders(tx *db.Tx, m, owner model.MemberID) (list []model.MembershipPeriod, err error) {
	err = tx.Gorm().Where("member_id = ? AND order_id IN (SELECT id FROM membership_orders WHERE member_id = ?)", m, owner).Order("id").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read the periods of orders of member %d: %w", owner, err)
	}
	return list, nil
}
