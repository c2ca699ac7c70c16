package sim

import "time"

// windowKind is what opened a customer-service window: what the customer did last.
type windowKind string

const (
	windowMessage windowKind = "message"
	windowClick   windowKind = "click"
	windowFollow  windowKind = "follow"
	windowScan    windowKind = "scan"
	windowPaid    windowKind = "paid"
	windowSession windowKind = "session" // with the mini-program
)

// window is how many customer-service messages may follow an interaction, and until
// when. left < 0 means any number.
type window struct {
	expires time.Time
	left    int
}

// windowRules are the quotas of 2025 for a 服务号 and a mini-program.
var windowRules = map[windowKind]struct {
	open  time.Duration
	quota int
}{
	windowMessage: {48 * time.Hour, 5},
	windowClick:   {time.Minute, 3},
	windowFollow:  {time.Minute, 3},
	windowScan:    {time.Minute, 3},
	windowPaid:    {48 * time.Hour, -1},
	windowSession: {time.Minute, 2},
}

func (u *customer) interact(kind appKind, what windowKind, now time.Time) {
	rule := windowRules[what]
	u.windows[kind][what] = &window{expires: now.Add(rule.open), left: rule.quota}
}

// takeWindow spends one message of the open window that closes first. It returns
// 45015 when no window is open and 45047 when every open one is used up.
func (u *customer) takeWindow(kind appKind, now time.Time) (errcode int) {
	errcode = 45015
	var best *window
	for _, w := range u.windows[kind] {
		if !now.Before(w.expires) {
			continue
		}
		if w.left == 0 {
			errcode = 45047
			continue
		}
		if best == nil || w.expires.Before(best.expires) {
			best = w
		}
	}
	if best == nil {
		return errcode
	}
	if best.left > 0 {
		best.left--
	}
	return 0
}
