package model

import "time"

// JobState says where a job stands.
type JobState string

// A job waits, runs under a lease, and ends done, cancelled or dead. A retry is a job that waits again.
const (
	JobWaiting   JobState = "waiting"
	JobRunning   JobState = "running"
	JobDone      JobState = "done"
	JobCancelled JobState = "cancelled"
	JobDead      JobState = "dead"
)

// Job is one row of the durable queue.
type Job struct {
	ID         JobID `gorm:"primaryKey"`
	Kind       string
	UniqueKey  *string
	Args       string
	State      JobState
	RunAt      time.Time
	Attempts   int
	LeaseOwner string
	LeaseUntil *time.Time
	LastError  string
	CreatedAt  time.Time
	FinishedAt *time.Time
}

// TableName names the table.
func (Job) TableName() string { return "jobs" }

// TimetableRow keeps when a periodic task runs next.
type TimetableRow struct {
	Name    string `gorm:"primaryKey"`
	NextRun time.Time
}

// TableName names the table.
func (TimetableRow) TableName() string { return "timetable" }

// Fact is one row of what happened.
type Fact struct {
	ID         FactID `gorm:"primaryKey"`
	Name       string
	FactKey    string
	Body       string
	HappenedAt time.Time
}

// TableName names the table.
func (Fact) TableName() string { return "facts" }

// AuditEntry is one row of the staff trail. Hash covers the row and the hash before it.
type AuditEntry struct {
	ID       int64 `gorm:"primaryKey"`
	StaffID  StaffID
	Action   string
	Ref      string
	Detail   string
	At       time.Time
	PrevHash string
	Hash     string
}

// TableName names the table.
func (AuditEntry) TableName() string { return "audit_trail" }

// AuditHead keeps the hash of the newest AuditEntry; its one row is the lock under which the trail grows.
type AuditHead struct {
	ID   int64 `gorm:"primaryKey"`
	Hash string
}

// TableName names the table.
func (AuditHead) TableName() string { return "audit_head" }
