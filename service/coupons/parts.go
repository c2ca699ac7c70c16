package coupons

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/moves"
)

const couponPart = "coupons.member_id"

// MergeParts says what becomes of coupons when two members turn out to be one.
func MergeParts() []moves.Part {
	return []moves.Part{
		{
			Columns: []string{couponPart}, Late: true,
			Says:  "优惠券归保留的会员;限领名额按两人合计占用,超出的券照常可用但不占名额;拆分时退回,期间被保留方用掉的留下",
			Join:  joinCoupons,
			Split: splitCoupons,
			Count: func(tx *db.Tx, member model.MemberID) (int64, error) {
				return countCoupons(tx, []model.MemberID{member})
			},

			Behind: countCoupons,
		},
		moves.Rows("coupon_codes", "member_id", "用过的兑换码跟随其优惠券"),
		moves.Rows("coupon_packs", "member_id", "分享礼包归保留的会员"),
		moves.RowsUnless("coupon_pack_claims", "member_id", "pack_id", "领过的分享礼包;两人都领过的各留各的"),
		moves.Rows("coupon_gifts", "from_member", "转赠记录跟随其优惠券"),
		moves.Rows("coupon_gifts", "to_member", "受赠记录跟随其优惠券"),
		moves.Stays("当日限领只在当日有效,各算各的", "coupon_day_slots.member_id"),
		moves.Stays("兑换码试错的限制各算各的,一小时后失效", "coupon_code_tries.member_id"),
		moves.Stays("批量发券的名单与未发记录是当时的事实;名单中已并入的会员按不存在处理", "coupon_run_targets.member_id", "coupon_run_refusals.member_id"),
	}
}

// movedCoupon is what a coupon was when it moved.
type movedCoupon struct {
	Slot  *int64            `json:"slot,omitempty"`
	State model.CouponState `json:"state"`
	Order *string           `json:"order,omitempty"`
}

// joinCoupons moves coupons. A slot is the limit per member: the coupon keeps one where the survivor has one free.
func joinCoupons(_ context.Context, tx *db.Tx, m moves.Merge) error {
	list, err := lockCouponsOf(tx, m.From)
	if err != nil {
		return fmt.Errorf("read the coupons of member %d: %w", m.From, err)
	}
	noted := make([]moves.Row, len(list))
	for i, c := range list {
		noted[i] = moves.Row{Key: fmt.Sprint(c.ID), Was: movedCoupon{c.Slot, c.State, c.OrderRef}}
	}
	if err := moves.Note(tx, m, couponPart, noted); err != nil {
		return err
	}
	taken := map[model.CouponTemplateID][]int64{}
	for _, c := range list {
		var slot *int64
		if c.Slot != nil {
			if slot, err = nextSlot(tx, taken, c.TemplateID, m.To); err != nil {
				return err
			}
		}
		if err := readdress(tx, c.ID, m.From, m.To, slot); err != nil {
			return fmt.Errorf("move coupon %d: %w", c.ID, err)
		}
	}
	return nil
}

// nextSlot takes a free slot of a template, nil when the survivor has none left.
func nextSlot(tx *db.Tx, taken map[model.CouponTemplateID][]int64, id model.CouponTemplateID, to model.MemberID) (*int64, error) {
	limit, err := limitOf(tx, id)
	if err != nil {
		return nil, fmt.Errorf("read the limit of template %d: %w", id, err)
	}
	if _, known := taken[id]; !known {
		slots, err := takenSlots(tx, id, []int64{int64(to)})
		if err != nil {
			return nil, err
		}
		taken[id] = slots[to]
	}
	n, ok := freeSlot(taken[id], limit)
	if !ok {
		return nil, nil
	}
	taken[id] = append(taken[id], n)
	return &n, nil
}

// splitCoupons moves coupons back with the slots that they had. What the survivor used in between stays with his order.
func splitCoupons(_ context.Context, tx *db.Tx, m moves.Merge) error {
	list, err := moves.Noted(tx, m, couponPart)
	if err != nil {
		return err
	}
	back := list[:0]
	for _, line := range list {
		was, err := moves.Was[movedCoupon](line)
		if err != nil {
			return err
		}
		ids, err := moves.IDs([]model.MergeMove{line})
		if err != nil {
			return err
		}
		c, ok, err := couponOf(tx, model.CouponID(ids[0]), m.To)
		if err != nil {
			return fmt.Errorf("read coupon %d: %w", ids[0], err)
		}
		if !ok || usedSince(c, was) {
			continue
		}
		if err := readdress(tx, c.ID, m.To, m.From, was.Slot); err != nil {
			return fmt.Errorf("move coupon %d back: %w", c.ID, err)
		}
		if err := giftsFollow(tx, c.ID, m.To, m.From); err != nil {
			return fmt.Errorf("move the gifts of coupon %d back: %w", c.ID, err)
		}
		back = append(back, line)
	}
	return moves.Back(tx, back)
}

// usedSince reports whether a coupon is set aside or used up for an order that it was not for when it moved.
func usedSince(c model.Coupon, was movedCoupon) bool {
	return c.OrderRef != nil && (was.Order == nil || *was.Order != *c.OrderRef)
}
