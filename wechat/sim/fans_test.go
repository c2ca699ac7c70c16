package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// fan makes a customer who follows and returns the openid.
func (b *bench) fan() (id, openID string) {
	b.t.Helper()
	u := b.newUser()
	b.ctl("POST", "/_sim/users/"+u["id"].(string)+"/follow", nil)
	return u["id"].(string), u["oa_openid"].(string)
}

// get calls a GET endpoint of the 服务号.
func (b *bench) get(pathAndQuery string) (int, object) {
	b.t.Helper()
	joint := "?"
	if strings.Contains(pathAndQuery, "?") {
		joint = "&"
	}
	_, out, _ := b.do("GET", b.api+pathAndQuery+joint+"access_token="+b.token(kindOA), nil, "")
	return errcodeOf(out), out
}

func TestFollowersComeInPages(t *testing.T) {
	b := newBench(t)
	if _, out := b.get("/cgi-bin/user/get"); mustJSON(t, out) != `{"count":0,"next_openid":"","total":0}` {
		t.Errorf("without followers: %v", out)
	}
	b.mu.Lock()
	for range userPage + 3 {
		b.addCustomer("", "").followed = true
	}
	stranger := b.addCustomer("", "").openID[kindOA]
	b.mu.Unlock()
	seen := map[string]bool{}
	next, sizes := "", []int{}
	for range 4 {
		_, out := b.get("/cgi-bin/user/get?next_openid=" + next)
		if fmt.Sprint(out["total"]) != fmt.Sprint(userPage+3) {
			t.Fatalf("total = %v", out["total"])
		}
		data, _ := out["data"].(object)
		list, _ := data["openid"].([]any)
		for _, id := range list {
			seen[id.(string)] = true
		}
		sizes = append(sizes, len(list))
		next = out["next_openid"].(string)
		if len(list) == 0 {
			break
		}
		if next != list[len(list)-1] {
			t.Errorf("next_openid is not the last of the page")
		}
	}
	if !slices.Equal(sizes, []int{userPage, 3, 0}) || next != "" || len(seen) != userPage+3 || seen[stranger] {
		t.Errorf("pages %v, next %q, %d different", sizes, next, len(seen))
	}
	if code, _ := b.get("/cgi-bin/user/get?next_openid=nobody"); code != 40003 {
		t.Errorf("unknown next_openid: %d", code)
	}
}

func TestUserInfoInBatches(t *testing.T) {
	b := newBench(t)
	_, fan := b.fan()
	gone, away := b.fan()
	b.ctl("POST", "/_sim/users/"+gone+"/unfollow", nil)
	ask := func(ids ...string) (int, object) {
		list := []object{}
		for _, id := range ids {
			list = append(list, object{"openid": id, "lang": "zh_CN"})
		}
		return b.call(kindOA, "/cgi-bin/user/info/batchget", object{"user_list": list})
	}
	code, out := ask(fan, away)
	list, _ := out["user_info_list"].([]any)
	if code != 0 || len(list) != 2 {
		t.Fatalf("batchget = %d %v", code, out)
	}
	first, second := list[0].(object), list[1].(object)
	if fmt.Sprint(first["subscribe"]) != "1" || first["unionid"] == "" || first["openid"] != fan {
		t.Errorf("a follower: %v", first)
	}
	if fmt.Sprint(second["subscribe"]) != "0" || len(second) != 2 {
		t.Errorf("one who left: %v", second)
	}
	for name, tt := range map[string]struct {
		ids  []string
		want int
	}{"none": {nil, 40032}, "101": {slices.Repeat([]string{fan}, 101), 40032}, "100": {slices.Repeat([]string{fan}, 100), 0}, "a stranger": {[]string{fan, "oX"}, 40003}} {
		if code, _ := ask(tt.ids...); code != tt.want {
			t.Errorf("%s: %d, want %d", name, code, tt.want)
		}
	}
}

func TestTags(t *testing.T) {
	b := newBench(t)
	create := func(name string) (int, string) {
		code, out := b.call(kindOA, "/cgi-bin/tags/create", object{"tag": object{"name": name}})
		made, _ := out["tag"].(object)
		return code, fmt.Sprint(made["id"])
	}
	code, id := create("常客")
	if code != 0 || id != "100" {
		t.Fatalf("create = %d, id %s", code, id)
	}
	for name, want := range map[string]int{"常客": 45157, "": 45157, "星标组": 45157, strings.Repeat("字", 11): 45158, strings.Repeat("字", 10): 0} {
		if code, _ := create(name); code != want {
			t.Errorf("create %q: %d, want %d", name, code, want)
		}
	}
	userID, fan := b.fan()
	var people []string
	for range tagBatch {
		_, id := b.fan()
		people = append(people, id)
	}
	tagging := func(what string, tagID any, ids ...string) int {
		code, _ := b.call(kindOA, "/cgi-bin/tags/members/"+what, object{"openid_list": ids, "tagid": tagID})
		return code
	}
	stranger := b.newUser()
	for name, tt := range map[string]struct {
		tag  any
		ids  []string
		want int
	}{
		"50": {100, people, 0}, "51": {100, append(people, fan), 40032}, "none": {100, nil, 40032}, "unknown tag": {999, people[:1], 45159},
		"not following": {100, []string{fan, stranger["oa_openid"].(string)}, 40003}, "of the mini-program": {100, []string{stranger["mini_openid"].(string)}, 49003},
	} {
		if got := tagging("batchtagging", tt.tag, tt.ids...); got != tt.want {
			t.Errorf("tag %s: %d, want %d", name, got, tt.want)
		}
	}
	counted := func() string {
		_, out := b.get("/cgi-bin/tags/get")
		for _, x := range out["tags"].([]any) {
			if x := x.(object); fmt.Sprint(x["id"]) == "100" {
				return fmt.Sprint(x["count"])
			}
		}
		return "missing"
	}
	// The refused batch with a stranger changed nothing; tagging twice counts once.
	tagging("batchtagging", 100, people[0])
	if counted() != "50" {
		t.Errorf("count = %s, want 50", counted())
	}
	tagging("batchtagging", 100, fan)
	_, page := b.call(kindOA, "/cgi-bin/user/tag/get", object{"tagid": 100, "next_openid": people[len(people)-1]})
	if fmt.Sprint(page["count"]) != "0" || page["data"] != nil {
		t.Errorf("after the last: %v", page) // fan was the first to follow
	}
	tagging("batchuntagging", 100, people...)
	if code, out := b.call(kindOA, "/cgi-bin/user/tag/get", object{"tagid": 100}); code != 0 || fmt.Sprint(out["count"]) != "1" || out["next_openid"] != fan {
		t.Errorf("who bears it = %d %v", code, out)
	}
	// At most twenty on one follower, as many as an account may make in all.
	made := 2
	for i := range tagsMost {
		code, id := create(fmt.Sprintf("标签%d", i))
		if code == 45056 {
			break
		}
		made++
		want := 0
		if i >= tagsOfOne-1 {
			want = 45059
		}
		if got := tagging("batchtagging", json.Number(id), fan); got != want {
			t.Fatalf("tag number %d of one follower: %d, want %d", i+2, got, want)
		}
	}
	if made != tagsMost {
		t.Errorf("%d tags could be made, want %d", made, tagsMost)
	}
	_, ids := b.call(kindOA, "/cgi-bin/tags/getidlist", object{"openid": fan})
	if n := len(ids["tagid_list"].([]any)); n != tagsOfOne {
		t.Errorf("one follower bears %d tags, want %d", n, tagsOfOne)
	}
	edit := func(what string, id any, name string) int {
		code, _ := b.call(kindOA, "/cgi-bin/tags/"+what, object{"tag": object{"id": id, "name": name}})
		return code
	}
	for _, tt := range []struct {
		what string
		id   any
		name string
		want int
	}{
		{"update", 100, "老朋友", 0}, {"update", 100, "老朋友", 0}, {"update", 100, "标签1", 45157}, {"update", 2, "x", 45058}, {"update", 999, "x", 45159},
		{"delete", 2, "", 45058}, {"delete", 999, "", 45159}, {"delete", 100, "", 0}, {"delete", 100, "", 45159},
	} {
		if got := edit(tt.what, tt.id, tt.name); got != tt.want {
			t.Errorf("%s %v %q: %d, want %d", tt.what, tt.id, tt.name, got, tt.want)
		}
	}
	// Who leaves loses the tags.
	b.ctl("POST", "/_sim/users/"+userID+"/unfollow", nil)
	if _, ids := b.call(kindOA, "/cgi-bin/tags/getidlist", object{"openid": fan}); len(ids["tagid_list"].([]any)) != 0 {
		t.Errorf("tags of one who left: %v", ids)
	}
}
