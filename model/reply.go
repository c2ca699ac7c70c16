package model

import "time"

// Typed ids of replies.
type (
	ReplyRuleID        int64
	ReplyRuleVersionID int64
)

// ReplyOccasion is what somebody did that a reply answers.
type ReplyOccasion string

// The occasions.
const (
	ReplyToFollow   ReplyOccasion = "follow"   // he began to follow
	ReplyToScan     ReplyOccasion = "scan"     // he follows, and scanned a code
	ReplyToKeyword  ReplyOccasion = "keyword"  // he wrote something
	ReplyToClick    ReplyOccasion = "click"    // he tapped an entry of the menu
	ReplyToAnything ReplyOccasion = "anything" // he wrote or sent something that no other reply answers
)

// ReplyOccasions are all of them.
var ReplyOccasions = []ReplyOccasion{ReplyToFollow, ReplyToScan, ReplyToKeyword, ReplyToClick, ReplyToAnything}

// ReplySource is the kind of code by which somebody came.
type ReplySource string

// The sources. Plain is no code, one that nobody knows, and one of a kind without a reply of its own.
const (
	ReplyFromPlain    ReplySource = "plain"
	ReplyFromParcel   ReplySource = "parcel"
	ReplyFromStore    ReplySource = "store"
	ReplyFromStaff    ReplySource = "staff"
	ReplyFromCampaign ReplySource = "campaign"
)

// ReplySources are all of them.
var ReplySources = []ReplySource{ReplyFromPlain, ReplyFromParcel, ReplyFromStore, ReplyFromStaff, ReplyFromCampaign}

// ReplyMatch is how a keyword is looked for in what somebody wrote.
type ReplyMatch string

// The ways.
const (
	MatchExact    ReplyMatch = "exact"    // the text is the keyword
	MatchContains ReplyMatch = "contains" // the keyword stands in it
)

// ReplyRule is the row of one reply, as its newest version has it.
type ReplyRule struct {
	ID        ReplyRuleID
	PublicID  PublicID
	Name      string // for staff
	Occasion  ReplyOccasion
	Terms     string // JSON of replies.Terms
	Active    bool
	Version   int64
	CreatedBy StaffID
	CreatedAt time.Time
	UpdatedAt time.Time
	EndedAt   *time.Time
}

// TableName names the table.
func (ReplyRule) TableName() string { return "reply_rules" }

// ReplyRuleVersion is what a reply was from one change to the next.
type ReplyRuleVersion struct {
	ID        ReplyRuleVersionID
	RuleID    ReplyRuleID
	Version   int64
	Name      string
	Terms     string
	Active    bool
	CreatedBy StaffID
	CreatedAt time.Time
}

// TableName names the table.
func (ReplyRuleVersion) TableName() string { return "reply_rule_versions" }

// ReplyHit is one push that a reply was meant for. It makes counting a push twice impossible.
type ReplyHit struct {
	ID        int64
	DedupeKey string // of the push
	RuleID    ReplyRuleID
	Day       Day // in Shanghai
	At        time.Time
}

// TableName names the table.
func (ReplyHit) TableName() string { return "reply_hits" }

// ReplyDay counts the hits of a reply on a day, for longer than the hits are kept.
type ReplyDay struct {
	RuleID ReplyRuleID `gorm:"primaryKey;autoIncrement:false"`
	Day    Day         `gorm:"primaryKey"`
	Hits   int64
}

// TableName names the table.
func (ReplyDay) TableName() string { return "reply_days" }
