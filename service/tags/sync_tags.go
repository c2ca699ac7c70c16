package tags

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
	"huitou/wechat"
)

// meetTags lets our tags meet those of the account. What fails for one tag is written on it.
func (s *Service) meetTags(ctx context.Context) error {
	list, err := s.d.Account.Tags(ctx)
	if err != nil {
		return fmt.Errorf("list the account's tags: %w", err)
	}
	there := accountOf(list)
	var ours []model.Tag
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		ours, err = tagsThatMeet(tx)
		return err
	})
	if err != nil {
		return err
	}
	byName, bound := map[string]model.TagID{}, map[int64]bool{}
	for _, t := range ours {
		if t.EndedAt == nil {
			byName[t.Name] = t.ID
		}
		if t.WeChatID != nil {
			bound[*t.WeChatID] = true
		}
	}
	for _, t := range ours {
		freeHere := func(name string) bool { id, taken := byName[name]; return !taken || id == t.ID }
		step := there.meet(t, freeHere, func(id int64) bool { return bound[id] })
		if err := s.takeTagStep(ctx, there, t, step, bound); err != nil {
			return err
		}
		if step == tagRenameHere {
			delete(byName, t.Name)
			byName[there.byID[*t.WeChatID].Name] = t.ID
		}
	}
	return s.importTags(ctx, list, byName, bound)
}

// takeTagStep does what was decided for a tag. A refusal that concerns this tag alone is written on it.
func (s *Service) takeTagStep(ctx context.Context, there account, t model.Tag, step tagStep, bound map[int64]bool) (err error) {
	set := map[string]any{"problem": ""}
	switch step {
	case tagNone:
		if t.Problem == "" || !t.Shared {
			return nil
		}
	case tagCreate:
		var made wechat.FanTag
		if made, err = s.d.Account.CreateTag(ctx, t.Name); err == nil {
			set["wechat_id"], set["wechat_name"], set["synced_at"] = made.ID, t.Name, nil
			bound[made.ID] = true
		}
	case tagBind:
		other := there.byName[t.Name]
		set["wechat_id"], set["wechat_name"], set["synced_at"] = other.ID, other.Name, nil
		bound[other.ID] = true
	case tagRenameHere:
		name := there.byID[*t.WeChatID].Name
		set["name"], set["live_name"], set["wechat_name"] = name, name, name
	case tagRenameThere:
		if err = s.d.Account.RenameTag(ctx, *t.WeChatID, t.Name); err == nil {
			set["wechat_name"] = t.Name
		}
	case tagUnshare:
		set["shared"], set["wechat_id"], set["wechat_name"], set["problem"] = false, nil, "", "在公众号后台被删除,已停止同步"
	case tagDelete:
		if err = s.d.Account.DeleteTag(ctx, *t.WeChatID); err == nil || codeOf(err) == wechat.CodeTagGone {
			set["wechat_id"], set["wechat_name"], err = nil, "", nil
		}
	case tagUnbind:
		set["wechat_id"], set["wechat_name"] = nil, ""
	}
	if err != nil {
		if !ofThisTag(err) {
			return fmt.Errorf("%s tag %d: %w", step, t.ID, err)
		}
		set = map[string]any{"problem": short(err)}
	}
	return s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		switch err := setOnTag(tx, t, set); {
		case errors.Is(err, ErrNameTaken):
			return nil // staff gave the name away at this moment; the next comparison decides anew
		case err != nil:
			return err
		}
		if step == tagUnshare || step == tagUnbind || step == tagDelete && set["problem"] == "" {
			return forgetThere(tx, t.ID)
		}
		return nil
	})
}

// importTags makes here what is new there.
func (s *Service) importTags(ctx context.Context, list []wechat.FanTag, byName map[string]model.TagID, bound map[int64]bool) error {
	for _, there := range list {
		_, taken := byName[there.Name]
		if there.ID < wechat.FirstTag || bound[there.ID] || taken || len(faults(there.Name, "")) > 0 {
			continue
		}
		err := s.d.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
			if n, err := countLive(tx); err != nil || n >= maxTags {
				return err
			}
			name, id := there.Name, there.ID
			_, err := tx.Insert(&model.Tag{PublicID: model.PublicID(random.ID()), Name: name, LiveName: &name, Shared: true, WeChatID: &id,
				WeChatName: name, CreatedAt: tx.Now, UpdatedAt: tx.Now})
			return err // not fresh: staff made one of that name at this moment, the next comparison joins them
		})
		if err != nil {
			return fmt.Errorf("take tag %d over: %w", there.ID, err)
		}
	}
	return nil
}

// ofThisTag tells a refusal that concerns one tag from one that would meet every call.
func ofThisTag(err error) bool {
	switch wechat.ClassOf(err) {
	case wechat.ClassDenied, wechat.ClassBug:
		return true
	}
	return false
}

func codeOf(err error) int {
	var refused *wechat.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return 0
}
