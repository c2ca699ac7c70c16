package model

import "time"

// Further channels by which a coupon comes to its member.
const (
	ChannelCode  CouponChannel = "code"  // a code from a printed or exported batch
	ChannelLink  CouponChannel = "link"  // a QR code or a link to the mini-program
	ChannelOrder CouponChannel = "order" // with a paid order
	ChannelBulk  CouponChannel = "bulk"  // staff gave it to many members at once
	ChannelPack  CouponChannel = "pack"  // a friend took it from a buyer's share pack
	ChannelGift  CouponChannel = "gift"  // a friend passed on a coupon of his own
)

// CouponChannels are all channels, in the order in which people read them.
var CouponChannels = []CouponChannel{ChannelClaim, ChannelCode, ChannelLink, ChannelOrder, ChannelEvent, ChannelStaff, ChannelBulk, ChannelPack, ChannelGift}

// States of a coupon that goes to a friend: issued -> in_transfer -> transferred, or back to issued.
const (
	CouponInTransfer  CouponState = "in_transfer" // offered to a friend until Coupon.TransferUntil; nobody can use it
	CouponTransferred CouponState = "transferred" // the friend has a new one in its place
)

// CouponVoid is the state of a coupon that was given and taken back unused: issued -> void.
const CouponVoid CouponState = "void"

// Typed ids of what the channels keep.
type (
	CouponBatchID int64
	CouponCodeID  int64
	CouponLinkID  int64
	CouponRuleID  int64
	CouponPackID  int64
	CouponGiftID  int64
	CouponRunID   int64
)

// CouponCodeBatch is the row of codes that were made together and exported once.
type CouponCodeBatch struct {
	ID         CouponBatchID
	PublicID   PublicID
	TemplateID CouponTemplateID
	Quantity   int64
	Note       string
	ValidUntil *time.Time // exclusive; nil is no end
	KeyHash    *string    // of the request that made it, unique: codes are never handed out twice
	CreatedBy  StaffID
	CreatedAt  time.Time
	ClosedAt   *time.Time // from then on its unused codes give nothing
}

// TableName names the table.
func (CouponCodeBatch) TableName() string { return "coupon_code_batches" }

// CouponCode is the row of one code: its SHA-256 only. MemberID and UsedAt are set when it was used.
type CouponCode struct {
	ID       CouponCodeID
	BatchID  CouponBatchID
	CodeHash string
	MemberID *MemberID
	UsedAt   *time.Time
}

// TableName names the table.
func (CouponCode) TableName() string { return "coupon_codes" }

// CouponCodeTry is the row that slows a member down who guesses codes.
type CouponCodeTry struct {
	MemberID MemberID `gorm:"primaryKey;autoIncrement:false"`
	Failures int64
	LastAt   time.Time
	NextAt   time.Time // nothing is looked up before
}

// TableName names the table.
func (CouponCodeTry) TableName() string { return "coupon_code_tries" }

// CouponLink is the row of a link or QR code to a template. Token fits into the scene of a mini-program code.
type CouponLink struct {
	ID         CouponLinkID
	Token      PublicID
	TemplateID CouponTemplateID
	Note       string
	CreatedBy  StaffID
	CreatedAt  time.Time
	ClosedAt   *time.Time
}

// TableName names the table.
func (CouponLink) TableName() string { return "coupon_links" }

// CouponEvent is something that may give a coupon.
type CouponEvent string

// The events. Following the official account is none, and cannot be: see coupons.ErrFollowReward.
const (
	CouponOnOrder     CouponEvent = "order_paid"   // a paid order of goods
	CouponOnJoin      CouponEvent = "joined"       // somebody became a member
	CouponOnTier      CouponEvent = "tier_reached" // a level was reached for the first time
	CouponOnPaidCard  CouponEvent = "card_bought"  // a paid card was bought
	CouponOnBirthday  CouponEvent = "birthday"     // the member's birthday comes, or is there
	CouponOnFollowing CouponEvent = "followed"     // refused
)

// CouponRule is the row of a rule: when the event happens, its member gets a coupon or, with a PackSize, a pack to share.
type CouponRule struct {
	ID         CouponRuleID
	PublicID   PublicID
	Event      CouponEvent
	TemplateID CouponTemplateID
	MinFen     Fen   // CouponOnOrder: what the order must have cost at least
	Rank       int64 // CouponOnTier: only this level, counted from 1 at the lowest; 0 is every one
	PackSize   int64 // 0: the member gets the coupon himself
	PackHours  int64 // how long the pack can be taken from
	DaysBefore int64 // CouponOnBirthday: so many days ahead; 0 is on the day
	CreatedBy  StaffID
	CreatedAt  time.Time
	EndedAt    *time.Time
}

// TableName names the table.
func (CouponRule) TableName() string { return "coupon_rules" }

// CouponPack is the row of a share pack: Size coupons that MemberID, a buyer, may pass on. Taken is how many friends have one.
type CouponPack struct {
	ID         CouponPackID
	Token      PublicID
	MemberID   MemberID
	TemplateID CouponTemplateID
	Source     string // the rule and the order, unique for ever
	Size       int64
	Taken      int64
	ExpiresAt  time.Time
	CreatedAt  time.Time
}

// TableName names the table.
func (CouponPack) TableName() string { return "coupon_packs" }

// CouponPackClaim is the row of one friend's coupon from a pack.
type CouponPackClaim struct {
	ID       int64
	PackID   CouponPackID
	MemberID MemberID
	Coupon   PublicID
	TakenAt  time.Time
}

// TableName names the table.
func (CouponPackClaim) TableName() string { return "coupon_pack_claims" }

// CouponGiftState is where an offer to a friend stands.
type CouponGiftState string

// The states: open -> accepted | cancelled | lapsed.
const (
	CouponGiftOpen      CouponGiftState = "open"
	CouponGiftAccepted  CouponGiftState = "accepted"
	CouponGiftCancelled CouponGiftState = "cancelled"
	CouponGiftLapsed    CouponGiftState = "lapsed"
)

// CouponGift is the row of one coupon offered to a friend.
type CouponGift struct {
	ID         CouponGiftID
	Token      PublicID
	CouponID   CouponID
	FromMember MemberID
	State      CouponGiftState
	CreatedAt  time.Time
	ExpiresAt  time.Time
	EndedAt    *time.Time
	ToMember   *MemberID
	NewCoupon  *PublicID // the friend's
}

// TableName names the table.
func (CouponGift) TableName() string { return "coupon_gifts" }

// CouponRunState is where a bulk issue stands.
type CouponRunState string

// The states of a run: running -> done | cancelled.
const (
	CouponRunning      CouponRunState = "running"
	CouponRunDone      CouponRunState = "done"
	CouponRunCancelled CouponRunState = "cancelled"
)

// CouponRunKind says how a run names its members.
type CouponRunKind string

// The kinds: everybody whom a filter finds, or a list that was handed in.
const (
	CouponRunFilter CouponRunKind = "filter"
	CouponRunList   CouponRunKind = "list"
)

// CouponRun is the row of a bulk issue. Cursor is its checkpoint: members up to this id have their outcome. It moves in
// the transaction that gives the coupons.
type CouponRun struct {
	ID             CouponRunID
	PublicID       PublicID
	TemplateID     CouponTemplateID
	Kind           CouponRunKind
	BoughtSince    *time.Time // filter: last bought then or later
	NotBoughtSince *time.Time // filter: last bought earlier, or never
	UpTo           MemberID   // filter: nobody who joined after the run began
	Note           string
	State          CouponRunState
	Cursor         MemberID `gorm:"column:cursor_member"`
	Total          int64    // members at the start, or lines of the list
	Duplicates     int64    // lines that repeat a member
	Issued         int64
	LimitReached   int64
	OutOfStock     int64
	Blocked        int64
	Unknown        int64
	CreatedBy      StaffID
	CreatedAt      time.Time
	UpdatedAt      time.Time
	FinishedAt     *time.Time
}

// TableName names the table.
func (CouponRun) TableName() string { return "coupon_runs" }

// CouponRunTarget is the row of one member of a list. Line is where the list names him, from 1.
type CouponRunTarget struct {
	RunID    CouponRunID `gorm:"primaryKey;autoIncrement:false"`
	MemberID MemberID    `gorm:"primaryKey;autoIncrement:false"`
	Line     int64
}

// TableName names the table.
func (CouponRunTarget) TableName() string { return "coupon_run_targets" }

// CouponRunOutcome says what a run did for one member. OutcomeIssued is never stored: the coupon itself is that record.
type CouponRunOutcome string

// The outcomes.
const (
	OutcomeIssued     CouponRunOutcome = "issued"
	OutcomeLimit      CouponRunOutcome = "limit"
	OutcomeOutOfStock CouponRunOutcome = "out_of_stock"
	OutcomeUnknown    CouponRunOutcome = "unknown_phone" // no member has the phone, or there is no such member
	OutcomeBlocked    CouponRunOutcome = "blocked"       // the template gives nobody any more
)

// CouponRunRefusal is the row of a member, or of a line of a list (MemberID 0), who got nothing.
type CouponRunRefusal struct {
	ID       int64
	RunID    CouponRunID
	MemberID MemberID
	Line     int64 // of a list; 0 for a filter
	Outcome  CouponRunOutcome
}

// TableName names the table.
func (CouponRunRefusal) TableName() string { return "coupon_run_refusals" }

// CouponReminderDay is the row of one day's reminders; Cursor is the checkpoint, as in CouponRun.
type CouponReminderDay struct {
	Day     Day      `gorm:"primaryKey"`
	Cursor  MemberID `gorm:"column:cursor_member"`
	Members int64    // to whom a digest was queued
	DoneAt  *time.Time
}

// TableName names the table.
func (CouponReminderDay) TableName() string { return "coupon_reminder_days" }

// CouponBirthdayDay is the row of what a rule has done for the birthdays of a day; Cursor is the checkpoint, as in CouponRun.
type CouponBirthdayDay struct {
	RuleID  CouponRuleID `gorm:"primaryKey;autoIncrement:false"`
	Day     Day          `gorm:"primaryKey"`
	Cursor  MemberID     `gorm:"column:cursor_member"`
	Given   int64
	Refused int64
	DoneAt  *time.Time
}

// TableName names the table.
func (CouponBirthdayDay) TableName() string { return "coupon_birthday_days" }
