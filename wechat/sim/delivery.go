package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Delivery is one push or notification on its way to the product.
type Delivery struct {
	ID        string        `json:"id"`
	App       appKind       `json:"app"`
	Event     string        `json:"event"`
	Subject   string        `json:"subject"` // customer or order number
	CreatedAt time.Time     `json:"created_at"`
	State     deliveryState `json:"state"`
	Attempts  []Attempt     `json:"attempts"`
	NextAt    time.Time     `json:"next_at,omitzero"`
	// Problem says what was wrong with the product's behaviour, "" when nothing was.
	Problem string `json:"problem,omitempty"`

	generation int
	delayed    bool
	tries      int // genuine attempts
	carrier    carrier
}

// Attempt is one request of a delivery and what came back.
type Attempt struct {
	At     time.Time `json:"at"`
	Fault  string    `json:"fault,omitempty"`
	Status int       `json:"status"` // 0 when nothing came back
	Error  string    `json:"error,omitempty"`
	Reply  string    `json:"reply,omitempty"` // as read: success, empty, text, …
}

type deliveryState string

const (
	statePending   deliveryState = "pending"   // not yet tried
	stateRetrying  deliveryState = "retrying"  // tried, will be tried again
	stateDelivered deliveryState = "delivered" // accepted
	stateFailed    deliveryState = "failed"    // given up, or answered with garbage
	stateLost      deliveryState = "lost"      // by fault, never sent
)

// carrier is what differs between account pushes and pay notifications.
type carrier interface {
	// request builds the next request. Genuine ones follow the carrier's rules for
	// retries; a fault alters this one only. Sim.mu is held.
	request(s *Sim, d *Delivery, hit []*Fault) (*outgoing, error)
	// judge reads an answer with a status. accepted ends the delivery; problem flags
	// it; otherwise it is retried. Sim.mu is held.
	judge(s *Sim, d *Delivery, status int, body []byte) (reply string, accepted bool, problem string)
	// retryAfter is the pause before try number n+1 (n tries so far), false to give up.
	retryAfter(n int) (time.Duration, bool)
	// abandoned runs when all tries are used up. Sim.mu is held.
	abandoned(s *Sim, d *Delivery)
	lane() string
}

// outgoing is one request ready to send.
type outgoing struct {
	url     string
	header  http.Header
	body    []byte
	altered bool   // by a fault: not counted as a try
	refuse  bool   // altered so that accepting it is a mistake
	journal string // what the body says, in clear
}

// deliveriesKept bounds the list; the oldest finished ones are forgotten.
const deliveriesKept = 5000

func (s *Sim) track(d *Delivery) *Delivery {
	d.ID = "d" + strconv.Itoa(s.deliveryNo+1)
	s.deliveryNo++
	d.State, d.generation = statePending, s.generation
	s.deliveries = append(s.deliveries, d)
	if len(s.deliveries) >= 2*deliveriesKept {
		s.deliveries = slices.Delete(s.deliveries, 0, len(s.deliveries)-deliveriesKept)
	}
	return d
}

// dispatch queues the first attempt of d for due. s.mu may be held.
func (s *Sim) dispatch(d *Delivery, due time.Time) {
	s.engine.schedule(due, d.carrier.lane(), func(ctx context.Context) { s.attempt(ctx, d, due) })
}

// attempt sends d once and decides what follows.
func (s *Sim) attempt(ctx context.Context, d *Delivery, due time.Time) {
	s.mu.Lock()
	if d.generation != s.generation {
		s.mu.Unlock()
		return
	}
	hit := s.strike(pushFaults, d.App, d.Event)
	if f := struck(hit, faultDelayed); f != nil && !d.delayed {
		d.delayed = true
		d.NextAt = due.Add(orDefault(f.DelayMS, 10*60*1000))
		s.dispatch(d, d.NextAt)
		s.signalLocked()
		s.mu.Unlock()
		return
	}
	if struck(hit, faultLost) != nil {
		d.State = stateLost
		d.Attempts = append(d.Attempts, Attempt{At: s.now(), Fault: faultNames(hit), Error: "lost on the way"})
		s.signalLocked()
		s.mu.Unlock()
		return
	}
	out, err := d.carrier.request(s, d, hit)
	s.mu.Unlock()

	copies := 1
	if struck(hit, faultDuplicate) != nil {
		copies = 2
	}
	results := make([]sent, copies)
	if err != nil {
		results = []sent{{err: err}}
	} else {
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() { results[i] = s.send(ctx, out) })
		}
		wg.Wait()
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if d.generation == s.generation {
		s.conclude(d, due, out, hit, results)
		s.signalLocked()
	}
}

// conclude records what came back and settles or retries the delivery. Of a
// duplicate, the better answer counts, as the platform needs one acceptance.
func (s *Sim) conclude(d *Delivery, due time.Time, out *outgoing, hit []*Fault, results []sent) {
	altered, refuse := out != nil && out.altered, out != nil && out.refuse
	if !altered {
		d.tries++
	}
	accepted, problem := false, ""
	for i, r := range results {
		a := Attempt{At: r.at, Fault: faultNames(hit), Status: r.status}
		if r.err != nil {
			a.Error = r.err.Error()
		} else {
			reply, good, trouble := d.carrier.judge(s, d, r.status, r.body)
			a.Reply = reply
			accepted = accepted || good
			if trouble != "" && problem == "" {
				problem = trouble
			}
		}
		d.Attempts = append(d.Attempts, a)
		s.journalAttempt(d, out, a, r, i)
	}
	switch {
	case accepted && refuse:
		d.State, d.Problem = stateDelivered, "产品接受了不该接受的推送："+faultNames(hit)
	case problem != "" && !altered:
		d.State, d.Problem = stateFailed, problem
	case accepted:
		d.State = stateDelivered
	default:
		s.retry(d, due)
	}
	if d.State != stateRetrying {
		d.NextAt = time.Time{}
	}
}

// retry queues the next try from the time this one was due, not from when it ran:
// after a jump of the clock the tries follow one another in their order.
func (s *Sim) retry(d *Delivery, due time.Time) {
	pause, more := d.carrier.retryAfter(max(d.tries, 1))
	if !more {
		d.State = stateFailed
		d.carrier.abandoned(s, d)
		return
	}
	d.State, d.NextAt = stateRetrying, due.Add(pause)
	s.dispatch(d, d.NextAt)
}

func (s *Sim) journalAttempt(d *Delivery, out *outgoing, a Attempt, r sent, copy int) {
	e := Entry{
		At: a.At, Direction: "out", App: d.App, Method: http.MethodPost, Event: d.Event, Delivery: d.ID,
		Status: a.Status, Response: redactBody(r.body, false), Fault: a.Fault, Error: a.Error,
	}
	if out != nil {
		e.Request, e.Serial = redactBody([]byte(out.journal), false), out.header.Get("Wechatpay-Serial")
		if u, err := url.Parse(out.url); err == nil {
			e.URL = u.Scheme + "://" + u.Host + redactURL(u)
		}
	}
	s.journal.add(e)
	s.cfg.Log.Debug("wechat sim: push", "delivery", d.ID, "app", d.App, "event", d.Event, "status", a.Status, "error", a.Error, "copy", copy)
}

type sent struct {
	at     time.Time
	status int
	body   []byte
	err    error
}

// pushTimeout is how long the platform waits for an answer, in real time.
const pushTimeout = 5 * time.Second

// replyLimit bounds what is read of an answer.
const replyLimit = 64 << 10

func pushClient() *http.Client {
	return &http.Client{
		Timeout: pushTimeout,
		Transport: &http.Transport{ // no proxy: pushes stay on this machine
			DialContext:         (&net.Dialer{Timeout: pushTimeout}).DialContext,
			DisableCompression:  true,
			MaxIdleConnsPerHost: 32,
			IdleConnTimeout:     30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (s *Sim) send(ctx context.Context, out *outgoing) sent {
	at := s.now()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, out.url, bytes.NewReader(out.body))
	if err != nil {
		return sent{at: at, err: errors.New("address is malformed")}
	}
	r.Header = out.header.Clone()
	r.Header.Set("User-Agent", "Mozilla/4.0")
	resp, err := s.push.Do(r)
	if err != nil {
		return sent{at: at, err: plainError(err)}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, replyLimit+1))
	switch {
	case err != nil:
		return sent{at: at, err: plainError(err)}
	case len(body) > replyLimit:
		return sent{at: at, status: resp.StatusCode, body: body[:replyLimit], err: errors.New("answer is too long")}
	}
	return sent{at: at, status: resp.StatusCode, body: body}
}

// plainError drops the address from a client error: its query carries signatures.
func plainError(err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return err
	}
	if u.Timeout() {
		return errors.New("no answer within 5 s")
	}
	return u.Err
}

// await blocks until d was tried once, or is settled, or the wait is over, and
// returns it as it then stands.
func (s *Sim) await(ctx context.Context, d *Delivery, wait time.Duration) Delivery {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		s.mu.Lock()
		view, changed := d.view(), s.changed
		gone := d.generation != s.generation
		s.mu.Unlock()
		// NextAt on a pending one: a fault put it off, waiting would not help.
		if gone || len(view.Attempts) > 0 || view.State != statePending || !view.NextAt.IsZero() {
			return view
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return view
		}
	}
}

func (d *Delivery) view() Delivery {
	v := *d
	v.Attempts = slices.Clone(d.Attempts)
	v.carrier = nil
	return v
}
