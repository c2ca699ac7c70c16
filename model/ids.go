package model

// Typed row ids, so that a coupon's id cannot be passed where a member's is meant. They stay inside the program
// and in staff endpoints; what shoppers see are PublicIDs.
type (
	MemberID           int64
	StaffID            int64
	StoreID            int64
	CouponTemplateID   int64
	CouponID           int64
	CouponTermsID      int64
	OrderID            int64
	GiftID             int64
	RedemptionID       int64
	PlanID             int64
	MembershipID       int64
	PayOrderID         int64
	PayRefundID        int64
	PayRefundAskID     int64
	PayBillBreakID     int64
	ShippingID         int64
	MessageID          int64
	CallbackID         int64
	CallbackReplayID   int64
	ParcelCodeID       int64
	ParcelSheetID      int64
	JobID              int64
	VisitID            int64
	VisitPlanID        int64
	VisitPlanVersionID int64
	SurveyID           int64
	SurveyInvitationID int64
	SurveyAnswerID     int64
	FactID             int64
)

// PublicID names a row to the outside: 24 characters, 120 random bits (package random), so that nobody can
// count or guess other people's orders and coupons (threat T33).
type PublicID string
