package app

import (
	"huitou/service/aftersale"
	"huitou/service/coupons"
	"huitou/service/earning"
	"huitou/service/mall"
	"huitou/service/messages"
	"huitou/service/moves"
	"huitou/service/payments"
	"huitou/service/surveys"
	"huitou/service/tasks"
)

// mergeParts are what becomes of everything that has a member when two members turn out to be one, in the order in which it moves:
// identities first, levels last, because orders and points lift them. Whoever adds a table with a member's id adds its part; a test counts.
func (v *Services) mergeParts() []moves.Part {
	var all []moves.Part
	for _, of := range [][]moves.Part{
		v.Members.MergeParts(), v.Points.MergeParts(), coupons.MergeParts(), payments.MergeParts(), mall.MergeParts(), v.Orders.MergeParts(),
		v.Memberships.MergeParts(), earning.MergeParts(), messages.MergeParts(), aftersale.MergeParts(), surveys.MergeParts(), tasks.MergeParts(),
		{
			moves.RowsByKey("member_tags", "tag_id", "member_id", "标签取两人之和"),
			moves.Stays("合并与拆分本身的记录", "merges.from_member", "merges.to_member", "merge_requests.from_member", "merge_requests.to_member"),
		},
		v.Tiers.MergeParts(),
	} {
		all = append(all, of...)
	}
	return all
}
