package payments

import "huitou/service/moves"

// MergeParts says what becomes of payments when two members turn out to be one. Their refunds hang on them.
func MergeParts() []moves.Part {
	return []moves.Part{moves.Rows("pay_orders", "member_id", "支付单跟随所付的业务归保留的会员;付款人的 openid 不变")}
}
