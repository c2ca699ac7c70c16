package staff

import (
	"slices"

	"huitou/model"
)

// Permission is one thing that staff may do.
type Permission string

// The permissions.
const (
	CouponsIssue      Permission = "coupons.issue"      // give one coupon to one member
	CouponsVerify     Permission = "coupons.verify"     // take a coupon at the counter, undo it within ten minutes
	CouponsManage     Permission = "coupons.manage"     // make, start and stop coupon templates
	GiftsManage       Permission = "gifts.manage"       // make and change gifts of the points mall
	RedemptionsPickUp Permission = "redemptions.pickup" // hand a redeemed gift over the counter
	RedemptionsRead   Permission = "redemptions.read"   // see gifts and who redeemed them; addresses stay hidden
	RedemptionsShip   Permission = "redemptions.ship"   // see where redeemed goods go, and send them
	MembersRead       Permission = "members.read"       // look a member up; phone numbers stay masked
	MembersCorrect    Permission = "members.correct"    // mend what a member has told wrongly: the birthday
	MembersMerge      Permission = "members.merge"      // look at two members who may be one person, ask for a merge, decide, split
	TagsAssign        Permission = "tags.assign"        // put tags on members and take them away
	TagsManage        Permission = "tags.manage"        // make, change and end tags, compare them with WeChat's
	FollowersSync     Permission = "followers.sync"     // compare the followers with WeChat's list
	OrdersRead        Permission = "orders.read"        // look an order up
	ParcelsMake       Permission = "parcels.make"       // make the QR code of a parcel
	QRCodesRead       Permission = "qrcodes.read"       // see QR codes of stores, staff and campaigns, and their figures
	QRCodesMake       Permission = "qrcodes.make"       // make temporary codes of oneself
	QRCodesManage     Permission = "qrcodes.manage"     // make, rename and stop every code, permanent ones too
	MessagesRead      Permission = "messages.read"      // see which messages were sent
	MessagesStop      Permission = "messages.stop"      // note that a member is not to be contacted
	MessagesLift      Permission = "messages.lift"      // take such a note back
	MessagesRetry     Permission = "messages.retry"     // have failed messages sent again
	PointsAdjust      Permission = "points.adjust"      // correct a member's points by hand
	PointsApprove     Permission = "points.approve"     // decide on large corrections that somebody else asked for
	PointsRules       Permission = "points.rules"       // make rules of earning points, try them on the past
	PaymentsRead      Permission = "payments.read"      // see payments, refunds and what does not agree
	PaymentsRefund    Permission = "payments.refund"    // give money back; more than a day's limit waits for a second person
	PaymentsApprove   Permission = "payments.approve"   // decide on refunds of others, end abnormal ones, settle what does not agree
	PlansManage       Permission = "plans.manage"       // make and change plans of the paid card
	MembershipsRefund Permission = "memberships.refund" // give money of a paid card back
	TiersManage       Permission = "tiers.manage"       // set levels up, fix a member's level
	PaymentsReconcile Permission = "payments.reconcile" // hold the books against the bills, close what does not agree
	ShippingsManage   Permission = "shippings.manage"   // see what WeChat knows of deliveries, have it told again
	ReportsRead       Permission = "reports.read"       // see the shop's figures
	VisitsManage      Permission = "visits.manage"      // make visit plans and surveys
	RepliesManage     Permission = "replies.manage"     // say what people see at once: welcomes, keywords, the menu
	TasksWork         Permission = "tasks.work"         // see, take and close the tasks of staff
	TasksAssign       Permission = "tasks.assign"       // give tasks to others
	CallbacksRead     Permission = "callbacks.read"     // see which callbacks of WeChat came and what became of them, without their bodies
	CallbacksOpen     Permission = "callbacks.open"     // see a body: what a person wrote; each look stands in the trail
	CallbacksReplay   Permission = "callbacks.replay"   // have callbacks processed again
	StaffManage       Permission = "staff.manage"       // make and disable accounts
)

// Role is a set of permissions.
type Role string

// The roles.
const (
	Owner   Role = "owner"   // everything
	Manager Role = "manager" // everything but accounts
	Clerk   Role = "clerk"   // the daily work at the counter
)

// Roles are all roles, the most powerful first.
var Roles = []Role{Owner, Manager, Clerk}

// everyday is what a clerk may do; managers may do it as well.
var everyday = []Permission{CouponsIssue, CouponsVerify, RedemptionsPickUp, RedemptionsRead, RedemptionsShip, MembersRead, TagsAssign, OrdersRead, ParcelsMake, QRCodesRead, QRCodesMake, MessagesRead, MessagesStop, TasksWork}

// rights is the whole table: what is not in it is denied.
var rights = map[Role][]Permission{
	Clerk:   everyday,
	Manager: append([]Permission{CallbacksRead, CallbacksOpen, CallbacksReplay, PaymentsRead, PaymentsRefund, PaymentsApprove, PaymentsReconcile, ShippingsManage, MessagesLift, MessagesRetry, RepliesManage, VisitsManage, TasksAssign, FollowersSync, MembersMerge, MembersCorrect, TagsManage, QRCodesManage, TiersManage, CouponsManage, GiftsManage, PointsRules, PointsAdjust, PointsApprove, PlansManage, MembershipsRefund, ReportsRead}, everyday...),
	Owner:   append([]Permission{CallbacksRead, CallbacksOpen, CallbacksReplay, PaymentsRead, PaymentsRefund, PaymentsApprove, PaymentsReconcile, ShippingsManage, MessagesLift, MessagesRetry, RepliesManage, VisitsManage, TasksAssign, FollowersSync, MembersMerge, MembersCorrect, TagsManage, QRCodesManage, TiersManage, StaffManage, CouponsManage, GiftsManage, PointsRules, PointsAdjust, PointsApprove, PlansManage, MembershipsRefund, ReportsRead}, everyday...),
}

// Valid reports whether the role is one of ours.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// Actor is the member of staff who does something.
type Actor struct {
	ID   model.StaffID
	Name string
	Role Role
}

// May reports whether the actor's role has a permission. Unknown roles and the zero Actor have none.
func (a Actor) May(p Permission) bool { return a.ID != 0 && slices.Contains(rights[a.Role], p) }
