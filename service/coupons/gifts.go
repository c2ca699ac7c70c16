package coupons

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
	"huitou/service/audit"
)

// giftLasts is how long a friend has to accept a coupon.
const giftLasts = 24 * time.Hour

// Gift is a coupon that its holder offers to a friend.
type Gift struct {
	Token     model.PublicID // the link carries it; whoever opens it first may accept
	Coupon    model.PublicID // of the giver; empty for others
	Template  model.PublicID
	Name      string
	State     model.CouponGiftState // judged at the moment of reading
	ExpiresAt time.Time
	Own       bool
	Replayed  bool `json:"-"`
}

// AllowGifts says whether coupons of a template may be passed on. It can be allowed at any time, and forbidden only before the first
// coupon was given. It returns ErrTemplateUnknown or ErrTransferFixed.
func (s *Service) AllowGifts(ctx context.Context, staff model.StaffID, template model.PublicID, allowed bool) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		t, err := templateByID(tx, template)
		if db.IsNotFound(err) {
			return ErrTemplateUnknown
		}
		if err == nil {
			t, err = lockTemplate(tx, t.ID)
		}
		switch {
		case err != nil:
			return fmt.Errorf("lock template %s: %w", template, err)
		case t.Transferable == allowed:
			return nil
		case !allowed && t.Claimed > 0:
			return ErrTransferFixed
		}
		if err := allowGifts(tx, t.ID, allowed); err != nil {
			return fmt.Errorf("say whether coupons of template %d may be passed on: %w", t.ID, err)
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "coupons.template_transfer", Ref: "coupon_template:" + string(template),
			Detail: map[string]any{"transferable": allowed}})
	})
}

// OfferGift is a holder who passes a coupon on.
type OfferGift struct {
	Member model.MemberID
	Coupon model.PublicID
	Key    db.Key `json:"-"`
}

// OfferGift sets a coupon aside for a friend for a day. It returns ErrUnknown also for other people's coupons, ErrNotTransferable,
// ErrExpired, or the use that stands in the way: ErrLocked, ErrRedeemed, ErrInTransfer, ErrTransferred.
func (s *Service) OfferGift(ctx context.Context, in OfferGift) (g Gift, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		g, g.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Gift, error) { return s.offerGiftTx(tx, in) })
		return err
	})
	return g, err
}

func (s *Service) offerGiftTx(tx *db.Tx, in OfferGift) (Gift, error) {
	c, t, err := couponWithTemplate(tx, in.Coupon)
	if db.IsNotFound(err) || err == nil && c.MemberID != in.Member {
		return Gift{}, ErrUnknown
	}
	if err != nil {
		return Gift{}, fmt.Errorf("read coupon %s: %w", in.Coupon, err)
	}
	if err := s.lapseGiftTx(tx, &c); err != nil {
		return Gift{}, err
	}
	if refusal := giftRefusal(c, t, tx.Now); refusal != nil {
		return Gift{}, refusal
	}
	if lapsed(c, tx.Now) {
		if err := s.release(tx, c); err != nil {
			return Gift{}, err
		}
	}
	row := model.CouponGift{Token: model.PublicID(random.ID()), CouponID: c.ID, FromMember: in.Member, State: model.CouponGiftOpen,
		CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(giftLasts)}
	if c.UsableUntil.Before(row.ExpiresAt) {
		row.ExpiresAt = c.UsableUntil
	}
	ok, err := moveToTransfer(tx, c.ID, row.ExpiresAt)
	if err == nil && !ok {
		return Gift{}, ErrLocked // an order or another offer was quicker
	}
	if err == nil {
		err = insertGift(tx, &row)
	}
	if err != nil {
		return Gift{}, fmt.Errorf("offer coupon %d: %w", c.ID, err)
	}
	return giftView(row, c, t, in.Member, tx.Now), nil
}

// giftRefusal says why a coupon cannot be offered, or nil.
func giftRefusal(c model.Coupon, t model.CouponTemplate, now time.Time) error {
	switch {
	case takenRefusal(c, now) != nil:
		return takenRefusal(c, now)
	case !now.Before(c.UsableUntil):
		return ErrExpired
	case !t.Transferable, c.Returns > 0: // one that a refund gave back: its returns are counted to an end (rules b2)
		return ErrNotTransferable
	}
	return nil
}

// GiftOf returns what somebody sees who opened the link of a gift, or ErrGiftUnknown.
func (s *Service) GiftOf(ctx context.Context, viewer model.MemberID, token model.PublicID) (g Gift, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, c, t, err := giftByToken(tx, token)
		if db.IsNotFound(err) {
			return ErrGiftUnknown
		}
		if err != nil {
			return fmt.Errorf("read a gift: %w", err)
		}
		g = giftView(row, c, t, viewer, tx.Now)
		return nil
	})
	return g, err
}

// AcceptGift is a friend who accepts.
type AcceptGift struct {
	Member model.MemberID
	Token  model.PublicID
}

// AcceptGift gives the friend a new coupon with the terms and the end of the old one, which is transferred. Whoever was first has
// it; the same friend again gets the same coupon. The friend fills a slot of the template's limit, and the giver keeps his: gifts
// are no way around the limit. It returns ErrGiftUnknown, ErrGiftOwn, ErrGiftEnded, ErrExpired or ErrLimitReached.
func (s *Service) AcceptGift(ctx context.Context, in AcceptGift) (c Coupon, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.members.LockTx(ctx, tx, in.Member); err != nil {
			return err
		}
		g, old, t, err := lockGift(tx, in.Token)
		if db.IsNotFound(err) {
			return ErrGiftUnknown
		}
		if err != nil {
			return fmt.Errorf("lock a gift: %w", err)
		}
		if g.State == model.CouponGiftAccepted && *g.ToMember == in.Member {
			row, _, err := couponWithTemplate(tx, *g.NewCoupon)
			if err == nil {
				c, err = s.asGiven(tx, row, t)
			}
			c.Replayed = true
			return err
		}
		switch {
		case g.FromMember == in.Member:
			return ErrGiftOwn
		case g.State != model.CouponGiftOpen || !tx.Now.Before(g.ExpiresAt):
			return ErrGiftEnded
		case !tx.Now.Before(old.UsableUntil):
			return ErrExpired
		}
		c, err = s.handOver(tx, g, old, t, in.Member)
		return err
	})
	return c, err
}

// handOver makes the friend's coupon and ends the old one and the gift.
func (s *Service) handOver(tx *db.Tx, g model.CouponGift, old model.Coupon, t model.CouponTemplate, friend model.MemberID) (Coupon, error) {
	row, err := inherit(tx, g, old, t, friend)
	if err != nil {
		return Coupon{}, err
	}
	ok, err := moveToTransferred(tx, old.ID)
	if err == nil && ok {
		ok, err = acceptGift(tx, g.ID, friend, row.PublicID)
	}
	if err == nil && !ok {
		err = errMoved
	}
	if err != nil {
		return Coupon{}, fmt.Errorf("hand coupon %d over: %w", old.ID, err)
	}
	return s.asGiven(tx, row, t)
}

// inherit inserts the friend's coupon: the old one's terms and span under a new name.
func inherit(tx *db.Tx, g model.CouponGift, old model.Coupon, t model.CouponTemplate, friend model.MemberID) (model.Coupon, error) {
	source := fmt.Sprintf("gift:%d", g.ID)
	for range insertAttempts {
		row := old
		row.ID, row.PublicID, row.Code = 0, model.PublicID(random.ID()), random.Digits(codeLength)
		row.MemberID, row.Slot, row.Source, row.Channel, row.StaffID = friend, nil, &source, model.ChannelGift, 0
		row.State, row.TransferUntil, row.IssuedAt = model.CouponIssued, nil, tx.Now
		if t.PerMember > 0 {
			taken, err := takenSlots(tx, t.ID, []int64{int64(friend)})
			if err != nil {
				return row, err
			}
			n, ok := freeSlot(taken[friend], t.PerMember)
			if !ok {
				return row, ErrLimitReached
			}
			row.Slot = &n
		}
		fresh, err := tx.Insert(&row)
		if err != nil {
			return row, fmt.Errorf("insert the coupon of gift %d: %w", g.ID, err)
		}
		if fresh {
			return row, nil
		}
	}
	return model.Coupon{}, errContended // the friend claims at the same time
}

// CancelGift takes an offer back; one that has lapsed or was cancelled stays so. It returns ErrGiftUnknown, also for other people's,
// or ErrGiftEnded when a friend has accepted.
func (s *Service) CancelGift(ctx context.Context, member model.MemberID, token model.PublicID) (out Gift, err error) {
	err = s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		g, c, t, err := lockGift(tx, token)
		if db.IsNotFound(err) || err == nil && g.FromMember != member {
			return ErrGiftUnknown
		}
		if err != nil {
			return fmt.Errorf("lock a gift: %w", err)
		}
		switch g.State {
		case model.CouponGiftAccepted:
			return ErrGiftEnded
		case model.CouponGiftOpen:
			if err := takeBack(tx, g, model.CouponGiftCancelled); err != nil {
				return err
			}
			g.State = model.CouponGiftCancelled
		}
		out = giftView(g, c, t, member, tx.Now)
		return nil
	})
	return out, err
}

// takeBack ends an open gift and makes its coupon usable again.
func takeBack(tx *db.Tx, g model.CouponGift, to model.CouponGiftState) error {
	ok, err := endGift(tx, g.ID, to)
	if err == nil && ok {
		ok, err = moveFromTransfer(tx, g.CouponID)
	}
	if err == nil && !ok {
		err = errMoved
	}
	if err != nil {
		return fmt.Errorf("take gift %d back: %w", g.ID, err)
	}
	return nil
}

// lapseGiftTx makes a coupon usable again whose friend did not come in time: nobody has to wait for the timer.
func (s *Service) lapseGiftTx(tx *db.Tx, c *model.Coupon) error {
	if !giftLapsed(*c, tx.Now) {
		return nil
	}
	g, err := openGiftOf(tx, c.ID)
	if err != nil {
		return fmt.Errorf("read the gift of coupon %d: %w", c.ID, err)
	}
	if err := takeBack(tx, g, model.CouponGiftLapsed); err != nil {
		return err
	}
	c.State, c.TransferUntil = model.CouponIssued, nil
	return nil
}

// giftLapsed tells whether a coupon is offered to a friend who did not come in time.
func giftLapsed(c model.Coupon, now time.Time) bool {
	return c.State == model.CouponInTransfer && c.TransferUntil != nil && !now.Before(*c.TransferUntil)
}

// lapseGifts is the timer: it ends every offer whose time is over, each in a transaction of its own.
func (s *Service) lapseGifts(ctx context.Context) error {
	for {
		var due []model.PublicID
		err := s.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			due, err = dueGifts(tx, 200)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		for _, token := range due {
			err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
				g, _, _, err := lockGift(tx, token)
				if err != nil || g.State != model.CouponGiftOpen {
					return err
				}
				return takeBack(tx, g, model.CouponGiftLapsed)
			})
			if err != nil {
				return err
			}
		}
	}
}

func giftView(g model.CouponGift, c model.Coupon, t model.CouponTemplate, viewer model.MemberID, now time.Time) Gift {
	v := Gift{Token: g.Token, Template: t.PublicID, Name: t.Name, State: g.State, ExpiresAt: g.ExpiresAt.UTC(), Own: g.FromMember == viewer}
	if v.State == model.CouponGiftOpen && !now.Before(g.ExpiresAt) {
		v.State = model.CouponGiftLapsed
	}
	if v.Own {
		v.Coupon = c.PublicID
	}
	return v
}

// asGiven shows a coupon as it was when it was given.
func (s *Service) asGiven(_ *db.Tx, c model.Coupon, t model.CouponTemplate) (Coupon, error) {
	return given(c, t), nil
}
