package coupons

import (
	"strconv"
	"time"

	"huitou/model"
)

// Coupon is one right of one member, as its owner and staff see it.
type Coupon struct {
	ID       model.PublicID
	Code     string // for the counter
	Template model.PublicID
	Name     string
	Member   model.MemberID
	model.CouponTerms
	UsableFrom, UsableUntil time.Time // half-open
	// State is judged at the moment of reading: it is expired for an issued coupon whose end has passed.
	State      model.CouponState
	IssuedAt   time.Time
	RedeemedAt *time.Time `json:",omitempty"`
	// Returns is how often a refund gave it back.
	Returns int64 `json:",omitempty"`
	// Replayed is true when this answers a repeated command: nothing was given this time.
	Replayed bool `json:"-"`
}

// view shows a coupon as it is at an instant.
func view(c model.Coupon, t model.CouponTemplate, now time.Time) Coupon {
	v := given(c, t)
	v.RedeemedAt = c.RedeemedAt
	v.State, v.Returns = c.State, c.Returns
	if lapsed(c, now) || giftLapsed(c, now) {
		v.State = model.CouponIssued
	}
	if v.State == model.CouponIssued && !now.Before(c.UsableUntil) {
		v.State = model.CouponExpired
	}
	return v
}

// given shows a coupon as it was when it was given; a repeated command answers this, whatever became of it since.
func given(c model.Coupon, t model.CouponTemplate) Coupon {
	return Coupon{
		ID: c.PublicID, Code: c.Code, Template: t.PublicID, Name: t.Name, Member: c.MemberID, CouponTerms: c.CouponTerms,
		UsableFrom: c.UsableFrom.UTC(), UsableUntil: c.UsableUntil.UTC(), State: model.CouponIssued, IssuedAt: c.IssuedAt.UTC(),
	}
}

// Template is what a template says and how far it is given out.
type Template struct {
	ID              model.PublicID
	Name, RulesText string
	model.CouponTerms
	model.CouponConditions
	Audience              model.CouponAudience
	AudienceOf            []model.PublicID // levels or tags
	ClaimFrom, ClaimUntil *time.Time
	UseFrom, UseUntil     *time.Time
	UseDays               int64
	Total, Claimed        int64 // Total -1: without end
	PerMember, PerDay     int64
	BudgetFen, SpentFen   model.Fen // a budget of 0 is none, and nothing is counted then
	Claimable, Issuable   bool
	State                 model.CouponTemplateState
	CreatedAt             time.Time
	// Version is another one after every change by staff; claims leave it.
	Version string
	// Replayed is true when this answers a repeated command.
	Replayed bool `json:"-"`
}

func versionOf(t model.CouponTemplate) string { return strconv.FormatInt(t.UpdatedAt.UnixMicro(), 36) }

func templateView(t model.CouponTemplate, c *Conditions) Template {
	return Template{
		ID: t.PublicID, Name: t.Name, RulesText: t.RulesText, CouponTerms: t.CouponTerms, CouponConditions: c.CouponConditions, Audience: t.Audience,
		AudienceOf: audienceOf(t),
		ClaimFrom:  t.ClaimFrom, ClaimUntil: t.ClaimUntil, UseFrom: t.UseFrom, UseUntil: t.UseUntil, UseDays: t.UseDays,
		Total: t.Total, Claimed: t.Claimed, PerMember: t.PerMember, PerDay: t.PerDay,
		BudgetFen: t.BudgetFen, SpentFen: t.SpentFen, Claimable: t.Claimable, Issuable: t.Issuable,
		State: t.State, CreatedAt: t.CreatedAt, Version: versionOf(t),
	}
}

// Offer is a template in the claim centre, as one member sees it.
type Offer struct {
	Template
	// Remaining is what is left, -1 without end.
	Remaining int64
	// Mine is how many this member was given.
	Mine int64
	// Refusal says why the member cannot claim it now; nil when he can.
	Refusal error
}
