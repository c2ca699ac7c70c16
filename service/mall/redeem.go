package mall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
	"huitou/service/coupons"
	"huitou/service/points"
)

// Redeem exchanges a member's points for a gift.
type Redeem struct {
	Member model.MemberID
	Gift   model.PublicID
	Key    db.Key `json:"-"`
}

// Redeem returns the redemption after it was committed, or why there is none: ErrSoldOut, ErrLimit, points.ErrInsufficient, what
// keeps the gift from being redeemed, or what keeps its coupon from being issued. A refusal takes nothing.
func (s *Service) Redeem(ctx context.Context, in Redeem) (Redemption, error) {
	return s.redeems.Do(ctx, in.Gift, in)
}

// errStockMoved means that the stock that a batch was decided on is not there any more.
var errStockMoved = errors.New("mall: the stock changed while a batch was written")

// decide answers a batch of redemptions of one gift.
func (s *Service) decide(ctx context.Context, tx *db.Tx, id model.PublicID, ins []Redeem) ([]db.Outcome[Redemption], error) {
	g, known, err := giftByPublicID(tx, id)
	if err != nil {
		return nil, fmt.Errorf("read gift %s: %w", id, err)
	}
	if err := savepoint(tx); err != nil {
		return nil, fmt.Errorf("set a savepoint: %w", err)
	}
	outs, err := s.redeemAll(ctx, tx, g, known, ins)
	if !errors.Is(err, errStockMoved) {
		return outs, err
	}
	// Another instance took some, or staff changed the gift, between our look and our UPDATE. Once more, with the
	// gift's row locked from the beginning.
	if err := rollbackToSavepoint(tx); err != nil {
		return nil, fmt.Errorf("go back to the savepoint: %w", err)
	}
	if g, err = lockGift(tx, g.ID); err != nil {
		return nil, fmt.Errorf("lock gift %s: %w", id, err)
	}
	return s.redeemAll(ctx, tx, g, known, ins)
}

func (s *Service) redeemAll(ctx context.Context, tx *db.Tx, g model.Gift, known bool, ins []Redeem) ([]db.Outcome[Redemption], error) {
	b := &batch{s: s, g: g, ins: ins, outs: make([]db.Outcome[Redemption], len(ins))}
	why := refusal(g, tx.Now)
	if !known {
		why = ErrGiftUnknown
	}
	if why != nil {
		// Nothing is decided, so nothing is locked: late comers to a gift that is gone cost two reads. Repetitions
		// still get their answer.
		waiting, err := b.replay(ctx, tx)
		for _, i := range waiting {
			b.outs[i].Err = why
		}
		b.repeat()
		return b.outs, err
	}
	err := s.d.Points.BatchTx(ctx, tx, b.members(), func(accounts *points.Batch) error { return b.decide(ctx, tx, accounts) })
	if err != nil {
		return nil, err
	}
	if n := int64(len(b.won)); n > 0 && !g.Unlimited {
		ok, err := takeStock(tx, g.ID, n)
		if err != nil {
			return nil, fmt.Errorf("take %d of gift %d: %w", n, g.ID, err)
		}
		if !ok {
			return nil, errStockMoved
		}
	}
	b.repeat()
	return b.outs, nil
}

// batch is redemptions of one gift that are decided together.
type batch struct {
	s    *Service
	g    model.Gift
	ins  []Redeem
	outs []db.Outcome[Redemption]
	same map[int]int // a repetition within the batch -> the command that it repeats
	won  []*winner
}

type winner struct {
	i   int // index of the command
	row model.Redemption
	// ordinal of the slot; 0 when the gift has no limit.
	ordinal int64
}

func (b *batch) members() []model.MemberID {
	list := make([]model.MemberID, len(b.ins))
	for i, in := range b.ins {
		list[i] = in.Member
	}
	return list
}

// replay answers commands whose key has been used, and returns the others in order of arrival.
func (b *batch) replay(ctx context.Context, tx *db.Tx) (waiting []int, err error) {
	b.same = map[int]int{}
	keys := make([]db.Key, len(b.ins))
	for i, in := range b.ins {
		keys[i] = in.Key
	}
	stored, err := db.Replies(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	first := map[db.Key]int{}
	for i, in := range b.ins {
		if in.Key.Key != "" {
			if r, ok := stored[in.Key]; ok {
				b.outs[i].Value, b.outs[i].Err = db.Replay[Redemption](r, db.HashInput(in))
				b.outs[i].Value.Replayed = b.outs[i].Err == nil
				continue
			}
			if j, ok := first[in.Key]; ok {
				b.same[i] = j
				continue
			}
			first[in.Key] = i
		}
		waiting = append(waiting, i)
	}
	return waiting, nil
}

// repeat gives repetitions within the batch the outcome of what they repeat.
func (b *batch) repeat() {
	for i, j := range b.same {
		if b.ins[i].Member != b.ins[j].Member {
			b.outs[i].Err = db.ErrKeyReused
			continue
		}
		b.outs[i] = b.outs[j]
		b.outs[i].Value.Replayed = b.outs[j].Err == nil
	}
}

// decide runs with all accounts locked: nothing of these members changes meanwhile.
func (b *batch) decide(ctx context.Context, tx *db.Tx, accounts *points.Batch) error {
	waiting, err := b.replay(ctx, tx)
	if err != nil {
		return err
	}
	taken := map[model.MemberID]map[int64]bool{}
	if b.g.PerMember > 0 {
		if taken, err = takenOrdinals(tx, b.g.ID, b.members()); err != nil {
			return fmt.Errorf("read slots of gift %d: %w", b.g.ID, err)
		}
	}
	room := len(waiting)
	if !b.g.Unlimited {
		room = int(min(int64(room), b.g.Stock))
	}
	// A coupon may be refused to one of the chosen, whose unit then goes to the next: hence the rounds.
	for len(waiting) > 0 && len(b.won) < room {
		chosen, rest := b.choose(waiting, room-len(b.won), taken, accounts)
		if chosen, err = b.fulfil(ctx, tx, chosen, taken); err != nil {
			return err
		}
		for _, w := range chosen {
			if err := b.pay(accounts, w); err != nil {
				return err
			}
		}
		b.won, waiting = append(b.won, chosen...), rest
	}
	for _, i := range waiting {
		b.outs[i].Err = ErrSoldOut
	}
	return b.write(ctx, tx)
}

// choose takes up to room commands whose member has a free slot and enough points, refuses those who have not, and
// returns the commands for which there is no room.
func (b *batch) choose(waiting []int, room int, taken map[model.MemberID]map[int64]bool, accounts *points.Batch) (chosen []*winner, rest []int) {
	promised := map[model.MemberID]model.Points{}
	for at, i := range waiting {
		if len(chosen) == room {
			return chosen, waiting[at:]
		}
		m := b.ins[i].Member
		w := &winner{i: i}
		if b.g.PerMember > 0 {
			var ok bool
			if w.ordinal, ok = freeOrdinal(taken[m], b.g.PerMember); !ok {
				b.outs[i].Err = ErrLimit.With("limit", b.g.PerMember)
				continue
			}
		}
		if missing := b.g.Price + promised[m] - accounts.Spendable(m); missing > 0 {
			b.outs[i].Err = points.ErrInsufficient.With("active", accounts.Spendable(m)).With("missing", missing)
			continue
		}
		promised[m] += b.g.Price
		if w.ordinal > 0 {
			if taken[m] == nil {
				taken[m] = map[int64]bool{}
			}
			taken[m][w.ordinal] = true
		}
		w.row = model.Redemption{PublicID: model.PublicID(random.ID()), MemberID: m, GiftID: b.g.ID, GiftName: b.g.Name, Kind: b.g.Kind,
			Points: b.g.Price, State: model.RedemptionConfirmed}
		chosen = append(chosen, w)
	}
	return chosen, nil
}

// fulfil gives the chosen what they get at once and returns those who got it.
func (b *batch) fulfil(ctx context.Context, tx *db.Tx, chosen []*winner, taken map[model.MemberID]map[int64]bool) ([]*winner, error) {
	for _, w := range chosen {
		w.row.CreatedAt = tx.Now
	}
	switch b.g.Kind {
	case model.GiftPickup:
		codes, err := freeCodes(tx, len(chosen))
		if err != nil {
			return nil, fmt.Errorf("make pick-up codes: %w", err)
		}
		for i, w := range chosen {
			w.row.Code = &codes[i]
		}
		return chosen, nil
	case model.GiftCoupon:
		return b.issue(ctx, tx, chosen, taken)
	}
	return nil, fmt.Errorf("mall: gift %d has the kind %q, which cannot be redeemed yet", b.g.ID, b.g.Kind)
}

func (b *batch) issue(ctx context.Context, tx *db.Tx, chosen []*winner, taken map[model.MemberID]map[int64]bool) (got []*winner, err error) {
	ins := make([]coupons.Issue, len(chosen))
	for i, w := range chosen {
		ins[i] = coupons.Issue{Member: w.row.MemberID, Template: b.g.CouponTemplate, Source: source(w.row.PublicID)}
	}
	if len(ins) == 0 {
		return nil, nil
	}
	outs, err := b.s.d.Coupons.IssueManyTx(ctx, tx, b.g.CouponTemplate, ins)
	if err != nil {
		return nil, fmt.Errorf("issue coupons of gift %d: %w", b.g.ID, err)
	}
	for i, w := range chosen {
		if outs[i].Err != nil {
			b.outs[w.i].Err = outs[i].Err
			delete(taken[w.row.MemberID], w.ordinal)
			continue
		}
		w.row.CouponID, w.row.State, w.row.ClosedAt = &outs[i].Value.ID, model.RedemptionFulfilled, &tx.Now
		got = append(got, w)
	}
	return got, nil
}

// pay spends the points of one who was chosen.
func (b *batch) pay(accounts *points.Batch, w *winner) error {
	e, err := accounts.Spend(points.Spend{Member: w.row.MemberID, Points: w.row.Points, Reason: model.PointsForGift,
		Source: source(w.row.PublicID), Note: b.g.Name})
	if err != nil {
		return fmt.Errorf("spend points of member %d: %w", w.row.MemberID, err)
	}
	w.row.PointsSeq = e.Seq
	return nil
}

// write stores slots, redemptions and replies of those who won.
func (b *batch) write(ctx context.Context, tx *db.Tx) error {
	rows := make([]model.Redemption, len(b.won))
	var slots []model.GiftSlot
	replies := make([]db.Answered, len(b.won))
	for at, w := range b.won {
		rows[at] = w.row
		if w.ordinal > 0 {
			slots = append(slots, model.GiftSlot{GiftID: b.g.ID, MemberID: w.row.MemberID, Ordinal: w.ordinal, RedemptionID: w.row.PublicID})
		}
		b.outs[w.i].Value = redemptionView(w.row, b.g.PublicID)
		in := b.ins[w.i]
		replies[at] = db.Answered{Key: in.Key, RequestHash: db.HashInput(in), Reply: b.outs[w.i].Value}
	}
	slices.SortFunc(slots, func(x, y model.GiftSlot) int {
		return cmp.Or(cmp.Compare(x.MemberID, y.MemberID), cmp.Compare(x.Ordinal, y.Ordinal))
	})
	if err := insertSlots(tx, slots); err != nil {
		return fmt.Errorf("insert slots of gift %d: %w", b.g.ID, err)
	}
	if err := insertRedemptions(tx, rows); err != nil {
		return fmt.Errorf("insert redemptions of gift %d: %w", b.g.ID, err)
	}
	return db.KeepReplies(ctx, tx, replies)
}

// source is the natural key under which a redemption spends points and issues a coupon.
func source(id model.PublicID) string { return "redemption:" + string(id) }
