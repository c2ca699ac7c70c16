package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
)

// callbacksPerSecond is what a storm of pushes must be answered at.
const callbacksPerSecond = 2000

func newCallbacks() *cobra.Command {
	f, events, copies := stormFlags{}, 0, 0
	c := &cobra.Command{
		Use:   "callbacks",
		Short: "take encrypted pushes of the official account, each several times and in any order",
		Long: `Lets people follow the official account: encrypted pushes in safe mode, each of them several times byte for byte, all shuffled, at an
even rate. Everything is sealed before the load begins; the wait of a push counts from the time at which it should have come.
Afterwards each event must have had its effect once, and every invariant must hold; exit 1 otherwise.`,
		Example: "  loadgen callbacks --dsn 'huitou:secret@tcp(127.0.0.1:3306)/' --instances 2",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.runCallbacks(c.Context(), c.OutOrStdout(), events, copies)
		},
	}
	f.flags(c, 2200)
	l := c.Flags()
	l.IntVar(&events, "events", 10_000, "people who follow")
	l.IntVar(&copies, "copies", 4, "how often each push comes")
	_ = l.MarkHidden("duration") // follows from the events and the rate
	return c
}

func (f *stormFlags) runCallbacks(ctx context.Context, w io.Writer, events, copies int) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	if events < 1 || events > 1_000_000 || copies < 1 || copies > 16 {
		return errors.New("--events must be 1 to 1000000, --copies 1 to 16")
	}
	p, s, shut, err := f.open(ctx, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	n := events * copies
	within := time.Duration(float64(n) / float64(f.rate) * float64(time.Second))
	fmt.Fprintf(w, "load        %d events, each %d times, %d per second on %d connections, %d instances\n", events, copies, f.rate, f.conns, f.load.instances)
	shots, err := p.follows(events, copies, within)
	if err != nil {
		return err
	}
	stop, err := f.load.startProfile("callbacks.pprof")
	if err != nil {
		return err
	}
	hits, lasted, err := fire(ctx, s.addrs, shots, f.conns, within+2*time.Minute)
	stop()
	if err != nil {
		return err
	}
	loaded := loadAverage()
	ok := waits(hits, http.StatusOK)
	rate := float64(len(ok)) / lasted.Seconds()
	fmt.Fprintf(w, "answered    %d of %d, %.0f per s, p50 %s, p99 %s, slowest %s\n", len(ok), len(hits), rate, ms(ok.percentile(0.5)), ms(ok.percentile(0.99)), ms(ok.percentile(1)))
	reached := "NOT reached"
	if rate >= callbacksPerSecond && ok.percentile(0.99) <= answeredWithin {
		reached = "reached"
	}
	fmt.Fprintf(w, "target      (%d per s, p99 %s): %s; load average %s\n", callbacksPerSecond, answeredWithin, reached, loaded)
	var found []string
	if len(ok) != len(hits) {
		found = append(found, fmt.Sprintf("answers: %d pushes were not taken", len(hits)-len(ok)))
	}
	broken, err := s.followersAreThere(ctx, w, events)
	if err != nil {
		return err
	}
	return verdict(w, "push", append(found, broken...), len(s.app.Invariants()))
}

// follows are pushes of people who follow, shuffled, with copies.
func (p *platform) follows(events, copies int, within time.Duration) ([]shot, error) {
	made := make([][]byte, events)
	now := time.Now()
	var g errgroup.Group
	g.SetLimit(runtime.NumCPU())
	for i := range made {
		g.Go(func() error {
			query, body, err := p.push("<xml><ToUserName><![CDATA[gh_load]]></ToUserName><FromUserName><![CDATA[o"+random.ID()+"]]></FromUserName><CreateTime>"+
				strconv.FormatInt(now.Unix(), 10)+"</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[]]></EventKey></xml>", now)
			made[i] = request("/wechat/oa?"+query, http.Header{"Content-Type": {"text/xml"}}, body)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	shots := make([]shot, 0, events*copies)
	for i, request := range made {
		for range copies {
			shots = append(shots, shot{request: request, what: i})
		}
	}
	rand.Shuffle(len(shots), func(i, j int) { shots[i], shots[j] = shots[j], shots[i] })
	for i, at := range evenly(len(shots), within) {
		shots[i].at = at
	}
	return shots, nil
}

// followersAreThere waits until every push had its effect and says what differs.
func (s *shop) followersAreThere(ctx context.Context, w io.Writer, want int) ([]string, error) {
	began := time.Now()
	var followers, waiting, kept int64
	for {
		err := s.app.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
			if err := tx.Gorm().Model(&model.MemberOpenID{}).Where("app_id = ?", loadOA).Count(&followers).Error; err != nil {
				return err
			}
			if err := tx.Gorm().Model(&model.Callback{}).Count(&kept).Error; err != nil {
				return err
			}
			return tx.Gorm().Model(&model.Callback{}).Where("state = ?", model.CallbackReceived).Count(&waiting).Error
		})
		if err != nil {
			return nil, fmt.Errorf("count the followers: %w", err)
		}
		if waiting == 0 || time.Since(began) > 5*time.Minute {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	fmt.Fprintf(w, "effects     %d followers of %d pushes in the vault; the last one %s after the last answer\n", followers, kept, time.Since(began).Round(100*time.Millisecond))
	found, err := s.audit(ctx)
	if followers != int64(want) || kept != int64(want) || waiting != 0 {
		found = append(found, fmt.Sprintf("effects: %d followers, %d pushes kept, %d of them waiting, instead of %d", followers, kept, waiting, want))
	}
	return found, err
}
