package coupons

import (
	"huitou/model"
	"huitou/model/db"
)

func insertLink(tx *db.Tx, row *model.CouponLink) error { return tx.Gorm().Create(row).Error }

func linkByToken(tx *db.Tx, token model.PublicID) (l model.CouponLink, t model.CouponTemplate, err error) {
	if err = tx.Gorm().Where("token = ?", token).Take(&l).Error; err == nil {
		err = tx.Gorm().Where("id = ?", l.TemplateID).Take(&t).Error
	}
	return l, t, err
}

func linksOf(tx *db.Tx, t model.CouponTemplateID, limit int) (rows []model.CouponLink, err error) {
	err = tx.Gorm().Where("template_id = ?", t).Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

func closeLink(tx *db.Tx, id model.CouponLinkID) (bool, error) {
	res := tx.Gorm().Model(&model.CouponLink{}).Where("id = ? AND closed_at IS NULL", id).Update("closed_at", tx.Now)
	return res.RowsAffected == 1, res.Error
}
