package qrcodes

import (
	"context"
	"io"
	"strconv"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/sheet"
)

const (
	// statisticsMost is how many days one answer may have; statisticsUsual how many it has when nobody says.
	statisticsMost  = 366
	statisticsUsual = 30
)

// Statistics are the figures of a code: of its life, of some days together, and of each.
type Statistics struct {
	Code     Code
	From, To model.Day // To is not included
	Sum      model.QRCounts
	Days     []DayCounts // every day, also those without anything
}

// DayCounts are the figures of one day in Shanghai.
type DayCounts struct {
	Day model.Day
	model.QRCounts
}

// Statistics returns the figures of a code from one day up to another, which is not included; without days, of the last thirty. It
// returns ErrUnknown or fault.ErrInvalid.
func (s *Service) Statistics(ctx context.Context, id model.PublicID, from, to model.Day) (out Statistics, err error) {
	if to.IsZero() {
		to = model.DayOf(s.d.DB.Now(), model.Shanghai).AddDays(1)
	}
	if from.IsZero() {
		from = to.AddDays(-statisticsUsual)
	}
	if n := to.Sub(from); n < 1 || n > statisticsMost {
		return out, fault.InvalidFields([]fault.Field{{Name: "from", Reason: "before to, and at most 366 days before it"}})
	}
	out = Statistics{From: from, To: to}
	err = s.d.DB.Snapshot(ctx, func(_ context.Context, tx *db.Tx) error {
		c, err := codeByPublicID(tx, id)
		if err != nil {
			return err
		}
		rows, err := daysOf(tx, c.ID, from, to)
		if err != nil {
			return err
		}
		out.Code, out.Sum, out.Days = view(c), model.QRCounts{}, nil
		for day := from; day.Before(to); day = day.AddDays(1) {
			d := DayCounts{Day: day}
			if len(rows) > 0 && rows[0].Day.Sub(day) == 0 {
				d.QRCounts, rows = rows[0].QRCounts, rows[1:]
			}
			out.Sum = sum(out.Sum, d.QRCounts)
			out.Days = append(out.Days, d)
		}
		return nil
	})
	return out, err
}

func sum(a, b model.QRCounts) model.QRCounts {
	return model.QRCounts{Scans: a.Scans + b.Scans, Scanners: a.Scanners + b.Scanners, Follows: a.Follows + b.Follows, Lost: a.Lost + b.Lost,
		Returns: a.Returns + b.Returns, MiniScans: a.MiniScans + b.MiniScans, MiniScanners: a.MiniScanners + b.MiniScanners}
}

// WriteCSV writes the days as a table for a spreadsheet, with their sum below.
func (st Statistics) WriteCSV(to io.Writer) error {
	w := sheet.NewWriter(to)
	rows := [][]string{{"日期", "扫码次数", "扫码人数", "新关注", "新关注中已取关", "回流关注", "小程序扫码次数", "小程序扫码人数"}}
	for _, d := range st.Days {
		rows = append(rows, csvRow(d.Day.String(), d.QRCounts))
	}
	for _, row := range append(rows, csvRow("合计", st.Sum)) {
		if err := w.Write(row); err != nil {
			return err
		}
	}
	return w.Flush()
}

func csvRow(head string, n model.QRCounts) []string {
	row := []string{head}
	for _, v := range []int64{n.Scans, n.Scanners, n.Follows, n.Lost, n.Returns, n.MiniScans, n.MiniScanners} {
		row = append(row, strconv.FormatInt(v, 10))
	}
	return row
}
