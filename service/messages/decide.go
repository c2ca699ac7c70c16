package messages

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// batch is what was decided about the messages that a worker took.
type batch struct {
	taken    int
	attempts []attempt              // to be made now
	passed   []model.MessageChannel // lanes that got a message from this one
}

// move says what happens to a message whose turn it is.
type move string

const (
	moveGo   move = "go"   // an attempt leaves now
	moveSkip move = "skip" // this channel cannot; the next one may
	moveFail move = "fail" // this channel will never; the next one may
	moveHold move = "hold" // not now
	moveEnd  move = "end"  // by no channel
)

// ruling is a move with what it needs.
type ruling struct {
	move   move
	reason string             // word for staff; of skip, fail and end
	state  model.MessageState // of end
	until  time.Time          // of hold
	call   call               // of go
}

func skip(reason string) ruling { return ruling{move: moveSkip, reason: reason} }

func suppress(reason string) ruling {
	return ruling{move: moveEnd, state: model.MessageSuppressed, reason: reason}
}

// begin takes due messages, decides about each and stores the attempts of those that leave.
func (s *Service) begin(ctx context.Context, tx *db.Tx, l *lane, most int) (b batch, err error) {
	rows, err := claim(tx, l, most)
	if err != nil || len(rows) == 0 {
		return b, err
	}
	b.taken = len(rows)
	addresses, err := s.Followers.AddressesTx(ctx, tx, membersOf(rows), l.channel == model.ChannelSMS)
	if err != nil {
		return b, fmt.Errorf("look up where members can be reached: %w", err)
	}
	lim, err := s.limitsOf(tx, l, rows, addresses)
	if err != nil {
		return b, err
	}
	for _, m := range rows {
		r := s.rule(l, m, addresses[m.MemberID], lim, tx.Now)
		if r.move == moveGo && m.UnsureSince == nil {
			r = lim.spend(m, r)
		}
		switch r.move {
		case moveGo:
			b.attempts = append(b.attempts, attempt{m: m, n: m.Attempts + 1, started: tx.Now, repeats: m.UnsureSince != nil, call: r.call})
		case moveHold:
			err = hold(tx, m.ID, r.until)
		case moveEnd:
			err = s.end(ctx, tx, m, r.state, r.reason, 0)
		default:
			var next model.MessageChannel
			if next, err = s.pass(ctx, tx, m, r); next != "" {
				b.passed = append(b.passed, next)
			}
		}
		if err != nil {
			return b, err
		}
	}
	if err := lim.write(tx); err != nil {
		return b, err
	}
	return b, leaving(tx, b.attempts)
}

// rule decides about one message. Rules that depend on nothing but the message come first; the address is looked at last.
func (s *Service) rule(l *lane, m model.Message, to model.Address, lim *limits, now time.Time) ruling {
	if m.UnsureSince != nil && now.Sub(*m.UnsureSince) >= l.repeat {
		s.Log.Error("message has an unknown end", "message", m.ID, "channel", m.Channel, "attempts", m.Attempts)
		reason := reasonNoAnswer
		if m.Reason == reasonPanicked {
			reason = reasonPanicked
		}
		return ruling{move: moveEnd, state: model.MessageUnknown, reason: reason}
	}
	if m.UnsureSince == nil { // a repetition is no new message: none of these rules may stop it
		if r, stop := s.timing(l, m, now); stop {
			return r
		}
		if r, stop := lim.wanted(m); stop {
			return r
		}
	}
	return s.compose(m, to)
}

// timing applies what depends on the clock.
func (s *Service) timing(l *lane, m model.Message, now time.Time) (ruling, bool) {
	switch {
	case m.NotAfter != nil && !now.Before(*m.NotAfter):
		return suppress("too_late"), true
	case m.NotBefore != nil && now.Before(*m.NotBefore):
		return ruling{move: moveHold, until: *m.NotBefore}, true
	case l.closedUntil().After(now):
		return ruling{move: moveHold, until: l.closedUntil()}, true
	}
	if until, quiet := s.Rules.quietUntil(now); quiet && capped(m.Purpose) {
		if m.NotAfter != nil && !until.Before(*m.NotAfter) {
			return suppress("quiet"), true // by the time people are awake it is of no use any more
		}
		return ruling{move: moveHold, until: until}, true
	}
	return ruling{}, false
}

// compose words the call, or says why there is none.
func (s *Service) compose(m model.Message, to model.Address) ruling {
	t, known := s.Templates[m.Template]
	form, set := t.Forms[m.Channel]
	if !known || !set || !s.connected(m.Channel) {
		return skip("no_template")
	}
	address, why := addressFor(m.Channel, to)
	if why != "" {
		return skip(why)
	}
	var data map[string]string
	if err := json.Unmarshal([]byte(m.Data), &data); err != nil {
		return ruling{move: moveEnd, state: model.MessageFailed, reason: "data:" + err.Error()}
	}
	c, err := word(m, form, data)
	if err != nil {
		s.Log.Error("message cannot be worded", "message", m.ID, "template", m.Template, "channel", m.Channel, "err", err)
		return ruling{move: moveFail, reason: "data:" + cutText(err.Error(), 200)}
	}
	c.to = address
	return ruling{move: moveGo, call: c}
}

// addressFor picks the address for a channel, or says why there is none.
func addressFor(c model.MessageChannel, to model.Address) (address, why string) {
	switch c {
	case model.ChannelOATemplate, model.ChannelCustomerService:
		if to.OpenID == "" || !to.Following {
			return "", "not_following"
		}
		return to.OpenID, ""
	case model.ChannelOASubscribe: // works without following
		if to.OpenID == "" {
			return "", "no_openid"
		}
		return to.OpenID, ""
	case model.ChannelMiniSubscribe:
		if to.MiniOpenID == "" {
			return "", "no_openid"
		}
		return to.MiniOpenID, ""
	default:
		if to.Phone == "" {
			return "", "no_phone"
		}
		return to.Phone, ""
	}
}

func membersOf(rows []model.Message) []model.MemberID {
	out := make([]model.MemberID, 0, len(rows))
	for _, m := range rows {
		out = append(out, m.MemberID)
	}
	return out
}
