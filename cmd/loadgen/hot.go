package main

import (
	"context"

	"huitou/model"
	"huitou/model/db"
)

// hot is what a crowd comes for.
type hot struct {
	what, noun string // in words: the thing, and what a shopper gets of it
	path       func(thing model.PublicID) string
	// admit adds shoppers who may have it.
	admit func(ctx context.Context, s *shop, n int) error
	// offer makes one that is there stock times, once for each shopper.
	offer func(ctx context.Context, s *shop, stock int) (model.PublicID, error)
	// read says what became of it.
	read func(ctx context.Context, d *db.DB, thing model.PublicID) (state, error)
}

var hotCoupon = hot{
	what: "hot coupon", noun: "coupon",
	path:  func(id model.PublicID) string { return "/coupon-templates/" + string(id) + "/claims" },
	admit: func(ctx context.Context, s *shop, n int) error { return s.admit(ctx, n) },
	offer: func(ctx context.Context, s *shop, stock int) (model.PublicID, error) { return s.template(ctx, stock) },
	read:  readState,
}
