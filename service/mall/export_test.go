package mall

import (
	"context"

	"huitou/model"
	"huitou/model/db"
)

// DecideTogether decides commands as one batch, in the given order of arrival.
func (s *Service) DecideTogether(ctx context.Context, gift model.PublicID, ins ...Redeem) (outs []db.Outcome[Redemption], err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		outs, err = s.decide(ctx, tx, gift, ins)
		return err
	})
	return outs, err
}
