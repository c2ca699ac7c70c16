package messages

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Trace is everything that happened to a message, for those who ask why somebody did or did not get it.
type Trace struct {
	View
	Key      string
	Channels []model.MessageChannel // in the order in which they are tried
	// DueAt is when it is looked at next; nil when nothing is left to do.
	DueAt *time.Time
	Tries []model.MessageAttempt
	// Allowed is how many consents for this message's subscribe templates were open when it was queued.
	Allowed int64
}

// TracesTx returns the traces of the messages to a member that were queued in [from, to), oldest first, at most limit of them. A message
// whose key is in keys is among them whenever it was queued.
func (s *Service) TracesTx(_ context.Context, tx *db.Tx, member model.MemberID, keys []string, from, to time.Time, limit int) ([]Trace, error) {
	rows, err := toTrace(tx, member, keys, from, to, limit)
	if err != nil {
		return nil, fmt.Errorf("read the messages to member %d: %w", member, err)
	}
	tries, err := triesOf(tx, rows)
	if err != nil {
		return nil, fmt.Errorf("read the attempts to reach member %d: %w", member, err)
	}
	list := make([]Trace, len(rows))
	for i, m := range rows {
		v, err := view(m)
		if err != nil {
			return nil, err
		}
		allowed, err := allowedAt(tx, member, s.subscribed(m.Template), m.CreatedAt)
		if err != nil {
			return nil, fmt.Errorf("count the consents of member %d: %w", member, err)
		}
		list[i] = Trace{View: v, Key: m.MessageKey, Channels: split(m.Channels), DueAt: m.DueAt, Tries: tries[m.ID], Allowed: allowed}
	}
	return list, nil
}

// subscribed are the platform's ids of a message's subscribe templates.
func (s *Service) subscribed(template string) (ids []string) {
	for c, form := range s.Templates[template].Forms {
		if form.ID != "" && (c == model.ChannelOASubscribe || c == model.ChannelMiniSubscribe) {
			ids = append(ids, form.ID)
		}
	}
	return ids
}

// Contact is how far a member may be written to: what he agreed to, what he does not want, and how much he got.
type Contact struct {
	Consents []model.MessageConsent // granted before the end of the time asked about, newest first
	Stops    []model.DoNotContact   // that held at any moment of it
	Days     []model.MessageDay     // of it
}

// ContactTx returns what held for a member in [from, to), at most 100 of each.
func (s *Service) ContactTx(_ context.Context, tx *db.Tx, member model.MemberID, from, to time.Time) (c Contact, err error) {
	c, err = contact(tx, member, from, to, 100)
	if err != nil {
		return c, fmt.Errorf("read what member %d agreed to: %w", member, err)
	}
	return c, nil
}
