package merges

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/jobs"
)

// SamePhone joins the owner of a number with the shopper who has proved it, where nothing speaks against that; else it leaves a request for
// staff and reports false. It answers members.Kin.
func (s *Service) SamePhone(ctx context.Context, shopper, owner model.MemberID) (joined bool, err error) {
	return s.found(ctx, join{from: owner, to: shopper, cause: model.MergeByPhone})
}

const jobConsider = "merges.consider"

type considerArgs struct {
	A model.MemberID `json:"a"`
	B model.MemberID `json:"b"`
}

// SamePersonTx notes that WeChat knows two members as one. They are joined a moment later, once. It answers members.Kin.
func (s *Service) SamePersonTx(ctx context.Context, tx *db.Tx, a, b model.MemberID) error {
	_, err := s.d.Queue.Insert(ctx, tx, jobs.Job{Kind: jobConsider, Args: considerArgs{a, b}, Key: "unionid:" + pair(a, b)})
	return err
}

func (s *Service) consider(ctx context.Context, in considerArgs) error {
	var from, to model.MemberID
	err := s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err := s.d.Members.LockPairTx(ctx, tx, in.A, in.B)
		if err == nil {
			from, to = survivor(p)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("look at members %d and %d: %w", in.A, in.B, err)
	}
	_, err = s.found(ctx, join{from: from, to: to, cause: model.MergeByUnionID})
	return err
}

// found joins two whom the program found to be one, or asks staff.
func (s *Service) found(ctx context.Context, in join) (joined bool, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := s.joinTx(ctx, tx, in)
		return err
	})
	why := fault.Of(err)
	if err == nil || why == nil || why.Kind == fault.Unavailable {
		return err == nil, err
	}
	s.d.Log.WarnContext(ctx, "two members may be one; staff decide", "from", in.from, "to", in.to, "cause", in.cause, "against", why.Code)
	if why.Is(ErrMergedAlready) || why.Is(ErrTwoShoppers) {
		return false, nil // nothing that staff could do: the heir brings the evidence again, and two shoppers are never merged
	}
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := s.ask(tx, in, why.Code)
		if errors.Is(err, ErrPending) {
			return nil
		}
		return err
	})
	return false, err
}
