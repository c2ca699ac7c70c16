package analytics

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/sheet"
)

// Liability is the points that members could still spend, by when they end, and what became of all others. The package comment
// defines the words.
type Liability struct {
	AsOf time.Time `json:"as_of"`
	Zone string    `json:"zone"`
	// Rows are by month, the earliest first, then points without an end, those that wait for their order, and those that are held.
	Rows        []LiabilityRow `json:"rows"`
	Outstanding model.Points   `json:"outstanding"` // of all rows
	CostFen     model.Fen      `json:"cost_fen"`    // of all rows, which add up to it exactly
	// CostPerHundred is the shop's rate: what a hundred points cost it.
	CostPerHundred model.Fen    `json:"cost_fen_per_hundred"`
	Debt           model.Points `json:"debt"` // what members owe after clawbacks; not taken off Outstanding
	Earned         model.Points `json:"earned"`
	Spent          model.Points `json:"spent"`
	Expired        model.Points `json:"expired"`
	// Breakage is Expired / (Spent + Expired): of the points whose fate is decided, the share that nobody used; 0 to 1.
	Breakage float64 `json:"breakage"`
}

// LiabilityRow is the points that end in one month, or that have no month.
type LiabilityRow struct {
	// Month is that of the last instant at which the points can be spent, "2026-12", or never, awaiting or held.
	Month   string       `json:"month"`
	Active  model.Points `json:"active"`  // can be spent now
	Pending model.Points `json:"pending"` // later
	Points  model.Points `json:"points"`
	CostFen model.Fen    `json:"cost_fen"`
}

// The rows without a month.
const (
	NoEnd    = "never"
	Awaiting = "awaiting" // earned by orders that are not completed; their time begins then
	Held     = "held"     // set aside for something that is not finished
)

// Liability returns the points that are outstanding now.
func (s *Service) Liability(ctx context.Context) (l Liability, err error) {
	err = s.db.Snapshot(ctx, func(ctx context.Context, tx *db.Tx) error {
		totals, err := pointsTotals(tx)
		if err != nil {
			return fmt.Errorf("add up the points accounts: %w", err)
		}
		lots, err := openLots(tx)
		if err != nil {
			return fmt.Errorf("add up the lots of points: %w", err)
		}
		l = liability(tx.Now, s.pointsCost, totals, lots)
		return nil
	})
	return l, err
}

// totals are the sums over all points accounts.
type totals struct{ Earned, Spent, Expired, Held, Debt model.Points }

// ending is what remains in the lots that end at one instant.
type ending struct {
	ExpiresAt       time.Time
	Awaiting        bool
	Active, Pending model.Points
}

// liability puts the figures together. A lot whose end has passed is expired, whether or not the sweep has been there.
func liability(now time.Time, rate model.Fen, t totals, lots []ending) Liability {
	l := Liability{AsOf: now, Zone: model.Shanghai.String(), CostPerHundred: rate, Debt: t.Debt, Earned: t.Earned, Spent: t.Spent, Expired: t.Expired}
	byMonth := map[string]*LiabilityRow{}
	add := func(month string, active, pending model.Points) {
		r := byMonth[month]
		if r == nil {
			r = &LiabilityRow{Month: month}
			byMonth[month] = r
		}
		r.Active, r.Pending = r.Active+active, r.Pending+pending
		r.Points += active + pending
		l.Outstanding += active + pending
	}
	for _, e := range lots {
		switch {
		case e.Awaiting:
			add(Awaiting, 0, e.Active+e.Pending)
		case e.ExpiresAt.Equal(model.Never):
			add(NoEnd, e.Active, e.Pending)
		case e.ExpiresAt.After(now):
			add(e.ExpiresAt.Add(-time.Microsecond).In(model.Shanghai).Format("2006-01"), e.Active, e.Pending)
		default:
			l.Expired += e.Active + e.Pending
		}
	}
	if t.Held > 0 {
		add(Held, 0, t.Held)
	}
	for _, r := range byMonth {
		l.Rows = append(l.Rows, *r)
	}
	slices.SortFunc(l.Rows, func(a, b LiabilityRow) int {
		return cmp.Or(cmp.Compare(rank(a.Month), rank(b.Month)), cmp.Compare(a.Month, b.Month))
	})
	l.price()
	if decided := l.Spent + l.Expired; decided > 0 {
		l.Breakage = float64(l.Expired) / float64(decided)
	}
	return l
}

// rank puts the months, which have none, before the other rows.
func rank(month string) int { return slices.Index([]string{NoEnd, Awaiting, Held}, month) }

// price works out the cost of all points, rounded down once, and gives each row what it adds to the cost of those before it, so that the
// rows add up to the total.
func (l *Liability) price() {
	points := model.Points(0)
	for i := range l.Rows {
		points += l.Rows[i].Points
		total, _ := model.MulFloor(int64(points), int64(l.CostPerHundred), 100)
		l.Rows[i].CostFen = model.Fen(total) - l.CostFen
		l.CostFen = model.Fen(total)
	}
}

// WriteCSV writes the rows and their sum for a spreadsheet.
func (l Liability) WriteCSV(to io.Writer) error {
	w := sheet.NewWriter(to)
	lines := [][]string{{"到期月份", "可用积分", "待生效积分", "合计积分", "成本(元)"}}
	sum := LiabilityRow{Month: "合计", Points: l.Outstanding, CostFen: l.CostFen}
	for _, r := range l.Rows {
		sum.Active, sum.Pending = sum.Active+r.Active, sum.Pending+r.Pending
		lines = append(lines, r.line())
	}
	for _, line := range append(lines, sum.line()) {
		if err := w.Write(line); err != nil {
			return fmt.Errorf("write the liability: %w", err)
		}
	}
	return w.Flush()
}

var monthNames = map[string]string{NoEnd: "永不过期", Awaiting: "待订单完成", Held: "冻结中"}

// Name is what a row is called for people.
func (r LiabilityRow) Name() string {
	if name, ok := monthNames[r.Month]; ok {
		return name
	}
	return r.Month
}

func (r LiabilityRow) line() []string {
	n := func(p model.Points) string { return strconv.FormatInt(int64(p), 10) }
	return []string{r.Name(), n(r.Active), n(r.Pending), n(r.Points), r.CostFen.String()}
}
