package coupons

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// maxAudienceOf bounds the levels or tags that one audience names.
const maxAudienceOf = 20

// Audiences knows who belongs to an audience. Those who do stand beside and above coupons; cmd ties them.
type Audiences interface {
	// InTx returns which of the members belong to an audience that is not everyone, now. of names the levels or tags of one that is made
	// of some.
	InTx(ctx context.Context, tx *db.Tx, a model.CouponAudience, of []model.PublicID, members []model.MemberID) (map[model.MemberID]bool, error)
	// NamesTx returns the names of levels or tags, or a fault of the kind NotFound.
	NamesTx(ctx context.Context, tx *db.Tx, a model.CouponAudience, of []model.PublicID) ([]string, error)
}

var audiences = []model.CouponAudience{"", model.ForEveryone, model.ForNewcomers, model.ForBuyers, model.ForCardholders, model.ForTiers, model.ForTagged}

// ofSome tells whether an audience is made of levels or tags.
func ofSome(a model.CouponAudience) bool { return a == model.ForTiers || a == model.ForTagged }

// audienceFaults lists what is wrong with an audience.
func audienceFaults(a model.CouponAudience, of []model.PublicID) []fault.Field {
	var list []fault.Field
	if !slices.Contains(audiences, a) {
		list = append(list, fault.Field{Name: "audience", Reason: "everyone, newcomers, buyers, cardholders, tiers or tags"})
	}
	switch n := len(of); {
	case ofSome(a) && (n < 1 || n > maxAudienceOf):
		list = append(list, fault.Field{Name: "audience_of", Reason: fmt.Sprintf("1 to %d levels or tags", maxAudienceOf)})
	case !ofSome(a) && n > 0:
		list = append(list, fault.Field{Name: "audience_of", Reason: "belongs to the audiences tiers and tags"})
	case slices.ContainsFunc(of, func(id model.PublicID) bool { return len(id) != 24 || strings.Contains(string(id), ",") }):
		list = append(list, fault.Field{Name: "audience_of", Reason: "ids of levels or tags"})
	}
	return list
}

// checkAudience refuses levels and tags that do not exist, with fault.ErrInvalid.
func (s *Service) checkAudience(ctx context.Context, tx *db.Tx, a model.CouponAudience, of []model.PublicID) error {
	if !ofSome(a) || s.audiences == nil {
		return nil
	}
	_, err := s.audiences.NamesTx(ctx, tx, a, of)
	if f := fault.Of(err); f != nil && f.Kind == fault.NotFound {
		return fault.InvalidFields([]fault.Field{{Name: "audience_of", Reason: "ids of levels or tags that exist"}})
	}
	return err
}

// audience returns a test for belonging to a template's audience.
func (s *Service) audience(ctx context.Context, tx *db.Tx, t model.CouponTemplate, members []model.MemberID) (func(model.MemberID) bool, error) {
	if t.Audience == "" || t.Audience == model.ForEveryone {
		return func(model.MemberID) bool { return true }, nil
	}
	if s.audiences == nil {
		return func(model.MemberID) bool { return false }, nil
	}
	in, err := s.audiences.InTx(ctx, tx, t.Audience, audienceOf(t), members)
	if err != nil {
		return nil, fmt.Errorf("ask who is one of the %s: %w", t.Audience, err)
	}
	return func(m model.MemberID) bool { return in[m] }, nil
}

// notForYou is ErrNotForYou with what a template's audience is. It names levels, which members see and can reach; tags are the shop's own
// and never shown to them.
func (s *Service) notForYou(ctx context.Context, tx *db.Tx, t model.CouponTemplate) (error, error) {
	f := ErrNotForYou.With("audience", t.Audience)
	if t.Audience != model.ForTiers {
		if t.Audience == model.ForTagged {
			f = ErrNotForYou.With("audience", "selected")
		}
		return f, nil
	}
	names, err := s.audiences.NamesTx(ctx, tx, t.Audience, audienceOf(t))
	if g := fault.Of(err); g != nil && g.Kind == fault.NotFound { // a level that is no more is nobody's
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("name the audience of template %d: %w", t.ID, err)
	}
	return f.With("levels", names), nil
}

// keepToAudience refuses those whom a template is not for.
func (s *Service) keepToAudience(ctx context.Context, tx *db.Tx, t model.CouponTemplate, gs []grant) error {
	members := make([]model.MemberID, len(gs))
	for i, g := range gs {
		members[i] = g.member
	}
	mayClaim, err := s.audience(ctx, tx, t, members)
	if err != nil {
		return err
	}
	var refusal error
	for i := range gs {
		if mayClaim(gs[i].member) {
			continue
		}
		if refusal == nil {
			if refusal, err = s.notForYou(ctx, tx, t); err != nil {
				return err
			}
		}
		gs[i].refusal = refusal
	}
	return nil
}

// audienceOf reads what joined wrote.
func audienceOf(t model.CouponTemplate) []model.PublicID {
	if t.AudienceOf == "" {
		return nil
	}
	var of []model.PublicID
	for id := range strings.SplitSeq(t.AudienceOf, ",") {
		of = append(of, model.PublicID(id))
	}
	return of
}

// joined writes levels or tags in one order, each once.
func joined(of []model.PublicID) string {
	list := slices.Compact(slices.Sorted(slices.Values(of)))
	parts := make([]string, len(list))
	for i, id := range list {
		parts[i] = string(id)
	}
	return strings.Join(parts, ",")
}

// narrower tells whether an audience leaves somebody out who belonged to the one before.
func narrower(was, now model.CouponTemplate) bool {
	if now.Audience == model.ForEveryone {
		return false
	}
	if now.Audience != was.Audience {
		return true
	}
	of := audienceOf(now)
	return slices.ContainsFunc(audienceOf(was), func(id model.PublicID) bool { return !slices.Contains(of, id) })
}
