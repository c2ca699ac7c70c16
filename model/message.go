package model

import "time"

// MessageState is how far a message got.
type MessageState string

// States of a message: queued -> suppressed | sending -> accepted -> delivered | blocked | failed; sending -> queued again
// after a refusal that may pass or for the next channel, -> failed after one that will not when no channel is left, -> dead when it
// was refused again and again, -> unknown when nobody can tell.
const (
	MessageQueued     MessageState = "queued"
	MessageSuppressed MessageState = "suppressed" // never left: Reason says why
	MessageSending    MessageState = "sending"    // an attempt was recorded; its answer was not
	MessageAccepted   MessageState = "accepted"   // WeChat took it and gave it MsgID
	MessageDelivered  MessageState = "delivered"
	MessageBlocked    MessageState = "blocked" // the person blocks the account
	MessageFailed     MessageState = "failed"
	MessageDead       MessageState = "dead"    // given up after many tries, none of which can have been seen
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

// MessagePurpose is why a message is sent; the platform's rules, quiet hours and caps go by it.
type MessagePurpose string

// Purposes, the most urgent first.
const (
	PurposeService   MessagePurpose = "service"   // tells of something the member himself did or is owed: an order, a card, a code
	PurposeCare      MessagePurpose = "care"      // follow-up after a purchase, reminders; welcome but not asked for
	PurposeMarketing MessagePurpose = "marketing" // meant to sell
)

// MessagePurposes are all purposes, the most urgent first.
var MessagePurposes = []MessagePurpose{PurposeService, PurposeCare, PurposeMarketing}

// MessageChannel is a way to reach a member.
type MessageChannel string

// Channels.
const (
	ChannelOATemplate      MessageChannel = "oa_template"      // 服务号 template message, to followers
	ChannelOASubscribe     MessageChannel = "oa_subscribe"     // 服务号 subscription notice, one per consent
	ChannelMiniSubscribe   MessageChannel = "mini_subscribe"   // mini-program subscribe message, one per consent
	ChannelCustomerService MessageChannel = "customer_service" // 服务号 customer-service text, for a while after the member acted
	ChannelSMS             MessageChannel = "sms"
)

// MessageChannels are all channels.
var MessageChannels = []MessageChannel{ChannelOATemplate, ChannelOASubscribe, ChannelMiniSubscribe, ChannelCustomerService, ChannelSMS}

// Message is one row of the outbox.
type Message struct {
	ID         MessageID
	MessageKey string // one visible message per key
	MemberID   MemberID
	Purpose    MessagePurpose
	// Channels are tried in this order, comma-separated; frozen when queued. Channel is the one whose turn it is, or that had the
	// last word.
	Channels    string
	Channel     MessageChannel
	Template    string // our name
	Data        string // JSON object of texts by our field names, frozen when queued
	URL         string
	State       MessageState
	Reason      string
	Code        int64  // the platform's error code behind Reason
	ClientMsgID string // 32 hex digits made from MessageKey
	// MsgID is the platform's id of the accepted attempt, as long as no other channel is tried after it.
	MsgID    *string
	Attempts int64
	Tries    int64 // attempts by Channel alone
	// Fell is how the last channel ended that was tried before Channel: failed or blocked; empty without one.
	Fell      MessageState
	AttemptAt *time.Time // the last attempt
	// UnsureSince is the first attempt that may have reached the person although no answer was stored. WeChat drops a
	// repetition for ten minutes from then.
	UnsureSince *time.Time
	NotBefore   *time.Time // not before then; as asked for
	NotAfter    *time.Time // of no use any more from then on
	// DueAt is when a worker looks at it next, nil when there is nothing left to do. A worker that takes the message moves it on,
	// which is its lease.
	DueAt *time.Time
	// Lane is where it waits, see LaneOf; nil as DueAt is. What has ended stands in no lane, so that it never lies between a worker and
	// what is due, however much of it there is.
	Lane       *string
	AcceptedAt *time.Time
	FinishedAt *time.Time
	CreatedAt  time.Time
}

// TableName names the table.
func (Message) TableName() string { return "messages" }

// LaneOf names the lane of the waiting messages of a channel and a purpose.
func LaneOf(c MessageChannel, p MessagePurpose) string { return string(c) + ":" + string(p) }

// AttemptOutcome is how one attempt to send ended.
type AttemptOutcome string

// Outcomes of attempts.
const (
	AttemptOpen     AttemptOutcome = "" // no answer was stored
	AttemptAccepted AttemptOutcome = "accepted"
	AttemptRefused  AttemptOutcome = "refused"  // WeChat said no, or it never left
	AttemptUnsure   AttemptOutcome = "unsure"   // it left, and no readable answer came
	AttemptRepeated AttemptOutcome = "repeated" // accepted, but so was another attempt: WeChat took them for one
	AttemptSkipped  AttemptOutcome = "skipped"  // nothing left by this channel; Error says why
)

// MessageAttempt is one attempt to send a message; it is stored before the call leaves.
type MessageAttempt struct {
	ID        int64
	MessageID MessageID
	N         int64 // 1, 2, …
	Channel   MessageChannel
	// ClientMsgID is what the platform tells repetitions by, where it does: the same for all attempts of a message by one channel.
	ClientMsgID string
	OpenID      string // empty when the channel has none
	StartedAt   time.Time
	FinishedAt  *time.Time
	Outcome     AttemptOutcome
	Code        int64
	Error       string
	MsgID       *string      // of an accepted attempt, where the platform gives one
	Report      MessageState // what the platform reported of an accepted attempt: delivered, blocked or failed; empty before
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
