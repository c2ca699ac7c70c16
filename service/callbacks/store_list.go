package callbacks

import (
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
	err = q.Find(&rows).Error
	return rows, err
}

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
