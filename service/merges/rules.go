package merges

import (
	"fmt"

	"huitou/model"
	"huitou/model/fault"
	"huitou/service/members"
)

// against says what speaks against making one of two. What staff may do in spite of it is left out for them. split says that staff
// have split the two before.
func against(p members.Pair, cause model.MergeCause, split bool) *fault.Fault {
	switch {
	case p.From.MergedInto != 0 || p.To.MergedInto != 0:
		return ErrMergedAlready
	case p.From.Shopper && p.To.Shopper:
		return ErrTwoShoppers
	case cause == model.MergeByStaff:
		return nil
	case p.From.UnionID && p.To.UnionID && !p.From.SameUnionID:
		return ErrTwoUnionIDs
	case split:
		return ErrWasSplit
	}
	return nil
}

// survivor says which of two whom WeChat knows as one stays: who has been in the mini-program, else who was first.
func survivor(p members.Pair) (from, to model.MemberID) {
	a, b := p.From, p.To
	if a.Shopper != b.Shopper {
		if a.Shopper {
			return b.Member, a.Member
		}
		return a.Member, b.Member
	}
	return max(a.Member, b.Member), min(a.Member, b.Member)
}

// pair names two members whichever way round.
func pair(a, b model.MemberID) string { return fmt.Sprintf("%d:%d", min(a, b), max(a, b)) }
