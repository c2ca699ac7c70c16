package model

import "time"

// ConsentState is what became of a consent.
type ConsentState string

// States of a consent: open -> used by a message, and open again when that message certainly did not use it up; -> cleared.
const (
	ConsentOpen    ConsentState = "open"
	ConsentUsed    ConsentState = "used"
	ConsentCleared ConsentState = "cleared" // the member took it back, or the platform says that there is none
)

// MessageConsent is one permission to send one subscribe message of one template.
type MessageConsent struct {
	ID         int64
	MemberID   MemberID
	AppID      string
	OpenID     string
	TemplateID string // the platform's
	Source     string // natural key: the push that told of it, and its place in there
	State      ConsentState
	GrantedAt  time.Time
	MessageID  *MessageID // that used it, or tries to
	UsedAt     *time.Time
	ClearedAt  *time.Time
	ClearedWhy string
}

// TableName names the table.
func (MessageConsent) TableName() string { return "message_consents" }

// MessageWindow is a time in which a person may get customer-service messages because of something that he did.
type MessageWindow struct {
	ID        int64
	OpenID    string // in the official account
	Kind      string // what he did: text, click, scan, follow
	OpenedAt  time.Time
	ClosesAt  time.Time
	Remaining int64 // messages that may still be sent in it
}

// TableName names the table.
func (MessageWindow) TableName() string { return "message_windows" }

// MessageDay counts what a member got of a purpose on a day. The row is also the lock under which caps are looked at.
type MessageDay struct {
	ID       int64
	MemberID MemberID
	Day      Day
	Purpose  MessagePurpose
	Sent     int64
}

// TableName names the table.
func (MessageDay) TableName() string { return "message_days" }

// ContactScope is how far a do-not-contact goes.
type ContactScope string

// Scopes, each wider than the one before.
const (
	StopMarketing ContactScope = "marketing" // nothing that sells
	StopCare      ContactScope = "care"      // nor follow-up and reminders
	StopAll       ContactScope = "all"       // nothing at all
)

// Covers reports whether a scope stops messages of a purpose.
func (s ContactScope) Covers(p MessagePurpose) bool {
	switch p {
	case PurposeMarketing:
		return true
	case PurposeCare:
		return s != StopMarketing
	default:
		return s == StopAll
	}
}

// DoNotContact says that a member is not to get messages. It is lifted, never deleted.
type DoNotContact struct {
	ID         int64
	MemberID   MemberID
	Scope      ContactScope
	Channel    MessageChannel // empty means every channel
	Reason     string         // unsubscribed, complaint, staff, bounced
	Note       string
	StaffID    StaffID // 0: the member himself
	OpenKey    *string // unique while it holds, nil once lifted
	Since      time.Time
	LiftedAt   *time.Time
	LiftedBy   StaffID
	LiftedNote string
}

// TableName names the table.
func (DoNotContact) TableName() string { return "do_not_contacts" }
