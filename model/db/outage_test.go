package db_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
)

// cutter stands between the program and a MySQL server, and cuts the connection that sends the next COMMIT when it is told to.
type cutter struct {
	net.Listener
	server string

	mu  sync.Mutex
	cut cutting
}

// cutting says at which side of the server's work the connection breaks.
type cutting string

const (
	beforeCommit cutting = "before" // the server never hears it, and rolls back
	afterCommit  cutting = "after"  // the server commits, and nobody hears that
)

// newCutter starts a cutter and returns the options by which a database is opened through it.
func newCutter(t *testing.T, o db.Options) (*cutter, db.Options) {
	t.Helper()
	cfg, err := mysqldriver.ParseDSN(o.DSN)
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	c := &cutter{Listener: l, server: cfg.Addr}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { c.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	cfg.Addr = l.Addr().String()
	return c, db.Options{Driver: db.MySQL, DSN: cfg.FormatDSN()}
}

// next arms the cutter for one COMMIT.
func (c *cutter) next(at cutting) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = at
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	defer server.Close()
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		_, _ = io.Copy(client, server)
		client.Close()
	}()
	defer func() { server.Close(); <-answers }()
	in := bufio.NewReader(client)
	for {
		packet, err := in.Peek(4)
		if err != nil {
			return
		}
		packet = make([]byte, 4+int(binary.LittleEndian.Uint32(append(packet[:3:3], 0))))
		if _, err := io.ReadFull(in, packet); err != nil {
			return
		}
		if string(packet[4:]) == "\x03COMMIT" {
			c.mu.Lock()
			at := c.cut
			c.cut = ""
			c.mu.Unlock()
			switch at {
			case beforeCommit:
				return
			case afterCommit:
				client.Close() // no answer gets through from now on
				_, _ = server.Write(packet)
				// The answer proves that it was done; it goes nowhere.
				<-answers
				return
			}
		}
		if _, err := server.Write(packet); err != nil {
			return
		}
	}
}

// T42: the connection breaks at COMMIT, before the server did it or after. Nobody is told a wrong outcome, nothing is sent again blindly,
// and the same key finds out what happened and has one effect.
func TestT42ConnectionLostAtCommit(t *testing.T) {
	o := dbtest.Empty(t, db.MySQL)
	clock := dbtest.NewClock()
	direct := dbtest.Reopen(t, o, clock)
	withCounters(t, direct, counter{1, 0})
	c, through := newCutter(t, o)
	d := dbtest.Reopen(t, through, clock)
	runs := 0
	spend := func(key string) (replayed bool, err error) {
		err = d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
			runs++
			_, replayed, err = db.Once(ctx, tx, db.Key{Scope: "member:1 spend", Key: key}, 1, func() (reply, error) {
				return reply{1}, addOne(tx, 1)
			})
			return err
		})
		return replayed, err
	}
	effects := int64(0)
	for round := range 10 {
		for _, at := range []cutting{beforeCommit, afterCommit} {
			key := fmt.Sprintf("tap-%s-%d", at, round)
			c.next(at)
			runs = 0
			if _, err := spend(key); !errors.Is(err, db.ErrUnknownOutcome) || runs != 1 {
				t.Errorf("cut %s COMMIT: %v after %d runs, want ErrUnknownOutcome after one", at, err, runs)
			}
			effects++
			replayed, err := spend(key)
			if err != nil || replayed != (at == afterCommit) {
				t.Errorf("asked again after a cut %s COMMIT: replayed %v, %v", at, replayed, err)
			}
			if n := value(t, direct, 1); n != effects {
				t.Fatalf("%d effects of %d keys", n, effects)
			}
		}
	}
}

// T43: a server that refuses writes, as one does that is a replica after a failover, is unavailable and nothing worse. Its connections are
// not used again, so that the next ones reach whoever is the primary then.
func TestT43AServerThatTakesNoWrites(t *testing.T) {
	d, _ := dbtest.MySQL(t)
	withCounters(t, d, counter{1, 0})
	for _, number := range []int{1290, 1792, 1836} {
		seen, runs := map[int64]bool{}, 0
		err := d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			runs++
			var id int64
			must(t, tx.Gorm().Raw("SELECT CONNECTION_ID()").Scan(&id).Error)
			seen[id] = true
			must(t, addOne(tx, 1))
			return tx.Gorm().Exec(fmt.Sprintf("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = %d, MESSAGE_TEXT = 'read only'", number)).Error
		})
		if f := fault.Of(err); !errors.Is(err, db.ErrUnavailable) || f.Kind != fault.Unavailable {
			t.Errorf("error %d: %v, want ErrUnavailable", number, err)
		}
		if runs < 2 || len(seen) != runs {
			t.Errorf("error %d: %d runs on %d connections, want each on a new one", number, runs, len(seen))
		}
		if n := value(t, d, 1); n != 0 {
			t.Fatalf("error %d: the refused transactions left %d", number, n)
		}
	}
	must(t, d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error { return addOne(tx, 1) }))
	if n := value(t, d, 1); n != 1 {
		t.Errorf("the counter is %d after the server takes writes again, want 1", n)
	}
}

// T54: a full disk refuses writes, whole transactions of them, and harms nothing; with room again, writing goes on by itself.
func TestT54FullDisk(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	withCounters(t, d, counter{1, 0})
	pages := func(most int64) {
		must(t, d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec(fmt.Sprintf("PRAGMA max_page_count = %d", most)).Error
		}))
	}
	var have int64
	must(t, d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
		if err := tx.Gorm().Exec("CREATE TABLE hog (id INTEGER PRIMARY KEY, filler TEXT)").Error; err != nil {
			return err
		}
		return tx.Gorm().Raw("PRAGMA page_count").Scan(&have).Error
	}))
	pages(have + 10)
	grow := func(kb int) error {
		return d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			if err := addOne(tx, 1); err != nil {
				return err
			}
			return tx.Gorm().Exec("INSERT INTO hog (filler) VALUES (?)", strings.Repeat("x", kb<<10)).Error
		})
	}
	for range 3 {
		if err := grow(1024); !errors.Is(err, db.ErrUnavailable) {
			t.Errorf("a write to a full disk = %v, want ErrUnavailable", err)
		}
	}
	if n := value(t, d, 1); n != 0 {
		t.Errorf("the refused transactions left %d", n)
	}
	pages(have + 10_000)
	must(t, grow(1024))
	var sound string
	must(t, d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Raw("PRAGMA integrity_check").Scan(&sound).Error
	}))
	if n := value(t, d, 1); n != 1 || sound != "ok" {
		t.Errorf("with room again the counter is %d, want 1; integrity %q", n, sound)
	}
}

// T53: a database whose clock is more than two seconds off ours is refused by name, before or behind; one that agrees is not.
func TestT53ClocksThatDisagree(t *testing.T) {
	o := dbtest.Empty(t, db.MySQL)
	for _, off := range []time.Duration{-10 * time.Minute, -3 * time.Second, 0, 3 * time.Second, 10 * time.Minute} {
		o.Now = func() time.Time { return time.Now().Add(off) }
		d, err := db.Open(t.Context(), o)
		must(t, err)
		err = d.Check(t.Context())
		if told := err != nil && strings.Contains(err.Error(), "clock differs"); told != (off != 0) {
			t.Errorf("clock %s off: %v", off, err)
		}
		must(t, d.Close())
	}
}
