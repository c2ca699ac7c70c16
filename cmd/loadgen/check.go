package main

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/service/coupons"
)

// state is what the database holds about one hot thing.
type state struct {
	noun, soldOut  string // what is handed out, and the code of the refusal when nothing is left
	total, counter int64
	rows           []held
}

// held is one coupon or redemption and whose it is.
type held struct {
	id     model.PublicID
	member model.MemberID
}

// readState reads what became of a template.
func readState(ctx context.Context, d *db.DB, template model.PublicID) (s state, err error) {
	err = d.Snapshot(ctx, func(_ context.Context, tx *db.Tx) error {
		var t model.CouponTemplate
		if err := tx.Gorm().Where("public_id = ?", template).Take(&t).Error; err != nil {
			return fmt.Errorf("read the template: %w", err)
		}
		s = state{noun: "coupon", soldOut: coupons.ErrSoldOut.Code, total: t.Total, counter: t.Claimed}
		rows, err := tx.Gorm().Model(&model.Coupon{}).Select("public_id", "member_id").Where("template_id = ?", t.ID).Rows()
		if err != nil {
			return fmt.Errorf("read the coupons: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var h held
			if err := rows.Scan(&h.id, &h.member); err != nil {
				return fmt.Errorf("read the coupons: %w", err)
			}
			s.rows = append(s.rows, h)
		}
		return rows.Err()
	})
	return s, err
}

// shown is how many breaks of one kind are told one by one.
const shown = 5

// breaks collects what differs.
type breaks struct {
	list  []string
	count map[string]int
}

func (b *breaks) say(kind, format string, args ...any) {
	if b.count == nil {
		b.count = map[string]int{}
	}
	if b.count[kind]++; b.count[kind] <= shown {
		b.list = append(b.list, kind+": "+fmt.Sprintf(format, args...))
	}
}

func (b *breaks) all() []string {
	for kind, n := range b.count {
		if n > shown {
			b.list = append(b.list, fmt.Sprintf("%s: %d more", kind, n-shown))
		}
	}
	return b.list
}

// compare finds everything in which the shoppers' answers and the database differ. members are the shoppers by index. Each
// shopper asks once and may have one coupon.
func compare(answers []answer, members []model.MemberID, s state) []string {
	var b breaks
	owner := make(map[model.PublicID]model.MemberID, len(s.rows))
	of := make(map[model.MemberID]int, len(s.rows))
	for _, h := range s.rows {
		owner[h.id] = h.member
		if of[h.member]++; of[h.member] > 1 {
			b.say("doubled", "member %d has %d %ss, one is allowed", h.member, of[h.member], s.noun)
		}
	}
	var acknowledged, refused, unknown int64
	promised := make(map[model.PublicID]int, len(answers))
	asked := make(map[model.MemberID]bool, len(answers))
	for _, a := range answers {
		m := members[a.shopper]
		asked[m] = true
		switch {
		case a.acknowledged():
			acknowledged++
			if other, twice := promised[a.coupon]; twice {
				b.say("doubled", "%s %s was given to shoppers %d and %d", s.noun, a.coupon, other, a.shopper)
			}
			promised[a.coupon] = a.shopper
			if has, ok := owner[a.coupon]; !ok {
				b.say("lost", "%s %q was acknowledged to shopper %d and is not there", s.noun, a.coupon, a.shopper)
			} else if has != m {
				b.say("lost", "%s %s was acknowledged to shopper %d (member %d) and is member %d's", s.noun, a.coupon, a.shopper, m, has)
			}
		case a.refused():
			refused++
			if a.code != s.soldOut { // the only reason that there can be in these loads
				b.say("refused", "shopper %d was told %d %q instead of %q", a.shopper, a.status, a.code, s.soldOut)
			}
			if of[m] > 0 {
				b.say("refused", "shopper %d (member %d) was refused with %q and has a %s", a.shopper, m, a.code, s.noun)
			}
		default:
			unknown++
		}
	}
	for _, h := range s.rows {
		if !asked[h.member] {
			b.say("unasked", "member %d has %s %s and did not ask", h.member, s.noun, h.id)
		}
	}
	rows := int64(len(s.rows))
	// A claim whose answer broke off may have been written or not; every other one is known.
	if rows < acknowledged || rows > acknowledged+unknown {
		b.say("count", "%d requests were acknowledged, %d broke off, and there are %d %ss", acknowledged, unknown, rows, s.noun)
	}
	if s.counter != rows {
		b.say("counter", "the counter says %d %ss and there are %d", s.counter, s.noun, rows)
	}
	if s.total >= 0 && rows > s.total {
		b.say("stock", "%d %ss of %d were handed out", rows, s.noun, s.total)
	}
	if want := min(s.total, int64(len(asked))); s.total >= 0 && rows < want-unknown {
		b.say("stock", "%d shoppers came for %d %ss and only %d were handed out", len(asked), s.total, s.noun, rows)
	}
	if refused > 0 && s.total >= 0 && rows < s.total {
		b.say("stock", "%d shoppers were refused while %d of %d %ss were left", refused, s.total-rows, s.total, s.noun)
	}
	return b.all()
}

// auditAll runs every invariant of the services and returns what it found broken.
func auditAll(ctx context.Context, d *db.DB, all []audit.Invariant) ([]string, error) {
	broken, err := audit.Run(ctx, d, all)
	if err != nil {
		return nil, fmt.Errorf("check the invariants: %w", err)
	}
	var b breaks
	for _, x := range broken {
		for _, v := range x.Violations {
			b.say("invariant "+x.ID, "%s", v)
		}
	}
	return b.all(), nil
}
