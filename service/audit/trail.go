package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Entry is one thing that a member of staff did. Detail is encoded as JSON and must not hold personal data.
type Entry struct {
	Staff       model.StaffID
	Action, Ref string // "coupons.issue", "coupon:12"
	Detail      any
}

// Record appends an entry in the transaction of the change.
func Record(ctx context.Context, tx *db.Tx, e Entry) error {
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("encode the detail of %s: %w", e.Action, err)
	}
	row := model.AuditEntry{StaffID: e.Staff, Action: e.Action, Ref: e.Ref, Detail: string(detail), At: tx.Now}
	if err := appendEntry(tx, &row); err != nil {
		return fmt.Errorf("record %s in the staff trail: %w", e.Action, err)
	}
	return nil
}

// sealed returns the hash of an entry: SHA-256 over its fields as a JSON array, which keeps their borders.
func sealed(r model.AuditEntry) string {
	b, err := json.Marshal([]any{r.PrevHash, r.StaffID, r.Action, r.Ref, r.Detail, r.At.UTC().Format(time.RFC3339Nano)})
	if err != nil {
		panic("audit: an entry that cannot be encoded: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
