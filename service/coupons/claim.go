package coupons

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// Claim is a member who takes a coupon.
type Claim struct {
	Member   model.MemberID
	Template model.PublicID
	// Key is the client's; a repeated one gives the same coupon, one that was used for another template is refused.
	Key db.Key `json:"-"`
}

// Claim gives the member a coupon of the template. It returns ErrTemplateUnknown, ErrNotClaimable, ErrPaused, ErrEnded,
// ErrNotStarted, ErrNotForYou, ErrSoldOut, ErrLimitReached, ErrDayLimit, ErrChanged or db.ErrKeyReused. Concurrent claims of one template share transactions; the
// answer comes after the commit.
func (s *Service) Claim(ctx context.Context, in Claim) (Coupon, error) {
	return s.claims.Do(ctx, in.Template, in)
}

// decideClaims answers a batch of claims of one template, in order of arrival.
func (s *Service) decideClaims(ctx context.Context, tx *db.Tx, id model.PublicID, ins []Claim) ([]db.Outcome[Coupon], error) {
	t, err := templateByID(tx, id)
	if err != nil && !db.IsNotFound(err) {
		return nil, fmt.Errorf("read template %s: %w", id, err)
	}
	refusal := claimRefusal(t, tx.Now)
	if err != nil {
		refusal = ErrTemplateUnknown
	}
	gs := make([]grant, len(ins))
	for i, in := range ins {
		gs[i] = grant{member: in.Member, source: claimSource(in.Key), channel: model.ChannelClaim, reused: db.ErrKeyReused}
	}
	if refusal, err = s.openEarly(ctx, tx, t, refusal, gs); err != nil {
		return nil, err
	}
	if refusal == nil {
		if err := s.keepToAudience(ctx, tx, t, gs); err != nil {
			return nil, err
		}
	}
	return s.grantTx(ctx, tx, t, refusal, gs)
}

// claimSource makes the source of a coupon from a client's key. It is hashed because scope and key together may be longer
// than a source; the scope names the member, so nobody meets another's key (threat T3).
func claimSource(k db.Key) string {
	if k.Key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(k.Scope + "\x00" + k.Key))
	return "claim:" + base64.RawURLEncoding.EncodeToString(sum[:])
}
