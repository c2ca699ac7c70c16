package messages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/jobs"
	"huitou/service/messages"
	"huitou/wechat"
)

// TestMain lets this binary be the process that is killed: with a database in its environment it sends what is due and does nothing else.
func TestMain(m *testing.M) {
	if os.Getenv("HUITOU_SEND_DRIVER") == "" {
		if err := flag.Set("rapid.checks", propertyRounds); err != nil { // the command line still has the last word
			panic(err)
		}
		os.Exit(m.Run())
	}
	if err := sendDue(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// sendDue is the child: it dies by SIGKILL at a certain look at the clock. Every transaction looks when it has begun, and so does the
// worker before a call leaves, so that there is a look between any two steps.
func sendDue() error {
	now, err := time.Parse(time.RFC3339Nano, os.Getenv("HUITOU_SEND_NOW"))
	if err != nil {
		return err
	}
	last, err := strconv.ParseInt(os.Getenv("HUITOU_SEND_LOOKS"), 10, 64)
	if err != nil {
		return err
	}
	var looks atomic.Int64
	at := os.Getenv("HUITOU_SEND_AT")
	d, err := db.Open(context.Background(), db.Options{Driver: db.Driver(os.Getenv("HUITOU_SEND_DRIVER")), DSN: at, Path: at, Now: func() time.Time {
		if looks.Add(1) == last {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return now
	}})
	if err != nil {
		return err
	}
	q := jobs.New(d, slog.New(slog.DiscardHandler))
	messages.New(messages.Deps{
		DB: d, Jobs: q, Sender: overHTTP(os.Getenv("HUITOU_SEND_TO")), Followers: newFans(2000), Templates: templates, Log: slog.New(slog.DiscardHandler),
	}).Register()
	_, err = q.RunDue(context.Background())
	return err
}

// overHTTP is WeChat in another process.
type overHTTP string

func (u overHTTP) SendTemplate(ctx context.Context, m wechat.TemplateMessage) (string, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(u), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var out struct{ MsgID string }
	return out.MsgID, json.NewDecoder(res.Body).Decode(&out)
}

// T45, G13: the process is killed by SIGKILL at every look at the clock between the claim and the last mark. The next process, soon or
// late, shows the message once at most within the platform's window, and says what became of it.
func TestT45KilledAtEveryStep(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock := dbtest.NewClock()
			o := dbtest.Empty(t, driver)
			d := dbtest.Reopen(t, o, clock)
			w := newWorld(t, d, clock)
			wx := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				var m wechat.TemplateMessage
				if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
					t.Errorf("the child sent rubbish: %v", err)
					return
				}
				id, _ := w.phone.SendTemplate(r.Context(), m)
				_ = json.NewEncoder(rw).Encode(map[string]string{"MsgID": id})
			}))
			t.Cleanup(wx.Close)
			child := func(looks int) bool {
				run := exec.Command(os.Args[0])
				run.Env = append(os.Environ(), "HUITOU_SEND_DRIVER="+string(driver), "HUITOU_SEND_AT="+o.DSN+o.Path, fmt.Sprint("HUITOU_SEND_LOOKS=", looks),
					"HUITOU_SEND_NOW="+clock.Now().Format(time.RFC3339Nano), "HUITOU_SEND_TO="+wx.URL)
				run.Stderr = os.Stderr
				if err := run.Run(); err != nil && run.ProcessState.ExitCode() != -1 {
					t.Fatalf("the child that was to die at its look %d: %v", looks, err)
				}
				return run.ProcessState.ExitCode() == -1 // by a signal
			}
			ends := map[model.MessageState]int{}
			n := 0
			for _, later := range []time.Duration{2 * time.Minute, 12 * time.Minute} {
				killed, step := 0, 1
				if driver == db.MySQL {
					step = 2 // the steps are the same ones; SQLite goes through all
				}
				for looks := step; ; looks += step {
					n++
					m := visit(n)
					w.enqueue(m)
					if !child(looks) {
						w.want(m.Key, model.MessageAccepted, "") // it lived to the end
						break
					}
					killed++
					clock.Advance(later)
					w.runFor(time.Hour)
					got := w.row(m.Key)
					shown := w.phone.shownAs(got.ClientMsgID)
					ends[got.State]++
					switch {
					case shown > 1:
						t.Errorf("look %d, %s later: seen %d times", looks, later, shown)
					case got.State == model.MessageAccepted && shown == 1, got.State == model.MessageUnknown && later > window:
					default:
						t.Errorf("look %d, %s later: %s after %d attempts, seen %d times", looks, later, got.State, got.Attempts, shown)
					}
				}
				if killed < 5 {
					t.Errorf("only %d steps at which the child could be killed", killed)
				}
			}
			if ends[model.MessageAccepted] == 0 || ends[model.MessageUnknown] == 0 {
				t.Errorf("ends %v: the kills hit neither before the call nor between the call and its mark", ends)
			}
			w.sound()
		})
	}
}
