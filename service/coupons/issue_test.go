package coupons_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/coupons"
)

// issueMany gives coupons to members 1 .. n in one transaction.
func issueMany(t *testing.T, s *coupons.Service, d *db.DB, id model.PublicID, ins []coupons.Issue) (outs []db.Outcome[coupons.Coupon]) {
	t.Helper()
	err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		outs, err = s.IssueManyTx(ctx, tx, id, ins)
		return err
	})
	if err != nil {
		t.Fatalf("IssueManyTx: %v", err)
	}
	return outs
}

func events(name string, n int) []coupons.Issue {
	ins := make([]coupons.Issue, n)
	for i := range ins {
		ins[i] = coupons.Issue{Member: model.MemberID(i + 1), Source: fmt.Sprintf("%s:%d", name, i+1)}
	}
	return ins
}

// yudao tests only claimed < total, so that a batch overshoots: 25 for a stock of 10 must give the first 10.
func TestIssueBatchDoesNotOvershoot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.Total = 10
		id := active(t, s, n)
		for i, o := range issueMany(t, s, d, id, events("batch", 25)) {
			if want := i < 10; (o.Err == nil) != want {
				t.Errorf("command %d ended with %v; the earliest ten win", i, o.Err)
			} else if !want {
				is(t, "too late", o.Err, coupons.ErrSoldOut)
			}
		}
		// The same events again: the same coupons, and still nothing for the others.
		for i, o := range issueMany(t, s, d, id, events("batch", 25)) {
			if i < 10 && !o.Value.Replayed {
				t.Errorf("event %d gave a second coupon", i)
			}
		}
		if counter, rows := claimed(t, s, d, id); counter != 10 || rows != 10 {
			t.Errorf("counter %d, rows %d, want 10 and 10", counter, rows)
		}
		sound(t, d)
	})
}

func TestIssueIgnoresTheClaimWindowOnly(t *testing.T) {
	tests := []struct {
		name   string
		change func(*coupons.NewTemplate)
		want   error
	}{
		{"claim window over", func(n *coupons.NewTemplate) { n.ClaimUntil = at(dbtest.Start, -time.Hour) }, nil},
		{"claim window not open yet", func(n *coupons.NewTemplate) { n.ClaimFrom = at(dbtest.Start, time.Hour) }, nil},
		{"not claimable", func(n *coupons.NewTemplate) { n.Claimable = false }, nil},
		{"not issuable", func(n *coupons.NewTemplate) { n.Issuable = false }, coupons.ErrNotIssuable},
		{"expired before it is given", func(n *coupons.NewTemplate) {
			n.UseDays, n.UseFrom, n.UseUntil = 0, at(dbtest.Start, -time.Hour), at(dbtest.Start, 0)
		}, coupons.ErrEnded},
	}
	d, _ := dbtest.SQLite(t)
	s := service(d)
	for _, tt := range tests {
		n := tenOff()
		tt.change(&n)
		_, err := s.Issue(ctx, coupons.Issue{Staff: clerk, Member: 1, Template: active(t, s, n), Note: "道歉"})
		is(t, tt.name, err, tt.want)
	}
	id := active(t, s, tenOff())
	give := coupons.Issue{Staff: clerk, Member: 1, Template: id, Note: "道歉", Key: db.Key{Scope: "issue staff:3", Key: "k"}}
	first, err := s.Issue(ctx, give)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Issue(ctx, give)
	if err != nil || !again.Replayed || again.ID != first.ID {
		t.Errorf("the repeated command = %+v, %v; want the first coupon, replayed", again, err)
	}
	changed := give
	changed.Note = "生日"
	_, err = s.Issue(ctx, changed)
	is(t, "the same key with another reason", err, db.ErrKeyReused)
	give.Key.Key = "k2"
	_, err = s.Issue(ctx, give)
	is(t, "a second one beyond the limit", err, coupons.ErrLimitReached)
	give.Member, give.Key.Key = 2_000_000, "k3"
	_, err = s.Issue(ctx, give)
	is(t, "nobody", err, errNobody)
	give.Template = "nosuchtemplate0000000000"
	give.Member = 1
	_, err = s.Issue(ctx, give)
	is(t, "no such template", err, coupons.ErrTemplateUnknown)
	if n := trail(t, d, "coupons.issue"); n != 4 { // three of the table and the first of the limit
		t.Errorf("%d entries in the staff trail, want 4", n)
	}
	sound(t, d)
}

func TestIssueSourceGivesOneCoupon(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.PerMember = 0
		one, two := active(t, s, n), active(t, s, n)
		var y tally
		together(32, func(i int) {
			c, err := s.Issue(ctx, coupons.Issue{Member: 5, Template: one, Source: "redemption:12"})
			if err == nil && c.Member != 5 {
				t.Errorf("the coupon belongs to %d", c.Member)
			}
			y.add(t, err)
		})
		y.want(t, map[string]int{"": 32})
		if counter, rows := claimed(t, s, d, one); counter != 1 || rows != 1 {
			t.Errorf("counter %d, rows %d, want 1 and 1", counter, rows)
		}
		_, err := s.Issue(ctx, coupons.Issue{Member: 5, Template: two, Source: "redemption:12"})
		is(t, "the source with another template", err, coupons.ErrSourceReused)
		_, err = s.Issue(ctx, coupons.Issue{Member: 6, Template: one, Source: "redemption:12"})
		is(t, "the source with another member", err, coupons.ErrSourceReused)
		if _, err = s.Issue(ctx, coupons.Issue{Member: 6, Template: one}); err == nil {
			t.Error("an event without a source was taken")
		}
		sound(t, d)
	})
}

func trail(t *testing.T, d *db.DB, action string) (n int64) {
	t.Helper()
	err := d.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Model(&model.AuditEntry{}).Where("action = ?", action).Count(&n).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
