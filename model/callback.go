package model

import "time"

// CallbackState is what became of a callback.
type CallbackState string

// States of a callback: received -> done | failed | ignored; kept is for those that are only stored here.
const (
	CallbackReceived CallbackState = "received" // a job will process it
	CallbackDone     CallbackState = "done"
	CallbackFailed   CallbackState = "failed"  // Reason says why; staff may replay it
	CallbackIgnored  CallbackState = "ignored" // nobody reacts to its topic
	CallbackKept     CallbackState = "kept"    // processed by who received it; the vault only keeps it
)

// Callback is one authentic callback of WeChat as it was.
type Callback struct {
	ID      CallbackID
	AppID   string
	Channel string // oa, mini, pay
	Topic   string // what jobs dispatch by: the event in WeChat's spelling, or the message kind; "" = none
	// DedupeKey is a hash of the decrypted body, unique within the app.
	DedupeKey string
	OpenID    string // of the person it is about; "" = nobody, or not read
	Raw       []byte // decrypted body, byte for byte
	Verdict   string // "ok", or why it could not be read or accepted
	Reply     string // passive reply as JSON, given again to a repeated delivery; "" = bare success
	State     CallbackState
	Reason    string
	Runs      int64 // failed runs since it was received or replayed
	Replays   int64

	ReceivedAt time.Time
	FinishedAt *time.Time
}

// TableName names the table.
func (Callback) TableName() string { return "callbacks" }

// CallbackReplayState is how far a replay of many callbacks got.
type CallbackReplayState string

// States of a replay of many: running -> done.
const (
	CallbackReplayRunning CallbackReplayState = "running" // a job goes on with it
	CallbackReplayDone    CallbackReplayState = "done"
)

// CallbackReplay is the row of staff's wish to have many callbacks processed again. Empty AppID, Topic and Verdict mean any.
type CallbackReplay struct {
	ID           CallbackReplayID
	State        CallbackReplayState
	AppID        string
	Topic        string
	Verdict      string
	Which        CallbackState // CallbackFailed or CallbackIgnored
	ReceivedFrom time.Time
	ReceivedTo   time.Time // exclusive
	Note         string
	Found        int64      // that were to be replayed when it was asked for
	LastID       CallbackID // the last of these
	DoneID       CallbackID // the last that was looked at
	Replayed     int64      // the rest had got another state meanwhile
	AskedBy      StaffID
	AskedAt      time.Time
	FinishedAt   *time.Time
}

// TableName names the table.
func (CallbackReplay) TableName() string { return "callback_replays" }
