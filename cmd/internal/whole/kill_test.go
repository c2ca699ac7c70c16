package whole

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"huitou/model/db"
)

// build makes the program once for all tests that run it as a process.
var build = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs(binaries)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "huitou")
	out, err := exec.Command("go", "build", "-o", path, "huitou/cmd/huitou").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// process is `huitou demo` on a folder, which may be killed and started again at the same address.
type process struct {
	*shop
	binary, dir, addr string
	cmd               *exec.Cmd
	output            *logs
	cut               atomic.Int64 // requests that a kill cut off
}

// start starts it, and returns when it is ready.
func (p *process) start(t *testing.T) {
	t.Helper()
	p.cmd = exec.Command(p.binary, "demo", "--addr", p.addr, "--sim-addr", "127.0.0.1:0", "--data", p.dir)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.end(syscall.SIGKILL) }) // whatever becomes of the test
	eventually(t, "the demo is ready", func() error {
		res, err := p.client.Get(p.url + "/readyz")
		if err != nil {
			return fmt.Errorf("%w\n%s", err, p.output.bytes())
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("/readyz answers %d", res.StatusCode)
		}
		return nil
	})
}

// end sends a signal and waits for the process; a second call does nothing.
func (p *process) end(by syscall.Signal) error {
	if p.cmd.ProcessState != nil {
		return nil
	}
	if err := p.cmd.Process.Signal(by); err != nil {
		return err
	}
	return p.cmd.Wait()
}

// intent is something that a client wants once. It keeps the key, and asks with it until it gets an answer.
type intent struct {
	call   call
	acks   []string // what each answer called the thing
	unsure bool     // a try was cut off: the request may have been taken, and no answer came
}

// ask makes the intent's call until there is a definite answer.
func (p *process) ask(t *testing.T, in *intent) (header http.Header, err error) {
	deadline := time.Now().Add(30 * time.Second)
	for {
		a, err := p.send(p.request(t, in.call)) // signed anew each time
		switch {
		case err == nil && a.status < 300:
			in.acks = append(in.acks, idOf(t, a))
			return a.header, nil
		case err == nil && a.status < 500 && a.status != http.StatusTooManyRequests:
			return nil, fmt.Errorf("%s %s answered %d %s", in.call.method, in.call.path, a.status, a.body)
		case time.Now().After(deadline):
			return nil, fmt.Errorf("%s %s has no answer in 30 s: %d %w", in.call.method, in.call.path, a.status, err)
		case err != nil && !errors.Is(err, syscall.ECONNREFUSED): // refused ones never reached the program
			in.unsure = true
			p.cut.Add(1)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// F1: a program that is killed at any moment loses nothing that it acknowledged and does nothing twice.
func TestKilledProgramLosesNothing(t *testing.T) {
	t.Parallel()
	const kills, clients = 5, 8
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	addr := l.Addr().String()
	l.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	t.Cleanup(transport.CloseIdleConnections)
	p := &process{
		shop:   &shop{url: "http://" + addr, clock: &clock{}, client: &http.Client{Transport: transport, Timeout: 10 * time.Second}},
		binary: binary, dir: filepath.Join(t.TempDir(), "data"), addr: addr, output: &logs{},
	}
	p.start(t)
	p.must(t, call{method: "GET", path: "/demo.json"}, &p.logins)
	p.control = p.logins.Simulator
	owner := p.owner(t)
	template, gift := p.template(t, owner), p.gift(t, owner, 1)
	people := make([]shopper, clients)
	for i := range people {
		people[i] = p.shopper(t)
		p.earns(t, people[i], 1000)
	}

	var (
		mu      sync.Mutex
		intents = map[string][]*intent{}
		acked   int
		wg      sync.WaitGroup
	)
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	for i, person := range people {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				var in intent
				kind := []string{"claim", "redemption", "order"}[n%3]
				switch kind {
				case "claim":
					in.call = call{method: "POST", path: "/api/v1/coupon-templates/" + template + "/claims", token: person.token, key: newKey()}
				case "redemption":
					in.call = call{method: "POST", path: "/api/v1/gifts/" + gift + "/redemptions", token: person.token, key: newKey()}
				case "order":
					in.call = call{method: "POST", path: "/ingest/v1/orders", signed: true, body: p.order(fmt.Sprintf("KILL-%d-%d", i, n), person.phone, 10_00)}
				}
				_, err := p.ask(t, &in)
				mu.Lock()
				intents[kind] = append(intents[kind], &in)
				acked++
				mu.Unlock()
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	progress := func(more int) {
		t.Helper()
		mu.Lock()
		from := acked
		mu.Unlock()
		eventually(t, "requests go through", func() error {
			mu.Lock()
			defer mu.Unlock()
			if acked < from+more {
				return fmt.Errorf("%d of %d", acked-from, more)
			}
			return nil
		})
	}
	for n := 0; n < kills || p.cut.Load() == 0 && n < 10*kills; n++ { // until a kill has cut a request off, so that something is proven
		progress(3 * clients)
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond) // at any moment
		p.end(syscall.SIGKILL)
		p.start(t)
	}
	progress(3 * clients)
	enough()
	wg.Wait()

	// Every key once more: the same answer, marked as a repetition.
	unsure, total := 0, 0
	for kind, list := range intents {
		for _, in := range list {
			total++
			if in.unsure {
				unsure++
			}
			header, err := p.ask(t, in)
			if err != nil || header.Get("Idempotency-Replayed") != "true" || len(in.acks) != 2 || in.acks[0] != in.acks[1] {
				t.Errorf("%s with %q is now %v (%v)", kind, in.call.key, in.acks, err)
			}
		}
	}
	t.Logf("%d acknowledged, %d of them after a try that the kill cut off", total, unsure)
	if unsure == 0 {
		t.Errorf("none of %d kills cut a request off, so that nothing is proven", 10*kills)
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Errorf("stopping ended with %v\n%s", err, p.output.bytes())
	}
	var audited struct {
		Checked int
		Broken  []json.RawMessage
	}
	out, err := exec.Command(binary, "audit", "--data", p.dir, "--json").Output()
	if err == nil {
		err = json.Unmarshal(out, &audited)
	}
	if err != nil || audited.Checked < 30 || len(audited.Broken) > 0 {
		t.Errorf("the audit says %v: %s", err, out)
	}

	p.database = db.Options{Driver: db.SQLite, Path: filepath.Join(p.dir, "huitou.db")}
	st := p.watch(t)
	for kind, query := range map[string]string{
		"claim":      "SELECT COUNT(*) FROM coupons c JOIN coupon_templates t ON t.id = c.template_id WHERE t.public_id = ?",
		"redemption": "SELECT COUNT(*) FROM redemptions r JOIN gifts g ON g.id = r.gift_id WHERE g.public_id = ?",
		"order":      "SELECT COUNT(*) FROM orders WHERE number LIKE ?",
	} {
		of := map[string]string{"claim": template, "redemption": gift, "order": "KILL-%"}[kind]
		things := map[string]bool{}
		for _, in := range intents[kind] {
			things[in.acks[0]] = true
		}
		if n := st.count(query, of); n != int64(len(intents[kind])) || len(things) != len(intents[kind]) {
			t.Errorf("%s: %d acknowledged as %d different ones, and %d exist", kind, len(intents[kind]), len(things), n)
		}
	}
}
