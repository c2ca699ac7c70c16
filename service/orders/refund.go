package orders

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/points"
)

// Refund is money of an order that the shop gave back, as its system tells it. An order may be refunded in parts.
type Refund struct {
	// Source is the shop's system; Order is the order's number there, Number that of the refund, unique within the source.
	Source, Order, Number string
	At                    time.Time
	Amount                model.Fen // 1 or more; together at most what was paid
	// Freight is the part of Amount that had paid for freight. What exceeds the money paid for goods is freight anyhow.
	Freight model.Fen
	// Lines say what came back; none where the shop does not tell. They add up to Amount - Freight.
	Lines []RefundLine
}

// RefundLine is what was given back of one line of the order.
type RefundLine struct {
	Line     int64 // of the order, from 1
	Quantity int64 // pieces that came back; 0 where only money was given back
	Amount   model.Fen
}

// Returned is what became of a refund.
type Returned struct {
	Refund model.OrderRefundID
	Order  model.OrderID
	Member model.MemberID
	Fresh  bool // false: the refund was known, and this is how the order stands now
	State  model.OrderState
	// RefundedFen is of the order's refunds together.
	RefundedFen model.Fen
	// Points are what the order had earned with the money that this refund gave back. The shop's policy says what happens when the
	// member has spent them.
	Points model.Points
}

// Refunded is the fact that the shop gave money back.
type Refunded struct {
	Refund       model.OrderRefundID `json:"refund"`
	Order        model.OrderID       `json:"order"`
	Kind         model.OrderKind     `json:"kind"`
	Member       model.MemberID      `json:"member"`
	Source       string              `json:"source"`
	Number       string              `json:"number"` // of the order
	RefundNumber string              `json:"refund_number"`
	Amount       model.Fen           `json:"amount_fen"`
	Goods        model.Fen           `json:"goods_fen"` // the part of Amount that had paid for goods
	Whole        bool                `json:"whole"`     // nothing is left of what was paid
	RefundedAt   time.Time           `json:"refunded_at"`
}

// FactName is the kind of the fact.
func (Refunded) FactName() string { return "orders.refunded" }

// FactKey is unique for ever.
func (r Refunded) FactKey() string { return refundRef(r.Order, r.Refund) }

// refundRef names a refund to other capabilities; the points that it takes back are its, not the order's, since an order may be
// refunded in parts.
func refundRef(o model.OrderID, r model.OrderRefundID) string {
	return ref(o) + ":refund:" + strconv.FormatInt(int64(r), 10)
}

// Refund takes a refund in and settles it: the order's state, the points that it earned, the member's figures. A refund that is
// known has no effect. It returns fault.ErrInvalid, ErrUnknown, ErrRefundConflict or ErrRefundTooLarge.
func (s *Service) Refund(ctx context.Context, in Refund) (r Returned, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err = s.RefundTx(ctx, tx, in)
		return err
	})
	return r, err
}

// RefundTx is Refund in a given transaction.
func (s *Service) RefundTx(ctx context.Context, tx *db.Tx, in Refund) (Returned, error) {
	in.At = in.At.UTC().Truncate(time.Microsecond)
	if err := fault.InvalidFields(in.faults(tx.Now)); err != nil {
		return Returned{}, err
	}
	o, err := s.lockOrder(ctx, tx, in.Source, in.Order)
	if err != nil {
		return Returned{}, err
	}
	known, found, err := refundByNumber(tx, in.Source, in.Number)
	if err != nil {
		return Returned{}, fmt.Errorf("look up refund %s of %s: %w", in.Number, in.Source, err)
	}
	if found {
		if known.OrderID != o.ID || known.ContentHash != in.hash() {
			return Returned{}, ErrRefundConflict
		}
		return returned(o, known, false), nil
	}
	row, err := in.judge(tx, o)
	if err != nil {
		return Returned{}, err
	}
	if fresh, err := insertRefund(tx, &row, in.Lines); err != nil || !fresh {
		if err == nil { // another order's refund took the number at this moment
			err = ErrRefundConflict
		}
		return Returned{}, err
	}
	if err := s.unsettle(ctx, tx, &o, row); err != nil {
		return Returned{}, err
	}
	return returned(o, row, true), nil
}

// lockOrder returns an order under its member's lock and its own.
func (s *Service) lockOrder(ctx context.Context, tx *db.Tx, source, number string) (model.Order, error) {
	o, err := orderByNumber(tx, source, number)
	if db.IsNotFound(err) {
		return o, ErrUnknown
	}
	if err != nil {
		return o, fmt.Errorf("read order %s of %s: %w", number, source, err)
	}
	if err := s.Members.LockTx(ctx, tx, o.MemberID); err != nil {
		return o, err
	}
	if o, err = lockOrder(tx, o.ID); err != nil {
		return o, fmt.Errorf("lock order %s of %s: %w", number, source, err)
	}
	return o, nil
}

// judge compares a refund with its order and with what was given back before, and returns its row.
func (in Refund) judge(tx *db.Tx, o model.Order) (row model.OrderRefund, err error) {
	before, err := refundsOf(tx, o.ID)
	if err != nil {
		return row, fmt.Errorf("read the refunds of order %d: %w", o.ID, err)
	}
	if left := o.PaidFen - o.RefundedFen; in.Amount > left {
		return row, ErrRefundTooLarge.With("left_fen", int64(left))
	}
	bad := []fault.Field(nil)
	if in.At.Before(o.PaidAt.Add(-maxAhead)) {
		bad = append(bad, fault.Field{Name: "refunded_at", Reason: "not before the order was paid"})
	}
	goods, ok := share(o, before.Goods, in.Amount, in.Freight)
	if !ok {
		bad = append(bad, fault.Field{Name: "freight_fen", Reason: "at most the freight that was paid and not given back"})
	}
	if len(in.Lines) > 0 {
		lines, err := linesOf(tx, o.ID)
		if err != nil {
			return row, fmt.Errorf("read the lines of order %d: %w", o.ID, err)
		}
		bad = append(bad, in.lineFaults(lines, before.Lines)...)
	}
	if err := fault.InvalidFields(bad); err != nil {
		return row, err
	}
	whole := goodsPaid(o)
	return model.OrderRefund{
		OrderID: o.ID, Source: in.Source, Number: in.Number, RefundFen: in.Amount, GoodsFen: goods,
		Points:      points.Share(o.PointsEarned, before.Goods+goods, whole) - points.Share(o.PointsEarned, before.Goods, whole),
		ContentHash: in.hash(), RefundedAt: in.At, RecordedAt: tx.Now,
	}, nil
}

// unsettle does at once what follows from a refund.
func (s *Service) unsettle(ctx context.Context, tx *db.Tx, o *model.Order, row model.OrderRefund) error {
	o.RefundedFen += row.RefundFen
	if o.State = model.OrderPartRefunded; o.RefundedFen == o.PaidFen {
		o.State = model.OrderRefunded
	}
	if err := keepRefund(tx, *o, row.RefundFen); err != nil {
		return fmt.Errorf("keep refund %d of order %d: %w", row.ID, o.ID, err)
	}
	if row.Points > 0 {
		_, _, err := s.Points.ClawbackTx(ctx, tx, points.Clawback{
			Member: o.MemberID, Source: refundRef(o.ID, row.ID), EarnSource: earnSource(o.ID), Points: row.Points, Policy: s.Rules.Clawback,
		})
		if err != nil {
			return fmt.Errorf("take the points of order %d back: %w", o.ID, err)
		}
	}
	if _, err := s.Coupons.ReturnForOrderTx(ctx, tx, ref(o.ID), o.State == model.OrderRefunded); err != nil {
		return fmt.Errorf("return the coupons of order %d: %w", o.ID, err)
	}
	if err := s.returnCard(ctx, tx, *o, refundRef(o.ID, row.ID)); err != nil {
		return err
	}
	if o.Kind == model.OrderGoods {
		f, err := figuresOf(tx, o.MemberID)
		if err != nil {
			return fmt.Errorf("add up the orders of member %d: %w", o.MemberID, err)
		}
		if err := s.gaveBack(ctx, tx, *o, row, f); err != nil {
			return err
		}
	}
	return s.Facts.Record(ctx, tx, Refunded{
		Refund: row.ID, Order: o.ID, Kind: o.Kind, Member: o.MemberID, Source: o.Source, Number: o.Number, RefundNumber: row.Number,
		Amount: row.RefundFen, Goods: row.GoodsFen, Whole: o.State == model.OrderRefunded, RefundedAt: row.RefundedAt,
	})
}

// hash tells refunds under one number apart.
func (in Refund) hash() string {
	if len(in.Lines) == 0 {
		in.Lines = nil
	}
	return db.HashInput(in)
}

func returned(o model.Order, row model.OrderRefund, fresh bool) Returned {
	return Returned{Refund: row.ID, Order: o.ID, Member: o.MemberID, Fresh: fresh, State: o.State, RefundedFen: o.RefundedFen, Points: row.Points}
}
