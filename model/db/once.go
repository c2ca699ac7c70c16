package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"huitou/model/fault"
)

// ErrKeyReused means that an idempotency key came a second time with another input.
var ErrKeyReused = fault.New(fault.Mismatch, "idempotency.key_reused",
	"该请求标识已用于另一个请求", "the idempotency key was used for another input")

// Key is a client's idempotency key within a scope, "member:12 claim". Keys of two scopes never meet, so nobody can read
// another member's reply (threat T3). The zero Key means that the client sent none.
type Key struct{ Scope, Key string }

// hash names the key in the database: one column, so that a Group looks many up at once on every database.
func (k Key) hash() string {
	sum := sha256.Sum256([]byte(k.Scope + "\x00" + k.Key))
	return hex.EncodeToString(sum[:])
}

// keyRow keeps the reply to a key in the transaction of the effect. Rows older than a week may be purged: the effects have
// natural unique keys of their own, which are kept for ever.
type keyRow struct {
	KeyHash     string `gorm:"primaryKey"`
	RequestHash string
	Reply       string
	CreatedAt   time.Time
}

func (keyRow) TableName() string { return "idempotency_keys" }

// Once runs fn and stores its reply under the key, in the same transaction. When the key was used before with the same
// input, fn does not run and the stored reply comes back, with replayed true; with another input it returns
// ErrKeyReused. Of two transactions with one key the second waits for the first. When fn fails nothing is stored.
func Once[Out any](ctx context.Context, tx *Tx, k Key, in any, fn func() (Out, error)) (out Out, replayed bool, err error) {
	if k.Key == "" {
		out, err = fn()
		return out, false, err
	}
	row := keyRow{KeyHash: k.hash(), RequestHash: HashInput(in), CreatedAt: tx.Now}
	fresh, err := tx.Insert(&row)
	if err != nil {
		return out, false, fmt.Errorf("store the idempotency key: %w", err)
	}
	if !fresh {
		found, err := Replies(ctx, tx, []Key{k})
		if err != nil {
			return out, false, err
		}
		out, err = Replay[Out](found[k], row.RequestHash)
		return out, true, err
	}
	if out, err = fn(); err != nil {
		return out, false, err
	}
	reply, err := json.Marshal(out)
	if err != nil {
		return out, false, fmt.Errorf("encode the reply to keep: %w", err)
	}
	err = tx.gorm.Model(&keyRow{}).Where("key_hash = ?", k.hash()).Update("reply", string(reply)).Error
	if err != nil {
		return out, false, fmt.Errorf("store the reply: %w", err)
	}
	return out, false, nil
}

// Stored is a reply that is kept under a key.
type Stored struct{ RequestHash, Reply string }

// Replies returns what is stored under keys, for a Group that decides many commands at once.
func Replies(_ context.Context, tx *Tx, keys []Key) (map[Key]Stored, error) {
	byHash := make(map[string]Key, len(keys))
	for _, k := range keys {
		if k.Key != "" {
			byHash[k.hash()] = k
		}
	}
	if len(byHash) == 0 {
		return nil, nil
	}
	var rows []keyRow
	if err := tx.gorm.Where("key_hash IN ?", slices.Collect(maps.Keys(byHash))).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("look up idempotency keys: %w", err)
	}
	out := make(map[Key]Stored, len(rows))
	for _, r := range rows {
		out[byHash[r.KeyHash]] = Stored{r.RequestHash, r.Reply}
	}
	return out, nil
}

// Replay decodes a stored reply, or returns ErrKeyReused when it belongs to another input.
func Replay[Out any](s Stored, requestHash string) (out Out, err error) {
	if s.RequestHash != requestHash {
		return out, ErrKeyReused
	}
	if err := json.Unmarshal([]byte(s.Reply), &out); err != nil {
		return out, fmt.Errorf("decode the stored reply: %w", err)
	}
	return out, nil
}

// Answered is one command of a Group with a key and the reply to keep for it.
type Answered struct {
	Key         Key
	RequestHash string
	Reply       any
}

// KeepReplies stores the replies of a Group's commands; those without a key are passed over.
func KeepReplies(_ context.Context, tx *Tx, list []Answered) error {
	rows := make([]keyRow, 0, len(list))
	for _, a := range list {
		if a.Key.Key == "" {
			continue
		}
		reply, err := json.Marshal(a.Reply)
		if err != nil {
			return fmt.Errorf("encode the reply to keep: %w", err)
		}
		rows = append(rows, keyRow{a.Key.hash(), a.RequestHash, string(reply), tx.Now})
	}
	if len(rows) == 0 {
		return nil
	}
	if err := tx.gorm.Create(&rows).Error; err != nil {
		return fmt.Errorf("store the replies: %w", err)
	}
	return nil
}

// PurgeKeys deletes at most limit records that are older than before and returns their number.
func PurgeKeys(_ context.Context, tx *Tx, before time.Time, limit int) (int64, error) {
	var old []string
	err := tx.gorm.Model(&keyRow{}).Where("created_at < ?", before).Order("created_at").Limit(limit).Pluck("key_hash", &old).Error
	if err != nil || len(old) == 0 {
		return 0, err
	}
	res := tx.gorm.Where("key_hash IN ?", old).Delete(&keyRow{})
	return res.RowsAffected, res.Error
}

// HashInput returns the SHA-256 of a command's JSON form. Commands are structs, whose JSON has one fixed field order.
func HashInput(in any) string {
	b, err := json.Marshal(in)
	if err != nil {
		panic("db: a command that cannot be encoded: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
