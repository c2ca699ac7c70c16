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
	to := overHTTP(os.Getenv("HUITOU_SEND_TO"))
	messages.New(messages.Deps{
		DB: d, Jobs: q, Sender: to, Program: to, Followers: fansWithPrograms(2000), MiniAppID: miniApp, Templates: templates, Log: slog.New(slog.DiscardHandler),
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

// SendSubscribe has no id by which the platform could tell a repetition.
func (u overHTTP) SendSubscribe(ctx context.Context, m wechat.SubscribeMessage) (string, error) {
	return u.SendTemplate(ctx, wechat.TemplateMessage{To: m.To, TemplateID: m.TemplateID, Data: m.Data})
}

// fansWithPrograms are followers who use the mini-program too.
func fansWithPrograms(n int) *fans {
	f := newFans(n)
	for i := range n {
		f.mini[model.MemberID(i+1)] = fmt.Sprintf("m%d", i+1)
	}
	return f
}

// T45, G13: the process is killed by SIGKILL at every look at the clock between the claim and the last mark. The next process, soon or
// late, shows the message once at most within the platform's window, and says what became of it. Meanwhile WeChat's report may come,
// before anybody knows the id that it tells of. Where the platform drops no repetition, nothing that may have been seen is sent again.
func TestT45KilledAtEveryStep(t *testing.T) {
	rounds := []struct {
		name     string
		template string
		channel  model.MessageChannel
		later    time.Duration
		reported bool // before the next process begins
	}{
		{"soon", "visit1", model.ChannelOATemplate, 2 * time.Minute, false},
		{"soon, reported", "visit1", model.ChannelOATemplate, 2 * time.Minute, true},
		{"late", "visit1", model.ChannelOATemplate, 12 * time.Minute, false},
		{"no window", "everywhere", model.ChannelMiniSubscribe, 2 * time.Minute, false},
	}
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock := dbtest.NewClock()
			o := dbtest.Empty(t, driver)
			d := dbtest.Reopen(t, o, clock)
			w := newWorld(t, d, clock)
			w.fans = fansWithPrograms(2000)
			w.restart()
			child := killable(t, w, driver, o.DSN+o.Path)
			n := 0
			for _, r := range rounds {
				killed, step := 0, 1
				if driver == db.MySQL {
					step = 2 // the steps are the same ones; SQLite goes through all
				}
				ends := map[model.MessageState]int{}
				for looks := step; ; looks += step {
					n++
					m := visit(n)
					m.Template, m.Channels = r.template, []model.MessageChannel{r.channel}
					if r.channel == model.ChannelMiniSubscribe {
						w.accepts(miniApp, fmt.Sprintf("m%d", n), "MINI-1", 2) // one more than it needs
					}
					w.enqueue(m)
					lived := !child(looks)
					to := fmt.Sprintf("o%d", n)
					if r.channel == model.ChannelMiniSubscribe {
						to = fmt.Sprintf("m%d", n)
					}
					ids := w.phone.idsTo(to)
					if r.reported && len(ids) == 1 {
						if err := w.report(ids[0], "success"); err != nil {
							t.Fatal(err)
						}
					}
					if lived {
						want := model.MessageAccepted
						if r.reported {
							want = model.MessageDelivered
						}
						w.want(m.Key, want, "")
						break
					}
					killed++
					clock.Advance(r.later)
					w.runFor(time.Hour)
					got := w.row(m.Key)
					shown := len(w.phone.idsTo(to))
					ends[got.State]++
					repeats := r.channel == model.ChannelOATemplate && r.later < window
					switch {
					case shown > 1:
						t.Errorf("%s, look %d: seen %d times", r.name, looks, shown)
					case got.State == model.MessageAccepted && shown == 1 && !(r.reported && len(ids) == 1):
					case got.State == model.MessageDelivered && shown == 1 && r.reported && len(ids) == 1:
					case got.State == model.MessageUnknown && !repeats:
					default:
						t.Errorf("%s, look %d: %s after %d attempts, seen %d times, %d when it was killed", r.name, looks, got.State, got.Attempts, shown, len(ids))
					}
				}
				// The kills hit before the call, between the call and its mark, and after the mark.
				want := []model.MessageState{model.MessageAccepted}
				if r.reported {
					want = append(want, model.MessageDelivered)
				}
				if r.channel != model.ChannelOATemplate || r.later > window {
					want = append(want, model.MessageUnknown)
				}
				for _, state := range want {
					if ends[state] == 0 || killed < 5 {
						t.Errorf("%s: %d steps at which the child could be killed, none of them ends as %s: %v", r.name, killed, state, ends)
					}
				}
			}
			w.sound()
		})
	}
}

// killable returns what starts a process on the database of a world that dies at a look at the clock, and says whether it died. The world's
// phone is its WeChat.
func killable(t *testing.T, w *world, driver db.Driver, at string) func(looks int) (killed bool) {
	var calls atomic.Int64
	wx := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var m wechat.TemplateMessage
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Errorf("the child sent rubbish: %v", err)
			return
		}
		if m.ClientMsgID == "" { // each call is a message of its own
			m.ClientMsgID = fmt.Sprintf("%s:%d", m.To, calls.Add(1))
		}
		id, _ := w.phone.SendTemplate(r.Context(), m)
		_ = json.NewEncoder(rw).Encode(map[string]string{"MsgID": id})
	}))
	t.Cleanup(wx.Close)
	return func(looks int) bool {
		run := exec.Command(os.Args[0])
		run.Env = append(os.Environ(), "HUITOU_SEND_DRIVER="+string(driver), "HUITOU_SEND_AT="+at, fmt.Sprint("HUITOU_SEND_LOOKS=", looks),
			"HUITOU_SEND_NOW="+w.clock.Now().Format(time.RFC3339Nano), "HUITOU_SEND_TO="+wx.URL)
		run.Stderr = os.Stderr
		if err := run.Run(); err != nil && run.ProcessState.ExitCode() != -1 {
			t.Fatalf("the child that was to die at its look %d: %v", looks, err)
		}
		return run.ProcessState.ExitCode() == -1 // by a signal
	}
}

// idsTo are WeChat's ids of what a person saw.
func (p *phone) idsTo(openID string) (ids []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.sent {
		if m.To == openID {
			ids = append(ids, p.ids[m.ClientMsgID])
		}
	}
	return ids
}
