package aftersale

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/moves"
)

// MergeParts says what becomes of parcels and visits when two members turn out to be one. They go where their order goes.
func MergeParts() []moves.Part {
	return []moves.Part{
		followsOrder(moves.Rows("parcel_codes", "member_id", "包裹码跟随其订单"), parcelCodesFollow),
		moves.Rows("parcel_scans", "member_id", "扫码记录归保留的会员"),
		followsOrder(moves.Rows("visits", "member_id", "回访跟随其订单"), visitsFollow),
	}
}

// followsOrder lets rows that were made between a merge and its split go back with the order that they belong to.
func followsOrder(p moves.Part, follow func(tx *db.Tx, from, to model.MemberID) error) moves.Part {
	split := p.Split
	p.Split = func(ctx context.Context, tx *db.Tx, m moves.Merge) error {
		if err := split(ctx, tx, m); err != nil {
			return err
		}
		if err := follow(tx, m.To, m.From); err != nil {
			return fmt.Errorf("move what hangs on the orders of member %d: %w", m.From, err)
		}
		return nil
	}
	return p
}
