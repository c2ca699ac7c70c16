package model

import "time"

// EarningRuleID names a rule of earning points.
type EarningRuleID int64

// EarningRuleState says whether a rule works.
type EarningRuleState string

// The states of a rule. Only active rules fire; an ended one never comes back.
const (
	RuleDraft  EarningRuleState = "draft"
	RuleActive EarningRuleState = "active"
	RulePaused EarningRuleState = "paused"
	RuleEnded  EarningRuleState = "ended"
)

// EarningRuleKind is what a rule does to the points of an order.
type EarningRuleKind string

// The kinds of rule.
const (
	RuleBase       EarningRuleKind = "base"       // sets the points for money, in place of the shop's ratio
	RuleMultiplier EarningRuleKind = "multiplier" // multiplies
	RuleBonus      EarningRuleKind = "bonus"      // adds a fixed number, once per order
)

// EarningRule is the row of a rule. Lists are JSON arrays; an empty list is no condition.
type EarningRule struct {
	ID    EarningRuleID
	Name  string
	State EarningRuleState
	Kind  EarningRuleKind
	// StackGroup: of the rules of one group the one of highest Priority fires; "" stacks with everything. The rules of kind base
	// are one group of their own.
	StackGroup     string
	Priority       int64
	PerHundredYuan Points      // of a base rule: points for 10,000 fen
	MultiplierBP   BasisPoints `gorm:"column:multiplier_bp"`
	BonusPoints    Points
	MinFen         Fen    // eligible money that the targeted goods must reach
	CapOrder       Points // most that the rule adds to one order; 0 is no cap
	CapDay         Points // most that the rule adds for one member and business day; 0 is no cap
	StartsAt       *time.Time
	EndsAt         *time.Time // exclusive
	SKUs           string     `gorm:"column:skus"`
	Categories     string
	Tiers          string // ranks of tiers
	Weekdays       string // 1 is Monday, 7 Sunday
	FromHour       int64  // of the business day, [FromHour, ToHour) within 0 to 24
	ToHour         int64
	FirstOrder     bool
	CreatedBy      StaffID
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// TableName names the table.
func (EarningRule) TableName() string { return "earning_rules" }

// EarningSettings is the one row that holds for all rules of a shop.
type EarningSettings struct {
	ID                int64  `gorm:"primaryKey;autoIncrement:false"`
	ExcludeSKUs       string `gorm:"column:exclude_skus"`
	ExcludeCategories string
	CapOrder          Points // of everything that one order earns; 0 is no cap
	CapDay            Points // of everything that a member's orders of one business day earn; 0 is no cap
	UpdatedAt         time.Time
}

// TableName names the table.
func (EarningSettings) TableName() string { return "earning_settings" }

// EarningPart says which step of the formula points come from.
type EarningPart string

// The steps, in the order in which they are worked out.
const (
	PartBase     EarningPart = "base"     // money x ratio; RuleID 0 is the shop's own ratio
	PartTier     EarningPart = "tier"     // what the tier's multiplier adds
	PartCard     EarningPart = "card"     // what the paid card's multiplier adds
	PartCampaign EarningPart = "campaign" // what a multiplier rule adds
	PartBonus    EarningPart = "bonus"    // what a bonus rule adds
	PartCap      EarningPart = "cap"      // what the shop's caps take away again
)

// EarningFiring is the row of one step of what an order earned. The points of all parts of one entry add up to it.
type EarningFiring struct {
	ID       int64
	MemberID MemberID
	EntrySeq int64
	Part     int64 // 1, 2, 3 …
	Kind     EarningPart
	RuleID   EarningRuleID
	Points   Points
	Day      Day // business day of the payment
}

// TableName names the table.
func (EarningFiring) TableName() string { return "earning_firings" }

// EarningAction is something that a member does and is rewarded for. Following an account, sharing, forwarding and inviting
// to follow are no actions and never will be: WeChat's rules forbid to reward them.
type EarningAction string

// The actions.
const (
	ActionCheckIn  EarningAction = "check_in"
	ActionSurvey   EarningAction = "survey"
	ActionReview   EarningAction = "review"
	ActionBirthday EarningAction = "birthday"
)

// EarningActions are all actions.
var EarningActions = []EarningAction{ActionCheckIn, ActionSurvey, ActionReview, ActionBirthday}

// EarningActionSettings is the row that says what an action is worth.
type EarningActionSettings struct {
	Action  EarningAction `gorm:"primaryKey"`
	Enabled bool
	// Ladder is a JSON array: the points of the first day of a streak, the second … and then from the start again. An action
	// without streaks has one step.
	Ladder    string
	PerDay    int64 // rewards per member and business day
	PerYear   int64 // rewards per member and calendar year; 0 is no limit
	UpdatedAt time.Time
}

// TableName names the table.
func (EarningActionSettings) TableName() string { return "earning_action_settings" }

// EarningReward is the row of one rewarded action.
type EarningReward struct {
	ID       int64
	MemberID MemberID
	Action   EarningAction
	Day      Day
	Ordinal  int64 // 1 … PerDay within the day; what keeps the limit
	Source   string
	Points   Points
	EntrySeq *int64 // nil when the step is worth nothing
	Streak   int64  // days in a row, this one included
	At       time.Time
}

// TableName names the table.
func (EarningReward) TableName() string { return "earning_actions" }

// OrderRefundID names a refund of an order.
type OrderRefundID int64

// OrderRefund is the row of money that the shop gave back.
type OrderRefund struct {
	ID             OrderRefundID
	OrderID        OrderID
	Source, Number string // unique: of the refund, not of the order
	RefundFen      Fen
	GoodsFen       Fen    // the part of RefundFen that had paid for goods; the rest was freight
	Points         Points // earned points that go back with it
	ContentHash    string
	RefundedAt     time.Time
	RecordedAt     time.Time
}

// TableName names the table.
func (OrderRefund) TableName() string { return "order_refunds" }

// OrderRefundLine is the row of what was given back of one line of the order.
type OrderRefundLine struct {
	ID        int64
	RefundID  OrderRefundID
	Line      int64 // of the order
	Quantity  int64 // pieces that came back; 0 where only money was given back
	RefundFen Fen
}

// TableName names the table.
func (OrderRefundLine) TableName() string { return "order_refund_lines" }
