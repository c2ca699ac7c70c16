package mall

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/moves"
)

const slotPart = "gift_slots.member_id"

// MergeParts says what becomes of redemptions when two members turn out to be one.
func MergeParts() []moves.Part {
	return []moves.Part{
		moves.Rows("redemptions", "member_id", "兑换记录与取货码归保留的会员"),
		{
			Columns: []string{slotPart},
			Says:    "限兑名额在保留方有空位时占用,没有空位的不再计数;当日与当周的名额各算各的",
			Join:    joinSlots,
			Split:   splitSlots,
		},
		moves.Stays("当日与当周限兑只在当期有效,各算各的", "gift_window_slots.member_id"),
	}
}

// joinSlots lets redemptions of the past count towards the survivor's limits, as far as they have room.
func joinSlots(_ context.Context, tx *db.Tx, m moves.Merge) error {
	list, err := slotsOfMember(tx, m.From)
	if err != nil {
		return fmt.Errorf("read the slots of member %d: %w", m.From, err)
	}
	for _, slot := range list {
		gift, err := giftByID(tx, slot.GiftID)
		if err != nil {
			return fmt.Errorf("read gift %d: %w", slot.GiftID, err)
		}
		life := limit{"", gift.PerMember, "life"}
		taken, err := takenSlots(tx, slot.GiftID, []limit{life}, []model.MemberID{m.To})
		if err != nil {
			return fmt.Errorf("read the slots of member %d: %w", m.To, err)
		}
		n := int64(1)
		for taken[slotOf{m.To, ""}][n] {
			n++
		}
		if n > life.most {
			continue
		}
		row := moves.Row{Key: string(slot.RedemptionID), Was: slot.Ordinal}
		if err := moves.Note(tx, m, slotPart, []moves.Row{row}); err != nil {
			return err
		}
		if err := moveSlot(tx, slot.RedemptionID, m.From, m.To, n); err != nil {
			return fmt.Errorf("move the slot of redemption %s: %w", slot.RedemptionID, err)
		}
	}
	return nil
}

func splitSlots(_ context.Context, tx *db.Tx, m moves.Merge) error {
	list, err := moves.Noted(tx, m, slotPart)
	if err != nil {
		return err
	}
	for _, line := range list {
		ordinal, err := moves.Was[int64](line)
		if err != nil {
			return err
		}
		// A redemption that was cancelled meanwhile has no slot any more.
		if err := moveSlot(tx, model.PublicID(line.RowKey), m.To, m.From, ordinal); err != nil {
			return fmt.Errorf("move the slot of redemption %s back: %w", line.RowKey, err)
		}
	}
	return moves.Back(tx, list)
}
