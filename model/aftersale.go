package model

import "time"

// ParcelCode is the QR code on the card in one order's parcel.
type ParcelCode struct {
	ID        ParcelCodeID
	OrderID   OrderID
	MemberID  MemberID // of the order
	Token     string   // random; the scene is "p_" and this
	Ticket    string   // WeChat's name of the picture; "" until it was made
	URL       string   // what the picture says
	ImageURL  string
	ExpiresAt *time.Time // the picture's end; the token has none
	Scans     int64      // events, follows included
	Follows   int64
	// AskingUntil keeps others from asking WeChat for a picture meanwhile: somebody does, or has just failed.
	AskingUntil *time.Time
	MadeBy      StaffID
	CreatedAt   time.Time
}

// TableName names the table.
func (ParcelCode) TableName() string { return "parcel_codes" }

// ParcelScan is one scan of a parcel code by a follower, or by one who thereby became a follower.
type ParcelScan struct {
	ID           int64
	ParcelCodeID ParcelCodeID
	DedupeKey    string // of the callback
	OpenID       string
	MemberID     MemberID // who scanned
	Followed     bool     // the scan was also the follow
	Owner        bool     // who scanned is the order's member
	At           time.Time
}

// TableName names the table.
func (ParcelScan) TableName() string { return "parcel_scans" }

// VisitState is how far a visit got. Its message has states of its own.
type VisitState string

// States of a visit (rules.md b7): planned -> due -> skipped | sent -> delivered | blocked | failed -> responded -> closed, and
// due or an end without having been seen -> assigned to staff -> done.
const (
	VisitPlanned   VisitState = "planned"
	VisitDue       VisitState = "due"       // its time has come; it waits for its hours of the day, WaitUntil
	VisitSkipped   VisitState = "skipped"   // Reason says why
	VisitSent      VisitState = "sent"      // its message is in the outbox, or with WeChat
	VisitDelivered VisitState = "delivered" // the person has it
	VisitBlocked   VisitState = "blocked"   // the person blocks us
	VisitFailed    VisitState = "failed"    // Reason says why
	VisitResponded VisitState = "responded" // the survey was answered, and staff have something to do about it
	VisitClosed    VisitState = "closed"    // the survey was answered, or its time is over
	VisitAssigned  VisitState = "assigned"  // staff are to make it by hand
	VisitDone      VisitState = "done"      // they did; Result says what came of it
)

// Visit is one of at most three contacts after a sale; the schema refuses a fourth.
type Visit struct {
	ID            VisitID
	OrderID       OrderID
	MemberID      MemberID
	Ordinal       int64 // 1 to 3
	PlanVersionID VisitPlanVersionID
	State         VisitState
	Reason        string
	Result        string     // staff's result code
	MessageKey    string     // empty until it was sent
	TriggerAt     *time.Time // what the delay is counted from
	DueAt         time.Time  // as planned, within the visit's hours
	WaitUntil     *time.Time
	SentAt        *time.Time // handed to the outbox, or to staff; what the cooling period counts
	EndedAt       *time.Time // when its message or staff came to an end, or it was skipped
	CreatedAt     time.Time
}

// TableName names the table.
func (Visit) TableName() string { return "visits" }

// VisitTrigger is what a plan's visits begin with.
type VisitTrigger string

// The triggers.
const (
	VisitOnPaid      VisitTrigger = "paid"      // the order was paid
	VisitOnCompleted VisitTrigger = "completed" // the shop says that the buyer has the goods
	VisitOnScan      VisitTrigger = "scan"      // the order's member scanned the parcel's code
)

// VisitPlanState says whether a plan works.
type VisitPlanState string

// The states of a plan. An ended one never comes back.
const (
	PlanDraft  VisitPlanState = "draft"
	PlanActive VisitPlanState = "active"
	PlanPaused VisitPlanState = "paused"
	PlanEnded  VisitPlanState = "ended"
)

// VisitPlan is the row of a plan; what it says is in its versions.
type VisitPlan struct {
	ID        VisitPlanID
	Name      string
	TriggerOn VisitTrigger
	State     VisitPlanState
	ActiveOn  *VisitTrigger // TriggerOn while active: one plan at a time begins at a trigger
	Version   int64         // the newest
	CreatedBy StaffID
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName names the table.
func (VisitPlan) TableName() string { return "visit_plans" }

// VisitPlanVersion is what a plan said from a moment on. Rows are never changed.
type VisitPlanVersion struct {
	ID        VisitPlanVersionID
	PlanID    VisitPlanID
	Version   int64  // 1, 2, …
	Terms     string // JSON of aftersale.Terms
	CreatedBy StaffID
	CreatedAt time.Time
}

// TableName names the table.
func (VisitPlanVersion) TableName() string { return "visit_plan_versions" }
