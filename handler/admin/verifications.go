package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/members"
	"huitou/service/staff"
)

// Verifications declares how staff take coupons at the counter.
func Verifications(r *web.Routes, s *coupons.Service, m *members.Service) {
	web.Get(r, "/verifications/{code}", web.Staff(staff.CouponsVerify), web.Doc{
		ID: "show-coupon-at-counter", Summary: "核销前查看优惠券:面额、条件、有效期、会员,以及不可用的原因", Tag: "优惠券",
		Errors: []*fault.Fault{coupons.ErrUnknown, coupons.ErrVerifyGuessing},
	}, func(ctx context.Context, in *showAtCounterRequest) (*shownReply, error) {
		v, err := s.Show(ctx, coupons.At{Staff: web.Actor(ctx).ID, Code: in.Code, Store: in.Store, Amount: in.Amount})
		if err != nil {
			return nil, err
		}
		holder, err := m.Member(ctx, v.Member)
		if err != nil {
			return nil, err
		}
		return &shownReply{Body: shownViewOf(v, holder)}, nil
	})

	web.Post(r, "/verifications", web.Staff(staff.CouponsVerify), web.Doc{
		ID: "verify-coupon", Summary: "门店核销优惠券", Tag: "优惠券", Status: http.StatusCreated,
		Errors: []*fault.Fault{coupons.ErrUnknown, coupons.ErrVerifyGuessing, coupons.ErrRedeemed, coupons.ErrLocked, coupons.ErrInTransfer,
			coupons.ErrTransferred, coupons.ErrVoid, coupons.ErrNotYetUsable, coupons.ErrExpired, coupons.ErrWrongStore, coupons.ErrBelowThreshold,
			coupons.ErrAmountNeeded, coupons.ErrNotAtCounter, coupons.ErrNoSaving, coupons.ErrBudgetSpent, db.ErrKeyReused},
	}, func(ctx context.Context, in *verifyRequest) (*verificationReply, error) {
		b := in.Body
		return verificationOf(ctx)(s.Verify(ctx, coupons.Verify{
			At:          coupons.At{Staff: web.Actor(ctx).ID, Code: b.Code, Store: b.Store, Amount: b.Amount},
			OrderNumber: b.OrderNumber, Key: in.Key(ctx),
		}))
	})

	web.Post(r, "/verifications/{id}/undo", web.Staff(staff.CouponsVerify), web.Doc{
		ID: "undo-verification", Summary: "十分钟内撤销核销", Tag: "优惠券",
		Errors: []*fault.Fault{coupons.ErrVerificationUnknown, coupons.ErrVerificationUndone, coupons.ErrUndoTooLate, db.ErrKeyReused},
	}, func(ctx context.Context, in *undoVerificationRequest) (*verificationReply, error) {
		return verificationOf(ctx)(s.Undo(ctx, coupons.Undo{Staff: web.Actor(ctx).ID, Verification: in.ID, Reason: in.Body.Reason, Key: in.Key(ctx)}))
	})
}

type showAtCounterRequest struct {
	Code   string    `path:"code" minLength:"16" maxLength:"16" pattern:"^[0-9]{16}$" doc:"券码,十六位数字"`
	Store  string    `query:"store" maxLength:"64" pattern:"^[!-~]*$" doc:"门店编号"`
	Amount model.Fen `query:"amount_fen" minimum:"0" maximum:"1000000000" doc:"适用商品的金额;兑换券为所兑商品的价格;0 表示未填"`
}

type verifyRequest struct {
	web.Idempotent
	Body struct {
		Code        string    `json:"code" minLength:"16" maxLength:"16" pattern:"^[0-9]{16}$" doc:"券码,十六位数字"`
		Store       string    `json:"store" maxLength:"64" pattern:"^[!-~]*$" doc:"门店编号;没有门店时为空" example:"hangzhou-01"`
		Amount      model.Fen `json:"amount_fen,omitempty" minimum:"0" maximum:"1000000000" doc:"适用商品的金额;兑换券为所兑商品的价格;仅无门槛的满减券可不填"`
		OrderNumber string    `json:"order_number,omitempty" maxLength:"64" pattern:"^[!-~]*$" doc:"收银小票号"`
	}
}

type undoVerificationRequest struct {
	web.Idempotent
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"撤销原因" example:"顾客改用其他优惠"`
	}
}

type shownReply struct{ Body shownView }

type shownView struct {
	Coupon      counterCoupon `json:"coupon"`
	Member      holderView    `json:"member"`
	RulesText   string        `json:"rules_text"`
	Stores      []string      `json:"stores" doc:"可用门店;为空表示全部"`
	Usable      bool          `json:"usable"`
	DiscountFen model.Fen     `json:"discount_fen" doc:"核销时减免的金额;不可用时为 0"`
	Reason      string        `json:"reason" doc:"code of why it is not usable, as the refusal of a verification has it; empty when it is"`
	ReasonText  string        `json:"reason_text"`
	MissingFen  model.Fen     `json:"missing_fen" doc:"what the amount lacks to the threshold; 0 otherwise"`
	RedeemedAt  *time.Time    `json:"redeemed_at,omitempty" doc:"when it was used"`
}

type holderView struct {
	Number string `json:"number"`
	Phone  string `json:"phone" doc:"masked, 138****0000; empty when not known"`
}

type counterCoupon struct {
	ID           model.PublicID    `json:"id"`
	Name         string            `json:"name"`
	Kind         model.CouponKind  `json:"kind" enum:"amount,percent,exchange,freight"`
	AmountFen    model.Fen         `json:"amount_fen"`
	PercentOffBP model.BasisPoints `json:"percent_off_bp"`
	CapFen       model.Fen         `json:"cap_fen"`
	ThresholdFen model.Fen         `json:"threshold_fen"`
	UsableFrom   time.Time         `json:"usable_from"`
	UsableUntil  time.Time         `json:"usable_until" doc:"first instant at which it cannot be used"`
	State        model.CouponState `json:"state" enum:"issued,locked,redeemed,expired,in_transfer,transferred,void"`
}

func counterCouponOf(c coupons.Coupon) counterCoupon {
	return counterCoupon{c.ID, c.Name, c.Kind, c.AmountFen, c.PercentOffBP, c.CapFen, c.ThresholdFen, c.UsableFrom, c.UsableUntil, c.State}
}

func shownViewOf(v coupons.Shown, m members.View) shownView {
	out := shownView{Coupon: counterCouponOf(v.Coupon), Member: holderView{m.Number, m.Phone}, RulesText: v.RulesText,
		Stores: append([]string{}, v.Stores...), Usable: v.Refusal == nil, DiscountFen: v.Discount, RedeemedAt: v.RedeemedAt}
	if f := fault.Of(v.Refusal); f != nil {
		out.Reason, out.ReasonText = f.Code, f.Chinese
		missing, _ := f.Detail["missing_fen"].(int64)
		out.MissingFen = model.Fen(missing)
	}
	return out
}

type verificationReply struct{ Body verificationView }

type verificationView struct {
	ID          model.PublicID `json:"id"`
	Coupon      counterCoupon  `json:"coupon"`
	Store       string         `json:"store"`
	Staff       model.StaffID  `json:"staff_id"`
	AmountFen   model.Fen      `json:"amount_fen"`
	DiscountFen model.Fen      `json:"discount_fen"`
	OrderNumber string         `json:"order_number"`
	At          time.Time      `json:"at"`
	UndoUntil   time.Time      `json:"undo_until" doc:"first instant at which it cannot be undone"`
	UndoneAt    *time.Time     `json:"undone_at,omitempty"`
	UndoReason  string         `json:"undo_reason,omitempty"`
}

// verificationOf turns what a command returned into the answer.
func verificationOf(ctx context.Context) func(coupons.Verification, error) (*verificationReply, error) {
	return func(v coupons.Verification, err error) (*verificationReply, error) {
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, v.Replayed)
		return &verificationReply{Body: verificationView{v.ID, counterCouponOf(v.Coupon), v.Store, v.Staff, v.Amount, v.Discount, v.OrderNumber,
			v.At, v.UndoUntil, v.UndoneAt, v.UndoReason}}, nil
	}
}
