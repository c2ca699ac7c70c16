// Package tokens keeps the budget of forced refreshes of WeChat's access tokens.
//
// It owns: how often all instances of the program together may force a new token of an app. It does not own tokens, which are hints
// (wechat, model/kv): a cache that is wiped costs a call, while a budget that is wiped would let every instance burn WeChat's 20 a
// day at once (threat T49). So the budget stands in the database.
//
// # Rules
//
//   - At most PerDay forced refreshes of an app on a day in Shanghai; WeChat allows 20.
//   - At least Gap between two, whichever instances they are of; WeChat does nothing within 30 s.
//   - Each is spent before the call leaves, whatever becomes of it.
package tokens

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

const (
	// PerDay is half of what WeChat allows, since another environment may have the same secret.
	PerDay = 10
	// Gap is twice what WeChat needs.
	Gap = time.Minute
)

// Budget is the budget of forced refreshes. It is safe for concurrent use by any number of instances on one database.
type Budget struct{ DB *db.DB }

// errSpent rolls the transaction back.
var errSpent = errors.New("the budget of forced refreshes is used up")

// Spend takes one forced refresh of an app from the budget and reports whether there was one.
func (b Budget) Spend(ctx context.Context, app string) (bool, error) {
	err := b.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		// A refresh is a row under the minute it falls into; one in the minute before is too near as well.
		slot := tx.Now.Unix() / int64(Gap/time.Second)
		before, err := db.Replies(ctx, tx, []db.Key{minute(app, slot-1)})
		if err != nil {
			return err
		}
		if len(before) > 0 {
			return errSpent
		}
		if fresh, err := take(ctx, tx, minute(app, slot)); err != nil || !fresh {
			return errors.Join(err, errSpent)
		}
		day := model.DayOf(tx.Now, model.Shanghai)
		for n := range PerDay {
			fresh, err := take(ctx, tx, db.Key{Scope: "token force day", Key: fmt.Sprintf("%s:%s:%d", app, day, n)})
			if err != nil || fresh {
				return err
			}
		}
		return errSpent
	})
	if errors.Is(err, errSpent) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("spend a forced refresh of %s: %w", app, err)
	}
	return true, nil
}

func minute(app string, slot int64) db.Key {
	return db.Key{Scope: "token force minute", Key: fmt.Sprintf("%s:%d", app, slot)}
}

// take enters a key once; fresh is false when it stood there. Keys are purged after a week, when nobody asks for them any more.
func take(ctx context.Context, tx *db.Tx, k db.Key) (fresh bool, err error) {
	_, known, err := db.Once(ctx, tx, k, struct{}{}, func() (struct{}, error) { return struct{}{}, nil })
	return err == nil && !known, err
}
