package members

import (
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func memberByID(tx *db.Tx, id model.MemberID) (row model.Member, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&row).Error
	return row, err
}

// lockMember locks the row of a member of his own. It returns ErrUnknown and ErrMerged.
func lockMember(tx *db.Tx, id model.MemberID) (row model.Member, err error) {
	if row, err = lockRow(tx, id); err == nil && row.MergedInto != nil {
		err = ErrMerged
	}
	return row, err
}

func lockRow(tx *db.Tx, id model.MemberID) (row model.Member, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&row).Error
	if err = orUnknown(err); err != nil && err != error(ErrUnknown) {
		err = fmt.Errorf("lock member %d: %w", id, err)
	}
	return row, err
}

func orUnknown(err error) error {
	if db.IsNotFound(err) {
		return ErrUnknown
	}
	return err
}

// memberIDBy returns the member with a value in one unique column, 0 when nobody has it.
func memberIDBy(tx *db.Tx, column, value string) (model.MemberID, error) {
	return one(tx.Gorm().Model(&model.Member{}).Where(clause.Eq{Column: clause.Column{Name: column}, Value: value}), "id")
}

func memberIDByOpenID(tx *db.Tx, appID, openID string) (model.MemberID, error) {
	return one(tx.Gorm().Model(&model.MemberOpenID{}).Where("app_id = ? AND open_id = ?", appID, openID), "member_id")
}

func memberIDByExternal(tx *db.Tx, source, external string) (model.MemberID, error) {
	return one(tx.Gorm().Model(&model.MemberExternal{}).Where("source = ? AND external = ?", source, external), "member_id")
}

// one returns a column of the first row, 0 when there is none.
func one(q *gorm.DB, column string) (model.MemberID, error) {
	var ids []model.MemberID
	if err := q.Limit(1).Pluck(column, &ids).Error; err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// membersByExternals adds the known numbers of a source to out.
func membersByExternals(tx *db.Tx, source string, externals []string, out map[string]model.MemberID) error {
	var rows []model.MemberExternal
	if err := tx.Gorm().Select("external", "member_id").Where("source = ? AND external IN ?", source, externals).Find(&rows).Error; err != nil {
		return fmt.Errorf("look external numbers up: %w", err)
	}
	for _, r := range rows {
		out[r.External] = r.MemberID
	}
	return nil
}

// heirsOf returns the members with whom some of the ids have become one.
func heirsOf(tx *db.Tx, ids []model.MemberID) (map[model.MemberID]model.MemberID, error) {
	var rows []model.Member
	if err := tx.Gorm().Select("id", "merged_into").Where("id IN ? AND merged_into IS NOT NULL", ids).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("look up what %d members have become: %w", len(ids), err)
	}
	out := make(map[model.MemberID]model.MemberID, len(rows))
	for _, r := range rows {
		out[r.ID] = *r.MergedInto
	}
	return out, nil
}

// heirOf returns the member with whom another one has become one; himself when he is a member of his own, or not known.
func heirOf(tx *db.Tx, id model.MemberID) (model.MemberID, error) {
	heir, err := one(tx.Gorm().Model(&model.Member{}).Where("id = ? AND merged_into IS NOT NULL", id), "merged_into")
	if err != nil {
		return 0, fmt.Errorf("look up what member %d has become: %w", id, err)
	}
	if heir == 0 {
		heir = id
	}
	return heir, nil
}

func openIDRow(tx *db.Tx, appID, openID string) (row model.MemberOpenID, err error) {
	err = tx.Gorm().Where("app_id = ? AND open_id = ?", appID, openID).Take(&row).Error
	return row, err
}

// openIDOf returns a member's identity in an app: of several the one that follows, else the newest.
func openIDOf(tx *db.Tx, id model.MemberID, appID string) (row model.MemberOpenID, err error) {
	err = tx.Gorm().Where("member_id = ? AND app_id = ?", id, appID).Order("following DESC, id DESC").Limit(1).Take(&row).Error
	return row, err
}

// saveUnionID gives a member without unionid one. errRaced means that it was taken meanwhile.
func saveUnionID(tx *db.Tx, id model.MemberID, unionID string) error {
	res := tx.Gorm().Model(&model.Member{}).Where("id = ? AND union_id IS NULL", id).Update("union_id", unionID)
	return raced(res.Error, res.RowsAffected)
}

// savePhone gives a member a number. errRaced means that another member has it.
func savePhone(tx *db.Tx, id model.MemberID, index, sealed string) error {
	res := tx.Gorm().Model(&model.Member{}).Where("id = ?", id).Updates(map[string]any{"phone_index": index, "phone_cipher": sealed})
	return raced(res.Error, res.RowsAffected)
}

// raced keeps the text of a duplicate error inside: it holds the value.
func raced(err error, affected int64) error {
	switch {
	case db.IsDuplicate(err), err == nil && affected == 0:
		return errRaced
	}
	return err
}

func saveFollowed(tx *db.Tx, identity int64, scene string, at time.Time) error {
	return tx.Gorm().Model(&model.MemberOpenID{}).Where("id = ?", identity).
		Updates(map[string]any{"following": true, "followed_at": at, "scene": scene}).Error
}

func saveUnfollowed(tx *db.Tx, identity int64, at time.Time) error {
	return tx.Gorm().Model(&model.MemberOpenID{}).Where("id = ?", identity).
		Updates(map[string]any{"following": false, "unfollowed_at": at}).Error
}

// insertMembers adds members in one statement and returns their ids in order. ErrTaken means that one of them has a
// unionid or phone that is taken; nothing was added then.
func insertMembers(tx *db.Tx, rows []model.Member) ([]model.MemberID, error) {
	fresh, err := tx.Insert(&rows)
	if err != nil {
		return nil, fmt.Errorf("add members: %w", err)
	}
	if !fresh {
		return nil, ErrTaken
	}
	// Databases do not promise the order of the ids of one statement; the public ids tell which is whose.
	names := make([]model.PublicID, len(rows))
	for i, r := range rows {
		names[i] = r.PublicID
	}
	var added []model.Member
	if err := tx.Gorm().Select("id", "public_id").Where("public_id IN ?", names).Find(&added).Error; err != nil {
		return nil, fmt.Errorf("read the ids of new members: %w", err)
	}
	byName := make(map[model.PublicID]model.MemberID, len(added))
	for _, r := range added {
		byName[r.PublicID] = r.ID
	}
	ids := make([]model.MemberID, len(rows))
	for i, n := range names {
		ids[i] = byName[n]
	}
	return ids, nil
}

// insertAll adds identities, many in one statement. ErrTaken means that one of them is taken.
func insertAll[Row any](tx *db.Tx, rows []Row) error {
	for len(rows) > 0 {
		chunk := rows[:min(bulk, len(rows))]
		rows = rows[len(chunk):]
		fresh, err := tx.Insert(&chunk)
		if err != nil {
			return fmt.Errorf("attach identities: %w", err)
		}
		if !fresh {
			return ErrTaken
		}
	}
	return nil
}

// deleteMembers takes back members whom this transaction made.
func deleteMembers(tx *db.Tx, ids []model.MemberID) error {
	for len(ids) > 0 {
		chunk := ids[:min(bulk, len(ids))]
		ids = ids[len(chunk):]
		for _, identity := range []any{&model.MemberExternal{}, &model.MemberOpenID{}} {
			if err := tx.Gorm().Where("member_id IN ?", chunk).Delete(identity).Error; err != nil {
				return fmt.Errorf("take identities back: %w", err)
			}
		}
		if err := tx.Gorm().Where("id IN ?", chunk).Delete(&model.Member{}).Error; err != nil {
			return fmt.Errorf("take members back: %w", err)
		}
	}
	return nil
}

// addFigures adds the figures of different members in one statement: the values are picked by id, and every column is computed
// from what it holds at that moment.
func addFigures(tx *db.Tx, list []OrderFigures) error {
	if len(list) == 0 {
		return nil
	}
	var args []any
	pick := func(value func(OrderFigures) any) string {
		for _, f := range list {
			args = append(args, f.Member, value(f))
		}
		return "CASE id" + strings.Repeat(" WHEN ? THEN ?", len(list)) + " END"
	}
	instant := func(value func(OrderFigures) any) string {
		if tx.Driver() == db.MySQL { // otherwise it would be compared as text
			return "CAST(" + pick(value) + " AS DATETIME(6))"
		}
		return pick(value)
	}
	orders := func(f OrderFigures) any { return f.Orders }
	amount := func(f OrderFigures) any { return f.Amount }
	first := func(f OrderFigures) any { return f.First }
	last := func(f OrderFigures) any { return f.Last }
	statement := "UPDATE members SET orders = orders + " + pick(orders) + ", total_fen = total_fen + " + pick(amount) +
		", first_order_at = CASE WHEN first_order_at < " + instant(first) + " THEN first_order_at ELSE " + instant(first) + " END" +
		", last_order_at = CASE WHEN last_order_at > " + instant(last) + " THEN last_order_at ELSE " + instant(last) + " END" +
		" WHERE id IN ?"
	ids := make([]model.MemberID, len(list))
	for i, f := range list {
		ids[i] = f.Member
	}
	res := tx.Gorm().Exec(statement, append(args, ids)...)
	if res.Error != nil {
		return fmt.Errorf("record orders of %d members: %w", len(list), res.Error)
	}
	if res.RowsAffected != int64(len(list)) {
		return ErrUnknown
	}
	return nil
}

// setFigures replaces the figures of one member.
func setFigures(tx *db.Tx, f OrderFigures) error {
	var first, last *time.Time
	if f.Orders > 0 {
		first, last = &f.First, &f.Last
	}
	res := tx.Gorm().Model(&model.Member{}).Where("id = ?", f.Member).Updates(map[string]any{
		"orders": f.Orders, "total_fen": f.Amount, "first_order_at": first, "last_order_at": last,
	})
	if res.Error != nil {
		return fmt.Errorf("correct the figures of member %d: %w", f.Member, res.Error)
	}
	if res.RowsAffected == 0 {
		return ErrUnknown
	}
	return nil
}

func insertSession(tx *db.Tx, row model.MemberSession) error {
	if err := tx.Gorm().Create(&row).Error; err != nil {
		return fmt.Errorf("open a session of member %d: %w", row.MemberID, err)
	}
	return nil
}

// sessionsByToken returns what tells whose sessions these are and whether they still count, of those that are not revoked. Every
// request of a shopper comes by here, so the rows are read without GORM's reflection.
func sessionsByToken(tx *db.Tx, hashes []string) (map[string]model.MemberSession, error) {
	rows, err := tx.Gorm().Model(&model.MemberSession{}).Select("id", "token_hash", "member_id", "seen_at", "expires_at").
		Where("token_hash IN ? AND revoked_at IS NULL", hashes).Rows()
	if err != nil {
		return nil, fmt.Errorf("look sessions up: %w", err)
	}
	defer rows.Close()
	out := make(map[string]model.MemberSession, len(hashes))
	for rows.Next() {
		var r model.MemberSession
		if err := rows.Scan(&r.ID, &r.TokenHash, &r.MemberID, &r.SeenAt, &r.ExpiresAt); err != nil {
			return nil, fmt.Errorf("look sessions up: %w", err)
		}
		out[r.TokenHash] = r
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look sessions up: %w", err)
	}
	return out, nil
}

func markSeen(tx *db.Tx, ids []int64) error {
	return tx.Gorm().Model(&model.MemberSession{}).Where("id IN ? AND seen_at < ?", ids, tx.Now).Update("seen_at", tx.Now).Error
}

func revokeToken(tx *db.Tx, hash string) error {
	return tx.Gorm().Model(&model.MemberSession{}).Where("token_hash = ? AND revoked_at IS NULL", hash).Update("revoked_at", tx.Now).Error
}

// purgeSessions deletes at most 1,000 sessions that ended before an instant.
func purgeSessions(tx *db.Tx, before time.Time) (int64, error) {
	var old []int64
	if err := tx.Gorm().Model(&model.MemberSession{}).Where("expires_at < ?", before).Limit(bulk).Pluck("id", &old).Error; err != nil || len(old) == 0 {
		return 0, err
	}
	res := tx.Gorm().Where("id IN ?", old).Delete(&model.MemberSession{})
	return res.RowsAffected, res.Error
}
