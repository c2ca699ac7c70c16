package aftersale

import (
	"context"

	"huitou/model/db"
)

// IsParcel tells whether a scene is of a parcel's code, for the reply to who scans it. It only reads, and shows nothing of the order.
func (s *Service) IsParcel(ctx context.Context, scene string) (is bool, err error) {
	if tokenIn(scene) == "" {
		return false, nil
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		_, is, err = codeIn(tx, scene)
		return err
	})
	return is, err
}
