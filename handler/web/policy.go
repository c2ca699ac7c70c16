package web

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/staff"
)

// Policy says who may call a route. Its zero value is nobody: a route with it does not start.
type Policy struct {
	name       string
	scheme     string // of the OpenAPI document
	permission staff.Permission
}

// The policies. Staff takes the permission that the route needs.
var (
	// Anyone may call the route, without a session.
	Anyone = Policy{name: "anyone"}
	// Shopper needs a member's session of the mini-program.
	Shopper = Policy{name: "shopper", scheme: "shopper"}
	// Shop needs a request that a shop system signed with its key.
	Shop = Policy{name: "shop", scheme: "shop"}
)

// Staff needs a session of a member of staff whose role has the permission.
func Staff(p staff.Permission) Policy {
	if p == "" {
		return Policy{}
	}
	return Policy{name: "staff:" + string(p), scheme: "staff", permission: p}
}

// SignedIn needs a session of any member of staff, for routes about oneself.
var SignedIn = Policy{name: "staff", scheme: "staff"}

// String names the policy for the list of routes.
func (p Policy) String() string { return p.name }

// Auth is how sessions are looked up.
type Auth struct {
	Member func(ctx context.Context, token string) (model.MemberID, error)
	Staff  func(ctx context.Context, token string) (staff.Actor, error)
	// Shops holds the keys of shop systems by key id.
	Shops map[string]ShopKey
}

type caller struct {
	member    model.MemberID
	actor     staff.Actor
	shop      string
	operation string
	token     string
	ip        string
	replayed  bool
}

type callerKey struct{}

// who returns what the middleware found out about the caller; handlers always run behind it.
func who(ctx context.Context) *caller {
	c, ok := ctx.Value(callerKey{}).(*caller)
	if !ok {
		panic("web: a handler ran outside of its route")
	}
	return c
}

// Member returns the member whose session this is. Only routes with the policy Shopper have one.
func Member(ctx context.Context) model.MemberID {
	if id := who(ctx).member; id != 0 {
		return id
	}
	panic("web: the route has no member; its policy must be Shopper")
}

// Actor returns the member of staff who calls. Only routes with the policy Staff have one.
func Actor(ctx context.Context) staff.Actor {
	if a := who(ctx).actor; a.ID != 0 {
		return a
	}
	panic("web: the route has no actor; its policy must be Staff")
}

// ShopSource returns the name of the shop system that signed the request.
func ShopSource(ctx context.Context) string {
	if s := who(ctx).shop; s != "" {
		return s
	}
	panic("web: the route has no shop; its policy must be Shop")
}

// Token returns the bearer token of the session, for signing out.
func Token(ctx context.Context) string { return who(ctx).token }

// ClientIP returns the caller's address as the server was told to find it.
func ClientIP(ctx context.Context) string { return who(ctx).ip }

// Replayed marks the answer as one that was kept from an earlier request with the same key.
func Replayed(ctx context.Context, replayed bool) { who(ctx).replayed = replayed }

// Idempotent is embedded in the input of routes whose repetition must not repeat the effect.
type Idempotent struct {
	IdempotencyKey string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128" pattern:"^[0-9A-Za-z_.:-]+$" doc:"made by the client, stored before the first try; the same key gives the same answer"`
}

// Key returns the key in the scope of this caller and route.
func (i Idempotent) Key(ctx context.Context) db.Key {
	c := who(ctx)
	scope := c.operation + " "
	switch {
	case c.member != 0:
		scope += "member:" + itoa(int64(c.member))
	case c.actor.ID != 0:
		scope += "staff:" + itoa(int64(c.actor.ID))
	default:
		scope += "shop:" + c.shop
	}
	return db.Key{Scope: scope, Key: i.IdempotencyKey}
}

// authenticate fills in the caller, or says why not.
func (r *Routes) authenticate(hc huma.Context, p Policy, operation string) (*caller, error) {
	ctx := hc.Context()
	c := &caller{operation: operation, ip: clientIP(hc)}
	switch p.scheme {
	case "":
		return c, nil
	case "shop":
		source, err := r.verifyShop(hc)
		c.shop = source
		return c, err
	}
	token, ok := strings.CutPrefix(hc.Header("Authorization"), "Bearer ")
	if !ok || token == "" || len(token) > 128 {
		return c, errUnauthenticated
	}
	c.token = token
	var err error
	if p.scheme == "shopper" {
		c.member, err = r.auth.Member(ctx, token)
		return c, err
	}
	if c.actor, err = r.auth.Staff(ctx, token); err != nil {
		return c, err
	}
	if p.permission != "" && !c.actor.May(p.permission) {
		return c, errForbidden
	}
	return c, nil
}
