package web

import (
	"time"

	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/time/rate"
)

// limits hold how often one caller may call, per process: shoppers and staff by who they are, so that five hundred members behind one
// address are all served, and only callers without a session by their address (threat T31). Shop systems are not limited: their
// orders are facts that must come in. What must never be exceeded (stock, limits of coupons, failed sign-ins) is
// counted in the database instead.
type limits struct{ anyone, shopper, staff middleware.RateLimiterStore }

func newLimits() limits {
	store := func(perSecond float64, burst int) middleware.RateLimiterStore {
		return middleware.NewRateLimiterMemoryStoreWithConfig(middleware.RateLimiterMemoryStoreConfig{
			Rate: rate.Limit(perSecond), Burst: burst, ExpiresIn: 3 * time.Minute,
		})
	}
	// 600 at once and 20 a second: a hall of people who open the mini-program at one signal behind one address.
	return limits{anyone: store(20, 600), shopper: store(10, 60), staff: store(30, 120)}
}

// allow tells whether a caller may go on.
func (l limits) allow(p Policy, c *caller) bool {
	var (
		store middleware.RateLimiterStore
		who   string
	)
	switch p.scheme {
	case "":
		store, who = l.anyone, c.ip
	case "shopper":
		store, who = l.shopper, itoa(int64(c.member))
	case "staff":
		store, who = l.staff, itoa(int64(c.actor.ID))
	default:
		return true
	}
	ok, err := store.Allow(who)
	return ok || err != nil
}
