package messages

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/wechat"
)

// doNotContact begins the reason of a message that its member does not want; why he does not follows.
const doNotContact = "do_not_contact:"

// StopReasons are why a member is not to be contacted.
var StopReasons = []string{"unsubscribed", "complaint", "staff", "bounced"}

// Stop says that a member is not to get messages.
type Stop struct {
	Staff   model.StaffID // 0: the member himself
	Member  model.MemberID
	Scope   model.ContactScope
	Channel model.MessageChannel // empty means every channel
	Reason  string               // one of StopReasons
	Note    string               // at most 200 characters
}

// Stop opens a transaction for StopTx.
func (s *Service) Stop(ctx context.Context, in Stop) (row model.DoNotContact, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		row, err = s.StopTx(ctx, tx, in)
		return err
	})
	return row, err
}

// StopTx stores a do-not-contact. One that holds already, with the same scope and channel, is returned as it is. Messages that wait are
// judged by it when their turn comes.
func (s *Service) StopTx(ctx context.Context, tx *db.Tx, in Stop) (row model.DoNotContact, err error) {
	switch {
	case in.Member <= 0, !slices.Contains([]model.ContactScope{model.StopMarketing, model.StopCare, model.StopAll}, in.Scope),
		in.Channel != "" && !slices.Contains(model.MessageChannels, in.Channel), !slices.Contains(StopReasons, in.Reason),
		utf8.RuneCountInString(in.Note) > 200 || !utf8.ValidString(in.Note):
		return row, ErrStopInvalid
	}
	if err := s.knownTx(ctx, tx, in.Member); err != nil {
		return row, err
	}
	key := fmt.Sprintf("%d:%s:%s", in.Member, in.Scope, in.Channel)
	row = model.DoNotContact{
		MemberID: in.Member, Scope: in.Scope, Channel: in.Channel, Reason: in.Reason, Note: in.Note, StaffID: in.Staff, OpenKey: &key, Since: tx.Now,
	}
	fresh, err := tx.Insert(&row)
	if err != nil {
		return row, fmt.Errorf("store that member %d is not to be contacted: %w", in.Member, err)
	}
	if !fresh {
		return stopByKey(tx, key)
	}
	if in.Staff == 0 {
		return row, nil
	}
	return row, audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "messages.stop", Ref: fmt.Sprintf("member:%d", in.Member),
		Detail: map[string]any{"scope": in.Scope, "channel": in.Channel, "reason": in.Reason, "note": in.Note}})
}

// Lift takes a do-not-contact back.
type Lift struct {
	Staff  model.StaffID
	Member model.MemberID
	ID     int64
	Note   string // why; 1 to 200 characters
}

// Lift ends a do-not-contact. One that was lifted before stays as it is. What a member asked for himself can be lifted too: he may have
// changed his mind at the counter; the note says so.
func (s *Service) Lift(ctx context.Context, in Lift) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(in.Note)); n < 1 || n > 200 || !utf8.ValidString(in.Note) {
		return ErrStopInvalid
	}
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		fresh, err := liftStop(tx, in)
		if err != nil || !fresh {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "messages.lift", Ref: fmt.Sprintf("member:%d", in.Member),
			Detail: map[string]any{"id": in.ID, "note": in.Note}})
	})
}

// Stops returns every do-not-contact of a member, those that were lifted too, the newest first, or ErrNoMember.
func (s *Service) Stops(ctx context.Context, member model.MemberID) (rows []model.DoNotContact, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.knownTx(ctx, tx, member); err != nil {
			return err
		}
		rows, err = stopsEver(tx, member)
		return wrap(err, "list the do-not-contacts of member %d", member)
	})
	return rows, err
}

// UnwantedTx tells whether a member wants no contact of a purpose by anybody, a call of staff included; reason is how the outbox words it,
// "do_not_contact:complaint", and "" when he may be contacted. A stop of one channel says nothing about the others.
func (s *Service) UnwantedTx(_ context.Context, tx *db.Tx, member model.MemberID, purpose model.MessagePurpose) (reason string, err error) {
	stops, err := stopsOf(tx, []model.MemberID{member})
	if err != nil {
		return "", fmt.Errorf("look up the do-not-contacts of member %d: %w", member, err)
	}
	for _, stop := range stops[member] {
		if stop.Channel == "" && stop.Scope.Covers(purpose) {
			return doNotContact + stop.Reason, nil
		}
	}
	return "", nil
}

// stopWords are what people write to be left alone, and startWords to take it back. A whole text must be one of them: "退订单" is no wish to
// unsubscribe.
var (
	stopWords  = []string{"退订", "退定", "td", "t", "n", "取消订阅", "unsubscribe", "stop"}
	startWords = []string{"订阅", "恢复订阅", "start"}
)

// Wish is what a text asks for.
type Wish string

// The wishes.
const (
	NoWish    Wish = ""      // anything else
	WishStop  Wish = "stop"  // to be left alone
	WishStart Wish = "start" // to hear from us again
)

// WishOf returns what a text asks for.
func WishOf(text string) Wish {
	text = strings.ToLower(strings.Trim(plain(strings.TrimSpace(strings.Map(halfWidth, text))), ".!,[]【】“”\"'。"))
	switch {
	case slices.Contains(stopWords, text):
		return WishStop
	case slices.Contains(startWords, text):
		return WishStart
	}
	return NoWish
}

// halfWidth makes the usual letter of one that Chinese keyboards write in full width.
func halfWidth(r rune) rune {
	if '\uff01' <= r && r <= '\uff5e' {
		return r - '\uff01' + '!'
	}
	return r
}

// HeardTx notes a text that a member wrote: "退订" stops everything that he did not cause himself, on all channels when written to the official
// account, on SMS when answered there. "恢复订阅" takes back what he stopped himself. It tells whether the text was such a wish.
func (s *Service) HeardTx(ctx context.Context, tx *db.Tx, member model.MemberID, by model.MessageChannel, text string) (was bool, err error) {
	if by != model.ChannelSMS {
		by = ""
	}
	switch WishOf(text) {
	case WishStop:
		_, err = s.StopTx(ctx, tx, Stop{Member: member, Scope: model.StopCare, Channel: by, Reason: "unsubscribed", Note: cutText(strings.TrimSpace(text), 20)})
		return true, err
	case WishStart:
		return true, wrap(liftOwn(tx, member, by), "lift what member %d stopped himself", member)
	}
	return false, nil
}

// OnText notes wishes among the texts that people write to the official account. It may be told of one text several times.
func (s *Service) OnText(ctx context.Context, p wechat.Push) error {
	if p.OpenID == "" || WishOf(p.Content) == NoWish {
		return nil
	}
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		owner, err := s.Followers.OwnerTx(ctx, tx, p.AppID, p.OpenID)
		if err != nil {
			return fmt.Errorf("look up who wrote: %w", err)
		}
		_, err = s.HeardTx(ctx, tx, owner, "", p.Content)
		return err
	})
}
