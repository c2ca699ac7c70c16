package earning

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// settingsRow is the id of the one row of settings.
const settingsRow = 1

func settings(tx *db.Tx) (Settings, error) {
	var row model.EarningSettings
	if err := tx.Gorm().Where("id = ?", settingsRow).Take(&row).Error; err != nil {
		return Settings{}, err
	}
	return settingsOf(row)
}

func lockSettings(tx *db.Tx) (Settings, error) {
	var row model.EarningSettings
	if err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", settingsRow).Take(&row).Error; err != nil {
		return Settings{}, err
	}
	return settingsOf(row)
}

func settingsOf(row model.EarningSettings) (s Settings, err error) {
	s = Settings{CapOrder: row.CapOrder, CapDay: row.CapDay}
	if err = read(row.ExcludeSKUs, &s.ExcludeSKUs); err == nil {
		err = read(row.ExcludeCategories, &s.ExcludeCategories)
	}
	return s, err
}

func saveSettings(tx *db.Tx, s Settings) error {
	return tx.Gorm().Model(&model.EarningSettings{}).Where("id = ?", settingsRow).Updates(map[string]any{
		"exclude_skus": list(s.ExcludeSKUs), "exclude_categories": list(s.ExcludeCategories),
		"cap_order": s.CapOrder, "cap_day": s.CapDay, "updated_at": tx.Now,
	}).Error
}

func insertRule(tx *db.Tx, r Rule, staff model.StaffID) (model.EarningRuleID, error) {
	row := model.EarningRule{
		Name: r.Name, State: r.State, Kind: r.Kind, StackGroup: r.Group, Priority: r.Priority, PerHundredYuan: r.PerHundredYuan,
		MultiplierBP: r.Multiplier, BonusPoints: r.Bonus, MinFen: r.MinFen, CapOrder: r.CapOrder, CapDay: r.CapDay,
		StartsAt: r.From, EndsAt: r.Until, SKUs: list(r.SKUs), Categories: list(r.Categories), Tiers: list(r.Tiers), Weekdays: list(r.Weekdays),
		FromHour: r.FromHour, ToHour: r.ToHour, FirstOrder: r.FirstOrder, CreatedBy: staff, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	err := tx.Gorm().Create(&row).Error
	return row.ID, err
}

func ruleOf(row model.EarningRule) (r Rule, err error) {
	r = Rule{ID: row.ID, State: row.State, CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC(), Terms: Terms{
		Name: row.Name, Kind: row.Kind, Group: row.StackGroup, Priority: row.Priority, PerHundredYuan: row.PerHundredYuan,
		Multiplier: row.MultiplierBP, Bonus: row.BonusPoints, MinFen: row.MinFen, CapOrder: row.CapOrder, CapDay: row.CapDay,
		From: utc(row.StartsAt), Until: utc(row.EndsAt), FromHour: row.FromHour, ToHour: row.ToHour, FirstOrder: row.FirstOrder,
	}}
	for text, to := range map[*string]any{&row.SKUs: &r.SKUs, &row.Categories: &r.Categories, &row.Tiers: &r.Tiers, &row.Weekdays: &r.Weekdays} {
		if err := read(*text, to); err != nil {
			return r, fmt.Errorf("read rule %d: %w", row.ID, err)
		}
	}
	return r, nil
}

func rulesOf(rows []model.EarningRule) ([]Rule, error) {
	rules := make([]Rule, len(rows))
	for i, row := range rows {
		r, err := ruleOf(row)
		if err != nil {
			return nil, err
		}
		rules[i] = r
	}
	return rules, nil
}

func ruleByID(tx *db.Tx, id model.EarningRuleID) (Rule, error) {
	var row model.EarningRule
	err := tx.Gorm().Where("id = ?", id).Take(&row).Error
	if db.IsNotFound(err) {
		return Rule{}, ErrRuleUnknown
	}
	if err != nil {
		return Rule{}, fmt.Errorf("read rule %d: %w", id, err)
	}
	return ruleOf(row)
}

// activeRules returns the active rules as the formula takes them: by descending priority, then by id.
func activeRules(tx *db.Tx) ([]Rule, error) {
	var rows []model.EarningRule
	if err := tx.Gorm().Where("state = ?", model.RuleActive).Find(&rows).Error; err != nil {
		return nil, err
	}
	rules, err := rulesOf(rows)
	slices.SortFunc(rules, byPriority)
	return rules, err
}

func byPriority(a, b Rule) int {
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.ID, b.ID))
}

func rulesBefore(tx *db.Tx, before int64, limit int) ([]Rule, error) {
	var rows []model.EarningRule
	q := tx.Gorm().Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	return rulesOf(rows)
}

func moveRule(tx *db.Tx, id model.EarningRuleID, from, to model.EarningRuleState) error {
	res := tx.Gorm().Model(&model.EarningRule{}).Where("id = ? AND state = ?", id, from).
		Updates(map[string]any{"state": to, "updated_at": tx.Now})
	if res.Error == nil && res.RowsAffected != 1 {
		return fmt.Errorf("earning: rule %d has left state %s", id, from)
	}
	return res.Error
}

func insertFirings(tx *db.Tx, a Award, e model.PointsEntry) error {
	if len(a.Parts) == 0 {
		return nil
	}
	rows := make([]model.EarningFiring, len(a.Parts))
	for i, p := range a.Parts {
		rows[i] = model.EarningFiring{MemberID: e.MemberID, EntrySeq: e.Seq, Part: int64(i + 1), Kind: p.Kind, RuleID: p.Rule,
			Points: p.Points, Day: a.Day}
	}
	return tx.Gorm().Create(&rows).Error
}

// partsOf returns the steps of the entry that an order's source made.
func partsOf(tx *db.Tx, source string) (parts []Part, err error) {
	err = tx.Gorm().Raw(`SELECT f.kind, f.rule_id AS rule, f.points FROM points_entries e
		JOIN earning_firings f ON f.member_id = e.member_id AND f.entry_seq = e.seq
		WHERE e.source = ? AND e.reason = ? ORDER BY f.part`, source, model.PointsForOrder).Scan(&parts).Error
	return parts, err
}

// usedOn returns what a member's orders of one day have earned, in all and by rule.
func usedOn(tx *db.Tx, m model.MemberID, day model.Day) (used, error) {
	var rows []struct {
		RuleID model.EarningRuleID
		Points model.Points
	}
	err := tx.Gorm().Model(&model.EarningFiring{}).Select("rule_id", "SUM(points) AS points").
		Where("member_id = ? AND day = ?", m, day).Group("rule_id").Find(&rows).Error
	u := used{byRule: make(map[model.EarningRuleID]model.Points, len(rows))}
	for _, r := range rows {
		u.all += r.Points
		u.byRule[r.RuleID] = r.Points
	}
	return u, err
}

// list writes a list as JSON; none is an empty array.
func list[T any](values []T) string {
	if len(values) == 0 {
		return "[]"
	}
	b, err := json.Marshal(values)
	if err != nil {
		panic("earning: a list that cannot be encoded: " + err.Error())
	}
	return string(b)
}

func read(text string, to any) error { return json.Unmarshal([]byte(text), to) }
