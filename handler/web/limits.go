package web

import (
	"time"

	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/time/rate"

	"huitou/model"
)

// limits hold how often one caller may call, per process: shoppers and staff by who they are, so that five hundred members behind one
// address are all served, and only callers without a session by their address (threat T31). Shop systems are not limited: their
// orders are facts that must come in. What must never be exceeded (stock, limits of coupons, failed sign-ins) is
// counted in the database instead.
type limits struct{ anyone, shopper, staff, lookUps middleware.RateLimiterStore }

func newLimits() limits {
	store := func(perSecond float64, burst int) middleware.RateLimiterStore {
		return middleware.NewRateLimiterMemoryStoreWithConfig(middleware.RateLimiterMemoryStoreConfig{
			Rate: rate.Limit(perSecond), Burst: burst, ExpiresIn: 3 * time.Minute,
		})
	}
	// 600 at once and 20 a second: a hall of people who open the mini-program at one signal behind one address.
	return limits{anyone: store(20, 600), shopper: store(10, 60), staff: store(30, 120), lookUps: store(20.0/60, 20)}
}

// AllowStaff tells whether a member of staff may go on, for pages outside of the typed routes: it takes from the same budget as they do.
func (r *Routes) AllowStaff(id model.StaffID) bool { return allowed(r.limits.staff, itoa(int64(id))) }

// AllowLookUp tells whether a member of staff may look one more person up by what was typed: 20 a minute, more than a counter needs and too few to
// try numbers out (threat T31).
func (r *Routes) AllowLookUp(id model.StaffID) bool {
	return allowed(r.limits.lookUps, itoa(int64(id)))
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
	return allowed(store, who)
}

func allowed(store middleware.RateLimiterStore, who string) bool {
	ok, err := store.Allow(who)
	return ok || err != nil
}
