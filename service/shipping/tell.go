package shipping

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/wechat"
)

const jobTell = "shipping.tell"

type tellArgs struct {
	PayOrder model.PayOrderID `json:"pay_order"`
}

// tell brings one order to the point where WeChat knows of its delivery, or does not want to.
func (s *Service) tell(ctx context.Context, in tellArgs) error {
	row, o, parcel, err := s.look(ctx, in.PayOrder)
	if err != nil || row.State != model.ShippingQueued && row.State != model.ShippingSending {
		return err
	}
	if s.db.Now().Sub(*row.ReadyAt) > patience {
		return s.stick(ctx, row, 0, "not done within two days: "+row.Problem)
	}
	managed, err := s.isManaged(ctx)
	if err != nil {
		return s.putOff(ctx, row, row.State, err)
	}
	if !managed {
		return s.end(ctx, row, model.ShippingUnneeded, "WeChat does not manage the trade of this mini-program")
	}
	if row.SentAt != nil { // a call left before, and WeChat may have taken it
		if row.State == model.ShippingSending && row.Problem == "" && s.db.Now().Sub(*row.SentAt) < callLife {
			return jobs.Snooze(callLife) // another process may be in the midst of it
		}
		if done, err := s.lookUp(ctx, row); done || err != nil {
			return err
		}
	}
	call := wechat.Shipping{
		TransactionID: row.TransactionID, MchID: o.MchID, OutTradeNo: o.OutTradeNo, Mode: wechat.ShippingMode(row.Mode), ItemDesc: row.ItemDesc, PayerOpenID: o.PayerOpenID,
	}
	if call.Mode == wechat.ShippedByExpress {
		id, found, err := s.carrier(ctx, row.Carrier)
		if err != nil {
			return s.putOff(ctx, row, model.ShippingQueued, err)
		}
		if !found {
			return s.stick(ctx, row, 0, "WeChat knows no carrier "+row.Carrier)
		}
		call.ExpressCompany, call.TrackingNo, call.Contact = id, row.Tracking, parcel.Contact
	}
	if row, err = s.leave(ctx, row); err != nil {
		return err
	}
	return s.answered(ctx, row, s.centre.UploadShipping(ctx, call))
}

// look asks the seller how far the order is and stores what is to be told. The row that comes back is queued or sending when there is
// something to tell now.
func (s *Service) look(ctx context.Context, id model.PayOrderID) (row model.Shipping, o model.PayOrder, parcel Parcel, err error) {
	wait := false
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		wait = false
		if row, err = lockRow(tx, id); err != nil {
			return err
		}
		if row.State != model.ShippingWaiting && row.State != model.ShippingQueued && row.State != model.ShippingSending {
			return nil
		}
		if o, err = s.payments.OrderTx(ctx, tx, id); err != nil {
			return err
		}
		if o.State == model.PayRefundDue || o.RefundedFen == o.AmountFen {
			row.State, row.Problem = model.ShippingUnneeded, "the money went back"
			return saveRow(tx, row)
		}
		seller, known := s.sellers[o.Purpose]
		if !known {
			row.State, row.Problem, row.AlarmedAt = model.ShippingStuck, "nobody says how "+o.Purpose+" is delivered", &tx.Now
			s.soundAfter(ctx, tx, row)
			return saveRow(tx, row)
		}
		if parcel, err = seller(ctx, tx, o); err != nil {
			return fmt.Errorf("ask the seller about payment %d: %w", id, err)
		}
		switch {
		case parcel.Off != "":
			row.State, row.Problem = model.ShippingUnneeded, clip(parcel.Off)
		case !parcel.Ready:
			if wait = true; tx.Now.Sub(row.PaidAt) > patience && row.AlarmedAt == nil {
				row.AlarmedAt, row.Problem = &tx.Now, "the goods have not left the shop"
				s.soundAfter(ctx, tx, row)
			}
		case row.State == model.ShippingWaiting:
			row.State, row.ReadyAt, row.Problem = model.ShippingQueued, &tx.Now, ""
			fallthrough
		case row.State == model.ShippingQueued: // the seller may have corrected a number meanwhile
			row.Mode, row.ItemDesc, row.Carrier, row.Tracking = int(parcel.Mode), describe(parcel.ItemDesc), clip(parcel.Carrier), clip(parcel.Tracking)
		}
		return saveRow(tx, row)
	})
	if err == nil && wait {
		err = jobs.Snooze(goodsEvery)
	}
	return row, o, parcel, err
}

// leave stores that a call is about to leave.
func (s *Service) leave(ctx context.Context, row model.Shipping) (model.Shipping, error) {
	err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		left, err := markSending(tx, row)
		if err != nil {
			return err
		}
		if !left { // another process was quicker
			return jobs.Snooze(callLife)
		}
		row.State, row.SentAt, row.Problem, row.Code = model.ShippingSending, &tx.Now, "", 0
		row.Tries++
		return nil
	})
	return row, err
}

// answered decides what the answer to an upload means. A refusal proves that nothing was stored by that call; silence proves nothing.
func (s *Service) answered(ctx context.Context, row model.Shipping, err error) error {
	var refused *wechat.Error
	switch {
	case err == nil:
		return s.end(ctx, row, model.ShippingShipped, "")
	case !errors.As(err, &refused):
		return s.putOff(ctx, row, model.ShippingSending, err)
	case refused.Code == codeNotNow:
		if done, err := s.lookUp(ctx, row); done || err != nil {
			return err
		}
		return s.putOff(ctx, row, model.ShippingQueued, err)
	case again(refused.Class()):
		return s.putOff(ctx, row, model.ShippingQueued, err)
	}
	return s.stick(ctx, row, int64(refused.Code), refused.Message)
}

// lookUp asks what WeChat knows of the order. done means that nothing is left to do.
func (s *Service) lookUp(ctx context.Context, row model.Shipping) (done bool, err error) {
	at, err := s.centre.ShippingOrder(ctx, row.TransactionID, "", "")
	if err != nil {
		return false, s.putOff(ctx, row, row.State, err)
	}
	switch to := verdict(at.State); to {
	case model.ShippingShipped:
		return true, s.end(ctx, row, to, "")
	case model.ShippingUnneeded:
		return true, s.end(ctx, row, to, "the money went back")
	}
	return false, nil
}

// putOff keeps the reason of a try that came to nothing and tries again later.
func (s *Service) putOff(ctx context.Context, row model.Shipping, state model.ShippingState, why error) error {
	row.State, row.Code, row.Problem = state, 0, clip(why.Error())
	var refused *wechat.Error
	if errors.As(why, &refused) {
		row.Code, row.Problem = int64(refused.Code), clip(refused.Message)
	}
	if row.Problem == "" {
		row.Problem = "refused"
	}
	s.log.WarnContext(ctx, "tell WeChat about a delivery", "pay_order", row.PayOrderID, "try", row.Tries, "code", row.Code, "err", why)
	if err := s.save(ctx, row); err != nil {
		return err
	}
	return jobs.Snooze(pause(s.db.Now().Sub(*row.ReadyAt)))
}

// stick gives up until somebody has looked at it.
func (s *Service) stick(ctx context.Context, row model.Shipping, code int64, why string) error {
	row.State, row.Code, row.Problem = model.ShippingStuck, code, clip(why)
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row.AlarmedAt = &tx.Now
		s.soundAfter(ctx, tx, row)
		return saveRow(tx, row)
	})
}

func (s *Service) end(ctx context.Context, row model.Shipping, state model.ShippingState, why string) error {
	row.State, row.Problem, row.Code = state, clip(why), 0
	return s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		if state == model.ShippingShipped {
			row.ShippedAt = &tx.Now
		}
		return saveRow(tx, row)
	})
}

func (s *Service) save(ctx context.Context, row model.Shipping) error {
	return s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error { return saveRow(tx, row) })
}

// soundAfter tells the people on duty, once the transaction stands: the error level is what alarms are made from.
func (s *Service) soundAfter(ctx context.Context, tx *db.Tx, row model.Shipping) {
	tx.OnCommit(func() {
		s.log.ErrorContext(ctx, "WeChat does not know of a delivery", "shipping", row.ID, "pay_order", row.PayOrderID, "state", row.State,
			"code", row.Code, "problem", row.Problem)
	})
}

// isManaged asks WeChat whether it wants to be told, and believes the answer for a while.
func (s *Service) isManaged(ctx context.Context) (bool, error) {
	now := s.db.Now()
	s.mu.Lock()
	known, managed := !s.managedT.IsZero() && now.Before(s.managedT.Add(managedLife)), s.managed
	s.mu.Unlock()
	if known {
		return managed, nil
	}
	managed, err := s.centre.TradeManaged(ctx)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	s.managed, s.managedT = managed, now
	s.mu.Unlock()
	return managed, nil
}

// carrier finds WeChat's id of a carrier.
func (s *Service) carrier(ctx context.Context, words string) (id string, found bool, err error) {
	now := s.db.Now()
	s.mu.Lock()
	list := s.carriers
	if s.carrierT.IsZero() || !now.Before(s.carrierT.Add(carriersLife)) {
		list = nil
	}
	s.mu.Unlock()
	if list == nil {
		if list, err = s.centre.Carriers(ctx); err != nil {
			return "", false, err
		}
		s.mu.Lock()
		s.carriers, s.carrierT = list, now
		s.mu.Unlock()
	}
	id, found = carrierID(list, words)
	return id, found, nil
}
