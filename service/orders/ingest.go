package orders

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/earning"
	"huitou/service/members"
	"huitou/service/points"
)

// Order is an order as the shop's system tells it.
type Order struct {
	// Source is the shop's system; Number is unique within it.
	Source, Number string
	// Kind is goods when empty.
	Kind   model.OrderKind
	Member members.Ref
	PaidAt time.Time
	// Lines are what was bought, before discounts; none where the shop does not tell.
	Lines []Line
	// GoodsFen + FreightFen - DiscountFen = PaidFen.
	GoodsFen, FreightFen, DiscountFen, PaidFen model.Fen
	// CouponCode is the code or public id of the coupon that the shop took; empty without one.
	CouponCode string
	// MoreCoupons are those that it took with that one; the hash of an order without any is what it was before there were any.
	MoreCoupons []string `json:",omitempty"`
	// Store is the code of the shop's store; empty when it does not say.
	Store string `json:",omitempty"`
	// MemberSavingFen is the part of DiscountFen that the member price of the buyer's paid card took off, at most the goods; FreeFreightFen
	// is the freight that the card spared him, which is not in FreightFen.
	MemberSavingFen, FreeFreightFen model.Fen `json:",omitempty"`
}

// Line is one line of an order. PriceFen is of one piece.
type Line struct {
	SKU, Name, Category string
	Quantity            int64
	PriceFen            model.Fen
}

// Result is what became of an order.
type Result struct {
	Order        model.OrderID
	Member       model.MemberID
	Fresh        bool // false: the order was known, and this is the first result
	PointsEarned model.Points
	// Coupon is nil when the order brought none.
	Coupon *CouponOutcome
	// More are the outcomes of MoreCoupons, in their order.
	More []CouponOutcome
	// Card is what the buyer's paid card was counted to have saved; nil when the order had nothing of the kind.
	Card *CardOutcome
}

// CouponOutcome says whether the order's coupon was used, and when not, why: Reason is the code of a fault of coupons.
type CouponOutcome struct {
	Used     bool
	Discount model.Fen
	Reason   string
}

// Ingest takes an order in and settles it. An order that is known gives the first result with Fresh false. It returns
// fault.ErrInvalid with every faulty field, ErrConflict, or what members says about the reference.
func (s *Service) Ingest(ctx context.Context, in Order) (r Result, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err = s.IngestTx(ctx, tx, in)
		return err
	})
	if err == nil && r.Fresh && r.Coupon != nil && !r.Coupon.Used {
		s.Log.InfoContext(ctx, "an order's coupon was not used", "order", r.Order, "reason", r.Coupon.Reason)
	}
	return r, err
}

// IngestTx is Ingest in a given transaction.
func (s *Service) IngestTx(ctx context.Context, tx *db.Tx, in Order) (Result, error) {
	if in.Kind == "" {
		in.Kind = model.OrderGoods
	}
	in.PaidAt = in.PaidAt.UTC().Truncate(time.Microsecond)
	if err := fault.InvalidFields(in.faults(tx.Now)); err != nil {
		return Result{}, err
	}
	member, _, err := s.Members.EnsureTx(ctx, tx, in.Member)
	if err != nil {
		return Result{}, err
	}
	if err := s.Members.LockTx(ctx, tx, member); err != nil {
		return Result{}, err
	}
	award, err := s.award(ctx, tx, member, in)
	if err != nil {
		return Result{}, fmt.Errorf("work out what order %s of %s earns: %w", in.Number, in.Source, err)
	}
	row := in.row(member, tx.Now)
	row.PointsEarned = award.Points
	fresh, err := tx.Insert(&row)
	if err != nil {
		return Result{}, fmt.Errorf("insert order %s of %s: %w", in.Number, in.Source, err)
	}
	if !fresh {
		return s.known(tx, row)
	}
	if err := insertLines(tx, row.ID, in.Lines); err != nil {
		return Result{}, fmt.Errorf("insert the lines of order %d: %w", row.ID, err)
	}
	more, err := s.settle(ctx, tx, &row, in, award)
	if err != nil {
		return Result{}, err
	}
	return result(row, more, true), nil
}

// award returns what a new order earns.
func (s *Service) award(ctx context.Context, tx *db.Tx, member model.MemberID, in Order) (earning.Award, error) {
	bought, err := boughtGoods(tx, member)
	if err != nil {
		return earning.Award{}, fmt.Errorf("look for earlier orders of member %d: %w", member, err)
	}
	p := earning.Purchase{Member: member, Kind: in.Kind, PaidAt: in.PaidAt, Goods: in.GoodsFen, Discount: in.DiscountFen, Paid: in.PaidFen, First: !bought}
	for _, l := range in.Lines {
		p.Lines = append(p.Lines, earning.Line{SKU: l.SKU, Category: l.Category, Amount: l.PriceFen * model.Fen(l.Quantity)})
	}
	return s.Earning.ForOrderTx(ctx, tx, p)
}

// settle does at once what follows from a new order.
func (s *Service) settle(ctx context.Context, tx *db.Tx, row *model.Order, in Order, award earning.Award) ([]model.OrderCoupon, error) {
	if row.PointsEarned > 0 {
		earn := points.Earn{Member: row.MemberID, Points: row.PointsEarned, Reason: model.PointsForOrder, Source: earnSource(row.ID)}
		if s.Rules.AwaitCompletion {
			earn.Awaiting, earn.Expiry = true, s.Rules.Expiry
		} else {
			earn.ActiveFrom, earn.ExpiresAt = lifetime(s.Rules, row.PaidAt, tx.Now)
		}
		entry, _, err := s.Points.EarnTx(ctx, tx, earn)
		if err != nil {
			return nil, fmt.Errorf("earn the points of order %d: %w", row.ID, err)
		}
		if err := s.Earning.FiredTx(ctx, tx, award, entry); err != nil {
			return nil, err
		}
	}
	more, used, err := s.useCoupons(ctx, tx, row, in)
	if err != nil {
		return nil, err
	}
	if err := s.useCard(ctx, tx, row, used, award); err != nil {
		return nil, err
	}
	if row.Kind == model.OrderGoods {
		if err := s.bought(ctx, tx, *row); err != nil {
			return nil, err
		}
	}
	return more, s.Facts.Record(ctx, tx, Paid{row.ID, row.Kind, row.MemberID, row.Source, row.Number, row.PaidFen, row.PaidAt})
}

// known answers an order that was taken in before.
func (s *Service) known(tx *db.Tx, again model.Order) (Result, error) {
	first, err := orderByNumber(tx, again.Source, again.Number)
	if err != nil {
		return Result{}, fmt.Errorf("read order %s of %s: %w", again.Number, again.Source, err)
	}
	if first.ContentHash != again.ContentHash || first.MemberID != again.MemberID {
		return Result{}, ErrConflict
	}
	more, err := moreCoupons(tx, first.ID)
	if err != nil {
		return Result{}, fmt.Errorf("read the coupons of order %d: %w", first.ID, err)
	}
	return result(first, more, false), nil
}

func (in Order) row(member model.MemberID, now time.Time) model.Order {
	return model.Order{
		Source: in.Source, Number: in.Number, MemberID: member, Kind: in.Kind, State: model.OrderPaid, Origin: model.OriginIngest,
		PaidAt: in.PaidAt, GoodsFen: in.GoodsFen, FreightFen: in.FreightFen, DiscountFen: in.DiscountFen, PaidFen: in.PaidFen,
		CouponCode: in.CouponCode, MemberSavingFen: in.MemberSavingFen, FreeFreightFen: in.FreeFreightFen, ContentHash: in.hash(), RecordedAt: now,
	}
}

// hash tells orders under one number apart. The member's reference is left out: it may hold a phone number, whose
// hash could be guessed, and the member is compared by himself.
func (in Order) hash() string {
	in.Member = members.Ref{}
	if len(in.Lines) == 0 {
		in.Lines = nil // an empty list and none are the same order
	}
	return db.HashInput(in)
}

func result(row model.Order, more []model.OrderCoupon, fresh bool) Result {
	r := Result{Order: row.ID, Member: row.MemberID, Fresh: fresh, PointsEarned: row.PointsEarned}
	if row.CouponCode != "" {
		r.Coupon = &CouponOutcome{Used: row.CouponID != nil, Discount: row.CouponDiscountFen, Reason: row.CouponReason}
	}
	if row.CardSavedFen > 0 || row.CardReason != "" {
		r.Card = &CardOutcome{row.CardSavedFen, row.CardReason}
	}
	for _, c := range more {
		r.More = append(r.More, CouponOutcome{Used: c.CouponID != nil, Discount: c.DiscountFen, Reason: c.Reason})
	}
	return r
}
