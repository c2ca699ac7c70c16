package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"huitou/wechat/sim"
)

const (
	// finest and coarsest bound the stretch between two stops of a journey for the sake of periodic tasks: one that comes more often runs
	// once in a stretch, as the timetable lets missed runs happen once. Everything else, daily tasks too, gets a stop of its own at the
	// instant it is due.
	finest, coarsest = time.Hour, 12 * time.Hour
	// stretches is how many of them a journey is divided into, within those bounds: thirty days go in stretches of three hours.
	stretches = 240
	// mostRuns bounds a journey: something that asks to be run again and again must not keep the clock for ever.
	mostRuns = 500_000
	// tellEvery is how often a journey tells how far it is, in real time.
	tellEvery = 200 * time.Millisecond
)

// pushes is the kind under which a journey counts what the simulated WeChat did: pushes, notices, settlements.
const pushes = "wechat.pushes"

// Travel moves the clock forward to an instant. It stops wherever something is due on the way and runs all of it, in the order in which it
// is due: what the simulated WeChat sends, then jobs, the timetable and messages, and what follows from them at once. Requests are served
// meanwhile; they see the time of the stop. After an error the clock stays where it is, and what was due until there has run.
func (d *Demo) Travel(ctx context.Context, to time.Time, tell func(sim.Journey)) (sim.Journey, error) {
	j := newJourney(d.Clock.Now(), to, d.finest, tell)
	err := d.App.Queue.Alone(ctx, func(ctx context.Context) error {
		for {
			if err := d.runDue(ctx, j); err != nil {
				return err
			}
			now := d.Clock.Now()
			j.at = now
			if !now.Before(to) {
				return nil
			}
			next, err := d.nextStop(ctx, j, now)
			if err != nil {
				return err
			}
			if err := d.Clock.MoveTo(next); err != nil {
				return err
			}
			j.steps++
		}
	})
	return j.report(), err
}

// runDue runs everything that is due now.
func (d *Demo) runDue(ctx context.Context, j *journey) error {
	for {
		sent, err := d.Sim.Settle(ctx)
		if err != nil {
			return err
		}
		if err := j.count(pushes, sent); err != nil {
			return err
		}
		ran, err := d.App.Queue.RunDueEach(ctx, j.count)
		if err != nil {
			return fmt.Errorf("run what is due at %s: %w", d.Clock.Now().Format(time.RFC3339), err)
		}
		if ran == 0 {
			return nil
		}
	}
}

// nextStop is the next instant at which something is due, at most one stretch on.
func (d *Demo) nextStop(ctx context.Context, j *journey, now time.Time) (time.Time, error) {
	stop := j.to
	earlier := func(t time.Time) {
		if t.Before(stop) {
			stop = t
		}
	}
	earlier(now.Truncate(j.stretch).Add(j.stretch))
	if at, ok := d.Sim.Soonest(); ok {
		earlier(at)
	}
	at, ok, err := d.App.Queue.Next(ctx, j.stretch)
	if err != nil {
		return stop, err
	}
	if ok {
		earlier(at)
	}
	return stop, nil
}

// journey counts what runs on the way.
type journey struct {
	from, to, at time.Time
	stretch      time.Duration
	steps, runs  int
	ran          map[string]int
	started      time.Time // real
	told         time.Time
	tell         func(sim.Journey)
}

func newJourney(from, to time.Time, finest time.Duration, tell func(sim.Journey)) *journey {
	return &journey{
		from: from, to: to, at: from, stretch: max(finest, min(to.Sub(from)/stretches, coarsest)),
		ran: map[string]int{}, started: time.Now(), tell: tell,
	}
}

// count notes that pieces of a kind ran and, now and then, tells how far the journey is.
func (j *journey) count(kind string, n int) error {
	if n > 0 {
		j.ran[kind] += n
		j.runs += n
	}
	if now := time.Now(); now.Sub(j.told) >= tellEvery {
		j.told = now
		j.tell(j.report())
	}
	if j.runs > mostRuns {
		return fmt.Errorf("demo: more than %d pieces of work in one journey", mostRuns)
	}
	return nil
}

func (j *journey) report() sim.Journey {
	out := sim.Journey{From: j.from, To: j.to, At: j.at, Steps: j.steps, TookMS: time.Since(j.started).Milliseconds()}
	for kind, n := range j.ran {
		out.Ran = append(out.Ran, sim.Count{Kind: kind, Times: n})
	}
	slices.SortFunc(out.Ran, func(a, b sim.Count) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}
