package model

import "time"

// FollowerSyncID is the id of a run that compares followers.
type FollowerSyncID int64

// FollowerSyncState is how far a run is.
type FollowerSyncState string

const (
	SyncListing  FollowerSyncState = "listing"  // reading WeChat's list
	SyncChecking FollowerSyncState = "checking" // asking about those who are not in it or whose unionid is not known
	SyncDone     FollowerSyncState = "done"
	SyncFailed   FollowerSyncState = "failed" // Problem says why; what was written stays
)

// FollowerSync is one run that compares our followers with WeChat's list, and how far it is.
type FollowerSync struct {
	ID         FollowerSyncID
	Name       string  // unique: the business day, or who asked for it and when
	StaffID    StaffID // 0 when the timetable began it
	State      FollowerSyncState
	NextOpen   string // openid after which the list goes on
	Checked    int64  // id of the identity after which the check goes on
	Listed     int64  // followers that WeChat named
	Followed   int64  // whose following we had missed
	Unfollowed int64  // whose leaving we had missed
	Learnt     int64  // whose unionid we did not know
	Problem    string
	StartedAt  time.Time
	DoneAt     *time.Time
}

// TableName names the table.
func (FollowerSync) TableName() string { return "follower_syncs" }
