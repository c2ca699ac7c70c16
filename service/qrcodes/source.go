package qrcodes

import (
	"context"
	"errors"

	"huitou/model"
	"huitou/model/db"
)

// Source is where somebody who scanned came from.
type Source struct {
	ID   model.QRCodeID
	Kind model.QRKind
	Name string // in staff's words, not for shoppers
	Ref  string // see model.QRKind
	// PublicID is how staff name the code.
	PublicID model.PublicID
}

// Source returns the code of a scene. ok is false when the scene is none of these codes' or its code was stopped. It only reads, one row.
func (s *Service) Source(ctx context.Context, scene string) (src Source, ok bool, err error) {
	token := tokenIn(scene)
	if token == "" {
		return Source{}, false, nil
	}
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		c, err := codeByToken(tx, token)
		switch {
		case errors.Is(err, ErrUnknown):
			return nil
		case err != nil:
			return err
		}
		src, ok = Source{c.ID, c.Kind, c.Name, c.Ref, c.PublicID}, c.StoppedAt == nil
		return nil
	})
	if err != nil || !ok {
		return Source{}, false, err
	}
	return src, true, nil
}
