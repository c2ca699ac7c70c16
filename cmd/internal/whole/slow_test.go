package whole

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"huitou/model/db"
)

// T20: a thousand sockets that never finish their headers, or their body, are hung up on in time; meanwhile shoppers are served and WeChat's
// pushes are taken, and the memory stays. It does not run beside other tests, whose memory is not to be counted.
func TestT20SlowSockets(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector's own memory is no measure")
	}
	s := start(t, db.SQLite)
	p := s.shopper(t)
	at, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	const sockets = 1000
	var open []net.Conn
	t.Cleanup(func() {
		for _, c := range open {
			c.Close()
		}
	})
	opened := time.Now()
	for n := range sockets {
		c, err := net.Dial("tcp", at.Host)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
		begin := "POST /wechat/oa?timestamp=1 HTTP/1.1\r\nHost: x\r\nX-A: "
		if n%2 == 1 {
			begin = "POST /wechat/mini HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n<xml>"
		}
		if _, err := io.WriteString(c, begin); err != nil {
			t.Fatal(err)
		}
	}
	var took []time.Duration
	for range 50 {
		began := time.Now()
		s.must(t, call{method: "GET", path: "/api/v1/me", token: p.token}, nil)
		took = append(took, time.Since(began))
	}
	var out struct{ Delivery delivery }
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/send_text", map[string]string{"content": "你好", "app": "mini"}, &out)
	if out.Delivery.last().Status != http.StatusOK {
		t.Errorf("a push among slow sockets: %+v", out.Delivery)
	}
	grown := int64(heap()) - int64(before)
	slices.Sort(took)
	t.Logf("with %d slow sockets: slowest of 50 calls %s, heap grown by %d KiB", sockets, took[len(took)-1], grown>>10)
	if took[len(took)-1] > time.Second {
		t.Errorf("a shopper waited %s", took[len(took)-1])
	}
	if grown > 64<<20 {
		t.Errorf("the heap grew by %d MiB, want at most 64", grown>>20)
	}
	// Those who have not finished their headers in five seconds are gone; those with a body have half a minute (handler/web).
	for n := 0; n < sockets; n += 2 {
		if err := open[n].SetReadDeadline(opened.Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, open[n]); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("socket %d is still open %s after it began", n, time.Since(opened))
		}
	}
}

// heap is the memory in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
