package moves

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// bulk is how many rows one statement takes.
const bulk = 500

func (r rows) of(tx *db.Tx, member model.MemberID) *gorm.DB {
	return tx.Gorm().Table(r.table).Where(clause.Eq{Column: clause.Column{Name: r.column}, Value: member})
}

// ids locks the rows that move.
func (r rows) ids(tx *db.Tx, from, to model.MemberID) (ids []int64, err error) {
	q := r.of(tx, from).Clauses(clause.Locking{Strength: "UPDATE"})
	if r.unless == r.column {
		var has int64
		if err := r.of(tx, to).Count(&has).Error; err != nil || has > 0 {
			return nil, err
		}
	} else if r.unless != "" {
		q = q.Where("? NOT IN (?)", clause.Column{Name: r.unless}, r.of(tx, to).Select(r.unless))
	}
	err = q.Order("id").Pluck("id", &ids).Error
	return ids, err
}

func (r rows) move(tx *db.Tx, ids []int64, from, to model.MemberID) (moved int64, err error) {
	for chunk := range slices.Chunk(ids, bulk) {
		res := r.of(tx, from).Where("id IN ?", chunk).Update(r.column, to)
		if res.Error != nil {
			return moved, res.Error
		}
		moved += res.RowsAffected
	}
	return moved, nil
}

// keys returns the numbers of rows that To has not.
func (r rows) keys(tx *db.Tx, from, to model.MemberID) (keys []int64, err error) {
	err = r.of(tx, from).Clauses(clause.Locking{Strength: "UPDATE"}).
		Where("? NOT IN (?)", clause.Column{Name: r.unless}, r.of(tx, to).Select(r.unless)).Pluck(r.unless, &keys).Error
	return keys, err
}

func (r rows) moveKeys(tx *db.Tx, keys []int64, from, to model.MemberID) error {
	for chunk := range slices.Chunk(keys, bulk) {
		if err := r.of(tx, from).Where("? IN ?", clause.Column{Name: r.unless}, chunk).Update(r.column, to).Error; err != nil {
			return err
		}
	}
	return nil
}

func (r rows) count(tx *db.Tx, members []model.MemberID) (n int64, err error) {
	for chunk := range slices.Chunk(members, bulk) {
		var some int64
		if err := tx.Gorm().Table(r.table).Where("? IN ?", clause.Column{Name: r.column}, chunk).Count(&some).Error; err != nil {
			return 0, err
		}
		n += some
	}
	return n, nil
}

func insertMoves(tx *db.Tx, lines []model.MergeMove) error {
	if len(lines) == 0 {
		return nil
	}
	return tx.Gorm().CreateInBatches(&lines, bulk).Error
}

func movesOf(tx *db.Tx, merge model.MergeID, part string) (list []model.MergeMove, err error) {
	err = tx.Gorm().Where("merge_id = ? AND part = ? AND back_at IS NULL", merge, part).Order("id").Find(&list).Error
	return list, err
}

func markBack(tx *db.Tx, ids []int64) error {
	for chunk := range slices.Chunk(ids, bulk) {
		if err := tx.Gorm().Model(&model.MergeMove{}).Where("id IN ?", chunk).Update("back_at", tx.Now).Error; err != nil {
			return err
		}
	}
	return nil
}

func countMoves(tx *db.Tx, merge model.MergeID) (map[string]int64, error) {
	var list []struct {
		Part string
		N    int64
	}
	err := tx.Gorm().Model(&model.MergeMove{}).Select("part, COUNT(*) AS n").Where("merge_id = ?", merge).Group("part").Find(&list).Error
	out := make(map[string]int64, len(list))
	for _, l := range list {
		out[l.Part] = l.N
	}
	return out, err
}
