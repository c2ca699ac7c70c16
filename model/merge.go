package model

import "time"

// MergeID is the id of a merge of two members.
type MergeID int64

// MergeRequestID is the id of a merge that waits for staff.
type MergeRequestID int64

// MergeCause is the evidence that two members are one person.
type MergeCause string

const (
	MergeByPhone   MergeCause = "phone"   // one of them proved a number that the other one has
	MergeByUnionID MergeCause = "unionid" // WeChat says that they are one
	MergeByStaff   MergeCause = "staff"   // two of staff looked at it
)

// Merge is that one member went into another. The rows that moved are MergeMoves.
type Merge struct {
	ID         MergeID
	FromMember MemberID
	ToMember   MemberID
	Live       *MemberID // FromMember while the two are one, nil after the split
	Cause      MergeCause
	Reason     string  // in words, by staff
	AskedBy    StaffID // 0 when the program found it
	DecidedBy  StaffID // 0 when nothing spoke against it
	At         time.Time

	SplitAt     *time.Time
	SplitBy     StaffID
	SplitReason string
}

// TableName names the table.
func (Merge) TableName() string { return "merges" }

// MergeMove is one row that moved.
type MergeMove struct {
	ID      int64
	MergeID MergeID
	Part    string // "coupons.member_id"
	RowKey  string
	Was     string // what else changed about the row, in the words of its part
	At      time.Time
	BackAt  *time.Time // when a split put it back; nil also of a row that stayed then
}

// TableName names the table.
func (MergeMove) TableName() string { return "merge_moves" }

// MemberKin is that two members are one person, or once were, in both directions. A row of one may name a row of the other.
type MemberKin struct {
	MemberID MemberID `gorm:"primaryKey;autoIncrement:false"`
	OtherID  MemberID `gorm:"primaryKey;autoIncrement:false"`
}

// TableName names the table.
func (MemberKin) TableName() string { return "member_kin" }

// MergeRequestState is how far a request is.
type MergeRequestState string

const (
	MergeWaiting MergeRequestState = "waiting"
	MergeDone    MergeRequestState = "merged"
	MergeRefused MergeRequestState = "refused"
)

// MergeRequest is a merge that staff look at: asked for by one of them, or found by the program where something speaks against doing it
// without them. Somebody else decides.
type MergeRequest struct {
	ID           MergeRequestID
	FromMember   MemberID
	ToMember     MemberID
	Pending      *string // the pair while nobody has decided
	Cause        MergeCause
	Reason       string
	AskedBy      StaffID // 0: the program
	State        MergeRequestState
	DecidedBy    StaffID
	DecidedAt    *time.Time
	DecisionNote string
	MergeID      *MergeID
	CreatedAt    time.Time
}

// TableName names the table.
func (MergeRequest) TableName() string { return "merge_requests" }
