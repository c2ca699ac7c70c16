package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// post is the bad post office between WeChat and the shop. WeChat hands every notice in here; what it does with one depends on the
// notice's order alone, so that a repetition meets the same fate.
type post struct {
	town   *town
	server *httptest.Server
	addrs  []string // of the servers
	client *http.Client

	mu    sync.Mutex
	fates map[string]fate // by the notice's id, which repetitions share
	late  map[string]bool // that have not come yet
	open  bool            // for late ones

	posting sync.WaitGroup

	came, copies, lost, delayed, forged, taken, undelivered atomic.Int64
}

// fate is what becomes of the notices about one payment.
type fate int

const (
	repeated fate = iota
	lostOnTheWay
	aDayLate
)

func newPost(t *town) *post {
	p := &post{town: t, fates: map[string]fate{}, late: map[string]bool{}, client: &http.Client{
		Timeout: 5 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}}
	p.server = httptest.NewServer(http.HandlerFunc(p.take))
	return p
}

func (p *post) close() error {
	p.server.Close()
	p.client.CloseIdleConnections()
	return nil
}

// letter is a notice as WeChat handed it in.
type letter struct {
	path   string
	header http.Header
	body   []byte
}

// take takes a notice from WeChat: 204 says that WeChat need not send it again.
func (p *post) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	l := letter{r.URL.Path, r.Header.Clone(), body}
	if !strings.Contains(string(body), "TRANSACTION.SUCCESS") {
		p.deliver(l, 1)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	id := noticeID(body)
	switch p.fateOf(id) {
	case lostOnTheWay:
		p.lost.Add(1)
	case aDayLate:
		if !p.letIn(id) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		p.delayed.Add(1)
		p.deliver(l, 1+rand.IntN(15))
	default:
		p.came.Add(1)
		p.deliver(l, 1+rand.IntN(15))
	}
	if rand.IntN(5) == 0 {
		p.deliverForged(l)
	}
	w.WriteHeader(http.StatusNoContent)
}

// noticeID is the id with which a notice's body begins; repetitions have the same.
func noticeID(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"id":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(id)
}

func (p *post) fateOf(id string) fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, known := p.fates[id]
	if !known {
		switch n := rand.IntN(20); {
		case n == 0:
			f = lostOnTheWay
		case n < 3:
			f, p.late[id] = aDayLate, true
		}
		p.fates[id] = f
	}
	return f
}

// letIn tells whether a late notice may come now.
func (p *post) letIn(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open {
		delete(p.late, id)
	}
	return p.open
}

func (p *post) openForLate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = true
}

func (p *post) lateLeft() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.late)
}

// spread is the time over which copies of a notice come.
const spread = 4 * time.Second

// deliver brings copies of a notice to either server, each at some time.
func (p *post) deliver(l letter, copies int) {
	p.copies.Add(int64(copies))
	for range copies {
		p.posting.Go(func() {
			time.Sleep(rand.N(spread))
			if !p.bring(l, func(status int) bool { return status == http.StatusNoContent }) {
				p.undelivered.Add(1)
			}
		})
	}
}

// deliverForged brings a notice that somebody changed on the way.
func (p *post) deliverForged(l letter) {
	p.forged.Add(1)
	forged := letter{l.path, l.header.Clone(), bytes.Clone(l.body)}
	switch rand.IntN(4) {
	case 0:
		forged.header.Set("Wechatpay-Signature", strings.Repeat("A", 342)+"==")
	case 1:
		forged.body = bytes.Replace(forged.body, []byte(`"ciphertext":"`), []byte(`"ciphertext":"AAAA`), 1)
	case 2:
		forged.header.Set("Wechatpay-Serial", "PUB_KEY_ID_0000000000000000000000000000000000")
	case 3:
		forged.header.Set("Wechatpay-Timestamp", fmt.Sprint(time.Now().Add(-time.Hour).Unix()))
	}
	p.posting.Go(func() {
		time.Sleep(rand.N(spread))
		if !p.bring(forged, func(status int) bool { return status == http.StatusUnauthorized }) {
			p.taken.Add(1)
		}
	})
}

// bring tries both servers until one gives the answer, for half a minute. A wrong answer below 500 is final.
func (p *post) bring(l letter, right func(status int) bool) bool {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100*time.Millisecond + rand.N(200*time.Millisecond)) {
		r, err := http.NewRequest(http.MethodPost, "http://"+p.addrs[rand.IntN(len(p.addrs))]+l.path, bytes.NewReader(l.body))
		if err != nil {
			return false
		}
		r.Header = l.header.Clone()
		res, err := p.client.Do(r)
		if err != nil {
			continue // killed a moment ago
		}
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if err == nil && res.StatusCode < http.StatusInternalServerError {
			return right(res.StatusCode)
		}
	}
	return false
}

// deliverAll waits until everything that was handed in has come.
func (p *post) deliverAll() { p.posting.Wait() }

func (p *post) report() string {
	return fmt.Sprintf("%d notices came at once, %d were lost, %d came late; %d copies in all, %d forged", p.came.Load(), p.lost.Load(), p.delayed.Load(), p.copies.Load(), p.forged.Load())
}
