package replies

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/wechat"
)

// Menu is the menu that the settings want beside the one that WeChat has.
type Menu struct {
	Wanted []wechat.MenuButton
	Has    []wechat.MenuButton // empty: none
	// Problems are what keeps Wanted from being pushed.
	Problems []wechat.MenuFault
	// Differs are the places that a push would change.
	Differs []MenuDifference
}

// MenuDifference is a place at which the menus differ: "2.1" is the first entry of the second button. Nil is no entry; entries below a
// button are places of their own.
type MenuDifference struct {
	At          string
	Wanted, Has *wechat.MenuButton
}

// Menu compares. It returns ErrWeChat when WeChat does not say what it has.
func (s *Service) Menu(ctx context.Context) (m Menu, err error) {
	m.Wanted = s.WantedMenu
	if m.Problems, err = s.menuProblems(ctx); err != nil {
		return m, err
	}
	if m.Has, _, err = s.Account.Menu(ctx); err != nil {
		return m, ErrWeChat.Because(fmt.Errorf("ask WeChat for the menu: %w", err))
	}
	m.Differs = differences("", m.Wanted, m.Has)
	return m, nil
}

// PushMenu makes WeChat's menu the one that the settings want. Pushing again changes nothing. It returns ErrNoMenu, ErrMenuInvalid with
// what is wrong, or ErrWeChat. staff is 0 for the command line and the demo.
func (s *Service) PushMenu(ctx context.Context, staff model.StaffID) error {
	if len(s.WantedMenu) == 0 {
		return ErrNoMenu
	}
	problems, err := s.menuProblems(ctx)
	switch {
	case err != nil:
		return err
	case len(problems) > 0:
		return ErrMenuInvalid.With("problems", problems)
	}
	// What was asked for is on record before anything leaves: a push whose answer got lost may have worked.
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "menu.push", Ref: "menu:" + s.OAAppID, Detail: s.WantedMenu})
	})
	if err != nil {
		return err
	}
	err = s.Account.CreateMenu(ctx, s.WantedMenu)
	var refused *wechat.Error
	switch {
	case errors.As(err, &refused) && refused.Class() == wechat.ClassBug:
		return ErrMenuInvalid.With("wechat", refused.Code).Because(err)
	case err != nil:
		return ErrWeChat.Because(fmt.Errorf("push the menu: %w", err))
	}
	return nil
}

// menuProblems are what WeChat would refuse, and keys that nobody would answer. It reads the rules as they are now.
func (s *Service) menuProblems(ctx context.Context) ([]wechat.MenuFault, error) {
	if len(s.WantedMenu) == 0 {
		return nil, nil
	}
	problems := wechat.CheckMenu(s.WantedMenu)
	b, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	walk("", s.WantedMenu, func(at string, e wechat.MenuButton) {
		if e.Type == wechat.MenuClick && len(b.byKey[e.Key]) == 0 {
			problems = append(problems, wechat.MenuFault{At: at, Reason: fmt.Sprintf("no reply answers the key %q", e.Key)})
		}
		if e.Type == wechat.MenuProgram && e.AppID != s.MiniAppID {
			problems = append(problems, wechat.MenuFault{At: at, Reason: "opens another mini-program than the shop's own"})
		}
	})
	return problems, nil
}

// walk visits every button and entry with its place.
func walk(under string, list []wechat.MenuButton, visit func(at string, b wechat.MenuButton)) {
	for i, b := range list {
		at := fmt.Sprintf("%s%d", under, i+1)
		visit(at, b)
		walk(at+".", b.Buttons, visit)
	}
}

// menuKeys are the keys of all entries.
func menuKeys(menu []wechat.MenuButton) (keys []string) {
	walk("", menu, func(_ string, b wechat.MenuButton) {
		if b.Key != "" {
			keys = append(keys, b.Key)
		}
	})
	return keys
}

// differences compares place by place.
func differences(under string, wanted, has []wechat.MenuButton) (list []MenuDifference) {
	for i := range max(len(wanted), len(has)) {
		at := fmt.Sprintf("%s%d", under, i+1)
		var w, h *wechat.MenuButton
		if i < len(wanted) {
			w = &wanted[i]
		}
		if i < len(has) {
			h = &has[i]
		}
		if w == nil || h == nil || !alike(*w, *h) {
			list = append(list, MenuDifference{at, w, h})
			continue
		}
		list = append(list, differences(at+".", w.Buttons, h.Buttons)...)
	}
	return list
}

// alike compares two buttons without what is below them; a group is never like an entry.
func alike(a, b wechat.MenuButton) bool {
	group := (len(a.Buttons) > 0) == (len(b.Buttons) > 0)
	return group && a.Type == b.Type && a.Name == b.Name && a.Key == b.Key && a.URL == b.URL && a.AppID == b.AppID && a.Page == b.Page
}
