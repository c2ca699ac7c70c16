package aftersale

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/messages"
)

// firstTemplate is our name of the first visit's template.
const firstTemplate = "visit1"

// planFirst plans the first visit of an order, once, and puts its message into the outbox.
func (s *Service) planFirst(ctx context.Context, tx *db.Tx, code model.ParcelCode) error {
	order, err := s.Orders.OrderTx(ctx, tx, code.OrderID)
	if err != nil {
		return fmt.Errorf("look up order %d: %w", code.OrderID, err)
	}
	visit := model.Visit{
		OrderID: order.ID, MemberID: code.MemberID, Ordinal: 1, State: model.VisitQueued,
		MessageKey: visitKey(order.ID, 1), DueAt: tx.Now, CreatedAt: tx.Now,
	}
	if reason := skipReason(order); reason != "" {
		visit.State, visit.Reason, visit.MessageKey = model.VisitSkipped, reason, ""
	}
	fresh, err := tx.Insert(&visit)
	if err != nil {
		return fmt.Errorf("plan the first visit of order %d: %w", order.ID, err)
	}
	if !fresh || visit.State == model.VisitSkipped {
		return nil
	}
	_, err = s.Messages.EnqueueTx(ctx, tx, messages.Message{
		Key: visit.MessageKey, Member: code.MemberID, Template: firstTemplate, Data: visitTexts(order, s.Texts.Advice),
	})
	return err
}
