package callbacks

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/wechat"
)

// mended notes that a callback that could not be read when it came can be read now: with a key that was missing, or by a program that has
// learnt to. From now on it is like any other, and has the dedupe key of its body. fresh is false when a copy of it was stored meanwhile,
// which had the effect or will have it; this one is then ignored.
func (s *Service) mended(ctx context.Context, id model.CallbackID, p wechat.Push) (fresh bool, err error) {
	err = s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		fresh = false
		c, err := lock(tx, id)
		if err != nil || c.State != model.CallbackReceived {
			return err
		}
		was := c
		c.Raw, c.DedupeKey, c.Verdict, c.Topic, c.OpenID = p.Body, p.DedupeKey, VerdictOK, Topic(p), plainOpenID(p.OpenID)
		stored, err := idsOf(tx, []model.Callback{c})
		if err != nil {
			return err
		}
		if first, ok := stored[identityOf(c)]; ok && first != id {
			c.Raw, c.DedupeKey = was.Raw, was.DedupeKey
			if err := saveMended(tx, c); err != nil {
				return err
			}
			_, err := finish(tx, id, model.CallbackIgnored, fmt.Sprintf("copy of callback %d", first))
			return err
		}
		fresh = true
		return saveMended(tx, c) // a copy that is stored at this moment makes it fail, and the next run finds the copy
	})
	if err != nil {
		return false, fmt.Errorf("note that callback %d can be read now: %w", id, err)
	}
	return fresh, nil
}
