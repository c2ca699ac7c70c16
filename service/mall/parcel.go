package mall

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// Parcel is how a redemption with a cash part is delivered, for those who must tell the payer's platform.
type Parcel struct {
	Kind   model.GiftKind
	Name   string
	Points model.Points
	State  model.RedemptionState
	// Carrier and Number are those of shipped goods, Phone the receiver's with its middle hidden.
	Carrier, Number, Phone string
}

// ParcelTx returns the parcel of a redemption, by the ref of its payment. It returns ErrRedemptionUnknown.
func (s *Service) ParcelTx(_ context.Context, tx *db.Tx, ref string) (Parcel, error) {
	r, known, err := redemptionByPublicID(tx, model.PublicID(ref))
	if err != nil {
		return Parcel{}, fmt.Errorf("read redemption %s: %w", ref, err)
	}
	if !known {
		return Parcel{}, ErrRedemptionUnknown
	}
	p := Parcel{Kind: r.Kind, Name: r.GiftName, Points: r.Points, State: r.State, Carrier: r.Carrier, Number: r.Tracking}
	a, err := s.address(r)
	if err != nil || a == nil {
		return p, err
	}
	p.Phone = hidden(a.Phone)
	return p, nil
}

// hidden keeps the first three and the last four digits of a phone number.
func hidden(phone string) string {
	if len(phone) < 8 {
		return "****" + phone[max(len(phone)-4, 0):]
	}
	return phone[:3] + "****" + phone[len(phone)-4:]
}
