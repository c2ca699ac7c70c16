package whole

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"huitou/cmd/internal/app"
	"huitou/model/db"
)

// T2, T3: every operation that takes a client's key has one effect and one answer for it, whoever repeats it, how often and at
// whatever time; another input under the key is refused and changes nothing; another caller's key is another key.
func TestT2T3EveryKeyHasOneEffect(t *testing.T) {
	t.Parallel()
	s := startAs(t, db.SQLite, app.RoleAPI, memory)
	f := furnish(t, s)
	in := &inputTest{furnished: f, t: t, doc: s.document(t), state: s.watch(t)}
	samples, met := f.samples(), 0
	for _, o := range in.doc.operations() {
		if !o.idempotent() {
			continue
		}
		met++
		t.Run(o.OperationID, func(t *testing.T) {
			in.t = t
			sample := samples[o.OperationID]
			if sample.other == nil {
				t.Fatal("there is no sample of another input")
			}
			made := func() call {
				c := in.good(o, sample)
				if sample.fresh != nil {
					sample.fresh(t, &c)
				}
				return c
			}
			in.repeat(t, made())
			c := made()
			first := in.must(t, c, nil)
			other := c
			sample.other(t, &other)
			in.state.settle()
			again := in.do(t, c)
			if again.status != first.status || !bytes.Equal(unsigned(t, again), unsigned(t, first)) || again.header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("the repetition got %d %s (replayed %q), the first %d %s", again.status, again.body, again.header.Get("Idempotency-Replayed"), first.status, first.body)
			}
			if tables := in.state.changed(); len(tables) > 0 {
				t.Errorf("the repetition changed %v", tables)
			}
			reused := in.do(t, other)
			if reused.status != http.StatusUnprocessableEntity || reused.problem.Code != "idempotency.key_reused" {
				t.Errorf("the key with another input got %d %s", reused.status, reused.body)
			}
			if tables := in.state.changed(); len(tables) > 0 {
				t.Errorf("the key with another input changed %v", tables)
			}
			foreign := c
			foreign.token = in.as(o).token
			if a := in.do(t, foreign); a.header.Get("Idempotency-Replayed") != "" || bytes.Equal(unsigned(t, a), unsigned(t, first)) {
				t.Errorf("another caller with this key got %d %s", a.status, a.body)
			}
		})
	}
	if met < 8 {
		t.Errorf("%d operations take a key only", met)
	}

	// Orders of the shop's system have their number for a key.
	t.Run("ingest-order", func(t *testing.T) {
		c := call{method: "POST", path: "/ingest/v1/orders", signed: true, body: f.order("TWICE", f.first.phone, 10_00)}
		in.repeat(t, c)
		in.state.settle()
		again := in.do(t, c)
		target := in.request(t, c).URL
		if _, err := in.doc.fits(exchange{method: c.method, target: target, header: http.Header{}, status: again.status, reply: again.header, answer: again.body}); err != nil || again.status != http.StatusOK {
			t.Errorf("the repetition got %d: %v", again.status, err)
		}
		c.body = f.order("TWICE", f.first.phone, 11_00)
		if a := in.do(t, c); a.status != http.StatusConflict {
			t.Errorf("the number with another content got %d %s", a.status, a.body)
		}
		if tables := in.state.changed(); len(tables) > 0 {
			t.Errorf("known orders changed %v", tables)
		}
	})
	in.audit(t, "staff.hashes", "staff.trail") // see addManagers
}

// repeat makes one call many times at once: one of them is the first, the others are its repetitions.
func (in *inputTest) repeat(t *testing.T, c call) {
	t.Helper()
	const times = 8
	answers, errs := make([]answer, times), make([]error, times)
	var wg sync.WaitGroup
	for i := range times {
		req := in.request(t, c)
		wg.Go(func() { answers[i], errs[i] = in.send(req) })
	}
	wg.Wait()
	firsts := 0
	for i, a := range answers {
		if errs[i] != nil || a.status >= 300 {
			t.Errorf("one of %d equal requests got %d %s %v", times, a.status, a.body, errs[i])
			continue
		}
		if a.header.Get("Idempotency-Replayed") == "" {
			firsts++
		}
		// What names the thing that was made must be equal; an answer that names nothing, wholly.
		if got, want := unsigned(t, a), unsigned(t, answers[0]); bytes.Contains(got, []byte(`"id":`)) && idOf(t, a) != idOf(t, answers[0]) ||
			!bytes.Contains(got, []byte(`"id":`)) && !bytes.Equal(got, want) {
			t.Errorf("two equal requests got %s and %s", a.body, answers[0].body)
		}
	}
	if firsts != 1 {
		t.Errorf("%d of %d equal requests were the first one", firsts, times)
	}
}

// unsigned is a body without the signature of a payment, which is made anew for each answer: it holds the time.
func unsigned(t *testing.T, a answer) []byte {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	if pay, ok := v["pay"].(map[string]any); ok {
		for _, field := range []string{"timeStamp", "nonceStr", "paySign"} {
			delete(pay, field)
		}
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
