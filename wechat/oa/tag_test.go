package oa_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"huitou/wechat"
)

func TestTags(t *testing.T) {
	w := &wire{path: "/cgi-bin/tags/get", answer: `{"tags":[{"id":2,"name":"星标组","count":0},{"id":100,"name":"贵客","count":3}]}`}
	c := open(t, w, "")
	want := []wechat.FanTag{{ID: 2, Name: "星标组"}, {ID: 100, Name: "贵客"}}
	if list, err := c.Tags(t.Context()); err != nil || !slices.Equal(list, want) {
		t.Errorf("tags = %+v, %v", list, err)
	}
	w.path, w.answer = "/cgi-bin/tags/create", `{"tag":{"id":101,"name":"新客"}}`
	if made, err := c.CreateTag(t.Context(), "新客"); err != nil || made.ID != 101 || w.body != `{"tag":{"name":"新客"}}` {
		t.Errorf("create = %+v, %v, sent %s", made, err, w.body)
	}
	w.path, w.answer = "/cgi-bin/tags/update", `{"errcode":0,"errmsg":"ok"}`
	if err := c.RenameTag(t.Context(), 101, "老客"); err != nil || w.body != `{"tag":{"id":101,"name":"老客"}}` {
		t.Errorf("rename: %v, sent %s", err, w.body)
	}
	w.path = "/cgi-bin/tags/delete"
	if err := c.DeleteTag(t.Context(), 101); err != nil || w.body != `{"tag":{"id":101}}` {
		t.Errorf("delete: %v, sent %s", err, w.body)
	}
	w.path = "/cgi-bin/tags/members/batchtagging"
	if err := c.TagFans(t.Context(), 101, []string{"oA", "oB"}); err != nil || w.body != `{"openid_list":["oA","oB"],"tagid":101}` {
		t.Errorf("tag: %v, sent %s", err, w.body)
	}
	w.path = "/cgi-bin/tags/members/batchuntagging"
	if err := c.UntagFans(t.Context(), 101, []string{"oA"}); err != nil || w.body != `{"openid_list":["oA"],"tagid":101}` {
		t.Errorf("untag: %v, sent %s", err, w.body)
	}
	calls := w.calls
	for _, n := range []int{0, wechat.MaxTagBatch + 1} {
		if err := c.TagFans(t.Context(), 101, make([]string, n)); err == nil {
			t.Errorf("%d followers were tagged at once", n)
		}
	}
	if w.calls != calls {
		t.Error("a call that cannot succeed was made")
	}
	w.path, w.answer = "/cgi-bin/user/info", `{"subscribe":1,"openid":"oA","tagid_list":[100,2]}`
	if ids, follows, err := c.TagsOf(t.Context(), "oA"); err != nil || !follows || !slices.Equal(ids, []int64{100, 2}) {
		t.Errorf("tags of one = %v, %v, %v", ids, follows, err)
	}
}

func TestTaggedFansPageByPage(t *testing.T) {
	w := &wire{path: "/cgi-bin/user/tag/get"}
	c := open(t, w, "")
	for _, tt := range []struct{ after, answer, list, next string }{
		{"", `{"count":2,"data":{"openid":["oA","oB"]},"next_openid":"oB"}`, "[oA oB]", "oB"},
		{"oB", `{"count":0}`, "[]", ""},
		{"oB", `{"count":0,"next_openid":""}`, "[]", ""},
		{"oA", `{"count":1,"data":{"openid":["oB"]},"next_openid":""}`, "[oB]", ""},
	} {
		w.answer = tt.answer
		list, next, err := c.TaggedFans(t.Context(), 100, tt.after)
		if err != nil || fmt.Sprint(list) != tt.list || next != tt.next || !strings.Contains(w.body, `"next_openid":"`+tt.after+`"`) {
			t.Errorf("%s after %q: %v, %q, %v, sent %s", tt.answer, tt.after, list, next, err, w.body)
		}
	}
}

// The SDK takes each of these for an empty list, after which everybody would lose his tags here (design notes, defects of the SDK).
func TestARefusalIsNoEmptyList(t *testing.T) {
	w := &wire{}
	c := open(t, w, "")
	for _, answer := range []string{`{"errcode":48001,"errmsg":"api unauthorized"}`, `{"errcode":-1,"errmsg":"system error"}`, `{"count":2}`, `nonsense`} {
		w.answer = answer
		w.path = "/cgi-bin/user/tag/get"
		if list, _, err := c.TaggedFans(t.Context(), 100, ""); err == nil {
			t.Errorf("%s is the list %v", answer, list)
		}
		w.path = "/cgi-bin/tags/get"
		if list, err := c.Tags(t.Context()); err == nil {
			t.Errorf("%s is the list %v", answer, list)
		}
	}
	w.path, w.answer = "/cgi-bin/tags/create", `{"errcode":45056,"errmsg":"too many tags"}`
	var refused *wechat.Error
	if _, err := c.CreateTag(t.Context(), "x"); !errors.As(err, &refused) || refused.Code != wechat.CodeTooMany || wechat.ClassOf(err) != wechat.ClassDenied {
		t.Errorf("one too many = %v", err)
	}
	w.answer = `{}`
	if _, err := c.CreateTag(t.Context(), "x"); err == nil {
		t.Error("a tag without an id was made")
	}
}
