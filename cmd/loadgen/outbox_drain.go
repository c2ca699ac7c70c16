package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"huitou/model"
	"huitou/model/db"
)

// drained is what one turn came to.
type drained struct {
	good, poison        int
	accepted, delivered float64 // good ones a second, from the moment at which all became due to the last one
	ends                string  // of the poison
}

// drain queues messages, lets all of them become due at once and waits until every good one is delivered and every poisoned one has
// ended.
func (p *phones) drain(ctx context.Context, n int, poison float64, profile string) (d drained, err error) {
	turn := len(p.queued)
	list := newBillets(turn, n, poison, len(p.people))
	if err := p.agree(ctx, list); err != nil {
		return d, err
	}
	if err := p.enqueue(ctx, list); err != nil {
		return d, err
	}
	p.queued = append(p.queued, list...)
	stop, err := claimFlags{profile: profile}.startProfile(fmt.Sprintf("outbox-%d.pprof", turn))
	if err != nil {
		return d, err
	}
	began, err := p.release(ctx, turn)
	if err != nil {
		return d, err
	}
	var bad []string
	for _, m := range list {
		if m.venom != "" {
			bad = append(bad, m.key)
		}
	}
	good := func(tx *db.Tx) *gorm.DB {
		q := tx.Gorm().Model(&model.Message{}).Where("message_key LIKE ?", turnKeys(turn))
		if len(bad) > 0 {
			q = q.Where("message_key NOT IN ?", bad)
		}
		return q
	}
	err = p.until(ctx, "every good message is delivered", func(tx *db.Tx) (left int64, err error) {
		return left, good(tx).Where("state <> ?", model.MessageDelivered).Count(&left).Error
	})
	stop()
	if err != nil {
		return d, err
	}
	var last struct{ Accepted, Finished *time.Time }
	err = p.shop.app.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		for into, column := range map[**time.Time]string{&last.Accepted: "accepted_at", &last.Finished: "finished_at"} {
			var rows []model.Message
			if err := good(tx).Order(column + " DESC").Limit(1).Find(&rows).Error; err != nil {
				return err
			}
			if len(rows) == 1 {
				*into = map[string]*time.Time{"accepted_at": rows[0].AcceptedAt, "finished_at": rows[0].FinishedAt}[column]
			}
		}
		return nil
	})
	if err != nil || last.Accepted == nil || last.Finished == nil {
		return d, fmt.Errorf("read when the last message was accepted: %w", err)
	}
	d = drained{good: n - len(bad), poison: len(bad)}
	d.accepted, d.delivered = float64(d.good)/last.Accepted.Sub(began).Seconds(), float64(d.good)/last.Finished.Sub(began).Seconds()
	if len(bad) > 0 {
		d.ends, err = p.outlast(ctx, turn)
	}
	return d, err
}

// turnKeys are the keys of one turn, as LIKE wants them.
func turnKeys(turn int) string { return fmt.Sprintf("load:%d:%%", turn) }

// enqueue stores messages that are due the day after.
func (p *phones) enqueue(ctx context.Context, list []billet) error {
	tomorrow := p.now().AddDate(0, 0, 1)
	for some := range slices.Chunk(list, 500) {
		err := p.shop.app.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			for _, m := range some {
				if _, err := p.shop.app.Messages.EnqueueTx(ctx, tx, m.message(p.people[m.to].member, tomorrow)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("queue messages: %w", err)
		}
	}
	return nil
}

// release makes the messages of a turn due, as if the day had passed, and returns when that was.
func (p *phones) release(ctx context.Context, turn int) (at time.Time, err error) {
	err = p.shop.app.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		at = tx.Now
		return tx.Gorm().Model(&model.Message{}).Where("message_key LIKE ?", turnKeys(turn)).Updates(map[string]any{"not_before": at, "due_at": at}).Error
	})
	if err != nil {
		return at, fmt.Errorf("make the messages due: %w", err)
	}
	return p.now(), nil
}

// outlast moves the clock of shop and WeChat on until nothing of a turn is left to do, and says how its poison ended.
func (p *phones) outlast(ctx context.Context, turn int) (ends string, err error) {
	var left []model.Message
	err = p.until(ctx, "the poison has ended", func(tx *db.Tx) (int64, error) {
		err := tx.Gorm().Where("message_key LIKE ? AND due_at IS NOT NULL", turnKeys(turn)).Order("due_at").Find(&left).Error
		if err != nil || len(left) == 0 {
			return 0, err
		}
		var calling int64 // attempts whose answer is still to come; their claim is not to run out by our moving of the clock
		err = tx.Gorm().Model(&model.MessageAttempt{}).Where("message_id IN ? AND outcome = ''", idsOf(left)).Count(&calling).Error
		if wait := left[0].DueAt.Sub(p.now()); err == nil && calling == 0 && wait > 0 {
			p.ahead.Add(int64(wait))
			p.sim.Nudge()
		}
		return int64(len(left)), err
	})
	if err != nil {
		return "", err
	}
	count := map[string]int{}
	err = p.shop.app.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		var rows []model.Message
		err := tx.Gorm().Where("message_key LIKE ? AND state <> ?", turnKeys(turn), model.MessageDelivered).Find(&rows).Error
		for _, m := range rows {
			count[string(m.State)]++
		}
		return err
	})
	var words []string
	for _, state := range slices.Sorted(maps.Keys(count)) {
		words = append(words, fmt.Sprintf("%d %s", count[state], state))
	}
	return strings.Join(words, ", "), err
}

func idsOf(list []model.Message) []model.MessageID {
	ids := make([]model.MessageID, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	return ids
}

// verify compares every message with what the phones show and what the shop says of it, and checks every invariant.
func (p *phones) verify(ctx context.Context, w io.Writer) ([]string, error) {
	shown := map[string]int{}
	for _, who := range p.people {
		var inbox struct {
			Messages []struct {
				Kind   string `json:"kind"`
				Fields []struct {
					Key, Value string
				} `json:"fields"`
			} `json:"messages"`
		}
		if err := p.control(ctx, http.MethodGet, "/_sim/users/"+who.id+"/inbox", struct{}{}, &inbox); err != nil {
			return nil, fmt.Errorf("look at a phone: %w", err)
		}
		for _, m := range inbox.Messages {
			if (m.Kind == "template" || m.Kind == "subscribe") && len(m.Fields) > 0 {
				shown[m.Fields[0].Value]++
			}
		}
	}
	rows := map[string]model.Message{}
	err := p.shop.app.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		var list []model.Message
		err := tx.Gorm().Where("message_key LIKE 'load:%'").Find(&list).Error
		for _, m := range list {
			rows[m.MessageKey] = m
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the messages: %w", err)
	}
	found, seen := compareBillets(p.queued, shown, rows)
	fmt.Fprintf(w, "phones      %d messages queued, %d on the phones of %d people\n", len(p.queued), seen, len(p.people))
	broken, err := p.shop.audit(ctx)
	return append(found, broken...), err
}

// compareBillets finds everything in which messages, the phones that show them by number, and what the shop says of them by key differ. seen
// is how many of the messages the phones show.
func compareBillets(list []billet, shown map[string]int, rows map[string]model.Message) (found []string, seen int) {
	var b breaks
	for _, m := range list {
		state, reason, times := m.venom.end()
		row, is := rows[m.key], shown[m.number]
		seen += is
		if is != times {
			b.say("phones", "%s is on a phone %d times instead of %d", m.number, is, times)
		}
		if row.State != state || !strings.HasPrefix(row.Reason, reason) || row.Reason != "" && reason == "" {
			b.say("states", "%s ended as %s %q instead of %s %q", m.number, row.State, row.Reason, state, reason)
		}
	}
	return b.all(), seen
}
