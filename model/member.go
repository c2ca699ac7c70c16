package model

import "time"

// Member is a customer whom we know by at least one identity. The figures of orders are written in the transaction
// of each order.
type Member struct {
	ID MemberID
	// PublicID also binds PhoneCipher to this row: a cipher copied to another member does not open.
	PublicID PublicID
	// Number is the public member number, 12 random digits that a person can read out at the counter.
	Number  string
	UnionID *string
	// PhoneIndex is a keyed hash of the number, by which it is found; PhoneCipher is the number itself, encrypted. Both
	// are set or neither is.
	PhoneIndex   *string
	PhoneCipher  *string
	JoinedAt     time.Time
	Orders       int64
	TotalFen     Fen
	FirstOrderAt *time.Time
	LastOrderAt  *time.Time
	// MergedInto is the member with whom this one has become one, through any number of merges; nil for a member of his own.
	MergedInto *MemberID
}

// TableName names the table.
func (Member) TableName() string { return "members" }

// MemberOpenID is a member's identity in one app of ours, a mini-program or an official account. The following fields
// are used for official accounts only.
type MemberOpenID struct {
	ID           int64
	MemberID     MemberID
	AppID        string
	OpenID       string
	Following    bool
	FollowedAt   *time.Time
	UnfollowedAt *time.Time
	// Scene is the scene of the QR code that led here at the latest follow, empty without one.
	Scene     string
	CreatedAt time.Time
	// Held says that nothing proves the openid to be the member's: he is taken for the one who held his parcel. HeldUnion is the unionid that
	// it was heard with, empty when WeChat told none, and of an openid that is not held.
	Held      bool
	HeldUnion string
	// SyncedIn is the latest run that saw it in WeChat's list of followers, 0 = none.
	SyncedIn FollowerSyncID
}

// TableName names the table.
func (MemberOpenID) TableName() string { return "member_openids" }

// MemberExternal is a member's number in a shop's own system or in a file.
type MemberExternal struct {
	ID        int64
	MemberID  MemberID
	Source    string
	External  string
	CreatedAt time.Time
}

// TableName names the table.
func (MemberExternal) TableName() string { return "member_externals" }

// MemberSession is one sign-in of a shopper. The token itself is known to the shopper only.
type MemberSession struct {
	ID        int64
	TokenHash string
	MemberID  MemberID
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	RevokedAt *time.Time
}

// TableName names the table.
func (MemberSession) TableName() string { return "member_sessions" }

// MemberBirthday is when a member has his birthday. The row, not the member, is the owner of the sealed year, so that it can move with
// the row to another member.
type MemberBirthday struct {
	ID       int64
	PublicID PublicID
	MemberID MemberID
	// MonthDay is "02-29", by which the birthdays of a day are found; alone it names nobody.
	MonthDay string
	// YearCipher is the year of birth, encrypted; nil when it was not told.
	YearCipher *string
	// Version counts from 1 and grows with every correction.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TableName names the table.
func (MemberBirthday) TableName() string { return "member_birthdays" }
