package tags

import (
	"strings"
	"testing"

	"huitou/model"
	"huitou/wechat"
)

func TestWhatAMeetingDecides(t *testing.T) {
	for _, tt := range []struct {
		known, here, last, there bool
		want                     step
	}{
		{true, true, true, true, stepNone},
		{true, true, false, true, stepNote},
		{true, true, true, false, stepRemoveHere},
		{true, true, false, false, stepAddThere},
		{true, false, true, true, stepRemoveThere},
		{true, false, false, true, stepRemoveThere}, // tagged and untagged here in between: our word counts
		{false, false, false, true, stepAddHere},
		{true, false, true, false, stepForget},
		{true, false, false, false, stepForget},
		{false, false, false, false, stepNone},
	} {
		if got := (meeting{tt.known, tt.here, tt.last, tt.there}).next(); got != tt.want {
			t.Errorf("known %t, here %t, last %t, there %t: %q, want %q", tt.known, tt.here, tt.last, tt.there, got, tt.want)
		}
	}
}

func TestWhatTagsDecide(t *testing.T) {
	const id = 101
	there := func(name string) []wechat.FanTag {
		return []wechat.FanTag{{ID: 2, Name: "星标组"}, {ID: id, Name: name}}
	}
	at := func(n int64) *int64 { return &n }
	ended := model.Tag{Name: "老客", WeChatID: at(id), WeChatName: "老客", Shared: true}
	ended.EndedAt = &ended.CreatedAt
	for _, tt := range []struct {
		name  string
		tag   model.Tag
		list  []wechat.FanTag
		taken string // by another tag of ours
		bound bool   // the one there belongs to another one of ours
		want  tagStep
	}{
		{"new here", model.Tag{Name: "新客", Shared: true}, there("老客"), "", false, tagCreate},
		{"one name", model.Tag{Name: "老客", Shared: true}, there("老客"), "", false, tagBind},
		{"one name, bound to another", model.Tag{Name: "老客", Shared: true}, there("老客"), "", true, tagNone},
		{"not shared", model.Tag{Name: "老客"}, there("老客"), "", false, tagNone},
		{"the platform's own name", model.Tag{Name: "星标组", Shared: true}, there("老客"), "", false, tagCreate},
		{"nothing new", model.Tag{Name: "老客", WeChatID: at(id), WeChatName: "老客", Shared: true}, there("老客"), "", false, tagNone},
		{"renamed there", model.Tag{Name: "老客", WeChatID: at(id), WeChatName: "老客", Shared: true}, there("熟客"), "", false, tagRenameHere},
		{"renamed there to a name taken here", model.Tag{Name: "老客", WeChatID: at(id), WeChatName: "老客", Shared: true}, there("熟客"), "熟客", false, tagRenameThere},
		{"renamed there to what we do not allow", model.Tag{Name: "老客", WeChatID: at(id), WeChatName: "老客", Shared: true}, there(strings.Repeat("客", 11)), "", false, tagRenameThere},
		{"renamed here", model.Tag{Name: "贵客", WeChatID: at(id), WeChatName: "老客", Shared: true}, there("老客"), "", false, tagRenameThere},
		{"renamed on both sides", model.Tag{Name: "贵客", WeChatID: at(id), WeChatName: "老客", Shared: true}, there("熟客"), "", false, tagRenameThere},
		{"renamed alike", model.Tag{Name: "熟客", WeChatID: at(id), WeChatName: "老客", Shared: true}, there("熟客"), "", false, tagNone},
		{"deleted there", model.Tag{Name: "老客", WeChatID: at(id), WeChatName: "老客", Shared: true}, nil, "", false, tagUnshare},
		{"shared no more", model.Tag{Name: "贵客", WeChatID: at(id), WeChatName: "老客"}, there("老客"), "", false, tagNone},
		{"ended here", ended, there("老客"), "", false, tagDelete},
		{"ended here, gone there", ended, nil, "", false, tagUnbind},
	} {
		got := accountOf(tt.list).meet(tt.tag, func(name string) bool { return name != tt.taken }, func(int64) bool { return tt.bound })
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
