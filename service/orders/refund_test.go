package orders_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/members"
	"huitou/service/orders"
	"huitou/service/points"
)

// part is a refund of tea's order 1: 22 yuan, 2 of them freight.
func part(number string) orders.Refund {
	return orders.Refund{Source: "pos", Order: "1", Number: number, At: dbtest.Start, Amount: 2_200, Freight: 200}
}

func (w world) refund(t *testing.T, in orders.Refund) orders.Returned {
	t.Helper()
	r, err := w.orders.Refund(ctx, in)
	if err != nil {
		t.Fatalf("Refund(%s): %v", in.Number, err)
	}
	return r
}

func (w world) figures(t *testing.T, m model.MemberID) string {
	t.Helper()
	v, err := w.members.Member(ctx, m)
	if err != nil {
		t.Fatal(err)
	}
	if v.FirstOrderAt == nil {
		return fmt.Sprintf("%d orders, %d", v.Orders, v.Total)
	}
	return fmt.Sprintf("%d orders, %d, %s to %s", v.Orders, v.Total, v.FirstOrderAt.Format("15:04"), v.LastOrderAt.Format("15:04"))
}

func (w world) active(t *testing.T, m model.MemberID) model.Points {
	t.Helper()
	b, err := w.points.Balance(ctx, m)
	if err != nil {
		t.Fatal(err)
	}
	return b.Active
}

// 80 yuan of goods earned 80 points, and 8 yuan were freight.
func TestRefundInParts(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		first := tea("1", "c1")
		first.PaidAt = dbtest.Start.Add(-2 * time.Hour)
		r := w.ingest(t, first)
		w.ingest(t, tea("2", "c1"))
		steps := []struct {
			refund  orders.Refund
			points  model.Points
			state   model.OrderState
			balance model.Points
			figures string
		}{
			{part("r1"), 20, model.OrderPartRefunded, 140, "2 orders, 15400, 02:00 to 03:59"},
			{orders.Refund{Source: "pos", Order: "1", Number: "r2", At: dbtest.Start, Amount: 600, Freight: 600}, 0, model.OrderPartRefunded, 140, "2 orders, 14800, 02:00 to 03:59"},
			{orders.Refund{Source: "pos", Order: "1", Number: "r3", At: dbtest.Start, Amount: 50}, 0, model.OrderPartRefunded, 140, "2 orders, 14750, 02:00 to 03:59"},
			{orders.Refund{Source: "pos", Order: "1", Number: "r4", At: dbtest.Start, Amount: 50}, 1, model.OrderPartRefunded, 139, "2 orders, 14700, 02:00 to 03:59"},
			{orders.Refund{Source: "pos", Order: "1", Number: "r5", At: dbtest.Start, Amount: 5_900}, 59, model.OrderRefunded, 80, "1 orders, 8800, 03:59 to 03:59"},
			{orders.Refund{Source: "pos", Order: "2", Number: "r6", At: dbtest.Start, Amount: 8_800}, 80, model.OrderRefunded, 0, "0 orders, 0"},
		}
		for _, s := range steps {
			got := w.refund(t, s.refund)
			if !got.Fresh || got.Member != r.Member || got.Points != s.points || got.State != s.state {
				t.Errorf("%s: %+v, want %d points, %s", s.refund.Number, got, s.points, s.state)
			}
			if b, f := w.active(t, r.Member), w.figures(t, r.Member); b != s.balance || f != s.figures {
				t.Errorf("%s: balance %d, figures %s; want %d, %s", s.refund.Number, b, f, s.balance, s.figures)
			}
			w.sound(t)
		}
		if got := w.counts(t, "facts"); got != "facts=9 " { // joined, 2 paid, 6 refunded
			t.Error(got)
		}
	})
}

func TestRefundKnown(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		w.ingest(t, tea("1", "c1"))
		w.ingest(t, tea("2", "c2"))
		in := part("r1")
		in.Lines = []orders.RefundLine{{Line: 1, Quantity: 1, Amount: 2_000}}
		first := w.refund(t, in)
		tables := []string{"order_refunds", "order_refund_lines", "points_entries", "facts"}
		before := w.counts(t, tables...)
		again := in
		again.At = again.At.In(model.Shanghai)
		if r := w.refund(t, again); r.Fresh || r.Refund != first.Refund || r.Points != first.Points {
			t.Errorf("again = %+v, want %+v", r, first)
		}
		for name, change := range map[string]func(*orders.Refund){
			"another order":   func(r *orders.Refund) { r.Order = "2" },
			"another amount":  func(r *orders.Refund) { r.Amount, r.Lines = 2_100, nil },
			"other freight":   func(r *orders.Refund) { r.Freight, r.Lines = 0, nil },
			"another instant": func(r *orders.Refund) { r.At = r.At.Add(time.Second) },
			"other lines":     func(r *orders.Refund) { r.Lines = nil },
		} {
			other := in
			change(&other)
			_, err := w.orders.Refund(ctx, other)
			is(t, name, err, orders.ErrRefundConflict)
		}
		in.Order = "9"
		_, err := w.orders.Refund(ctx, in)
		is(t, "an unknown order", err, orders.ErrUnknown)
		in.Source, in.Order = "youzan", "1"
		_, err = w.orders.Refund(ctx, in)
		is(t, "an order of another source", err, orders.ErrUnknown)
		if after := w.counts(t, tables...); after != before {
			t.Errorf("repetitions and conflicts changed %s to %s", before, after)
		}
		w.sound(t)
	})
}

func TestRefundBadInput(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		w.ingest(t, tea("1", "c1"))
		given := part("r0")
		given.Lines = []orders.RefundLine{{Line: 1, Quantity: 1, Amount: 2_000}}
		w.refund(t, given)
		before := w.counts(t, "order_refunds", "points_entries", "facts")
		for name, tt := range map[string]struct {
			change func(*orders.Refund)
			want   string
		}{
			"no amount":                   {func(r *orders.Refund) { r.Amount = 0 }, "refund_fen freight_fen "},
			"a negative amount":           {func(r *orders.Refund) { r.Amount, r.Freight = -1, 0 }, "refund_fen freight_fen "},
			"beyond range":                {func(r *orders.Refund) { r.Amount = model.MaxFen + 1 }, "refund_fen "},
			"negative freight":            {func(r *orders.Refund) { r.Freight = -1 }, "freight_fen "},
			"freight beyond the refund":   {func(r *orders.Refund) { r.Freight = 2_201 }, "freight_fen "},
			"freight beyond the order":    {func(r *orders.Refund) { r.Freight = 601 }, "freight_fen "},
			"no number":                   {func(r *orders.Refund) { r.Number = "" }, "number "},
			"a full-width number":         {func(r *orders.Refund) { r.Number = "１" }, "number "},
			"no instant":                  {func(r *orders.Refund) { r.At = time.Time{} }, "refunded_at "},
			"far in the future":           {func(r *orders.Refund) { r.At = dbtest.Start.Add(time.Hour) }, "refunded_at "},
			"before the order":            {func(r *orders.Refund) { r.At = dbtest.Start.Add(-time.Hour) }, "refunded_at "},
			"lines that do not add up":    {func(r *orders.Refund) { r.Lines = []orders.RefundLine{{1, 1, 1_999}} }, "lines "},
			"a line that is not there":    {func(r *orders.Refund) { r.Lines = []orders.RefundLine{{3, 1, 2_000}} }, "lines[0].line "},
			"line nought":                 {func(r *orders.Refund) { r.Lines = []orders.RefundLine{{0, 1, 2_000}} }, "lines[0].line "},
			"a line twice":                {func(r *orders.Refund) { r.Lines = []orders.RefundLine{{1, 0, 1_000}, {1, 0, 1_000}} }, "lines[1].line "},
			"more pieces than are left":   {func(r *orders.Refund) { r.Lines = []orders.RefundLine{{1, 2, 2_000}} }, "lines[0].quantity "},
			"negative pieces":             {func(r *orders.Refund) { r.Lines = []orders.RefundLine{{1, -1, 2_000}} }, "lines[0].quantity "},
			"more money than a line cost": {func(r *orders.Refund) { r.Lines, r.Amount = []orders.RefundLine{{2, 1, 2_001}}, 2_201 }, "lines[0].refund_fen "},
		} {
			in := part("r1")
			tt.change(&in)
			_, err := w.orders.Refund(ctx, in)
			if got := fieldsOf(err); got != tt.want {
				t.Errorf("%s: faults %q, want %q", name, got, tt.want)
			}
		}
		in := part("r1")
		in.Amount = 6_601
		_, err := w.orders.Refund(ctx, in)
		is(t, "more than is left", err, orders.ErrRefundTooLarge)
		if f := fault.Of(err); f == nil || f.Detail["left_fen"] != int64(6_600) {
			t.Errorf("the details are %v", f)
		}
		if after := w.counts(t, "order_refunds", "points_entries", "facts"); after != before {
			t.Errorf("refusals changed %s to %s", before, after)
		}
		w.sound(t)
	})
}

// What the member has spent meanwhile: by the shop's policy a debt, or waived.
func TestRefundOfSpentPoints(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		for _, tt := range []struct {
			policy       model.ClawbackPolicy
			active, debt model.Points
		}{
			{"", 0, 50}, // a debt unless the shop says otherwise
			{model.ClawWithDebt, 0, 50},
			{model.ClawToBalance, 0, 0},
			{model.ClawPending, 30, 0},
		} {
			deps, name := w.orders.Deps, "of "+string(tt.policy)
			deps.Rules.Clawback = tt.policy
			w := w
			w.orders = orders.New(deps)
			order := func(number string) orders.Order { return tea(name[3:]+number, name) }
			m := w.ingest(t, order("1")).Member
			if _, _, err := w.points.Spend(ctx, points.Spend{Member: m, Points: 50, Reason: model.PointsForGift, Source: fmt.Sprint("gift:", m)}); err != nil {
				t.Fatal(err)
			}
			w.refund(t, orders.Refund{Source: "pos", Order: order("1").Number, Number: order("r1").Number, At: dbtest.Start, Amount: 8_800})
			b, err := w.points.Balance(ctx, m)
			if err != nil || b.Active != tt.active || b.Debt != tt.debt {
				t.Errorf("%s: balance %+v, %v; want %d and a debt of %d", name, b, err, tt.active, tt.debt)
			}
			w.sound(t)
			// The next order pays the debt first; what it earned is written down in full.
			if r := w.ingest(t, order("2")); r.PointsEarned != 80 || w.active(t, m) != tt.active+80-tt.debt {
				t.Errorf("%s: the next order earned %d, balance %d", name, r.PointsEarned, w.active(t, m))
			}
			w.sound(t)
		}
	})
}

func TestRefundOfWhatEarnsNothing(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		card := tea("1", "c1")
		card.Kind = model.OrderMembership
		r := w.ingest(t, card)
		if got := w.refund(t, part("r1")); got.Points != 0 || got.State != model.OrderPartRefunded {
			t.Errorf("a card's refund: %+v", got)
		}
		err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := w.orders.ImportTx(ctx, tx, "old", []orders.Historic{{Number: "h1", External: "c9", PaidAt: dbtest.Start.AddDate(-1, 0, 0), Amount: 5_000}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got := w.refund(t, orders.Refund{Source: "old", Order: "h1", Number: "r1", At: dbtest.Start, Amount: 5_000})
		if got.Points != 0 || got.State != model.OrderRefunded || w.figures(t, got.Member) != "0 orders, 0" || w.figures(t, r.Member) != "0 orders, 0" {
			t.Errorf("history's refund: %+v, figures %s", got, w.figures(t, got.Member))
		}
		w.sound(t)
	})
}

// T14's shape for refunds: 64 at once, half of them one and the same, never give back more than was paid, and the points follow.
func TestRefundsInParallel(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		m := w.ingest(t, tea("1", "c1")).Member
		w.ingest(t, tea("2", "c1"))
		var mu sync.Mutex
		fresh := map[string]int{}
		together(64, func(i int) {
			in := orders.Refund{Source: "pos", Order: "1", Number: fmt.Sprint("r", i%32), At: dbtest.Start, Amount: 1_000}
			r, err := w.orders.Refund(ctx, in)
			switch f := fault.Of(err); {
			case err == nil && r.Fresh:
				mu.Lock()
				fresh[in.Number]++
				mu.Unlock()
			case err != nil && (f == nil || f.Code != orders.ErrRefundTooLarge.Code):
				t.Errorf("Refund(%s): %v", in.Number, err)
			}
		})
		for number, n := range fresh {
			if n != 1 {
				t.Errorf("%s had %d effects", number, n)
			}
		}
		if len(fresh) != 8 { // 8 x 10 yuan of 88
			t.Errorf("%d refunds of ten yuan fitted into 88", len(fresh))
		}
		if b, f := w.active(t, m), w.figures(t, m); b != 80 || !strings.HasPrefix(f, "2 orders, 9600,") {
			t.Errorf("balance %d, figures %s; want the second order's 80 and 96 yuan", b, f)
		}
		w.sound(t)
	})
}

// A member's orders and refunds come at once: his figures are right afterwards.
func TestFiguresUnderOrdersAndRefunds(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		m := w.ingest(t, tea("1", "c1")).Member
		together(32, func(i int) {
			number := fmt.Sprint("n", i)
			if _, err := w.orders.Ingest(ctx, tea(number, "c1")); err != nil {
				t.Errorf("Ingest: %v", err)
			}
			if i%2 == 0 {
				return
			}
			if _, err := w.orders.Refund(ctx, orders.Refund{Source: "pos", Order: number, Number: number, At: dbtest.Start, Amount: 8_800}); err != nil {
				t.Errorf("Refund: %v", err)
			}
		})
		if f := w.figures(t, m); !strings.HasPrefix(f, "17 orders, 149600,") {
			t.Error(f)
		}
		w.sound(t)
	})
}

func TestRefundInvariantsTrip(t *testing.T) {
	tests := []struct {
		name, corrupt string
		want          []string
	}{
		{"a refund that was lost", `DELETE FROM order_refunds WHERE id = 1`, []string{"orders.refunds", "orders.refund_lines"}},
		{"a refund that grew", `UPDATE order_refunds SET refund_fen = refund_fen + 1 WHERE id = 1`, []string{"orders.refunds"}},
		{"a refund of no order", `UPDATE order_refunds SET order_id = 99 WHERE id = 1`, []string{"orders.refunds", "orders.refund_lines", "orders.clawbacks"}},
		{"more goods than were paid", `UPDATE order_refunds SET goods_fen = 8001, refund_fen = 8800 WHERE id = 2`, []string{"orders.refunds"}},
		{"a line that gives back too much", `UPDATE order_refund_lines SET refund_fen = 9000 WHERE line = 1`, []string{"orders.refund_lines"}},
		{"more pieces than were bought", `UPDATE order_refund_lines SET quantity = 3 WHERE line = 1`, []string{"orders.refund_lines"}},
		{"points that were not taken back", `UPDATE order_refunds SET points = points - 1 WHERE id = 1`, []string{"orders.clawbacks"}},
		{"points beyond what was earned", `UPDATE order_refunds SET points = 81 WHERE id = 2`, []string{"orders.clawbacks"}},
		{"a member who kept the money", `UPDATE members SET total_fen = total_fen + 2200 WHERE id = 1`, []string{"orders.figures"}},
		{"a returned order that counts", `UPDATE members SET orders = orders + 1 WHERE id = 1`, []string{"orders.figures"}},
	}
	each(t, func(t *testing.T, w world) {
		w.ingest(t, tea("1", "c1"))
		w.ingest(t, tea("2", "c1"))
		w.ingest(t, tea("3", "c1"))
		in := part("r1")
		in.Lines = []orders.RefundLine{{Line: 1, Quantity: 1, Amount: 2_000}}
		w.refund(t, in)
		w.refund(t, orders.Refund{Source: "pos", Order: "2", Number: "r2", At: dbtest.Start, Amount: 8_800})
		w.sound(t)
		rollBack := fmt.Errorf("roll back")
		for _, tt := range tests {
			err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Gorm().Exec(tt.corrupt).Error; err != nil {
					t.Errorf("%s: %v", tt.name, err)
					return rollBack
				}
				var tripped []string
				for _, inv := range orders.Invariants() {
					violations, err := inv.Check(ctx, tx)
					if err != nil {
						t.Errorf("check %s: %v", inv.ID, err)
					}
					if len(violations) > 0 {
						tripped = append(tripped, inv.ID)
					}
				}
				if !slices.Equal(tripped, tt.want) {
					t.Errorf("%s trips %v, want %v", tt.name, tripped, tt.want)
				}
				return rollBack
			})
			is(t, tt.name, err, rollBack)
		}
	})
}

func TestCorrectFiguresRefusesNonsense(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		m := w.ingest(t, tea("1", "c1")).Member
		for _, f := range []members.OrderFigures{
			{Member: m, Orders: 1}, {Member: m, Orders: 0, Amount: 1}, {Member: m, Orders: -1},
			{Member: m, Orders: 1, Amount: -1, First: dbtest.Start, Last: dbtest.Start},
			{Member: m, Orders: 1, First: dbtest.Start, Last: dbtest.Start.Add(-1)},
		} {
			err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return w.members.CorrectFiguresTx(ctx, tx, f) })
			if err == nil {
				t.Errorf("the figures %+v were taken", f)
			}
		}
		err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			return w.members.CorrectFiguresTx(ctx, tx, members.OrderFigures{Member: 99})
		})
		is(t, "figures of nobody", err, members.ErrUnknown)
	})
}
