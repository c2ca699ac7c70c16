package model

import "time"

// Typed ids of tags.
type (
	TagID     int64
	TagSyncID int64
)

// Tag is a word that staff put on members. Shoppers never see it.
type Tag struct {
	ID       TagID
	PublicID PublicID
	Name     string
	// LiveName is Name while the tag is in use, and unique; nil when it has ended, so that the name is free again.
	LiveName *string
	Note     string
	// Shared says that the tag is kept in step with one of the official account: the one of WeChatID, once there is one. WeChatName is
	// the name that it had there at the last meeting.
	Shared     bool
	WeChatID   *int64 `gorm:"column:wechat_id"`
	WeChatName string `gorm:"column:wechat_name"`
	SyncedAt   *time.Time
	Problem    string // why the last meeting failed; empty when it did not
	CreatedBy  StaffID
	CreatedAt  time.Time
	UpdatedAt  time.Time
	EndedAt    *time.Time
}

// TableName names the table.
func (Tag) TableName() string { return "tags" }

// MemberTag is what is known of one tag on one member: Present says that he has it here, AtWeChat that he had it there at the last
// meeting. A row with neither says that it was taken away here and WeChat has not been told.
type MemberTag struct {
	TagID     TagID    `gorm:"primaryKey;autoIncrement:false"`
	MemberID  MemberID `gorm:"primaryKey;autoIncrement:false"`
	Present   bool
	AtWeChat  bool    `gorm:"column:at_wechat"`
	TaggedBy  StaffID // 0: it came from WeChat
	ChangedAt time.Time
}

// TableName names the table.
func (MemberTag) TableName() string { return "member_tags" }

// TagSyncState is where a comparison with WeChat stands.
type TagSyncState string

// The states: running -> done | failed | broken.
const (
	TagSyncRunning TagSyncState = "running"
	TagSyncDone    TagSyncState = "done"
	TagSyncFailed  TagSyncState = "failed" // it says why in Problem, and the next one tries again
	TagSyncBroken  TagSyncState = "broken" // its process went away
)

// TagSync is one comparison of our tags with those of the official account.
type TagSync struct {
	ID           TagSyncID
	Slot         *int64 // 1 while it runs, and unique: there is one at a time
	StartedBy    StaffID
	StartedAt    time.Time
	LeasedUntil  time.Time // from then on another one may take the slot
	EndedAt      *time.Time
	State        TagSyncState
	Tags         int64 // compared
	AddedHere    int64
	RemovedHere  int64
	AddedThere   int64
	RemovedThere int64
	Strangers    int64 // followers with a tag whom we do not know as members
	Refused      int64 // members whom WeChat would not take the tag for
	Problem      string
}

// TableName names the table.
func (TagSync) TableName() string { return "tag_syncs" }
