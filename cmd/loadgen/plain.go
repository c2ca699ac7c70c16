package main

import (
	"context"
	"net/http"
	"time"

	"gorm.io/gorm/clause"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
	"huitou/service/coupons"
)

// plainPrefix is where the yardstick stands, beside the product's own routes and behind the same middleware and session check.
const plainPrefix = "/reference/v1"

type plainRequest struct {
	web.Idempotent
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type plainReply struct{ Body plainView }

type plainView struct {
	ID           model.PublicID    `json:"id"`
	Code         string            `json:"code"`
	Template     model.PublicID    `json:"template"`
	Name         string            `json:"name"`
	Kind         model.CouponKind  `json:"kind"`
	AmountFen    model.Fen         `json:"amount_fen"`
	PercentOffBP model.BasisPoints `json:"percent_off_bp"`
	CapFen       model.Fen         `json:"cap_fen"`
	ThresholdFen model.Fen         `json:"threshold_fen"`
	UsableFrom   time.Time         `json:"usable_from"`
	UsableUntil  time.Time         `json:"usable_until"`
	State        model.CouponState `json:"state"`
	IssuedAt     time.Time         `json:"issued_at"`
}

// plainRoute declares the yardstick: the way in which one would write a claim at first.
func plainRoute(r *web.Routes, d *db.DB) {
	web.Post(r.Under(plainPrefix), "/coupon-templates/{id}/claims", web.Shopper, web.Doc{
		ID: "claim-coupon-plainly", Summary: "claim as one transaction", Tag: "reference", Status: http.StatusCreated,
	}, func(ctx context.Context, in *plainRequest) (*plainReply, error) {
		c, t, err := plainClaim(ctx, d, web.Member(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &plainReply{Body: plainView{
			ID: c.PublicID, Code: c.Code, Template: t.PublicID, Name: t.Name, Kind: c.Kind, AmountFen: c.AmountFen,
			PercentOffBP: c.PercentOffBP, CapFen: c.CapFen, ThresholdFen: c.ThresholdFen,
			UsableFrom: c.UsableFrom, UsableUntil: c.UsableUntil, State: c.State, IssuedAt: c.IssuedAt,
		}}, nil
	})
}

// plainClaim is one transaction: lock the template, count what the member has, add the coupon, move the counter.
func plainClaim(ctx context.Context, d *db.DB, m model.MemberID, id model.PublicID) (c model.Coupon, t model.CouponTemplate, err error) {
	err = d.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		t = model.CouponTemplate{}
		err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("public_id = ?", id).Take(&t).Error
		if db.IsNotFound(err) {
			return coupons.ErrTemplateUnknown
		}
		if err != nil {
			return err
		}
		var n int64
		if err := tx.Gorm().Model(&model.Coupon{}).Where("template_id = ? AND member_id = ?", t.ID, m).Count(&n).Error; err != nil {
			return err
		}
		if n >= t.PerMember {
			return coupons.ErrLimitReached
		}
		if t.Claimed >= t.Total {
			return coupons.ErrSoldOut
		}
		slot := n + 1
		c = model.Coupon{
			PublicID: model.PublicID(random.ID()), Code: random.Digits(16), TemplateID: t.ID, MemberID: m, Slot: &slot, Channel: model.ChannelClaim,
			CouponTerms: t.CouponTerms, UsableFrom: tx.Now, UsableUntil: tx.Now.AddDate(0, 0, int(t.UseDays)), State: model.CouponIssued, IssuedAt: tx.Now,
		}
		if err := tx.Gorm().Create(&c).Error; err != nil {
			return err
		}
		return tx.Gorm().Model(&model.CouponTemplate{}).Where("id = ?", t.ID).Update("claimed", t.Claimed+1).Error
	})
	return c, t, err
}
