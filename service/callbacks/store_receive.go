package callbacks

import (
	"context"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
)

// store keeps several deliveries, copies of one another among them, and adds their jobs.
func (s *Service) store(ctx context.Context, tx *db.Tx, _ struct{}, list []model.Callback) ([]db.Outcome[received], error) {
	known, err := idsOf(tx, list)
	if err != nil {
		return nil, err
	}
	out := make([]db.Outcome[received], len(list))
	var rows []model.Callback
	coming := map[identity]bool{}
	for i, c := range list {
		at := identityOf(c)
		if id, old := known[at]; old {
			out[i].Value = received{id: id}
			continue
		}
		if coming[at] {
			continue
		}
		coming[at] = true
		out[i].Value.fresh = true
		if c.ReceivedAt = tx.Now; c.State != model.CallbackReceived {
			c.FinishedAt = &tx.Now
		}
		rows = append(rows, c)
	}
	if len(rows) == 0 {
		return out, nil
	}
	if err := insertAll(tx, rows); err != nil {
		return nil, err
	}
	if known, err = idsOf(tx, rows); err != nil {
		return nil, err
	}
	var work []jobs.Job
	for i, c := range list {
		if out[i].Value.id == 0 {
			out[i].Value.id = known[identityOf(c)]
		}
		if out[i].Value.fresh && c.State == model.CallbackReceived {
			c.ID = out[i].Value.id
			work = append(work, jobOf(c))
		}
	}
	return out, s.Jobs.InsertNew(ctx, tx, work)
}
