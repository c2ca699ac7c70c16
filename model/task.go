package model

import "time"

// TaskID names a task of staff.
type TaskID int64

// TaskKind says what is to be done.
type TaskKind string

// The kinds of task.
const (
	TaskLowScore TaskKind = "low_score" // call somebody who gave a low score
	TaskVisit    TaskKind = "visit"     // make a visit by hand, because no channel reaches the person
	TaskParcel   TaskKind = "parcel"    // something is wrong with a parcel
	TaskPrivacy  TaskKind = "privacy"   // delete what somebody told who took his consent back
	TaskReward   TaskKind = "reward"    // make up for a reward that could not be given; no complaint of the member's
)

// TaskState is how far a task got.
type TaskState string

// The states of a task.
const (
	TaskOpen   TaskState = "open"
	TaskTaken  TaskState = "taken" // StaffID does it
	TaskClosed TaskState = "closed"
)

// TaskResult is what came of a task.
type TaskResult string

// The results.
const (
	ResultReached  TaskResult = "reached"   // talked, nothing to mend
	ResultSolved   TaskResult = "solved"    // mended
	ResultNoAnswer TaskResult = "no_answer" // did not answer
	ResultRefused  TaskResult = "refused"   // does not want to be called
	ResultWrong    TaskResult = "wrong"     // wrong number or person
	ResultNotDone  TaskResult = "not_done"  // was not needed any more
)

// TaskResults are all results.
var TaskResults = []TaskResult{ResultReached, ResultSolved, ResultNoAnswer, ResultRefused, ResultWrong, ResultNotDone}

// Task is the row of something that staff do by hand.
type Task struct {
	ID        TaskID
	Kind      TaskKind
	State     TaskState
	Source    string // natural key, "visit:12:2"
	MemberID  MemberID
	OrderID   OrderID // 0: none
	DueDay    Day
	Store     string  // that does it; empty is any
	StaffID   StaffID // who does it; 0 is nobody yet
	Title     string
	Detail    string
	Result    TaskResult // empty until it is closed
	Note      string
	OpenedBy  StaffID // 0: the program
	ClosedBy  StaffID
	CreatedAt time.Time
	TakenAt   *time.Time
	ClosedAt  *time.Time
}

// TableName names the table.
func (Task) TableName() string { return "staff_tasks" }
