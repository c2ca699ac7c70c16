package mall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/coupons"
	"huitou/service/points"
)

// Redeem exchanges a member's points, and money where the gift says so, for a gift.
type Redeem struct {
	Member model.MemberID
	Gift   model.PublicID
	// Address is where to send goods; other kinds do not keep it.
	Address *Address `json:",omitempty"`
	Key     db.Key   `json:"-"`
}

// Redeem returns the redemption after it was committed, or why there is none: ErrSoldOut, ErrPoolDry, ErrLimit, ErrTier,
// ErrAddressMissing, points.ErrInsufficient, what keeps the gift from being redeemed, or what keeps its coupon or its days from
// being given. A refusal takes nothing.
//
// A redemption with a cash part stands before WeChat is asked for the payment: when that brings no answer, the same request again
// goes on where it stopped. The faults are those of payments.Prepay then.
func (s *Service) Redeem(ctx context.Context, in Redeem) (Redemption, error) {
	if in.Address != nil {
		tidy := in.Address.tidied()
		if err := fault.InvalidFields(tidy.faults()); err != nil {
			return Redemption{}, err
		}
		in.Address = &tidy
	}
	out, err := s.redeems.Do(ctx, in.Gift, in)
	if err != nil || out.State != model.RedemptionAwaiting {
		return out, err
	}
	return s.toBePaid(ctx, out)
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
	why, err := s.openEarly(ctx, tx, b, refusal(g, tx.Now))
	if err != nil {
		return nil, err
	}
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
	if err := b.lockMembers(ctx, tx); err != nil {
		return nil, err
	}
	err = s.d.Points.BatchTx(ctx, tx, b.members(), func(accounts *points.Batch) error { return b.decide(ctx, tx, accounts) })
	if err != nil {
		return nil, err
	}
	if err := b.write(ctx, tx); err != nil {
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
		s.watchStock(ctx, tx, g, n)
	}
	b.repeat()
	return b.outs, nil
}

// watchStock warns the people on duty when a taking brings a stock, or a pool of codes, down to the mark that staff set.
func (s *Service) watchStock(ctx context.Context, tx *db.Tx, g model.Gift, taken int64) {
	if left := g.Stock - taken; g.LowStock > 0 && g.Stock > g.LowStock && left <= g.LowStock {
		tx.OnCommit(func() {
			s.d.Log.WarnContext(ctx, "a gift is running out", "gift", g.PublicID, "name", g.Name, "kind", g.Kind, "left", left)
		})
	}
}

// batch is redemptions of one gift that are decided together.
type batch struct {
	s    *Service
	g    model.Gift
	ins  []Redeem
	outs []db.Outcome[Redemption]
	same map[int]int // a repetition within the batch -> the command that it repeats
	won  []*winner

	limits []limit
	taken  slots
	// high are the members whose tier is high enough; nil when the gift asks for none.
	high map[model.MemberID]bool
	// early are the members for whom a window that has not begun is open already; nil when it has begun. now is the instant of the batch.
	early map[model.MemberID]bool
	now   time.Time
}

type winner struct {
	i   int // index of the command
	row model.Redemption
	// ordinals of the slots, one for each limit of the gift.
	ordinals []int64
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
	b.limits = limits(b.g, tx.Now)
	if b.taken, err = takenSlots(tx, b.g.ID, b.limits, b.members()); err != nil {
		return fmt.Errorf("read slots of gift %d: %w", b.g.ID, err)
	}
	if b.g.MinTier != "" {
		if b.high, err = b.s.d.AtLeast(ctx, tx, b.g.MinTier, b.members()); err != nil {
			return fmt.Errorf("read the tiers of members: %w", err)
		}
	}
	room := len(waiting)
	if !b.g.Unlimited {
		room = int(min(int64(room), b.g.Stock))
	}
	// What is given may be refused to one of the chosen, whose unit then goes to the next: hence the rounds.
	for len(waiting) > 0 && len(b.won) < room {
		chosen, rest, err := b.choose(tx, waiting, room-len(b.won), accounts)
		if err != nil {
			return err
		}
		if b.g.CashFen == 0 {
			if chosen, err = b.fulfil(ctx, tx, chosen); err != nil {
				return err
			}
		}
		for _, w := range chosen {
			if err := b.pay(accounts, w); err != nil {
				return err
			}
		}
		b.won, waiting = append(b.won, chosen...), rest
	}
	for _, i := range waiting {
		b.outs[i].Err = soldOut(b.g)
	}
	return nil
}

// choose takes up to room commands whose member may have the gift and has enough points, refuses the others that it passes, and
// returns the commands for which there is no room.
func (b *batch) choose(tx *db.Tx, waiting []int, room int, accounts *points.Batch) (chosen []*winner, rest []int, err error) {
	promised := map[model.MemberID]model.Points{}
	for at, i := range waiting {
		if len(chosen) == room {
			return chosen, waiting[at:], nil
		}
		m := b.ins[i].Member
		w := &winner{i: i}
		if b.outs[i].Err = b.refuse(b.ins[i]); b.outs[i].Err != nil {
			continue
		}
		var reached *limit
		if w.ordinals, reached = b.taken.free(m, b.limits); reached != nil {
			b.outs[i].Err = ErrLimit.With("limit", reached.most).With("per", reached.per)
			continue
		}
		if missing := b.g.Price + promised[m] - accounts.Spendable(m); missing > 0 {
			b.outs[i].Err = points.ErrInsufficient.With("active", accounts.Spendable(m)).With("missing", missing)
			continue
		}
		promised[m] += b.g.Price
		for n, l := range b.limits {
			b.taken.take(m, l.span, w.ordinals[n])
		}
		w.row = model.Redemption{PublicID: model.PublicID(random.ID()), MemberID: m, GiftID: b.g.ID, GiftName: b.g.Name, Kind: b.g.Kind,
			Points: b.g.Price, CashFen: b.g.CashFen, State: model.RedemptionConfirmed, CreatedAt: tx.Now}
		if b.g.CashFen > 0 {
			w.row.State = model.RedemptionAwaiting
		}
		if b.g.Kind == model.GiftGoods {
			if w.row.Address, err = b.s.sealAddress(w.row.PublicID, *b.ins[i].Address); err != nil {
				return nil, nil, err
			}
		}
		chosen = append(chosen, w)
	}
	return chosen, nil, nil
}

// refuse says why one member cannot have the gift, whatever he has and had.
func (b *batch) refuse(in Redeem) error {
	switch {
	case b.early != nil && !b.early[in.Member]:
		return refusal(b.g, b.now)
	case b.high != nil && !b.high[in.Member]:
		return ErrTier
	case b.g.Kind == model.GiftGoods && in.Address == nil:
		return ErrAddressMissing
	}
	return nil
}

// lockMembers takes the lock on the rows of all members where days of membership are given.
func (b *batch) lockMembers(ctx context.Context, tx *db.Tx) error {
	if b.g.Kind != model.GiftMembership {
		return nil
	}
	for _, m := range slices.Compact(slices.Sorted(slices.Values(b.members()))) {
		if err := b.s.d.Members.LockTx(ctx, tx, m); err != nil {
			return fmt.Errorf("lock member %d: %w", m, err)
		}
	}
	return nil
}

// fulfil gives the chosen what they get at once and returns those who got it.
func (b *batch) fulfil(ctx context.Context, tx *db.Tx, chosen []*winner) ([]*winner, error) {
	if len(chosen) == 0 {
		return nil, nil
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
	case model.GiftGoods:
		return chosen, nil
	case model.GiftCode:
		return chosen, b.allocate(tx, chosen)
	case model.GiftCoupon:
		return b.issue(ctx, tx, chosen)
	case model.GiftMembership:
		return b.giveDays(ctx, tx, chosen)
	}
	return nil, fmt.Errorf("mall: gift %d has the unknown kind %q", b.g.ID, b.g.Kind)
}

// allocate reserves a code of the pool for each of the chosen.
func (b *batch) allocate(tx *db.Tx, chosen []*winner) error {
	free, err := lockFreeCodes(tx, b.g.ID, len(chosen))
	if err != nil {
		return fmt.Errorf("look for free codes of gift %d: %w", b.g.ID, err)
	}
	if len(free) < len(chosen) {
		return errStockMoved
	}
	for i, w := range chosen {
		taken, err := takeCode(tx, free[i], w.row.PublicID)
		if err != nil {
			return fmt.Errorf("take a code of gift %d: %w", b.g.ID, err)
		}
		if !taken {
			return errStockMoved
		}
	}
	return nil
}

// giveDays gives the chosen their days of membership.
func (b *batch) giveDays(ctx context.Context, tx *db.Tx, chosen []*winner) (got []*winner, err error) {
	for _, w := range chosen {
		err := b.s.d.GiveDays(ctx, tx, Days{Member: w.row.MemberID, Plan: b.g.Plan, Days: b.g.Days, Source: source(w.row.PublicID)})
		if f := fault.Of(err); f != nil && f.Kind != fault.Unavailable {
			b.disappoint(w, f)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("give member %d days of membership: %w", w.row.MemberID, err)
		}
		w.row.State, w.row.ClosedAt = model.RedemptionFulfilled, &tx.Now
		got = append(got, w)
	}
	return got, nil
}

// disappoint refuses one of the chosen, whose slots are free again.
func (b *batch) disappoint(w *winner, why error) {
	b.outs[w.i].Err = why
	for n, l := range b.limits {
		delete(b.taken[slotOf{w.row.MemberID, l.span}], w.ordinals[n])
	}
}

// issue gives the chosen their coupons.
func (b *batch) issue(ctx context.Context, tx *db.Tx, chosen []*winner) (got []*winner, err error) {
	ins := make([]coupons.Issue, len(chosen))
	for i, w := range chosen {
		ins[i] = coupons.Issue{Member: w.row.MemberID, Template: b.g.CouponTemplate, Source: source(w.row.PublicID)}
	}
	outs, err := b.s.d.Coupons.IssueManyTx(ctx, tx, b.g.CouponTemplate, ins)
	if err != nil {
		return nil, fmt.Errorf("issue coupons of gift %d: %w", b.g.ID, err)
	}
	for i, w := range chosen {
		if outs[i].Err != nil {
			b.disappoint(w, outs[i].Err)
			continue
		}
		w.row.CouponID, w.row.State, w.row.ClosedAt = &outs[i].Value.ID, model.RedemptionFulfilled, &tx.Now
		got = append(got, w)
	}
	return got, nil
}

// pay spends the points of one who was chosen, or holds them until the money is here.
func (b *batch) pay(accounts *points.Batch, w *winner) error {
	spend := points.Spend{Member: w.row.MemberID, Points: w.row.Points, Reason: model.PointsForGift, Source: source(w.row.PublicID), Note: b.g.Name}
	take := accounts.Spend
	if w.row.CashFen > 0 {
		take = func(in points.Spend) (model.PointsEntry, error) { return accounts.Hold(points.Hold(in)) }
	}
	e, err := take(spend)
	if err != nil {
		return fmt.Errorf("take points of member %d: %w", w.row.MemberID, err)
	}
	w.row.PointsSeq = e.Seq
	return nil
}

// write stores slots, payments, redemptions and replies of those who won.
func (b *batch) write(ctx context.Context, tx *db.Tx) error {
	rows := make([]model.Redemption, len(b.won))
	replies := make([]db.Answered, len(b.won))
	for at, w := range b.won {
		if w.row.CashFen > 0 {
			if err := b.s.openPayment(ctx, tx, &w.row); err != nil {
				return err
			}
		}
		rows[at] = w.row
		b.outs[w.i].Value = redemptionView(w.row, b.g.PublicID)
		in := b.ins[w.i]
		replies[at] = db.Answered{Key: in.Key, RequestHash: db.HashInput(in), Reply: b.outs[w.i].Value}
	}
	if err := b.writeSlots(tx); err != nil {
		return fmt.Errorf("insert slots of gift %d: %w", b.g.ID, err)
	}
	if err := insertRedemptions(tx, rows); err != nil {
		return fmt.Errorf("insert redemptions of gift %d: %w", b.g.ID, err)
	}
	return db.KeepReplies(ctx, tx, replies)
}

func (b *batch) writeSlots(tx *db.Tx) error {
	var life []model.GiftSlot
	var spans []model.GiftWindowSlot
	for _, w := range b.won {
		for n, l := range b.limits {
			if l.span == "" {
				life = append(life, model.GiftSlot{GiftID: b.g.ID, MemberID: w.row.MemberID, Ordinal: w.ordinals[n], RedemptionID: w.row.PublicID})
			} else {
				spans = append(spans, model.GiftWindowSlot{GiftID: b.g.ID, MemberID: w.row.MemberID, Span: l.span, Ordinal: w.ordinals[n], RedemptionID: w.row.PublicID})
			}
		}
	}
	slices.SortFunc(life, func(x, y model.GiftSlot) int {
		return cmp.Or(cmp.Compare(x.MemberID, y.MemberID), cmp.Compare(x.Ordinal, y.Ordinal))
	})
	slices.SortFunc(spans, func(x, y model.GiftWindowSlot) int {
		return cmp.Or(cmp.Compare(x.MemberID, y.MemberID), cmp.Compare(x.Span, y.Span), cmp.Compare(x.Ordinal, y.Ordinal))
	})
	if err := insertSlots(tx, life); err != nil {
		return err
	}
	return insertWindowSlots(tx, spans)
}

// source is the natural key under which a redemption spends points and issues a coupon.
func source(id model.PublicID) string { return "redemption:" + string(id) }
