package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/demo"
	"huitou/model"
	"huitou/model/db"
	"huitou/service/members"
	"huitou/service/messages"
	"huitou/wechat"
	"huitou/wechat/sim"
)

// phones are people with phones in a simulated WeChat, and the shop that writes to them.
type phones struct {
	ahead  atomic.Int64 // of the machine's clock, in nanoseconds
	sim    *sim.Sim
	shop   *shop
	people []person
	queued []billet // every message so far
	agreed int64    // consents so far
	undo   []func() error
}

// person is somebody who follows.
type person struct {
	id, oa, mini string // of the simulator, and the openids
	member       model.MemberID
}

func (p *phones) now() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())) }

func (p *phones) close() error {
	var errs []error
	for i := len(p.undo) - 1; i >= 0; i-- {
		errs = append(errs, p.undo[i]())
	}
	return errors.Join(errs...)
}

// openPhones starts the simulator and the shop.
func openPhones(ctx context.Context, f *outboxFlags) (p *phones, err error) {
	p = &phones{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.sim, err = sim.New(sim.Config{Now: p.now, Log: slog.New(slog.DiscardHandler)}); err != nil {
		return nil, err
	}
	living, die := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- p.sim.Run(living) }()
	p.undo = append(p.undo, func() error { die(); return <-done })
	api := httptest.NewServer(poisonous(p.sim.API()))
	p.undo = append(p.undo, func() error { api.Close(); return nil })
	at, err := url.Parse(api.URL)
	if err != nil {
		return nil, err
	}
	fit := func(s *app.Settings) {
		s.Now, s.PublicURL = p.now, "https://shop.example"
		err = errors.Join(err, demo.UseSim(s, p.sim.Accounts(), at))
	}
	panicky := func(a *app.App) { a.Messages.Sender = panickySender{a.Messages.Sender} }
	if p.shop, err = openShop(ctx, f.load.store, f.load.out, f.load.keep, f.load.instances, fit, panicky); err != nil {
		return nil, err
	}
	p.undo = append(p.undo, p.shop.close)
	return p, p.sim.SetPushBase("http://" + p.shop.addrs[0])
}

// control asks the simulated WeChat to do something.
func (p *phones) control(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r := httptest.NewRequestWithContext(ctx, method, "http://127.0.0.1"+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	p.sim.Control().ServeHTTP(w, r)
	if w.Code != http.StatusOK && w.Code != http.StatusCreated {
		return fmt.Errorf("%s: %d %s", path, w.Code, w.Body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(w.Body.Bytes(), out)
}

// gather makes n people who follow, known to the shop by both of their openids, and waits until the shop has heard of every follow.
func (p *phones) gather(ctx context.Context, n int) error {
	accounts := p.sim.Accounts()
	p.people = make([]person, n)
	for from := 0; from < n; from += admitted {
		some := p.people[from:min(from+admitted, n)]
		list := make([]members.NewMember, len(some))
		for i := range some {
			var u struct {
				ID         string `json:"id"`
				OpenID     string `json:"oa_openid"`
				MiniOpenID string `json:"mini_openid"`
			}
			if err := p.control(ctx, http.MethodPost, "/_sim/users", struct{}{}, &u); err != nil {
				return fmt.Errorf("make a customer: %w", err)
			}
			some[i] = person{id: u.ID, oa: u.OpenID, mini: u.MiniOpenID}
			list[i].OpenIDs = []members.OpenID{{AppID: accounts.OA.AppID, OpenID: u.OpenID}, {AppID: accounts.Mini.AppID, OpenID: u.MiniOpenID}}
		}
		err := p.shop.app.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			ids, err := p.shop.app.Members.ImportTx(ctx, tx, list)
			for i, id := range ids {
				some[i].member = id
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("add members: %w", err)
		}
	}
	err := p.each(ctx, len(p.people), func(ctx context.Context, i int) error {
		return p.control(ctx, http.MethodPost, "/_sim/users/"+p.people[i].id+"/follow", struct{}{}, nil)
	})
	if err != nil {
		return fmt.Errorf("let people follow: %w", err)
	}
	return p.until(ctx, "every follow is known", func(tx *db.Tx) (left int64, err error) {
		err = tx.Gorm().Model(&model.MemberOpenID{}).Where("following").Count(&left).Error
		return int64(n) - left, err
	})
}

// agree lets people agree to the notices of a list, and waits until the shop has heard of it. Nobody taps twice within a second: the two
// pushes would be the same byte for byte, and one of them a copy.
func (p *phones) agree(ctx context.Context, list []billet) error {
	var waves [][]billet
	taps := map[string]int{}
	for _, m := range list {
		if m.app() == "" {
			continue
		}
		who := m.app() + p.people[m.to].id
		n := taps[who]
		if taps[who]++; n == len(waves) {
			waves = append(waves, nil)
		}
		waves[n] = append(waves[n], m)
	}
	for _, wave := range waves {
		p.ahead.Add(int64(time.Second))
		err := p.each(ctx, len(wave), func(ctx context.Context, i int) error {
			type choice struct {
				Template string `json:"template"`
				Accept   bool   `json:"accept"`
			}
			return p.control(ctx, http.MethodPost, "/_sim/users/"+p.people[wave[i].to].id+"/subscribe",
				map[string]any{"app": wave[i].app(), "choices": []choice{{"visit", true}}}, nil)
		})
		if err != nil {
			return fmt.Errorf("let people agree to notices: %w", err)
		}
		p.agreed += int64(len(wave))
	}
	return p.until(ctx, "every consent is known", func(tx *db.Tx) (n int64, err error) {
		err = tx.Gorm().Model(&model.MessageConsent{}).Count(&n).Error
		return p.agreed - n, err
	})
}

// each does something n times, several at once.
func (p *phones) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	g, going := errgroup.WithContext(ctx)
	g.SetLimit(32)
	for i := range n {
		g.Go(func() error { return do(going, i) })
	}
	return g.Wait()
}

// patience is how long the load waits for anything.
const outboxPatience = 10 * time.Minute

// until waits until nothing is left.
func (p *phones) until(ctx context.Context, what string, left func(tx *db.Tx) (int64, error)) error {
	for began := time.Now(); ; {
		var n int64
		err := p.shop.app.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) { n, err = left(tx); return err })
		switch {
		case err != nil:
			return fmt.Errorf("look whether %s: %w", what, err)
		case n <= 0:
			return nil
		case time.Since(began) > outboxPatience:
			return fmt.Errorf("%s: %d are missing after %s", what, n, outboxPatience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// venom is how a poisoned message goes wrong.
type venom string

// Every venom goes by template message. What a message is poisoned with stands in its order number, where a WeChat, or a sender, can
// see it.
const (
	venomRefused venom = "refused" // WeChat refuses it for good
	venomBusy    venom = "busy"    // WeChat is busy whenever it sees it
	venomRubbish venom = "rubbish" // the person gets it, and the answer is a proxy's page
	venomWording venom = "wording" // a field holds what its kind does not allow
	venomPanic   venom = "panic"   // the sender panics over it
)

var venoms = []venom{venomRefused, venomRubbish, venomWording, venomPanic, venomBusy}

// end is how a message must end that is poisoned so, and whether the person sees it.
func (v venom) end() (state model.MessageState, reason string, seen int) {
	switch v {
	case venomRefused:
		return model.MessageFailed, "bug", 0
	case venomBusy:
		return model.MessageDead, "gave_up:retry", 0
	case venomRubbish:
		return model.MessageUnknown, "no_answer", 1
	case venomWording:
		return model.MessageFailed, "data:", 0
	case venomPanic:
		return model.MessageUnknown, "panicked", 0
	}
	return model.MessageDelivered, "", 1
}

// billet is one message of the load.
type billet struct {
	key    string
	number string // in its text, and on no other message
	to     int    // of people
	by     model.MessageChannel
	venom  venom
}

// app is whose consent it needs, in the simulator's words, or "".
func (n billet) app() string {
	switch n.by {
	case model.ChannelOASubscribe:
		return "oa"
	case model.ChannelMiniSubscribe:
		return "mini"
	}
	return ""
}

// message is what the shop queues.
func (n billet) message(to model.MemberID, notBefore time.Time) messages.Message {
	m := messages.Message{
		Key: n.key, Member: to, Template: "visit1", Channels: []model.MessageChannel{n.by}, NotBefore: notBefore,
		Data: map[string]string{"number": n.number, "goods": "明前龙井 250g", "paid_at": "2026年11月20日 10:00", "advice": "冲泡水温八十五度为宜"},
	}
	if n.venom == venomWording {
		m.Data["paid_at"] = "昨天"
	}
	return m
}

// newBillets makes the messages of a turn: of every ten, one is a notice of the official account, one of the mini-program, and eight are
// template messages; a share of them is poisoned, evenly among the others.
func newBillets(turn, n int, poison float64, people int) []billet {
	list := make([]billet, n)
	bad := 0
	for i := range list {
		m := billet{key: fmt.Sprintf("load:%d:%d", turn, i), to: i % people, by: model.ChannelOATemplate}
		if int(float64(i+1)*poison) > bad {
			m.venom = venoms[bad%len(venoms)]
			bad++
		} else if i%10 == 3 {
			m.by = model.ChannelOASubscribe
		} else if i%10 == 7 {
			m.by = model.ChannelMiniSubscribe
		}
		m.number = "N" + strconv.Itoa(turn) + "-" + strconv.Itoa(i) + "-" + string(m.venom)
		list[i] = m
	}
	return list
}

// poisonous is a WeChat that does to poisoned messages what their venom says.
func poisonous(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/cgi-bin/message/template/send" {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		has := func(v venom) bool { return bytes.Contains(body, []byte("-"+string(v)+`"`)) }
		switch {
		case has(venomRefused):
			answerText(w, http.StatusOK, `{"errcode":47003,"errmsg":"argument invalid! rid: 6a1f0000-00000000-00000000"}`)
		case has(venomBusy):
			answerText(w, http.StatusOK, `{"errcode":-1,"errmsg":"system error rid: 6a1f0000-00000000-00000000"}`)
		case has(venomRubbish):
			next.ServeHTTP(httptest.NewRecorder(), r)
			answerText(w, http.StatusBadGateway, "<html>502 Bad Gateway</html>")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func answerText(w http.ResponseWriter, status int, text string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a caller that went away is no concern of WeChat
}

// panickySender panics over what is poisoned so.
type panickySender struct{ messages.Sender }

func (s panickySender) SendTemplate(ctx context.Context, m wechat.TemplateMessage) (string, error) {
	for _, text := range m.Data {
		if len(text) > len(venomPanic) && text[len(text)-len(venomPanic)-1:] == "-"+string(venomPanic) {
			panic("poison")
		}
	}
	return s.Sender.SendTemplate(ctx, m)
}
