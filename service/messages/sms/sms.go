// Package sms sends text messages through a provider.
//
// It owns: one interface, the adapter on Tencent Cloud's SDK, and a sink that writes to a file for the demo and for development. It
// does not decide who gets a text (messages), and stores nothing.
//
// # Rules
//
//   - A phone number and what a text says are personal: no error and no log line holds them.
//   - An *Error proves that the provider did not take the text. Every other error may hide a text that was sent: it is never sent
//     again, since no provider drops repetitions.
package sms

import (
	"context"
	"time"

	"huitou/wechat"
)

// Message is one text to one phone.
type Message struct {
	Phone    string   // E.164
	Template string   // the provider's id
	Params   []string // of the template, in its order
	Text     string   // the whole text, for senders without templates
	Ref      string   // our id, at most 32 characters; comes back in receipts
}

// Sender sends texts.
type Sender interface {
	// Send returns the provider's id of the text, at most 64 characters.
	Send(ctx context.Context, m Message) (id string, err error)
}

// Receipt tells what became of a text.
type Receipt struct {
	ID        string // as Send returned it
	Delivered bool
	Why       string // of one that was not: the provider's word
	At        time.Time
}

// Reply is what somebody answered.
type Reply struct {
	Phone string // E.164
	Text  string
	At    time.Time
}

// Mailbox is a Sender that learns what became of texts and what people answered. Both come once only: what was read is gone.
type Mailbox interface {
	Receipts(ctx context.Context) ([]Receipt, error)
	Replies(ctx context.Context) ([]Reply, error)
}

// Error is a provider's refusal: the text was not taken.
type Error struct {
	Code  string // the provider's word
	Kind  wechat.Class
	Today bool // nothing more before tomorrow
}

func (e *Error) Error() string { return "sms: " + e.Code }

// Class says what to do about it.
func (e *Error) Class() wechat.Class { return e.Kind }

// Daily reports whether a quota of the whole day is used up.
func (e *Error) Daily() bool { return e.Today }
