package whole

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"
	"time"

	"huitou/cmd/internal/app"
	"huitou/model/db"
	"huitou/service/jobs"
)

// acceptor notes which connections the program took.
type acceptor struct {
	net.Listener
	mu    sync.Mutex
	taken map[string]bool
}

func (a *acceptor) Accept() (net.Conn, error) {
	c, err := a.Listener.Accept()
	if err == nil {
		a.mu.Lock()
		a.taken[c.RemoteAddr().String()] = true
		a.mu.Unlock()
	}
	return c, err
}

// slow is a job that takes a while.
type slow struct{ N int }

// A stop as by SIGTERM in the middle of the work: every request whose connection was taken is answered in full, nothing that was
// not answered has happened, jobs that began are finished, and those that did not are left for the next program.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	s := startAs(t, db.SQLite, app.RoleAPI, memory)
	owner := s.owner(t)
	template := s.template(t, owner)
	shoppers := make([]shopper, 8)
	for i := range shoppers {
		shoppers[i] = s.shopper(t)
	}
	s.stop()

	var mu sync.Mutex
	began, ended := map[int]int{}, map[int]int{}
	work := func(_ context.Context, j slow) error {
		mu.Lock()
		began[j.N]++
		mu.Unlock()
		time.Sleep(150 * time.Millisecond)
		mu.Lock()
		ended[j.N]++
		mu.Unlock()
		return nil
	}
	const all = 60
	first := s.open(t, memory(t, s.clock))
	jobs.Handle(first.Queue, "whole.slow", work)
	err := first.DB.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for n := range all {
			if _, err := first.Queue.Insert(ctx, tx, jobs.Job{Kind: "whole.slow", Args: slow{n}, Key: fmt.Sprint("slow:", n)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	l := &acceptor{Listener: listen(t), taken: map[string]bool{}}
	s.url = "http://" + l.Addr().String()
	stop := run(t, first, app.RoleAll, app.Listeners{Main: l})

	// Shoppers claim until nobody answers any more.
	type attempt struct {
		from   string
		status int
		err    error
	}
	var tried []attempt
	transport := &http.Transport{DisableKeepAlives: true} // one connection for each request, so that its taking tells of the request
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
	var wg sync.WaitGroup
	for _, p := range shoppers {
		wg.Go(func() {
			for range 1000 {
				var a attempt
				req := s.request(t, call{method: "POST", path: "/api/v1/coupon-templates/" + template + "/claims", token: p.token, key: newKey()})
				req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
					GotConn: func(i httptrace.GotConnInfo) { a.from = i.Conn.LocalAddr().String() },
				}))
				var res *http.Response
				if res, a.err = client.Do(req); a.err == nil {
					a.status = res.StatusCode
					res.Body.Close()
				}
				mu.Lock()
				tried = append(tried, a)
				mu.Unlock()
				if a.err != nil {
					return
				}
			}
		})
	}
	eventually(t, "jobs begin and claims go through", func() error {
		mu.Lock()
		defer mu.Unlock()
		if len(began) < 10 || len(tried) < 50 {
			return fmt.Errorf("%d jobs and %d claims so far", len(began), len(tried))
		}
		return nil
	})
	stop()
	wg.Wait()

	granted, turnedAway := int64(0), 0
	for _, a := range tried {
		switch {
		case a.err != nil && l.taken[a.from]:
			t.Errorf("a request was taken and not answered: %v", a.err)
		case a.err != nil:
			turnedAway++
		case a.status == http.StatusCreated:
			granted++
		case a.status != http.StatusTooManyRequests:
			t.Errorf("a claim was answered %d", a.status)
		}
	}
	if granted == 0 || turnedAway != len(shoppers) {
		t.Errorf("%d claims granted, %d shoppers turned away at the end; want some and all %d", granted, turnedAway, len(shoppers))
	}
	st := s.watch(t)
	if n := st.count("SELECT COUNT(*) FROM coupons"); n != granted {
		t.Errorf("%d claims were acknowledged and %d coupons exist", granted, n)
	}
	if n := st.count("SELECT COUNT(*) FROM jobs WHERE state = 'running' OR lease_owner <> ''"); n != 0 {
		t.Errorf("%d jobs are still leased after the stop", n)
	}
	if n := st.count("SELECT COUNT(*) FROM jobs WHERE kind = 'whole.slow' AND state = 'done'"); n != int64(len(ended)) || len(began) != len(ended) {
		t.Errorf("%d jobs began, %d ended, %d are noted as done", len(began), len(ended), n)
	}
	if len(ended) == all {
		t.Error("all jobs were done before the stop, so that nothing is proven")
	}

	second := s.open(t, memory(t, s.clock))
	jobs.Handle(second.Queue, "whole.slow", work)
	stop = run(t, second, app.RoleWorker, app.Listeners{})
	eventually(t, "the next program does the rest", func() error {
		mu.Lock()
		defer mu.Unlock()
		if len(ended) < all {
			return fmt.Errorf("%d of %d done", len(ended), all)
		}
		return nil
	})
	stop()
	for n := range all {
		if began[n] != 1 || ended[n] != 1 {
			t.Errorf("job %d ran %d times", n, began[n])
		}
	}
	s.audit(t)
}
