package model

import "time"

// MessageState is how far a message got.
type MessageState string

// States of a message: queued -> suppressed | sending -> accepted -> delivered | blocked | failed; sending -> queued again
// after a refusal that may pass, -> failed after one that will not, -> unknown when nobody can tell.
const (
	MessageQueued     MessageState = "queued"
	MessageSuppressed MessageState = "suppressed" // never left: Reason says why
	MessageSending    MessageState = "sending"    // an attempt was recorded; its answer was not
	MessageAccepted   MessageState = "accepted"   // WeChat took it and gave it MsgID
	MessageDelivered  MessageState = "delivered"
	MessageBlocked    MessageState = "blocked" // the person blocks the account
	MessageFailed     MessageState = "failed"
	MessageUnknown    MessageState = "unknown" // it may or may not have been shown; never sent again blindly
)

// Ended reports whether nothing more will happen to a message in this state by itself.
func (s MessageState) Ended() bool {
	switch s {
	case MessageQueued, MessageSending, MessageAccepted:
		return false
	}
	return true
}

// Message is one row of the outbox.
type Message struct {
	ID          MessageID
	MessageKey  string // one visible message per key
	MemberID    MemberID
	Channel     string
	Template    string // our name
	Data        string // JSON object of texts by our field names, frozen when queued
	URL         string
	State       MessageState
	Reason      string
	Code        int64  // WeChat's error code behind Reason
	ClientMsgID string // 32 hex digits made from MessageKey
	MsgID       *string
	Attempts    int64
	AttemptAt   *time.Time // the last attempt
	// UnsureSince is the first attempt that may have reached the person although no answer was stored. WeChat drops a
	// repetition for ten minutes from then.
	UnsureSince *time.Time
	NotBefore   *time.Time // parked until then
	AcceptedAt  *time.Time
	FinishedAt  *time.Time
	CreatedAt   time.Time
}

// TableName names the table.
func (Message) TableName() string { return "messages" }

// AttemptOutcome is how one attempt to send ended.
type AttemptOutcome string

// Outcomes of attempts.
const (
	AttemptOpen     AttemptOutcome = "" // no answer was stored
	AttemptAccepted AttemptOutcome = "accepted"
	AttemptRefused  AttemptOutcome = "refused"  // WeChat said no, or it never left
	AttemptUnsure   AttemptOutcome = "unsure"   // it left, and no readable answer came
	AttemptRepeated AttemptOutcome = "repeated" // accepted, but so was another attempt: WeChat took them for one
)

// MessageAttempt is one attempt to send a message; it is stored before the call leaves.
type MessageAttempt struct {
	ID         int64
	MessageID  MessageID
	N          int64 // 1, 2, …
	OpenID     string
	StartedAt  time.Time
	FinishedAt *time.Time
	Outcome    AttemptOutcome
	Code       int64
	Error      string
}

// TableName names the table.
func (MessageAttempt) TableName() string { return "message_attempts" }

// MessageReport is what WeChat told about the delivery of an accepted message. It may come before the acceptance was stored.
type MessageReport struct {
	ID         int64
	MsgID      string
	Status     string // without spaces
	At         time.Time
	Matched    bool // applied to its message
	ReceivedAt time.Time
}

// TableName names the table.
func (MessageReport) TableName() string { return "message_reports" }
