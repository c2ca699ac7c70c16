package members

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Person is what tells a person's accounts apart from those of others without naming him, and what he has bought.
type Person struct {
	// UnionHash and PhoneIndex are hashes; empty when the identity is not known.
	UnionHash, PhoneIndex string

	Orders       int64
	Total        model.Fen
	FirstOrderAt *time.Time // nil before the first order
}

// PersonTx returns what is known of a member's person, or ErrUnknown.
func (s *Service) PersonTx(_ context.Context, tx *db.Tx, id model.MemberID) (p Person, err error) {
	row, err := memberByID(tx, id)
	if err != nil {
		return p, orUnknown(err)
	}
	p = Person{Orders: row.Orders, Total: row.TotalFen, FirstOrderAt: row.FirstOrderAt}
	if row.UnionID != nil {
		sum := sha256.Sum256([]byte(*row.UnionID))
		p.UnionHash = hex.EncodeToString(sum[:])
	}
	if row.PhoneIndex != nil {
		p.PhoneIndex = *row.PhoneIndex
	}
	return p, nil
}
