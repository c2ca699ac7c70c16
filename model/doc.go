// Package model holds the words of Huitou: row structs, typed ids, amounts, days and pure rules. It has no clock
// and no I/O and imports the standard library only; every other room may import it.
//
// # Glossary
//
// One line a word: the word in the code, what people in a shop call it, what it means here.
//
//	member            会员       a customer whom we know by at least one identity (openid, phone, number in the shop's own system)
//	identity          身份       one (app, openid) of a member; unionid joins the identities of one person
//	shopper           买家       a member who uses the mini-program
//	follower          粉丝       a member who follows the official account (公众号)
//	points            积分       a unit of the ledger; Points
//	lot               积分批次   points that were earned together and expire together
//	entry             积分流水   one immutable line of the ledger
//	hold / capture / release   冻结 / 扣除 / 解冻   points set aside, then really spent, or given back
//	coupon template   券模板     what a coupon is worth, for what, until when, how many
//	coupon            优惠券     one right of one member, made from a template with the template's terms copied in
//	claim / issue     领取 / 发放 the shopper takes a coupon / staff or an event gives it
//	lock / redeem / release    锁定 / 核销 / 释放   a coupon set aside for an order, used up, given back
//	gift              礼品       a thing in the points mall; redemption 兑换 is one exchange of points for it
//	plan              会员卡方案  what a paid membership costs, how long it lasts and what it gives
//	period            会员期     one half-open span [from, to) of paid membership; periods of one member never overlap
//	benefit           权益       one right that a plan gives
//	order             订单       a paid purchase in the shop, told to us by the shop's system or a file
//	effective order   有效订单   paid, not wholly refunded, not a membership or points order: what repurchase counts
//	repurchase rate   复购率     by customer (用户复购率) and by order (订单复购率); see service/analytics
//	parcel code       包裹码     the QR code on the card in a parcel; it begins the after-sale visits
//	visit             回访       one of at most three contacts after a sale
//	callback          回调       what WeChat posts to us; the vault keeps each authentic one
//	notice            支付通知   the callback of WeChat Pay
//	message           消息       one outgoing message; the outbox 发件箱 holds it until its end is known
//	fact              事实       what happened, recorded in the transaction in which it happened
//	job               任务       work that is done later, at least once
//	fen               分         a hundredth of a yuan; Fen
//	business day      营业日     a calendar day in the shop's zone; Day
package model
