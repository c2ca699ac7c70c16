package coupons

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
)

// grant is one coupon to be given.
type grant struct {
	member  model.MemberID
	source  string // unique for ever; "" when nothing tells a repetition
	channel model.CouponChannel
	staff   model.StaffID
	refusal error // why this one is not given; nil when the template alone decides
	reused  error // the refusal when the source has given something else
}

// insertAttempts bounds the tries to insert a batch into which another instance's rows come.
const insertAttempts = 4

var (
	errContended = errors.New("coupons: other instances keep taking the same slots")
	errMoved     = errors.New("coupons: the template changed under its lock")
)

// grantTx gives coupons of one template, in order: sources that are known are answered with what they gave, then refusal (when
// not nil) ends it for the rest; limits and stock decide among the others. The rows go in first, sorted, and the
// template's counter is taken last.
func (s *Service) grantTx(ctx context.Context, tx *db.Tx, t model.CouponTemplate, refusal error, gs []grant) ([]db.Outcome[Coupon], error) {
	b := batch{t: t, gs: gs, outs: make([]db.Outcome[Coupon], len(gs)), trust: s.trusts(t.ID)}
	defer func() { s.firsts.Store(t.ID, b.clean) }()
	for attempt := 1; ; attempt++ {
		if err := b.plan(tx, refusal, attempt > 1); err != nil {
			return nil, err
		}
		if len(b.rows) == 0 {
			return b.answer(), nil
		}
		fresh, err := b.insert(tx)
		if err != nil {
			return nil, fmt.Errorf("insert %d coupons of template %d: %w", len(b.rows), t.ID, err)
		}
		if fresh {
			b.clean = b.clean || attempt == 1 && b.trust
			break
		}
		// Another instance gave a coupon to one of these members, or for one of these sources, after we looked. The
		// statement had no effect; what we see now includes the other's rows.
		if attempt == insertAttempts {
			return nil, errContended
		}
	}
	if err := b.takeStock(tx); err != nil {
		return nil, err
	}
	return b.answer(), nil
}

// trusts tells whether a template's last batch had first claims only.
func (s *Service) trusts(id model.CouponTemplateID) bool {
	clean, ok := s.firsts.Load(id)
	return ok && clean.(bool)
}

// batch is what one call of grantTx decides.
type batch struct {
	t    model.CouponTemplate
	gs   []grant
	outs []db.Outcome[Coupon]
	rows []planned // to be inserted, in order of arrival
	// trust says that the batch before this one had only first claims; clean, that this one has.
	trust, clean bool
	same         map[int]int // a repetition within the batch -> the command that it repeats
}

type planned struct {
	i   int // index of the command
	c   model.Coupon
	day int64 // its slot of the day, 0 without a limit per day
}

// insert adds the planned rows, or none of them when another instance was quicker with one.
func (b *batch) insert(tx *db.Tx) (fresh bool, err error) {
	days := b.daySlots(tx.Now)
	if len(days) > 0 {
		if fresh, err = insertDaySlots(tx, days); err != nil || !fresh {
			return false, err
		}
	}
	if fresh, err = insertCoupons(tx, b.sorted()); err != nil || fresh || len(days) == 0 {
		return fresh, err
	}
	return false, deleteDaySlots(tx, publicIDs(b.rows))
}

// plan decides every command on what the transaction sees. again says that a unique key has refused an earlier plan.
func (b *batch) plan(tx *db.Tx, refusal error, again bool) error {
	b.rows, b.same = b.rows[:0], map[int]int{}
	known, taken, err := b.lookUp(tx, refusal, again)
	if err != nil {
		return err
	}
	var today map[model.MemberID][]int64
	if refusal == nil && b.t.PerDay > 0 {
		if today, err = takenDaySlots(tx, b.t.ID, model.DayOf(tx.Now, model.Shanghai), b.members()); err != nil {
			return err
		}
	}
	room := b.room()
	from, until := validity(b.t, tx.Now)
	first := make(map[string]int, len(b.gs))
	b.rows = slices.Grow(b.rows, int(max(0, room)))
	for i, g := range b.gs {
		out := &b.outs[i]
		*out = db.Outcome[Coupon]{}
		if g.source != "" {
			if c, ok := known[g.source]; ok {
				*out = b.repeated(g, c)
				continue
			}
			if j, ok := first[g.source]; ok {
				b.same[i] = j
				continue
			}
			first[g.source] = i
		}
		if refusal != nil {
			out.Err = refusal
			continue
		}
		if g.refusal != nil {
			out.Err = g.refusal
			continue
		}
		var day int64
		if b.t.PerDay > 0 {
			n, ok := freeSlot(today[g.member], b.t.PerDay)
			if !ok {
				out.Err = ErrDayLimit
				continue
			}
			day = n
		}
		var slot *int64
		if b.t.PerMember > 0 {
			n, ok := freeSlot(taken[g.member], b.t.PerMember)
			if !ok {
				out.Err = ErrLimitReached
				continue
			}
			slot = &n
		}
		if int64(len(b.rows)) >= room {
			out.Err = ErrSoldOut
			continue
		}
		if slot != nil {
			taken[g.member] = append(taken[g.member], *slot)
		}
		if day > 0 {
			today[g.member] = append(today[g.member], day)
		}
		b.rows = append(b.rows, planned{i, model.Coupon{
			PublicID: model.PublicID(random.ID()), Code: random.Digits(16), TemplateID: b.t.ID, MemberID: g.member, Slot: slot,
			Source: nullable(g.source), Channel: g.channel, StaffID: g.staff, CouponTerms: b.t.CouponTerms,
			TermsID: b.t.TermsID, UsableFrom: from, UsableUntil: until, State: model.CouponIssued, IssuedAt: tx.Now,
		}, day})
	}
	return nil
}

// lookUp returns what the batch's sources have given and the slots that its members have filled. With a limit per member the slots
// tell which sources are known: a repetition stands in a slot of its own member. Only what they cannot tell, a source that
// gave something else, is left for the unique key to find, and then all sources are looked up again.
//
// A batch for which trust holds is not looked up at all: the unique keys find the repetitions in it. That spares a flood of first
// claims a query over all of its members.
func (b *batch) lookUp(tx *db.Tx, refusal error, again bool) (known map[string]model.Coupon, taken map[model.MemberID][]int64, err error) {
	if !again && b.trust && b.t.PerMember > 0 && b.t.PerDay == 0 && refusal == nil && b.room() >= int64(len(b.gs)) {
		return nil, map[model.MemberID][]int64{}, nil
	}
	ask := b.sources()
	if refusal == nil && b.t.PerMember > 0 {
		var sources map[string]bool
		if taken, sources, err = takenSlotsAndSources(tx, b.t.ID, b.members()); err != nil {
			return nil, nil, err
		}
		if !again {
			ask = slices.DeleteFunc(ask, func(s string) bool { return !sources[s] })
		}
	}
	known, err = couponsBySource(tx, ask)
	b.clean = err == nil && len(known) == 0 && len(taken) == 0
	return known, taken, err
}

// room is how many coupons the template may still give, as far as the batch needs to know.
func (b *batch) room() int64 {
	n := int64(len(b.gs))
	if b.t.Total >= 0 {
		n = min(n, b.t.Total-b.t.Claimed)
	}
	return n
}

// repeated answers a command whose source has given a coupon before.
func (b *batch) repeated(g grant, c model.Coupon) db.Outcome[Coupon] {
	if c.MemberID != g.member || c.TemplateID != b.t.ID {
		return db.Outcome[Coupon]{Err: g.reused}
	}
	v := given(c, b.t)
	v.Replayed = true
	return db.Outcome[Coupon]{Value: v}
}

// takeStock takes the rows' number from the template. When that is not there any more, the earliest commands keep
// theirs and the rows of the others are taken back.
func (b *batch) takeStock(tx *db.Tx) error {
	ok, err := takeStock(tx, b.t, int64(len(b.rows)))
	if err != nil {
		return fmt.Errorf("take %d of template %d: %w", len(b.rows), b.t.ID, err)
	}
	if ok {
		return nil
	}
	now, err := lockTemplate(tx, b.t.ID) // from here on the counter stands still
	if err != nil {
		return fmt.Errorf("lock template %d: %w", b.t.ID, err)
	}
	if now.Revision != b.t.Revision {
		return ErrChanged
	}
	var keep int64
	refusal := error(ErrSoldOut)
	if now.State != model.TemplateActive {
		refusal = stateRefusal(now.State)
	} else {
		keep = max(0, min(now.Total-now.Claimed, int64(len(b.rows))))
	}
	back := b.rows[keep:]
	ids := publicIDs(back)
	for _, r := range back {
		b.outs[r.i].Err = refusal
	}
	err = deleteCoupons(tx, ids)
	if err == nil && b.t.PerDay > 0 {
		err = deleteDaySlots(tx, ids)
	}
	if err != nil {
		return fmt.Errorf("take %d coupons of template %d back: %w", len(ids), b.t.ID, err)
	}
	b.rows = b.rows[:keep]
	if keep == 0 {
		return nil
	}
	if ok, err = takeStock(tx, b.t, keep); err == nil && !ok {
		err = errMoved
	}
	if err != nil {
		return fmt.Errorf("take %d of template %d: %w", keep, b.t.ID, err)
	}
	return nil
}

// answer fills in what was given, also for repetitions within the batch.
func (b *batch) answer() []db.Outcome[Coupon] {
	for _, r := range b.rows {
		b.outs[r.i].Value = given(r.c, b.t)
	}
	for i, j := range b.same {
		if b.gs[i].member != b.gs[j].member {
			b.outs[i].Err = b.gs[i].reused
			continue
		}
		b.outs[i] = b.outs[j]
		b.outs[i].Value.Replayed = b.outs[j].Err == nil
	}
	return b.outs
}

// sorted returns the rows in the order in which every instance inserts, so that two of them do not wait for each other.
func (b *batch) sorted() []model.Coupon {
	rows := make([]model.Coupon, len(b.rows))
	for i, r := range b.rows {
		rows[i] = r.c
	}
	slices.SortStableFunc(rows, func(x, y model.Coupon) int { return cmp.Compare(x.MemberID, y.MemberID) })
	return rows
}

// daySlots are the rows of the limit per day, in the order of the members.
func (b *batch) daySlots(now time.Time) []model.CouponDaySlot {
	if b.t.PerDay == 0 {
		return nil
	}
	rows := make([]model.CouponDaySlot, len(b.rows))
	for i, r := range b.rows {
		rows[i] = model.CouponDaySlot{TemplateID: b.t.ID, MemberID: r.c.MemberID, Day: model.DayOf(now, model.Shanghai), Slot: r.day, Coupon: r.c.PublicID}
	}
	slices.SortStableFunc(rows, func(x, y model.CouponDaySlot) int { return cmp.Compare(x.MemberID, y.MemberID) })
	return rows
}

func publicIDs(rows []planned) []model.PublicID {
	ids := make([]model.PublicID, len(rows))
	for i, r := range rows {
		ids[i] = r.c.PublicID
	}
	return ids
}

func (b *batch) sources() []string {
	list := make([]string, 0, len(b.gs))
	for _, g := range b.gs {
		if g.source != "" {
			list = append(list, g.source)
		}
	}
	return list
}

func (b *batch) members() []int64 {
	list := make([]int64, len(b.gs))
	for i, g := range b.gs {
		list[i] = int64(g.member)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// freeSlot returns the lowest ordinal from 1 to limit that is not taken.
func freeSlot(taken []int64, limit int64) (int64, bool) {
	for n := int64(1); n <= limit; n++ {
		if !slices.Contains(taken, n) {
			return n, true
		}
	}
	return 0, false
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
