package payments

import (
	"context"
	"fmt"
	"regexp"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/jobs"
)

// Open asks for an order at WeChat Pay. (Purpose, Ref) has one order for ever: a second Open with the same member and amount
// returns it, with others it is refused with ErrReused. Nothing is sent to WeChat yet.
type Open struct {
	Member model.MemberID
	// Purpose is the kind of thing paid for, "membership"; Ref says which one.
	Purpose, Ref string
	Amount       model.Fen // 1 fen .. the cap, else ErrAmount
	Description  string    // what the payer reads, 1 .. 127 characters
	// Channel is how it is paid, empty for JSAPI; ErrChannelOff when it is not offered here. Product is the item of WeChat's console that is
	// bought, for virtual payment; its price there must be Amount.
	Channel model.PayChannel `json:",omitempty"`
	Product string           `json:",omitempty"`
	Key     db.Key           `json:"-"`
}

var (
	purposeForm = regexp.MustCompile(`^[a-z_]{1,32}$`)
	productForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	refForm     = regexp.MustCompile(`^[0-9A-Za-z_:.-]{1,64}$`)
)

// Open opens an order in a transaction of its own.
func (s *Service) Open(ctx context.Context, in Open) (o model.PayOrder, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err = s.OpenTx(ctx, tx, in)
		return err
	})
	return o, err
}

// OpenTx opens an order in the transaction of the sale.
func (s *Service) OpenTx(ctx context.Context, tx *db.Tx, in Open) (model.PayOrder, error) {
	if err := s.check(in); err != nil {
		return model.PayOrder{}, err
	}
	if in.Channel == model.ChannelJSAPI {
		in.Channel = "" // the same request
	}
	id, _, err := db.Once(ctx, tx, in.Key, in, func() (model.PayOrderID, error) { return s.open(ctx, tx, in) })
	if err != nil {
		return model.PayOrder{}, err
	}
	return orderByID(tx, id)
}

func (s *Service) check(in Open) error {
	var fields []fault.Field
	if !purposeForm.MatchString(in.Purpose) {
		fields = append(fields, fault.Field{Name: "purpose", Reason: "must be 1 to 32 lower-case letters"})
	}
	if !refForm.MatchString(in.Ref) {
		fields = append(fields, fault.Field{Name: "ref", Reason: "must be 1 to 64 letters or digits"})
	}
	if n := utf8.RuneCountInString(in.Description); n < 1 || n > 127 || !utf8.ValidString(in.Description) {
		fields = append(fields, fault.Field{Name: "description", Reason: "must have 1 to 127 characters"})
	}
	if (in.Channel == model.ChannelVirtual) != productForm.MatchString(in.Product) {
		fields = append(fields, fault.Field{Name: "product", Reason: "must be an item of WeChat's console, for virtual payment only"})
	}
	if err := fault.InvalidFields(fields); err != nil {
		return err
	}
	if in.Channel != "" && !s.Offers(in.Channel) {
		return ErrChannelOff
	}
	if in.Amount < 1 || in.Amount > s.cap {
		return ErrAmount.With("max_fen", int64(s.cap))
	}
	return nil
}

func (s *Service) open(ctx context.Context, tx *db.Tx, in Open) (model.PayOrderID, error) {
	row := model.PayOrder{
		OutTradeNo: "HT" + random.Upper(26), // 130 bits: no clash, and nobody guesses another's number
		MemberID:   in.Member, Purpose: in.Purpose, Ref: in.Ref, AmountFen: in.Amount, Description: in.Description,
		Channel: model.ChannelJSAPI, Product: in.Product, AppID: s.appID, MchID: s.mchID, State: model.PayCreated, ExpiresAt: tx.Now.Add(s.payWithin), CreatedAt: tx.Now,
	}
	if in.Channel == model.ChannelVirtual {
		row.Channel, row.MchID = model.ChannelVirtual, s.offerID
	}
	isNew, err := tx.Insert(&row)
	if err != nil {
		return 0, fmt.Errorf("store the payment of %s %s: %w", in.Purpose, in.Ref, err)
	}
	if !isNew {
		old, err := orderByRef(tx, in.Purpose, in.Ref)
		if err != nil {
			return 0, err
		}
		if old.MemberID != in.Member || old.AmountFen != in.Amount || old.Channel != row.Channel || old.Product != row.Product {
			return 0, ErrReused
		}
		return old.ID, nil
	}
	job := jobs.Job{Kind: jobExpire, Args: orderArgs{row.ID}, Key: payKey(row.ID) + ":expire", RunAt: row.ExpiresAt}
	if _, err := s.queue.Insert(ctx, tx, job); err != nil {
		return 0, err
	}
	return row.ID, nil
}

// Order returns an order, or ErrUnknown.
func (s *Service) Order(ctx context.Context, id model.PayOrderID) (o model.PayOrder, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		o, err = orderByID(tx, id)
		return err
	})
	return o, err
}

func (s *Service) orderOf(ctx context.Context, number string) (o model.PayOrder, found bool, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		o, found, err = orderByNumber(tx, number, false)
		return err
	})
	return o, found, err
}

// OrderTx returns an order as this transaction sees it, or ErrUnknown.
func (s *Service) OrderTx(_ context.Context, tx *db.Tx, id model.PayOrderID) (model.PayOrder, error) {
	return orderByID(tx, id)
}
