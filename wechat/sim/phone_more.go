package sim

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// open enters the mini-program by a code or a link. WeChat tells the product nothing
// of it; the mini-program learns page, query and scene.
func (s *Sim) open(u *customer, address string) (map[string]any, error) {
	d := s.doorByURL[address]
	switch {
	case d == nil:
		return nil, &refusal{http.StatusNotFound, "door_unknown", "没有这个小程序码或链接"}
	case !d.ExpiresAt.IsZero() && !s.now().Before(d.ExpiresAt):
		return nil, refuse("door_expired", "链接已过期")
	}
	d.Opened++
	u.seen(kindMini, s.now())
	s.receive(u, Message{App: kindMini, Mine: true, Kind: "event", Text: "打开了小程序", URL: d.Page})
	// The scene reaches the page as encodeURIComponent left it.
	return map[string]any{"page": d.Page, "query": d.Query, "scene": encodeComponent(d.Scene), "env": d.Env}, nil
}

// encodeComponent is encodeURIComponent of a browser.
func encodeComponent(s string) string {
	s = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	return strings.NewReplacer("%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(s)
}

// enterSession opens the chat with the mini-program's customer service.
func (s *Sim) enterSession(u *customer, from string) (*Delivery, error) {
	u.interact(kindMini, windowSession, s.now())
	u.seen(kindMini, s.now())
	s.receive(u, Message{App: kindMini, Mine: true, Kind: "event", Text: "进入了客服会话"})
	return s.emit(s.newPush(kindMini, u, "user_enter_tempsession", s.now(), false, []pushField{text("SessionFrom", from)})), nil
}

// emit sends a push at once. The fault reordered holds it back until the customer's
// next push to the same account is out, or for delay_ms, 10 min unless given.
// s.mu is held.
func (s *Sim) emit(d *Delivery) *Delivery {
	p, at := d.carrier.(*accountPush), s.now()
	if f := struck(s.strike(payFaults, d.App, d.Event), faultReordered); f != nil {
		s.dispatchHeld(p.user, d.App, at) // one at a time
		d.NextAt = at.Add(orDefault(f.DelayMS, 10*60*1000))
		p.user.held[d.App] = d
		u, latest := p.user, d.NextAt
		s.engine.schedule(latest, p.lane(), func(context.Context) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if u.held[d.App] == d {
				s.dispatchHeld(u, d.App, latest)
			}
		})
		return d
	}
	s.dispatch(d, at)
	s.dispatchHeld(p.user, d.App, at) // after it, in the same lane
	return d
}

func (s *Sim) dispatchHeld(u *customer, app appKind, at time.Time) {
	if d := u.held[app]; d != nil {
		delete(u.held, app)
		s.dispatch(d, at)
	}
}

// ReceiveSMS shows a text message on the phone with that number; false when nobody
// has the number.
func (s *Sim) ReceiveSMS(phone, from, content string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.people[phone]
	if u == nil || u.Phone != phone {
		return false
	}
	s.receive(u, Message{App: kindSMS, Kind: "sms", Title: from, Text: content})
	return true
}

func (s *Sim) ctlOpen(r *http.Request) (any, error) {
	var in struct {
		URL string `json:"url"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.named(r)
	if err != nil {
		return nil, err
	}
	return s.open(u, in.URL)
}

func (s *Sim) ctlEnterSession(r *http.Request) (any, error) {
	var in struct {
		From string `json:"from"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	return s.acting(r, func(u *customer) (*Delivery, error) { return s.enterSession(u, in.From) })
}

// ctlPush sends any event at all, for what the platform may invent next.
func (s *Sim) ctlPush(r *http.Request) (any, error) {
	var in struct {
		App    appKind           `json:"app"`
		Event  string            `json:"event"`
		Fields map[string]string `json:"fields"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	if in.App == "" {
		in.App = kindOA
	}
	names := make([]string, 0, len(in.Fields))
	for name := range in.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	if in.App != kindOA && in.App != kindMini || !elementName(in.Event) || slices.ContainsFunc(names, func(n string) bool { return !elementName(n) }) {
		return nil, &refusal{http.StatusBadRequest, "event_invalid", "app 须为 oa 或 mini，event 与字段名须为字母、数字和下划线"}
	}
	extra := make([]pushField, len(names))
	for i, name := range names {
		extra[i] = text(name, in.Fields[name])
	}
	return s.acting(r, func(u *customer) (*Delivery, error) {
		return s.emit(s.newPush(in.App, u, in.Event, s.now(), false, extra)), nil
	})
}

// elementName tells whether s may name an element of XML.
func elementName(s string) bool {
	return s != "" && len(s) <= 64 && (s[0] < '0' || s[0] > '9') && alphanumeric(strings.ReplaceAll(s, "_", "a"))
}

func (s *Sim) ctlSMS(r *http.Request) (any, error) {
	var in struct {
		Phone string `json:"phone"`
		From  string `json:"from"`
		Text  string `json:"text"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	return map[string]bool{"received": s.ReceiveSMS(in.Phone, in.From, in.Text)}, nil
}

func (s *Sim) ctlDoors(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []door{}
	for _, d := range slices.Backward(s.doors) {
		if out = append(out, *d); len(out) == 200 {
			break
		}
	}
	return map[string]any{"doors": out}, nil
}
