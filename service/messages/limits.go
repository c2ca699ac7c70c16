package messages

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// limits are what a batch of one lane may still send to whom. They are read under locks once for the batch, spent message by
// message, and written back before anything leaves.
type limits struct {
	rules Rules
	app   string // whose consents pay, or ""
	desk  bool   // windows pay

	stops    map[model.MemberID][]model.DoNotContact
	got      map[model.MemberID]got
	consents map[consentFor][]int64            // open ones, the oldest first
	windows  map[string][]*model.MessageWindow // by openid, the one that closes first first

	counted map[dayOf]int64
	paid    map[int64]model.MessageID // consent -> message
	used    map[int64]int64           // window -> messages
}

type consentFor struct{ openID, templateID string }

type dayOf struct {
	member  model.MemberID
	purpose model.MessagePurpose
}

// limitsOf reads the limits of a batch.
func (s *Service) limitsOf(tx *db.Tx, l *lane, rows []model.Message, to map[model.MemberID]model.Address) (*limits, error) {
	lim := &limits{
		rules: s.Rules, app: s.appOf(l.channel), desk: l.channel == model.ChannelCustomerService,
		counted: map[dayOf]int64{}, paid: map[int64]model.MessageID{}, used: map[int64]int64{},
	}
	var err error
	if lim.stops, err = stopsOf(tx, membersOf(rows)); err != nil {
		return nil, fmt.Errorf("look up who is not to be contacted: %w", err)
	}
	if lim.got, err = gotSoFar(tx, rows, model.DayOf(tx.Now, model.Shanghai)); err != nil {
		return nil, fmt.Errorf("look up what members got: %w", err)
	}
	if lim.app == "" && !lim.desk {
		return lim, nil
	}
	var openIDs []string
	for _, m := range rows {
		if a, why := addressFor(l.channel, to[m.MemberID]); why == "" {
			openIDs = append(openIDs, a)
		}
	}
	if lim.app != "" {
		lim.consents, err = openConsents(tx, lim.app, openIDs)
	} else {
		lim.windows, err = openWindows(tx, openIDs)
	}
	if err != nil {
		return nil, fmt.Errorf("look up what may be sent by %s: %w", l.channel, err)
	}
	return lim, nil
}

// appOf returns the app whose consents a channel spends, or "" when it needs none.
func (s *Service) appOf(c model.MessageChannel) string {
	switch c {
	case model.ChannelOASubscribe:
		return s.OAAppID
	case model.ChannelMiniSubscribe:
		return s.MiniAppID
	}
	return ""
}

// wanted rules whether the member may be sent this at all.
func (lim *limits) wanted(m model.Message) (ruling, bool) {
	for _, stop := range lim.stops[m.MemberID] {
		if !stop.Scope.Covers(m.Purpose) {
			continue
		}
		switch stop.Channel {
		case "":
			return suppress(doNotContact + stop.Reason), true
		case m.Channel:
			return skip(doNotContact + stop.Reason), true
		}
	}
	if capped(m.Purpose) {
		if full := lim.rules.full(m.Purpose, lim.got[m.MemberID]); full != "" {
			return suppress(full), true
		}
	}
	return ruling{}, false
}

// spend pays for a message that is about to leave, or says why it cannot.
func (lim *limits) spend(m model.Message, r ruling) ruling {
	switch {
	case lim.app != "":
		key := consentFor{r.call.to, r.call.form.ID}
		open := lim.consents[key]
		if len(open) == 0 {
			return skip("no_consent")
		}
		lim.consents[key] = open[1:]
		lim.paid[open[0]] = m.ID
	case lim.desk:
		w := firstOpen(lim.windows[r.call.to])
		if w == nil {
			return skip("no_window")
		}
		w.Remaining--
		lim.used[w.ID]++
	}
	if capped(m.Purpose) {
		g := lim.got[m.MemberID]
		g.day[m.Purpose]++
		g.week[m.Purpose]++
		lim.counted[dayOf{m.MemberID, m.Purpose}]++
	}
	return r
}

func firstOpen(list []*model.MessageWindow) *model.MessageWindow {
	for _, w := range list {
		if w.Remaining > 0 {
			return w
		}
	}
	return nil
}

// write stores what was spent.
func (lim *limits) write(tx *db.Tx) error {
	today := model.DayOf(tx.Now, model.Shanghai)
	for of, n := range lim.counted {
		if err := count(tx, of, today, n); err != nil {
			return err
		}
	}
	for consent, message := range lim.paid {
		if err := useConsent(tx, consent, message); err != nil {
			return err
		}
	}
	for window, n := range lim.used {
		if err := useWindow(tx, window, n); err != nil {
			return err
		}
	}
	return nil
}

// unspent gives back what an attempt had paid that was certainly not seen. A platform that says that there was no consent, or no window,
// knows better than our ledger.
func (s *Service) unspent(_ context.Context, tx *db.Tx, m model.Message, r result, d decision) error {
	if capped(m.Purpose) {
		if err := count(tx, dayOf{m.MemberID, m.Purpose}, model.DayOf(r.started, model.Shanghai), -1); err != nil {
			return err
		}
	}
	if app := s.appOf(m.Channel); app != "" {
		if d.noConsent {
			return clearConsents(tx, app, r.call.to, r.call.form.ID, m.ID, fmt.Sprint(d.code))
		}
		return returnConsent(tx, app, m.ID)
	}
	if m.Channel == model.ChannelCustomerService && d.noWindow {
		return shutWindows(tx, r.call.to)
	}
	return nil
}
