package facts

import (
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

func store(tx *db.Tx, f Fact, body string) (id model.FactID, fresh bool, err error) {
	row := model.Fact{Name: f.FactName(), FactKey: f.FactKey(), Body: body, HappenedAt: tx.Now}
	if fresh, err = tx.Insert(&row); err != nil {
		return 0, false, fmt.Errorf("record fact %s: %w", f.FactKey(), err)
	}
	return row.ID, fresh, nil
}
