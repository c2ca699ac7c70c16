package messages

import (
	"fmt"
	"slices"

	"gorm.io/gorm"

	"huitou/model"
	"huitou/model/db"
)

// stopsOf returns the do-not-contacts that hold for members.
func stopsOf(tx *db.Tx, members []model.MemberID) (map[model.MemberID][]model.DoNotContact, error) {
	var rows []model.DoNotContact
	if err := tx.Gorm().Where("member_id IN ? AND lifted_at IS NULL", members).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := map[model.MemberID][]model.DoNotContact{}
	for _, r := range rows {
		out[r.MemberID] = append(out[r.MemberID], r)
	}
	return out, nil
}

// gotSoFar locks and sums what the members of capped messages got. Each has a row of today before the rows are locked: it is what two
// workers with messages to one member meet at.
func gotSoFar(tx *db.Tx, rows []model.Message, today model.Day) (map[model.MemberID]got, error) {
	out := map[model.MemberID]got{}
	var members []model.MemberID
	wanted := map[dayOf]bool{}
	for _, m := range rows {
		if !capped(m.Purpose) || m.UnsureSince != nil {
			continue
		}
		if _, known := out[m.MemberID]; !known {
			out[m.MemberID] = got{map[model.MessagePurpose]int64{}, map[model.MessagePurpose]int64{}}
			members = append(members, m.MemberID)
		}
		wanted[dayOf{m.MemberID, m.Purpose}] = true
	}
	if len(members) == 0 {
		return out, nil
	}
	slices.Sort(members)
	if err := enterDays(tx, members, wanted, today); err != nil {
		return nil, err
	}
	var days []model.MessageDay
	err := tx.Gorm().Clauses(forUpdate).Where("member_id IN ? AND day > ?", members, today.AddDays(-7)).Order("member_id, id").Find(&days).Error
	for _, d := range days {
		g := out[d.MemberID]
		g.week[d.Purpose] += d.Sent
		if d.Day == today {
			g.day[d.Purpose] += d.Sent
		}
	}
	return out, err
}

// enterDays adds the rows of today that are missing.
func enterDays(tx *db.Tx, members []model.MemberID, wanted map[dayOf]bool, today model.Day) error {
	var have []model.MessageDay
	if err := tx.Gorm().Where("member_id IN ? AND day = ?", members, today).Find(&have).Error; err != nil {
		return err
	}
	for _, d := range have {
		delete(wanted, dayOf{d.MemberID, d.Purpose})
	}
	var missing []model.MessageDay
	for of := range wanted {
		missing = append(missing, model.MessageDay{MemberID: of.member, Day: today, Purpose: of.purpose})
	}
	slices.SortFunc(missing, func(a, b model.MessageDay) int {
		if a.MemberID != b.MemberID {
			return int(a.MemberID - b.MemberID)
		}
		return len(a.Purpose) - len(b.Purpose)
	})
	if len(missing) == 0 {
		return nil
	}
	rows := slices.Clone(missing)
	fresh, err := tx.Insert(&rows)
	if err != nil || fresh {
		return err
	}
	for _, d := range missing { // another worker entered some of them meanwhile
		if _, err := tx.Insert(&d); err != nil {
			return err
		}
	}
	return nil
}

// count adds to what a member got on a day, never below nothing.
func count(tx *db.Tx, of dayOf, day model.Day, n int64) error {
	err := tx.Gorm().Model(&model.MessageDay{}).Where("member_id = ? AND day = ? AND purpose = ? AND sent + ? >= 0", of.member, day, of.purpose, n).
		Update("sent", gorm.Expr("sent + ?", n)).Error
	if err != nil {
		return fmt.Errorf("count messages to member %d: %w", of.member, err)
	}
	return nil
}

// openConsents locks the consents of people that may be spent.
func openConsents(tx *db.Tx, app string, openIDs []string) (map[consentFor][]int64, error) {
	var rows []model.MessageConsent
	err := tx.Gorm().Clauses(forUpdate).Where("app_id = ? AND open_id IN ? AND state = ?", app, openIDs, model.ConsentOpen).Order("id").Find(&rows).Error
	out := map[consentFor][]int64{}
	for _, r := range rows {
		key := consentFor{r.OpenID, r.TemplateID}
		out[key] = append(out[key], r.ID)
	}
	return out, err
}

func useConsent(tx *db.Tx, id int64, message model.MessageID) error {
	err := tx.Gorm().Model(&model.MessageConsent{}).Where("id = ? AND state = ?", id, model.ConsentOpen).
		Updates(map[string]any{"state": model.ConsentUsed, "message_id": message, "used_at": tx.Now}).Error
	if err != nil {
		return fmt.Errorf("use consent %d for message %d: %w", id, message, err)
	}
	return nil
}

// returnConsent opens the consent again that a message had used of an app. It may have used another app's before, by another channel.
func returnConsent(tx *db.Tx, app string, message model.MessageID) error {
	err := tx.Gorm().Model(&model.MessageConsent{}).Where("message_id = ? AND app_id = ? AND state = ?", message, app, model.ConsentUsed).
		Updates(map[string]any{"state": model.ConsentOpen, "message_id": nil, "used_at": nil}).Error
	if err != nil {
		return fmt.Errorf("return the consent of message %d: %w", message, err)
	}
	return nil
}

// clearConsents takes back the consents of a person for a template: those that are open, and the one that a message thought it had.
func clearConsents(tx *db.Tx, app, openID, templateID string, message model.MessageID, why string) error {
	err := tx.Gorm().Model(&model.MessageConsent{}).
		Where("app_id = ? AND open_id = ? AND template_id = ?", app, openID, templateID).
		Where("state = ? OR state = ? AND message_id = ?", model.ConsentOpen, model.ConsentUsed, message).
		Updates(map[string]any{"state": model.ConsentCleared, "message_id": nil, "used_at": nil, "cleared_at": tx.Now, "cleared_why": why}).Error
	if err != nil {
		return fmt.Errorf("clear consents: %w", err)
	}
	return nil
}

// openWindows locks the windows of people in which something may still be sent.
func openWindows(tx *db.Tx, openIDs []string) (map[string][]*model.MessageWindow, error) {
	var rows []*model.MessageWindow
	err := tx.Gorm().Clauses(forUpdate).Where("open_id IN ? AND opened_at <= ? AND closes_at > ? AND remaining > 0", openIDs, tx.Now, tx.Now).
		Order("closes_at, id").Find(&rows).Error
	out := map[string][]*model.MessageWindow{}
	for _, w := range rows {
		out[w.OpenID] = append(out[w.OpenID], w)
	}
	return out, err
}

func useWindow(tx *db.Tx, id, n int64) error {
	err := tx.Gorm().Model(&model.MessageWindow{}).Where("id = ? AND remaining >= ?", id, n).Update("remaining", gorm.Expr("remaining - ?", n)).Error
	if err != nil {
		return fmt.Errorf("use window %d: %w", id, err)
	}
	return nil
}

func shutWindows(tx *db.Tx, openID string) error {
	return tx.Gorm().Model(&model.MessageWindow{}).Where("open_id = ?", openID).Update("remaining", 0).Error
}

// openWindow opens or renews a window. An act that is older than the one known, or the same, changes nothing.
func openWindow(tx *db.Tx, w model.MessageWindow) error {
	fresh, err := tx.Insert(&w)
	if err != nil || fresh {
		return err
	}
	return tx.Gorm().Model(&model.MessageWindow{}).Where("open_id = ? AND kind = ? AND opened_at < ?", w.OpenID, w.Kind, w.OpenedAt).
		Updates(map[string]any{"opened_at": w.OpenedAt, "closes_at": w.ClosesAt, "remaining": w.Remaining}).Error
}
