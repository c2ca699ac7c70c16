package callbacks

import (
	"time"

	"gorm.io/gorm"

	"huitou/model"
	"huitou/model/db"
)

// callbacksBefore reads a page without the bodies.
func callbacksBefore(tx *db.Tx, f Filter, before int64, limit int) (rows []model.Callback, err error) {
	newest := "id DESC"
	unreadable := f.Verdict == VerdictMalformed || f.Verdict == VerdictUnopenable
	if unreadable || f.State == model.CallbackFailed || f.State == model.CallbackReceived {
		// Few are in these states, so that they are cheap to find by the state and to sort. Left to itself MySQL would walk the whole
		// table in the order of ids until it has met enough of them.
		newest = "id + 0 DESC"
	}
	q := f.on(tx.Gorm()).Omit("raw", "reply").Order(newest).Limit(limit)
	if unreadable { // in no other state, which is an invariant
		q = q.Where("state IN ?", []model.CallbackState{model.CallbackFailed, model.CallbackReceived})
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if newest == "id DESC" && f.Topic == "" && f.OpenID == "" {
		if q, err = f.within(tx, q); err != nil {
			return nil, err
		}
	}
	err = q.Find(&rows).Error
	return rows, err
}

// within bounds the ids of a list that no index serves by those around its time, so that a page out of the past does not walk through
// everything that came since. Ids grow with time, but for what instances whose clocks differ store at once: slack is far beyond that.
func (f Filter) within(tx *db.Tx, q *gorm.DB) (*gorm.DB, error) {
	const slack = time.Hour
	for _, state := range states {
		of := tx.Gorm().Model(&model.Callback{}).Where("state = ?", state).Limit(1).Session(&gorm.Session{}) // by the index of states
		if !f.To.IsZero() {
			var ids []model.CallbackID
			if err := of.Where("received_at >= ?", f.To.UTC().Add(slack)).Order("received_at, id").Pluck("id", &ids).Error; err != nil {
				return nil, err
			}
			if len(ids) > 0 {
				q = q.Where("id < ?", ids[0])
			}
		}
		if !f.From.IsZero() {
			var ids []model.CallbackID
			if err := of.Where("received_at < ?", f.From.UTC().Add(-slack)).Order("received_at DESC, id DESC").Pluck("id", &ids).Error; err != nil {
				return nil, err
			}
			if len(ids) > 0 {
				q = q.Where("id > ?", ids[0])
			}
		}
	}
	return q, nil
}

// states are those that callbacks have.
var states = []model.CallbackState{model.CallbackReceived, model.CallbackDone, model.CallbackFailed, model.CallbackIgnored, model.CallbackKept}

func (f Filter) on(q *gorm.DB) *gorm.DB {
	for _, is := range []struct{ where, value string }{
		{"app_id = ?", f.App}, {"channel = ?", string(f.Channel)}, {"topic = ?", f.Topic}, {"open_id = ?", f.OpenID},
		{"verdict = ?", f.Verdict}, {"state = ?", string(f.State)},
	} {
		if is.value != "" {
			q = q.Where(is.where, is.value)
		}
	}
	if !f.From.IsZero() {
		q = q.Where("received_at >= ?", f.From.UTC())
	}
	if !f.To.IsZero() {
		q = q.Where("received_at < ?", f.To.UTC())
	}
	return q
}
