package analytics

import (
	"time"

	"huitou/model"
)

// frequency says how many members placed how many effective orders in a window.
type frequency struct {
	Orders  int64 // 1 or more
	Members int64
}

// repurchase counts buyers and orders and sets the two rates.
func repurchase(list []frequency) Report {
	var r Report
	for _, f := range list {
		r.Buyers += f.Members
		r.Orders += f.Members * f.Orders
		if f.Orders >= 2 {
			r.RepeatBuyers += f.Members
		}
	}
	r.RepeatOrders = r.Orders - r.Buyers
	r.UserRate = share(r.RepeatBuyers, r.Buyers)
	r.OrderRate = share(r.RepeatOrders, r.Orders)
	return r
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// maxYears bounds a window, and with it what one question costs.
const maxYears = 10

var (
	firstDay = model.NewDay(1970, time.January, 1)
	lastDay  = model.NewDay(9999, time.December, 31)
)

func checkWindow(from, to model.Day) error {
	switch {
	case from.Before(firstDay) || lastDay.Before(from):
		return ErrDay.With("field", "from")
	case to.Before(firstDay) || lastDay.Before(to):
		return ErrDay.With("field", "to")
	case !from.Before(to):
		return ErrRangeEmpty
	case from.AddMonths(12*maxYears, from.DayOfMonth()).Before(to):
		return ErrRangeTooLong
	}
	return nil
}
